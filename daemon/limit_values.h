#pragma once

#include "daemon/options.h"
#include "daemon/refusals.h"

namespace xref {

// What every limit is with these options, as STATUS and /metrics tell it.
LimitValues LimitValuesOf(const Options& options);

}  // namespace xref
