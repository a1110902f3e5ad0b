#pragma once

#include <absl/status/status.h>

#include <string>

namespace xref {

// Where a whole copy of another daemon's data waits to take the place of what a data folder holds:
// a data folder within it, which appears there in one step (Restore makes such).
std::string ArrivalPath(const std::string& folder);

// Puts the journal and the snapshot that wait there, if any do, in the place of those of `folder`,
// which must be locked and not open. A crash at any point is made good by calling it again.
[[nodiscard]] absl::Status InstallArrival(const std::string& folder);

}  // namespace xref
