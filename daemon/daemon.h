#pragma once

#include <absl/status/status.h>

#include "daemon/options.h"

namespace xref {

// Runs a daemon until SIGTERM or SIGINT. FailedPrecondition, InvalidArgument, NotFound,
// PermissionDenied, Unavailable and DataLoss: it refused to start. OK: it ended as asked.
absl::Status RunDaemon(const Options& options);

}  // namespace xref
