#pragma once

#include <cstdint>
#include <string>

#include "console/gateway.h"

namespace xref::console {

// In the text format of Prometheus.
std::string MetricsText(const Measures& measures);

// Changes that the standby does not have yet.
uint64_t LagOf(const Measures::Standby& standby, const Measures& measures);

}  // namespace xref::console
