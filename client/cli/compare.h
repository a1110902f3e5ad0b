#pragma once

#include <absl/status/statusor.h>

#include <string>
#include <vector>

#include "client/cli/command.h"

namespace xref::cli {

// Has the primary's standbys compare their state with its own, and prints for each of `standbys`
// (HOST:PORT) what came of it. kSomeItems: one differs, or did not get so far before --timeout.
absl::StatusOr<ExitCode> RunCompare(const Globals& globals,
                                    const std::vector<std::string>& standbys);

}  // namespace xref::cli
