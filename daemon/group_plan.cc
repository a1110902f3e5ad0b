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

GroupPlan::Reply NoSuchIntegration(const Catalog& catalog, std::string_view name) {
  return GroupPlan::Reply::Refusing(protocol::NoSuchIntegration(name, catalog.IsDropped(name)));
}

size_t DroppedIn(const Catalog& catalog) {
  return static_cast<size_t>(
      std::count_if(catalog.trash().begin(), catalog.trash().end(),
                    [](const Trash& t) { return t.integration.has_value(); }));
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
  } else if (catalog.integrations().size() + DroppedIn(catalog) + created_.size() >=
             kIntegrationsMax) {
    CountRefused(Limit::kIntegrations);
    return Refuse(
        StatusCode::kTooLarge,
        fmt::format("there are {} integrations already, those in the trash included, which is the "
                    "most that one daemon holds",
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
  if (integration == nullptr) return NoSuchIntegration(catalog, asked.integration);
  if (catalog.FindPlace(asked.integration, asked.type)) return Reply::Of(CatalogReply{false});
  if (integration->types.size() >= kTypesPerIntegrationMax) {
    CountRefused(Limit::kTypesPerIntegration);
    return Refuse(StatusCode::kTooLarge,
                  fmt::format("the integration \"{}\" has {} entity types, which is the most",
                              asked.integration, kTypesPerIntegrationMax));
  }
  Record(asked.actor, CreateType{integration->id, {catalog.next_place(), asked.type}});
  return Reply::Of(CatalogReply{true});
}

GroupPlan::Reply GroupPlan::DecideOne(const protocol::PlatformsRenameRequest& asked) {
  const Catalog& catalog = store_.WriterCatalog();
  const Integration* integration = catalog.Find(asked.integration);
  if (integration == nullptr) return NoSuchIntegration(catalog, asked.integration);
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

// ---- Claims ----

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

// ---- Purges and drops ----

GroupPlan::Shown GroupPlan::ShownOf(PlaceId place) const {
  const uint64_t references = store_.WriterIndex(place)->size();
  return {references, PurgeSubject(place, safeguards_.VersionOf(place), references)};
}

GroupPlan::Shown GroupPlan::ShownOf(const Integration& integration) const {
  Shown shown;
  std::vector<uint64_t> subjects;
  for (const CatalogType& type : integration.types) {
    const Shown of_type = ShownOf(type.place);
    shown.references += of_type.references;
    subjects.push_back(of_type.subject);
  }
  shown.subject = DropSubject(integration.id, subjects);
  return shown;
}

protocol::MaybeRefusal GroupPlan::Redeem(uint64_t token, const Shown& shown,
                                         std::string_view what) {
  std::string_view fault;
  switch (safeguards_.Redeem(token, shown.subject, now_us_)) {
    case Safeguards::Redeemed::kGood:
      return std::nullopt;
    case Safeguards::Redeemed::kUnknown:
      fault = "this token was never given, was used already or is too old";
      break;
    case Safeguards::Redeemed::kOther:
      fault = "references have changed since the preview, so the token is good no more";
      break;
  }
  return protocol::Refusal{
      StatusCode::kForbidden, protocol::kNoItem,
      fmt::format("{}; preview the {} again. Nothing was changed", fault, what)};
}

GroupPlan::Reply GroupPlan::DecideOne(const protocol::PurgePreviewRequest& asked) {
  if (store_.WriterIndex(asked.place) == nullptr) {
    return Reply::Refusing(protocol::NoSuchPlace(asked.place));
  }
  const Shown shown = ShownOf(asked.place);
  return Reply::Of(protocol::PurgePreviewReply{
      .references = shown.references,
      .token = safeguards_.Issue(shown.subject, now_us_),
      .valid_seconds = Safeguards::kTokenSeconds,
      .target_platform = store_.WriterCatalog().FindIntegrationOf(asked.place)->target_platform});
}

GroupPlan::Reply GroupPlan::DecideOne(const protocol::PurgeRequest& asked) {
  if (store_.WriterIndex(asked.place) == nullptr) {
    return Reply::Refusing(protocol::NoSuchPlace(asked.place));
  }
  const Shown shown = ShownOf(asked.place);
  if (const auto refusal = Redeem(asked.token, shown, "purge")) return Reply::Refusing(*refusal);
  const Catalog& catalog = store_.WriterCatalog();
  const protocol::PurgeReply reply{.references = shown.references,
                                   .trash = catalog.FindType(asked.place)->partition};
  safeguards_.NoteReferences(asked.place);
  Record(asked.actor, PurgePlace{asked.place, catalog.next_place(), shown.references});
  return Reply::Of(reply);
}

GroupPlan::Reply GroupPlan::DecideOne(const protocol::DropPreviewRequest& asked) {
  const Catalog& catalog = store_.WriterCatalog();
  const Integration* integration = catalog.Find(asked.integration);
  if (integration == nullptr) return NoSuchIntegration(catalog, asked.integration);
  const Shown shown = ShownOf(*integration);
  uint64_t open_claims = 0;
  for (const CatalogType& type : integration->types) {
    store_.WriterReservations().ListClaims(type.place, {},
                                           [&](std::string_view, const xref::Claim& claim) {
                                             open_claims += claim.until_us > now_us_ ? 1 : 0;
                                             return true;
                                           });
  }
  return Reply::Of(
      protocol::DropPreviewReply{.types = static_cast<uint8_t>(integration->types.size()),
                                 .references = shown.references,
                                 .claims = open_claims,
                                 .token = safeguards_.Issue(shown.subject, now_us_),
                                 .valid_seconds = Safeguards::kTokenSeconds,
                                 .target_platform = integration->target_platform});
}

GroupPlan::Reply GroupPlan::DecideOne(const protocol::DropRequest& asked) {
  const Catalog& catalog = store_.WriterCatalog();
  const Integration* integration = catalog.Find(asked.integration);
  if (integration == nullptr) return NoSuchIntegration(catalog, asked.integration);
  const Shown shown = ShownOf(*integration);
  if (const auto refusal = Redeem(asked.token, shown, "drop")) return Reply::Refusing(*refusal);
  const PlaceId trash = catalog.next_place();
  Record(asked.actor, DropIntegration{integration->id, trash, shown.references});
  return Reply::Of(protocol::PurgeReply{.references = shown.references, .trash = trash});
}

// ---- The trash ----

GroupPlan::Reply GroupPlan::DecideOne(const EmptyTrashRequest& asked) {
  const Trash* trash = store_.WriterCatalog().FindTrash(asked.trash);
  if (trash == nullptr) return {};  // it went with its integration
  if (!trash->integration) {
    Record("xrefd", EmptyTrash{trash->number});
    return {};
  }
  ForgetIntegration forgotten{.trash = trash->number, .places = {}};
  for (const CatalogType& type : trash->integration->types) forgotten.places.push_back(type.place);
  Record("xrefd", std::move(forgotten));
  return {};
}

protocol::MaybeRefusal GroupPlan::FindStanding(PlaceId number, std::string_view name) const {
  const Catalog& catalog = store_.WriterCatalog();
  const Trash* trash = catalog.FindTrash(number);
  if (trash == nullptr || !trash->integration) {
    return protocol::Refusal{
        StatusCode::kUnknownPlace, protocol::kNoItem,
        fmt::format("there is no integration under the number {} in the trash any more", number)};
  }
  if (catalog.Find(name) == nullptr) return std::nullopt;
  return protocol::Refusal{
      StatusCode::kForbidden, protocol::kNoItem,
      fmt::format("there is another integration \"{}\" by now; restore this one under another "
                  "name, or drop the other one first. Nothing was changed",
                  name)};
}

GroupPlan::Reply GroupPlan::DecideOne(const GatherRequest& asked) {
  const auto refusal = FindStanding(asked.trash, asked.name);
  return refusal ? Reply::Refusing(*refusal) : Reply();
}

GroupPlan::Reply GroupPlan::DecideOne(const RestoreIntegrationRequest& asked) {
  if (const auto refusal = FindStanding(asked.trash, asked.name)) return Reply::Refusing(*refusal);
  const Trash& trash = *store_.WriterCatalog().FindTrash(asked.trash);
  uint64_t gathered = 0;
  for (const CatalogType& type : trash.integration->types) gathered += store_.gathered(type.place);
  // What lacks references would have records created a second time.
  if (gathered != trash.references) {
    return Refuse(
        StatusCode::kForbidden,
        fmt::format("of {} references, {} were gathered: another restore came between, or "
                    "memory was short; begin again. Nothing was changed",
                    trash.references, gathered));
  }
  Record(asked.actor, RestoreIntegration{asked.trash, asked.name});
  return {};
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

GroupPlan::Reply GroupPlan::DecideOne(const protocol::CompareRequest&) {
  const StateSum sum = store_.Sum();
  Record("xrefd", CompareState{sum});
  return Reply::Of(protocol::CompareReply{.lsn = lsn_, .sum = sum});
}

}  // namespace xref
