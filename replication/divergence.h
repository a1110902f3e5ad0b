#pragma once

#include <absl/status/status.h>

#include <string>

namespace xref {

// Keeps in a file of `folder` that the state of this standby was found not to be its primary's, so
// that no daemon starts on it again, as a standby or as a primary. Errors are those of
// WriteDurably.
[[nodiscard]] absl::Status KeepDivergence(const std::string& folder, const std::string& found);

// FailedPrecondition: there is such a file; the message is what was found, and what to do.
[[nodiscard]] absl::Status FindDivergence(const std::string& folder);

}  // namespace xref
