#pragma once

#include <absl/functional/function_ref.h>

#include <cstdint>
#include <map>
#include <set>
#include <string>
#include <string_view>

#include "protocol/change_messages.h"
#include "tests/asked.h"

namespace xref {

// What the rules of protocol/README.md come to, one item at a time and at once: it knows no groups,
// no journal and no restart. Copyable, so that what might have been can be tried on a copy.
class MutationModel {
 public:
  struct Claimed {
    uint64_t token;
    int64_t until_us;
    std::string owner;
    std::string lost_owner;
    bool operator==(const Claimed&) const = default;
  };

  // Does the items in order, and tells after each what becomes of it. The outcome is valid for the
  // call.
  using Take = absl::FunctionRef<void(uint32_t item, const protocol::Outcome& outcome)>;
  void Do(const Asked& asked, int64_t now_us, Take take);

  // Whether the source is linked to it.
  bool Has(std::string_view source, const std::string& target) const;
  // A token that was granted for this source, or any other number.
  uint64_t TokenOf(const std::string& source, uint64_t otherwise) const;
  uint64_t next_token() const { return next_token_; }

  // Where tokens come from elsewhere: the next one, and the one that a source's claim has.
  void set_next_token(uint64_t token) { next_token_ = token; }
  void SetToken(const std::string& source, uint64_t token) { claims_.at(source).token = token; }

  const std::map<std::string, std::string>& links() const { return links_; }
  const std::map<std::string, Claimed>& claims() const { return claims_; }
  const std::set<std::string>& ignored() const { return ignored_; }

  bool unique_targets = false;

 private:
  protocol::Outcome DoOne(const Asked& asked, const AskedItem& item, int64_t now_us);
  protocol::Outcome Stands(protocol::Verdict verdict, const AskedItem& item);
  protocol::Outcome Link(const AskedItem& item);

  std::map<std::string, std::string> links_;
  std::map<std::string, Claimed> claims_;
  std::set<std::string> ignored_;
  uint64_t next_token_ = 1;
  std::string other_;  // what the last outcome names
};

}  // namespace xref
