#include "daemon/source_states.h"

namespace xref {

SourceState& SourceStates::Meet(PlaceId place, std::string_view source, std::string_view standing) {
  const auto [at, first] = sources_.try_emplace(KeyOf(place, source));
  SourceState& state = at->second;
  if (!first) return state;
  state.target = standing;
  const Reservations& reservations = store_.WriterReservations();
  if (!reservations.Has(place)) return state;
  state.ignored = reservations.IsIgnored(place, source);
  if (const Claim* claim = reservations.FindClaim(place, source)) {
    state.claimed = true;
    state.token = claim->token;
    state.until_us = claim->until_us;
    state.owner = claim->owner;
    state.lost_owner = claim->lost_owner;
  }
  return state;
}

std::optional<std::string_view> SourceStates::OtherSourceOf(PlaceId place, std::string_view target,
                                                            std::string_view source) {
  const auto linked = linked_.find(KeyOf(place, target));
  if (linked != linked_.end() && linked->second != source &&
      IsLinkedTo(place, linked->second, target)) {
    return linked->second;
  }
  const ReferenceIndex* index = store_.WriterIndex(place);
  if (index == nullptr) return std::nullopt;
  // More than one only where the type did not always forbid it. No more than the group has met can
  // have moved on, so the next one stands.
  const auto sources_max = static_cast<uint32_t>(sources_.size()) + 1;
  IdList one;
  one.Add(target);
  IdCursor cursor(one.View());
  std::optional<std::string_view> other;
  index->Reverse(cursor, 1, sources_max, [&](uint32_t, std::string_view standing) {
    if (!other && standing != source && IsLinkedTo(place, standing, target)) other = standing;
  });
  if (other) Linked(place, target, *other);  // the next to ask need not search
  return other;
}

void SourceStates::Linked(PlaceId place, std::string_view target, std::string_view source) {
  linked_[KeyOf(place, target)] = source;
}

// What the store says, unless the group has met the source.
bool SourceStates::IsLinkedTo(PlaceId place, std::string_view source,
                              std::string_view target) const {
  const auto met = sources_.find(KeyOf(place, source));
  return met == sources_.end() || met->second.target == target;
}

}  // namespace xref
