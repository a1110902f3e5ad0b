#include "daemon/group_plan.h"

#include <fmt/format.h>

#include <algorithm>
#include <utility>

#include "protocol/change_codec.h"

namespace xref {
namespace {

using protocol::CatalogReply;
using protocol::CreateVerdict;
using protocol::StatusCode;

GroupPlan::Reply Refuse(StatusCode status, std::string message) {
  return GroupPlan::Reply::Refusing({status, protocol::kNoItem, std::move(message)});
}

GroupPlan::Reply NoSuchIntegration(std::string_view name) {
  return Refuse(StatusCode::kUnknownPlace,
                fmt::format("there is no integration \"{}\"; create it first, or list those that "
                            "exist",
                            name));
}

}  // namespace

GroupPlan::Reply GroupPlan::Reply::Refusing(const protocol::Refusal& refusal) {
  Reply reply{.status = refusal.status, .payload = {}};
  protocol::Encode(refusal, reply.payload);
  return reply;
}

GroupPlan::Reply GroupPlan::Decide(const ChangeRequest& change) {
  ++ordinal_;
  return std::visit([this](const auto& asked) { return DecideOne(asked); }, change.asked);
}

std::vector<JournalRecord> GroupPlan::Records() const {
  std::vector<JournalRecord> records;
  records.reserve(records_.size());
  Lsn lsn = lsn_ - records_.size();
  for (const std::string& bytes : records_) records.push_back({++lsn, bytes});
  return records;
}

void GroupPlan::Record(std::string_view actor, decltype(Change::what) what) {
  const Change change{
      .lsn = ++lsn_, .epoch = epoch_, .time_us = now_us_, .actor = actor, .what = std::move(what)};
  protocol::EncodeChange(change, records_.emplace_back());
}

GroupPlan::Reply GroupPlan::DecideOne(const protocol::IntegrationCreateRequest& asked) {
  const Catalog& catalog = store_.WriterCatalog();
  protocol::IntegrationCreateReply reply{CreateVerdict::kCreated, asked.source_platform,
                                         asked.target_platform};
  const auto in_group = std::find_if(created_.begin(), created_.end(),
                                     [&](const auto& other) { return other.name == asked.name; });
  const Integration* standing = catalog.Find(asked.name);
  if (standing != nullptr) {
    reply.source_platform = standing->source_platform;
    reply.target_platform = standing->target_platform;
  } else if (in_group != created_.end()) {
    reply.source_platform = in_group->source_platform;
    reply.target_platform = in_group->target_platform;
  }
  if (standing != nullptr || in_group != created_.end()) {
    const bool same = reply.source_platform == asked.source_platform &&
                      reply.target_platform == asked.target_platform;
    reply.verdict = same ? CreateVerdict::kExists : CreateVerdict::kConflict;
  } else if (catalog.integrations().size() + created_.size() >= kIntegrationsMax) {
    return Refuse(
        StatusCode::kTooLarge,
        fmt::format("there are {} integrations already, which is the most that one daemon "
                    "holds",
                    kIntegrationsMax));
  } else {
    const auto before = static_cast<uint32_t>(created_.size());
    CreateIntegration created{.integration = catalog.next_integration() + before,
                              .name = asked.name,
                              .source_platform = asked.source_platform,
                              .target_platform = asked.target_platform,
                              .types = {}};
    PlaceId place = catalog.next_place();
    for (const CreateIntegration& other : created_) {
      place += static_cast<uint32_t>(other.types.size());
    }
    for (const std::string_view type : kStandardTypes) created.types.push_back({place++, type});
    Record(asked.actor, created);
    created_.push_back(std::move(created));
  }
  return Reply::Of(reply);
}

// ---- The catalog ----

GroupPlan::Reply GroupPlan::DecideOne(const protocol::TypeCreateRequest& asked) {
  const Catalog& catalog = store_.WriterCatalog();
  const Integration* integration = catalog.Find(asked.integration);
  if (integration == nullptr) return NoSuchIntegration(asked.integration);
  if (catalog.FindPlace(asked.integration, asked.type)) return Reply::Of(CatalogReply{false});
  if (integration->types.size() >= kTypesPerIntegrationMax) {
    return Refuse(StatusCode::kTooLarge,
                  fmt::format("the integration \"{}\" has {} entity types, which is the most",
                              asked.integration, kTypesPerIntegrationMax));
  }
  Record(asked.actor, CreateType{integration->id, {catalog.next_place(), asked.type}});
  return Reply::Of(CatalogReply{true});
}

GroupPlan::Reply GroupPlan::DecideOne(const protocol::PlatformsRenameRequest& asked) {
  const Integration* integration = store_.WriterCatalog().Find(asked.integration);
  if (integration == nullptr) return NoSuchIntegration(asked.integration);
  const bool same = integration->source_platform == asked.source_platform &&
                    integration->target_platform == asked.target_platform;
  if (!same) {
    Record(asked.actor,
           RenamePlatforms{integration->id, asked.source_platform, asked.target_platform});
  }
  return Reply::Of(CatalogReply{!same});
}

GroupPlan::Reply GroupPlan::DecideOne(const protocol::RulesSetRequest& asked) {
  const CatalogType* type = store_.WriterCatalog().FindType(asked.place);
  if (type == nullptr) return Reply::Refusing(protocol::NoSuchPlace(asked.place));
  const bool same = type->unique_targets == asked.unique_targets;
  if (!same) Record(asked.actor, SetRules{asked.place, asked.unique_targets});
  return Reply::Of(CatalogReply{!same});
}

// ---- Claims and purges ----

int64_t GroupPlan::RemainingMs(int64_t until_us) const {
  const int64_t left_us = until_us - now_us_;
  return left_us > 0 ? (left_us + 999) / 1000 : left_us / 1000;
}

GroupPlan::Reply GroupPlan::DecideOne(const protocol::ClaimsRequest& asked) {
  if (store_.WriterIndex(asked.place) == nullptr)
    return Reply::Refusing(protocol::NoSuchPlace(asked.place));
  protocol::ClaimsReply reply;
  store_.WriterReservations().ListClaims(
      asked.place, asked.after, [&](std::string_view source, const xref::Claim& claim) {
        reply.claims.push_back({.source = source,
                                .owner = claim.owner,
                                .lost_owner = claim.lost_owner,
                                .token = claim.token,
                                .remaining_ms = RemainingMs(claim.until_us)});
        return reply.claims.size() < asked.claims_max;
      });
  return Reply::Of(reply);
}

GroupPlan::Reply GroupPlan::DecideOne(const protocol::PurgePreviewRequest& asked) {
  const ReferenceIndex* index = store_.WriterIndex(asked.place);
  if (index == nullptr) return Reply::Refusing(protocol::NoSuchPlace(asked.place));
  const uint64_t version = safeguards_.VersionOf(asked.place);
  return Reply::Of(protocol::PurgePreviewReply{
      .references = index->size(),
      .token = safeguards_.Issue(PurgeSubject(asked.place, version, index->size()), now_us_),
      .valid_seconds = Safeguards::kTokenSeconds,
      .target_platform = store_.WriterCatalog().FindIntegrationOf(asked.place)->target_platform});
}

GroupPlan::Reply GroupPlan::DecideOne(const protocol::PurgeRequest& asked) {
  const ReferenceIndex* index = store_.WriterIndex(asked.place);
  if (index == nullptr) return Reply::Refusing(protocol::NoSuchPlace(asked.place));
  const uint64_t subject =
      PurgeSubject(asked.place, safeguards_.VersionOf(asked.place), index->size());
  switch (safeguards_.Redeem(asked.token, subject, now_us_)) {
    case Safeguards::Redeemed::kGood:
      break;
    case Safeguards::Redeemed::kUnknown:
      return Refuse(StatusCode::kForbidden,
                    "this token was never given, was used already or is too old; preview the purge "
                    "again. Nothing was changed");
    case Safeguards::Redeemed::kOther:
      return Refuse(StatusCode::kForbidden,
                    "references have changed since the preview, so the token is good no more; "
                    "preview the purge again. Nothing was changed");
  }
  const Catalog& catalog = store_.WriterCatalog();
  const protocol::PurgeReply reply{.references = index->size(),
                                   .trash = catalog.FindType(asked.place)->partition};
  safeguards_.NoteReferences(asked.place);
  Record(asked.actor, PurgePlace{asked.place, catalog.next_place(), index->size()});
  return Reply::Of(reply);
}

// ---- Standbys ----

GroupPlan::Reply GroupPlan::DecideOne(const protocol::FollowRequest& asked) {
  using protocol::FollowVerdict;
  if (asked.epoch > epoch_) {
    return Refuse(
        StatusCode::kStaleEpoch,
        fmt::format("this daemon is of epoch {}, and the standby has seen epoch {}: there "
                    "is another primary",
                    epoch_, asked.epoch));
  }
  const auto& epochs = store_.WriterCatalog().epochs();
  protocol::FollowReply reply{.verdict = FollowVerdict::kFollow, .common = asked.lsn, .lsn = lsn_};
  // The first standby: from here on it must be known whose changes are whose.
  if (epochs.empty()) Record("xrefd", BeginEpoch{safeguards_.DrawMark()});
  if (asked.lsn == 0) return Reply::Of(reply);
  for (size_t i = 0; i < epochs.size(); ++i) {
    if (epochs[i].mark != asked.epoch_mark) continue;
    const Lsn last = i + 1 < epochs.size() ? epochs[i + 1].first - 1 : reply.lsn;
    if (asked.lsn > last) {
      reply.verdict = FollowVerdict::kDiverged;
      reply.common = last;
    }
    return Reply::Of(reply);
  }
  reply.verdict = FollowVerdict::kForeign;
  reply.common = 0;
  return Reply::Of(reply);
}

GroupPlan::Reply GroupPlan::DecideOne(const EmptyTrashRequest& asked) {
  Record("xrefd", EmptyTrash{asked.partition});
  return {};
}

}  // namespace xref
