#pragma once

// Points in time on the command line.

#include <absl/status/statusor.h>

#include <cstdint>
#include <string>

namespace xref::cli {

// Microseconds since 1970 of "2026-11-23", "2026-11-23T21:07", "2026-11-23T21:07:28Z", or of so
// long ago: "90s", "15m", "2h", "7d". InvalidArgument: it is none of these.
absl::StatusOr<int64_t> ParseTime(const std::string& text);

}  // namespace xref::cli
