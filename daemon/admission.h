#pragma once

#include <absl/status/statusor.h>

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

#include "daemon/access.h"
#include "index/catalog.h"

namespace xref {

// What a peer has shown of itself: its access token, of which only the number and the hash are
// kept.
class Credentials {
 public:
  Credentials() = default;  // nothing was shown
  explicit Credentials(std::string_view token);

  // What its holder may do now. Unauthenticated says why it may do nothing: for the log, since
  // peers are not to be told what was wrong with a token.
  absl::StatusOr<Access> Admit(const Catalog& catalog, int64_t now_us) const;

  bool shown() const { return shown_; }

 private:
  bool shown_ = false;
  std::optional<TokenId> number_;
  std::string hash_;
};

}  // namespace xref
