#include "daemon/admission.h"

#include <fmt/format.h>

#include "daemon/access_token.h"

namespace xref {

Credentials::Credentials(std::string_view token) : shown_(!token.empty()) {
  if (!shown_) return;
  number_ = ParseToken(token);
  if (number_) hash_ = HashOfToken(token);
}

absl::StatusOr<Access> Credentials::Admit(const Catalog& catalog, int64_t now_us) const {
  if (catalog.tokens().empty()) return Access::OfAnyone();
  if (!shown_) return absl::UnauthenticatedError("it has shown no access token");
  if (!number_) return absl::UnauthenticatedError("what it has shown is no access token");
  const AccessToken* token = catalog.FindToken(*number_);
  if (token == nullptr) {
    return absl::UnauthenticatedError(fmt::format("there is no access token {}", *number_));
  }
  if (!HashesEqual(token->hash, hash_)) {
    return absl::UnauthenticatedError(
        fmt::format("it has shown a wrong access token under the number {}", *number_));
  }
  if (token->IsGood(now_us)) return Access::Of(*token);
  return absl::UnauthenticatedError(
      fmt::format("its access token {} (\"{}\") {}", token->number, token->name,
                  token->revoked_us != 0 ? "was revoked" : "has expired"));
}

}  // namespace xref
