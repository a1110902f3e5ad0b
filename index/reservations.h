#pragma once

// What keeps a source ID from being created in the target, apart from references: claims, which
// reserve it for one owner for a while, and the list of those that must never be synced.

#include <absl/container/btree_map.h>
#include <absl/container/flat_hash_set.h>
#include <absl/functional/function_ref.h>

#include <cstdint>
#include <functional>
#include <string>
#include <string_view>
#include <vector>

#include "index/vocabulary.h"

namespace xref {

struct Claim {
  uint64_t token = 0;
  int64_t until_us = 0;  // when the lease ends, on the clock of the changes' times
  std::string owner;
  std::string lost_owner;  // whose claim expired unsettled before; empty for nobody
};

// Of all places. Thread-compatible. Making a change a second time alters nothing. An expired claim
// stays: who comes next must learn that its outcome is unknown.
class Reservations {
 public:
  // The claim on this source, expired or not, or nullptr. Valid until the next change.
  const Claim* FindClaim(PlaceId place, std::string_view source) const;
  bool IsIgnored(PlaceId place, std::string_view source) const;

  // Whether there is anything at all to find for this place: most have nothing.
  bool Has(PlaceId place) const { return place < places_.size() && !places_[place].empty(); }

  uint64_t claims() const { return claims_; }
  uint64_t ignored() const { return ignored_; }
  // Of all claims and of all that is ignored, as in StateSum.
  uint64_t claims_sum() const { return claims_sum_; }
  uint64_t ignored_sum() const { return ignored_sum_; }
  // Above every token that was ever granted.
  uint64_t next_token() const { return next_token_; }

  // The claims of a place on source IDs above `after`, in their order, until `take` says false. The
  // views are valid for the call.
  void ListClaims(PlaceId place, std::string_view after,
                  absl::FunctionRef<bool(std::string_view source, const Claim&)> take) const;
  // All of them. The views are valid for the call.
  void ForEachClaim(
      absl::FunctionRef<void(PlaceId, std::string_view source, const Claim&)> take) const;
  void ForEachIgnored(absl::FunctionRef<void(PlaceId, std::string_view source)> take) const;

  // ---- Changes ----

  void Grant(const GrantClaims& granted, std::string_view owner, int64_t time_us);
  void Renew(const RenewClaims& renewed, int64_t time_us);
  // Their claims end, however that came.
  void End(PlaceId place, const IdBatch& sources);
  // Claims stay: once a source is ignored no more, its next owner must learn of them.
  void Ignore(const IgnoreSources& ignored);
  // Nothing of the place is known any more.
  void Forget(PlaceId place);
  // What any change means for reservations: a source that is linked is claimed no more. Most mean
  // nothing.
  void Apply(const Change& change);

  // For loading.
  void SetClaim(PlaceId place, std::string_view source, Claim claim);
  void SetIgnored(PlaceId place, std::string_view source);
  void RaiseNextToken(uint64_t next_token);
  // No lease ends later than that: the clock may have been set back since it was granted.
  void LimitLeases(int64_t until_us);

 private:
  struct Place {
    absl::btree_map<std::string, Claim, std::less<>> claims;
    absl::flat_hash_set<std::string> ignored;
    bool empty() const { return claims.empty() && ignored.empty(); }
  };
  Place& At(PlaceId place);

  std::vector<Place> places_;  // by PlaceId
  uint64_t claims_ = 0;
  uint64_t ignored_ = 0;
  uint64_t claims_sum_ = 0;
  uint64_t ignored_sum_ = 0;
  uint64_t next_token_ = 1;
};

}  // namespace xref
