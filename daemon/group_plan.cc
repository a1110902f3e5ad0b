#include "daemon/group_plan.h"

#include <fmt/format.h>

#include <algorithm>
#include <utility>

#include "protocol/change_codec.h"

namespace xref {
namespace {

using protocol::AddOutcome;
using protocol::AddVerdict;
using protocol::CreateVerdict;
using protocol::StatusCode;

GroupPlan::Reply Refuse(StatusCode status, std::string message) {
  GroupPlan::Reply reply{.status = status, .payload = {}};
  protocol::Encode(protocol::Refusal{status, protocol::kNoItem, std::move(message)}, reply.payload);
  return reply;
}

}  // namespace

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

GroupPlan::Reply GroupPlan::DecideOne(const protocol::AddRequest& asked) {
  const ReferenceIndex* index = store_.WriterIndex(asked.place);
  if (index == nullptr) {
    return Refuse(StatusCode::kUnknownPlace,
                  fmt::format("place {} does not exist; resolve it again", asked.place));
  }
  std::vector<std::string_view> current(asked.sources.count);
  IdCursor looked_up(asked.sources);
  index->Lookup(looked_up, asked.sources.count, current.data());

  IdList sources;
  IdList targets;
  protocol::AddReply reply;
  reply.outcomes.reserve(asked.sources.count);
  IdCursor next_source(asked.sources);
  IdCursor next_target(asked.targets);
  for (uint32_t i = 0; i < asked.sources.count; ++i) {
    const std::string_view source = next_source.Next();
    const std::string_view target = next_target.Next();
    const AddOutcome outcome = DecideItem(asked.place, i, source, target, current[i]);
    if (outcome.verdict == AddVerdict::kAdded) {
      sources.Add(source);
      targets.Add(target);
    }
    reply.outcomes.push_back(outcome);
  }
  if (sources.size() > 0) {
    Record(asked.actor, AddReferences{asked.place, asked.origin, sources.View(), targets.View()});
  }
  Reply encoded;
  protocol::Encode(reply, encoded.payload);
  return encoded;
}

AddOutcome GroupPlan::DecideItem(PlaceId place, uint32_t item, std::string_view source,
                                 std::string_view target, std::string_view current) {
  const auto [at, first_met] =
      met_.try_emplace(SourceKey{place, {source.data(), source.size()}},
                       Met{current.empty() ? target : current, ordinal_, item});
  Met& met = at->second;
  if (first_met && current.empty()) {
    ++verdicts_.added;
    return {AddVerdict::kAdded, {}, 0};
  }
  if (!first_met && met.change == ordinal_) {
    ++verdicts_.duplicates;
    return {AddVerdict::kDuplicate, {}, met.item};
  }
  met.change = ordinal_;
  met.item = item;
  if (met.target == target) {
    ++verdicts_.existed;
    return {AddVerdict::kExists, {}, 0};
  }
  ++verdicts_.conflicts;
  return {AddVerdict::kConflict, met.target, 0};
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
  Reply encoded;
  protocol::Encode(reply, encoded.payload);
  return encoded;
}

}  // namespace xref
