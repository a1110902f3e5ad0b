// How a commit group decides mutations, item by item.

#include <fmt/format.h>

#include <utility>

#include "daemon/group_plan.h"

namespace xref {

using protocol::Mutation;
using protocol::MutationRequest;
using protocol::Outcome;
using protocol::StatusCode;
using protocol::Verdict;

namespace {

GroupPlan::PlaceResult ResultOf(const MutationRequest& asked,
                                const protocol::MutationReply& reply) {
  const bool links = asked.mutation == Mutation::kAdd || asked.mutation == Mutation::kPut ||
                     asked.mutation == Mutation::kSettle;
  GroupPlan::PlaceResult result{.place = asked.place};
  for (const Outcome& outcome : reply.outcomes) {
    if (links && outcome.verdict == Verdict::kDone) ++result.added;
    if (outcome.verdict == Verdict::kConflict) ++result.conflicts;
  }
  return result;
}

}  // namespace

GroupPlan::Reply GroupPlan::DecideOne(const MutationRequest& asked) {
  const ReferenceIndex* index = store_.WriterIndex(asked.place);
  if (index == nullptr) return Reply::Refusing(protocol::NoSuchPlace(asked.place));
  const uint32_t count = asked.sources.count;
  std::vector<std::string_view> standing(count);
  IdCursor looked_up(asked.sources);
  index->Lookup(looked_up, count, standing.data());
  if (const auto refusal = FindRefusal(asked, standing)) return Reply::Refusing(*refusal);

  Effect effect;
  effect.first_token = next_token_;
  protocol::MutationReply reply;
  reply.outcomes.reserve(count);
  states_.Expect(count);
  const protocol::MutationFields has = FieldsOf(asked.mutation);
  IdCursor sources(asked.sources);
  IdCursor targets(asked.targets);
  IdCursor expected(asked.expected);
  for (uint32_t i = 0; i < count; ++i) {
    Item item{.source = sources.Next(), .target = {}, .expected = {}, .token = 0};
    if (has.targets) item.target = targets.Next();
    if (asked.expected.count > 0) item.expected = expected.Next();
    if (has.tokens) item.token = asked.token(i);
    SourceState& state = states_.Meet(asked.place, item.source, standing[i]);
    Outcome outcome;
    if (std::exchange(state.change, ordinal_) == ordinal_) {
      outcome = {Verdict::kDuplicate, {}, state.item};
    } else {
      state.item = i;
      outcome = DecideItem(asked, item, state, effect);
    }
    if (!asked.rehearsal) ++verdicts_[static_cast<size_t>(outcome.verdict)];
    reply.outcomes.push_back(outcome);
  }
  if (!asked.rehearsal) place_results_.push_back(ResultOf(asked, reply));
  const bool changes = effect.sources.size() + effect.lapsed.size() > 0;
  if (changes && !asked.rehearsal) RecordEffect(asked, effect);
  return Reply::Of(reply);
}

protocol::MaybeRefusal GroupPlan::FindRefusal(const MutationRequest& asked,
                                              const std::vector<std::string_view>& standing) {
  const auto refuse = [](StatusCode status, std::string message) {
    return protocol::Refusal{status, protocol::kNoItem, std::move(message)};
  };
  const uint64_t count = asked.sources.count;
  if (asked.mutation == Mutation::kClaim && claims_ + count > kClaimsMax) {
    CountRefused(Limit::kClaims);
    return refuse(StatusCode::kOverloaded,
                  fmt::format("there are {} claims, and {} is the most; settle or release some",
                              claims_, kClaimsMax));
  }
  if (asked.mutation == Mutation::kIgnore && ignored_ + count > kIgnoredMax) {
    CountRefused(Limit::kIgnored);
    return refuse(
        StatusCode::kTooLarge,
        fmt::format("{} source IDs are ignored, and {} is the most", ignored_, kIgnoredMax));
  }
  if (asked.mutation != Mutation::kDelete) return std::nullopt;
  const uint64_t subject = DeleteSubject(asked);
  if (asked.confirmation != 0) {
    const bool good =
        safeguards_.Redeem(asked.confirmation, subject, now_us_) == Safeguards::Redeemed::kGood;
    if (good) return std::nullopt;
    return refuse(StatusCode::kForbidden,
                  "this confirmation was given for another request, was used already or is too "
                  "old; nothing was changed");
  }
  // With what the group will have linked: it must not matter how changes fall into groups.
  uint64_t there = 0;
  IdCursor sources(asked.sources);
  for (const std::string_view target : standing) {
    there += states_.Meet(asked.place, sources.Next(), target).target.empty() ? 0 : 1;
  }
  if (safeguards_.AllowDeletes(asked.actor, there, now_us_)) return std::nullopt;
  CountRefused(Limit::kDeletesPerMinute);
  return refuse(
      StatusCode::kForbidden,
      fmt::format("more than {} deletions by one actor within a minute need a confirmation: this "
                  "would remove {} links, and the next sync may create up to {} records again. To "
                  "go ahead, send the same with confirmation {}",
                  safeguards_.deletes_max(), there, there, safeguards_.Issue(subject, now_us_)));
}

Outcome GroupPlan::DecideItem(const MutationRequest& asked, const Item& item, SourceState& state,
                              Effect& effect) {
  const bool holds_claim = state.claimed && state.token == item.token;
  switch (asked.mutation) {
    case Mutation::kAdd:
      if (!state.target.empty() && state.target != item.target) {
        return {Verdict::kConflict, state.target};
      }
      return Link(asked, item, state, effect);
    case Mutation::kPut:
      return Link(asked, item, state, effect);
    case Mutation::kEdit: {
      if (state.target.empty()) return {Verdict::kMissing};
      const bool as_expected = item.expected.empty() || item.expected == state.target;
      // An edit that was made already is not an unexpected target.
      if (!as_expected && state.target != item.target) return {Verdict::kConflict, state.target};
      return Link(asked, item, state, effect);
    }
    case Mutation::kDelete:
      if (state.target.empty()) return {Verdict::kMissing};
      if (!item.expected.empty() && item.expected != state.target) {
        return {Verdict::kConflict, state.target};
      }
      effect.sources.Add(item.source);
      effect.before.Add(state.target);
      state.target = {};
      return {Verdict::kDone};
    case Mutation::kIgnore:
      if (!state.target.empty()) return {Verdict::kSynced, state.target};
      if (state.ignored) return {Verdict::kUnchanged};
      effect.sources.Add(item.source);
      state.ignored = true;
      ++ignored_;
      return {Verdict::kDone};
    case Mutation::kUnignore:
      if (!state.ignored) return {Verdict::kUnchanged};
      effect.sources.Add(item.source);
      state.ignored = false;
      return {Verdict::kDone};
    case Mutation::kClaim:
      return Claim(asked, item, state, effect);
    case Mutation::kSettle:
      if (!state.target.empty()) {
        if (state.target == item.target) return {Verdict::kUnchanged};
        return {Verdict::kConflict, state.target};
      }
      if (!holds_claim) return {Verdict::kStaleToken};
      return Link(asked, item, state, effect);
    case Mutation::kRelease:
      if (!holds_claim) return {Verdict::kStaleToken};
      if (state.lost_owner.empty()) {
        effect.sources.Add(item.source);
        state.EndClaim();
      } else {
        // Whether the record exists is as unknown as before, and the next owner must be told.
        effect.lapsed.Add(item.source);
        state.until_us = now_us_;
      }
      return {Verdict::kDone};
    case Mutation::kRenew:
      if (!holds_claim) return {Verdict::kStaleToken};
      effect.sources.Add(item.source);
      state.until_us = now_us_ + int64_t{asked.lease_ms} * 1000;
      return {Verdict::kDone};
  }
  return {};
}

Outcome GroupPlan::Link(const MutationRequest& asked, const Item& item, SourceState& state,
                        Effect& effect) {
  if (state.target == item.target) return {Verdict::kUnchanged};
  if (state.ignored) return {Verdict::kIgnored};
  if (store_.WriterCatalog().FindType(asked.place)->unique_targets) {
    const auto other = states_.OtherSourceOf(asked.place, item.target, item.source);
    if (other) return {Verdict::kTargetTaken, *other};
    states_.Linked(asked.place, item.target, item.source);
  }
  effect.sources.Add(item.source);
  effect.targets.Add(item.target);
  effect.before.Add(state.target);
  state.target = item.target;
  state.EndClaim();
  return {Verdict::kDone};
}

Outcome GroupPlan::Claim(const MutationRequest& asked, const Item& item, SourceState& state,
                         Effect& effect) {
  if (state.ignored) return {Verdict::kIgnored};
  if (!state.target.empty()) return {Verdict::kSynced, state.target};
  const bool open = state.claimed && state.until_us > now_us_;
  if (open && state.owner != asked.actor) {
    return {Verdict::kHeld, state.owner, static_cast<uint64_t>(RemainingMs(state.until_us))};
  }
  // An owner that claims again may have died in between, so its own claim is as unknown as
  // another's.
  const std::string_view lost_owner = state.claimed ? state.owner : std::string_view();
  effect.sources.Add(item.source);
  effect.lost_owners.Add(lost_owner);
  claims_ += state.claimed ? 0 : 1;
  state.claimed = true;
  state.token = next_token_++;
  state.until_us = now_us_ + int64_t{asked.lease_ms} * 1000;
  state.owner = asked.actor;
  state.lost_owner = lost_owner;
  if (lost_owner.empty()) return {Verdict::kGranted, {}, state.token};
  return {Verdict::kUnknown, lost_owner, state.token};
}

void GroupPlan::RecordEffect(const MutationRequest& asked, const Effect& effect) {
  const PlaceId place = asked.place;
  const IdBatch sources = effect.sources.View();
  // Claims and ignored IDs are no references: workers may go on while somebody reads a preview.
  const bool of_references =
      FieldsOf(asked.mutation).targets || asked.mutation == Mutation::kDelete;
  if (of_references) safeguards_.NoteReferences(place);
  switch (asked.mutation) {
    case Mutation::kAdd:
    case Mutation::kSettle:
      return Record(asked.actor,
                    AddReferences{place, asked.origin, sources, effect.targets.View()});
    case Mutation::kPut:
    case Mutation::kEdit:
      return Record(asked.actor,
                    SetReferences{place, asked.origin, asked.mutation == Mutation::kEdit, sources,
                                  effect.targets.View(), effect.before.View()});
    case Mutation::kDelete:
      return Record(asked.actor, DeleteReferences{place, sources, effect.before.View()});
    case Mutation::kIgnore:
    case Mutation::kUnignore:
      return Record(asked.actor,
                    IgnoreSources{place, asked.mutation == Mutation::kIgnore, sources});
    case Mutation::kClaim:
      return Record(asked.actor, GrantClaims{place, asked.lease_ms, effect.first_token, sources,
                                             effect.lost_owners.View()});
    case Mutation::kRelease:
      if (sources.count > 0) Record(asked.actor, ReleaseClaims{place, sources});
      if (effect.lapsed.size() > 0) {
        Record(asked.actor, RenewClaims{place, 0, effect.lapsed.View()});
      }
      return;
    case Mutation::kRenew:
      return Record(asked.actor, RenewClaims{place, asked.lease_ms, sources});
  }
}

}  // namespace xref
