#pragma once

#include <absl/status/statusor.h>

#include "client/cli/command.h"

namespace xref::cli {

// Has the server verify its files, shows how far that is, and prints that they are sound or what is
// damaged. kSomeItems: there is damage. An error: it did not come to its end.
absl::StatusOr<ExitCode> RunVerify(const Globals& globals);

}  // namespace xref::cli
