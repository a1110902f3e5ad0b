#pragma once

#include <absl/status/statusor.h>

#include <string>

namespace xref {

struct MadeToken {
  std::string name;
  std::string token;  // the whole of it, which is kept nowhere
};

// Makes an access token of an admin of all integrations in a data folder that no daemon is using,
// and makes the folder if it is missing: for the first token, and for when the others were lost.
// Where changes were made before it begins an epoch of its own, so that standbys can tell.
// FailedPrecondition: it is in use, or of another version. DataLoss: it is damaged.
absl::StatusOr<MadeToken> MakeAdminToken(const std::string& data);

}  // namespace xref
