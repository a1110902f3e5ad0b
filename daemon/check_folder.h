#pragma once

#include <absl/status/statusor.h>

#include <string>

namespace xref {

// What can be done about a damaged data folder, in lines for people.
extern const char* const kDamageRemedy;

// Examines the data folder at `path`, which no daemon may be using, and prints what was found: that
// it is sound, or each thing that is damaged and what can be done. Returns whether it is sound.
// NotFound: there is no data folder. FailedPrecondition: it is in use, or of another version.
absl::StatusOr<bool> CheckFolder(const std::string& path);

}  // namespace xref
