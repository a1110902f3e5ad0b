#include "index/reservations.h"

#include <algorithm>
#include <utility>

#include "index/state_sum.h"

namespace xref {
namespace {

absl::string_view ToAbsl(std::string_view text) { return {text.data(), text.size()}; }

uint64_t HashOfClaim(PlaceId place, std::string_view source, const Claim& claim) {
  const uint64_t owners = HashOf(claim.lost_owner, HashOf(claim.owner, claim.token));
  return HashOf(source, HashOf({place, owners}));
}

uint64_t HashOfIgnored(PlaceId place, std::string_view source) { return HashOf(source, place); }

}  // namespace

const Claim* Reservations::FindClaim(PlaceId place, std::string_view source) const {
  if (place >= places_.size()) return nullptr;
  const auto found = places_[place].claims.find(source);
  return found == places_[place].claims.end() ? nullptr : &found->second;
}

bool Reservations::IsIgnored(PlaceId place, std::string_view source) const {
  return place < places_.size() && places_[place].ignored.contains(ToAbsl(source));
}

void Reservations::ListClaims(PlaceId place, std::string_view after,
                              absl::FunctionRef<bool(std::string_view, const Claim&)> take) const {
  if (!Has(place)) return;
  const auto& claims = places_[place].claims;
  for (auto at = claims.upper_bound(after); at != claims.end(); ++at) {
    if (!take(at->first, at->second)) return;
  }
}

void Reservations::ForEachClaim(
    absl::FunctionRef<void(PlaceId, std::string_view, const Claim&)> take) const {
  for (PlaceId place = 0; place < places_.size(); ++place) {
    for (const auto& [source, claim] : places_[place].claims) take(place, source, claim);
  }
}

void Reservations::ForEachIgnored(absl::FunctionRef<void(PlaceId, std::string_view)> take) const {
  for (PlaceId place = 0; place < places_.size(); ++place) {
    for (const std::string& source : places_[place].ignored) take(place, source);
  }
}

void Reservations::Grant(const GrantClaims& granted, std::string_view owner, int64_t time_us) {
  IdCursor sources(granted.sources);
  IdCursor lost_owners(granted.lost_owners);
  for (uint32_t i = 0; i < granted.sources.count; ++i) {
    const std::string_view source = sources.Next();
    SetClaim(granted.place, source,
             Claim{.token = granted.first_token + i,
                   .until_us = time_us + int64_t{granted.lease_ms} * 1000,
                   .owner = std::string(owner),
                   .lost_owner = std::string(lost_owners.Next())});
  }
}

void Reservations::Renew(const RenewClaims& renewed, int64_t time_us) {
  Place& place = At(renewed.place);
  IdCursor sources(renewed.sources);
  for (uint32_t i = 0; i < renewed.sources.count; ++i) {
    const auto found = place.claims.find(sources.Next());
    if (found == place.claims.end()) continue;
    found->second.until_us = time_us + int64_t{renewed.lease_ms} * 1000;
  }
}

void Reservations::End(PlaceId number, const IdBatch& ended) {
  if (!Has(number)) return;
  Place& place = places_[number];
  IdCursor sources(ended);
  for (uint32_t i = 0; i < ended.count && !place.claims.empty(); ++i) {
    const auto found = place.claims.find(sources.Next());
    if (found == place.claims.end()) continue;
    claims_sum_ -= HashOfClaim(number, found->first, found->second);
    place.claims.erase(found);
    --claims_;
  }
}

void Reservations::Ignore(const IgnoreSources& change) {
  IdCursor sources(change.sources);
  for (uint32_t i = 0; i < change.sources.count; ++i) {
    const std::string_view source = sources.Next();
    if (change.ignored) {
      SetIgnored(change.place, source);
    } else if (At(change.place).ignored.erase(ToAbsl(source)) > 0) {
      --ignored_;
      ignored_sum_ -= HashOfIgnored(change.place, source);
    }
  }
}

void Reservations::Forget(PlaceId place) {
  if (!Has(place)) return;
  claims_ -= places_[place].claims.size();
  ignored_ -= places_[place].ignored.size();
  for (const auto& [source, claim] : places_[place].claims) {
    claims_sum_ -= HashOfClaim(place, source, claim);
  }
  for (const std::string& source : places_[place].ignored) {
    ignored_sum_ -= HashOfIgnored(place, source);
  }
  places_[place] = {};
}

void Reservations::Apply(const Change& change) {
  struct Applier {
    Reservations& reservations;
    const Change& change;

    void operator()(const AddReferences& added) const {
      reservations.End(added.place, added.sources);
    }
    void operator()(const SetReferences& set) const { reservations.End(set.place, set.sources); }
    void operator()(const ReleaseClaims& released) const {
      reservations.End(released.place, released.sources);
    }
    void operator()(const GrantClaims& granted) const {
      reservations.Grant(granted, change.actor, change.time_us);
    }
    void operator()(const RenewClaims& renewed) const {
      reservations.Renew(renewed, change.time_us);
    }
    void operator()(const IgnoreSources& ignored) const { reservations.Ignore(ignored); }
    void operator()(const DeleteReferences&) const {}
    void operator()(const CreateIntegration&) const {}
    void operator()(const CreateType&) const {}
    void operator()(const RenamePlatforms&) const {}
    void operator()(const CreateToken&) const {}
    void operator()(const RevokeToken&) const {}
    void operator()(const SetRules&) const {}
    void operator()(const BeginEpoch&) const {}
    void operator()(const CompareState&) const {}
    void operator()(const PurgePlace&) const {}
    void operator()(const EmptyTrash&) const {}
    // They wait with their places, so that a restore does not forget what must never be synced.
    void operator()(const DropIntegration&) const {}
    void operator()(const RestoreIntegration&) const {}
    void operator()(const ForgetIntegration& forgotten) const {
      for (const PlaceId place : forgotten.places) reservations.Forget(place);
    }
  };
  std::visit(Applier{*this, change}, change.what);
}

void Reservations::SetClaim(PlaceId place, std::string_view source, Claim claim) {
  RaiseNextToken(claim.token + 1);
  const auto [at, added] = At(place).claims.try_emplace(std::string(source));
  if (!added) claims_sum_ -= HashOfClaim(place, source, at->second);
  at->second = std::move(claim);
  claims_sum_ += HashOfClaim(place, source, at->second);
  claims_ += added ? 1 : 0;
}

void Reservations::SetIgnored(PlaceId place, std::string_view source) {
  if (!At(place).ignored.emplace(source).second) return;
  ++ignored_;
  ignored_sum_ += HashOfIgnored(place, source);
}

void Reservations::RaiseNextToken(uint64_t next_token) {
  next_token_ = std::max(next_token_, next_token);
}

void Reservations::LimitLeases(int64_t until_us) {
  for (Place& place : places_) {
    for (auto& [source, claim] : place.claims) claim.until_us = std::min(claim.until_us, until_us);
  }
}

Reservations::Place& Reservations::At(PlaceId place) {
  if (place >= places_.size()) places_.resize(place + 1);
  return places_[place];
}

}  // namespace xref
