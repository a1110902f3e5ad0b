#include "index/catalog.h"

#include <algorithm>
#include <utility>

#include "index/state_sum.h"

namespace xref {
namespace {

// `trash` is where it waits; 0 for one that is not dropped.
uint64_t SumOf(const Integration& integration, PlaceId trash) {
  uint64_t sum = HashOf(integration.name, HashOf({integration.id, trash}));
  sum = HashOf(integration.target_platform, HashOf(integration.source_platform, sum));
  for (const CatalogType& type : integration.types) {
    sum += HashOf(type.name,
                  HashOf({integration.id, type.place, type.partition, type.unique_targets, trash}));
  }
  return sum;
}

uint64_t SumOf(const AccessToken& token) {
  uint64_t sum = HashOf(token.hash, HashOf({token.number, static_cast<uint64_t>(token.role),
                                            static_cast<uint64_t>(token.created_us),
                                            static_cast<uint64_t>(token.expires_us),
                                            static_cast<uint64_t>(token.revoked_us)}));
  sum = HashOf(token.created_by, HashOf(token.name, sum));
  for (const std::string& integration : token.integrations) sum = HashOf(integration, sum);
  return sum;
}

}  // namespace

void Catalog::Apply(const CreateIntegration& created) {
  const auto [at, added] = integrations_.try_emplace(std::string(created.name));
  if (!added) return;
  Integration& integration = at->second;
  integration.id = created.integration;
  integration.name = created.name;
  integration.source_platform = created.source_platform;
  integration.target_platform = created.target_platform;
  next_integration_ = std::max(next_integration_, created.integration + 1);
  for (const EntityType& type : created.types) Enter(integration, type);
}

void Catalog::Apply(const CreateType& created) {
  Integration* integration = FindMutable(created.integration);
  if (integration == nullptr || FindType(created.type.place) != nullptr) return;
  Enter(*integration, created.type);
}

void Catalog::Enter(Integration& integration, const EntityType& type) {
  integration.types.push_back(
      {.place = type.place, .name = std::string(type.name), .partition = type.place});
  Locate(integration, integration.types.size() - 1);
  next_place_ = std::max(next_place_, type.place + 1);
}

void Catalog::Locate(Integration& integration, size_t type) {
  const PlaceId place = integration.types[type].place;
  if (place >= spots_.size()) spots_.resize(place + 1);
  spots_[place] = {&integration, type};
}

void Catalog::Apply(const RenamePlatforms& renamed) {
  Integration* integration = FindMutable(renamed.integration);
  if (integration == nullptr) return;
  integration->source_platform = renamed.source_platform;
  integration->target_platform = renamed.target_platform;
}

void Catalog::Apply(const SetRules& rules) {
  CatalogType* type = FindMutableType(rules.place);
  if (type != nullptr) type->unique_targets = rules.unique_targets;
}

void Catalog::Apply(const PurgePlace& purged, const Change& change) {
  CatalogType* type = FindMutableType(purged.place);
  // Partitions only grow: this purge, or a later one, was made already.
  if (type == nullptr || type->partition >= purged.partition) return;
  trash_.push_back({.number = type->partition,
                    .place = purged.place,
                    .references = purged.references,
                    .lsn = change.lsn,
                    .time_us = change.time_us,
                    .actor = std::string(change.actor),
                    .integration = std::nullopt});
  type->partition = purged.partition;
  next_place_ = std::max(next_place_, purged.partition + 1);
}

void Catalog::Apply(const EmptyTrash& emptied) {
  std::erase_if(trash_, [&](const Trash& t) { return t.number == emptied.partition; });
}

void Catalog::Apply(const DropIntegration& dropped, const Change& change) {
  Integration* integration = FindMutable(dropped.integration);
  if (integration == nullptr) return;
  for (const CatalogType& type : integration->types) spots_[type.place] = {};
  const auto at = integrations_.find(integration->name);
  trash_.push_back({.number = dropped.trash,
                    .place = 0,
                    .references = dropped.references,
                    .lsn = change.lsn,
                    .time_us = change.time_us,
                    .actor = std::string(change.actor),
                    .integration = std::move(at->second)});
  integrations_.erase(at);
  next_place_ = std::max(next_place_, dropped.trash + 1);
}

void Catalog::Apply(const RestoreIntegration& restored) {
  const auto dropped = std::find_if(trash_.begin(), trash_.end(),
                                    [&](const Trash& t) { return t.number == restored.trash; });
  if (dropped == trash_.end() || !dropped->integration) return;
  const auto [at, added] = integrations_.try_emplace(std::string(restored.name));
  if (!added) return;
  Integration& integration = at->second;
  integration = *std::move(dropped->integration);
  integration.name = restored.name;
  for (size_t i = 0; i < integration.types.size(); ++i) Locate(integration, i);
  trash_.erase(dropped);
}

void Catalog::Apply(const ForgetIntegration& forgotten) {
  std::erase_if(trash_, [&](const Trash& t) {
    return t.number == forgotten.trash ||
           std::find(forgotten.places.begin(), forgotten.places.end(), t.place) !=
               forgotten.places.end();
  });
}

void Catalog::Apply(const CreateToken& created, const Change& change) {
  if (created.token < next_token_) return;
  next_token_ = created.token + 1;
  if (tokens_.size() >= kTokensMax) {
    const auto revoked = std::find_if(tokens_.begin(), tokens_.end(),
                                      [](const AccessToken& t) { return t.revoked_us != 0; });
    if (revoked != tokens_.end()) tokens_.erase(revoked);
  }
  tokens_.push_back({.number = created.token,
                     .role = created.role,
                     .name = std::string(created.name),
                     .hash = std::string(created.hash),
                     .integrations = {created.integrations.begin(), created.integrations.end()},
                     .created_us = change.time_us,
                     .created_by = std::string(change.actor),
                     .expires_us = created.expires_us});
}

void Catalog::Apply(const RevokeToken& revoked, const Change& change) {
  for (AccessToken& token : tokens_) {
    if (token.number == revoked.token && token.revoked_us == 0) token.revoked_us = change.time_us;
  }
}

void Catalog::Apply(const BeginEpoch& begun, const Change& change) {
  if (!epochs_.empty() && epochs_.back().epoch >= change.epoch) return;
  epochs_.push_back({change.epoch, change.lsn, begun.mark});
}

void Catalog::Apply(const Change& change) {
  struct Applier {
    Catalog& catalog;
    const Change& change;

    void operator()(const CreateIntegration& created) const { catalog.Apply(created); }
    void operator()(const CreateType& created) const { catalog.Apply(created); }
    void operator()(const RenamePlatforms& renamed) const { catalog.Apply(renamed); }
    void operator()(const SetRules& rules) const { catalog.Apply(rules); }
    void operator()(const PurgePlace& purged) const { catalog.Apply(purged, change); }
    void operator()(const EmptyTrash& emptied) const { catalog.Apply(emptied); }
    void operator()(const BeginEpoch& begun) const { catalog.Apply(begun, change); }
    void operator()(const DropIntegration& dropped) const { catalog.Apply(dropped, change); }
    void operator()(const RestoreIntegration& restored) const { catalog.Apply(restored); }
    void operator()(const ForgetIntegration& forgotten) const { catalog.Apply(forgotten); }
    void operator()(const CreateToken& created) const { catalog.Apply(created, change); }
    void operator()(const RevokeToken& revoked) const { catalog.Apply(revoked, change); }
    void operator()(const CompareState&) const {}
    void operator()(const AddReferences&) const {}
    void operator()(const SetReferences&) const {}
    void operator()(const DeleteReferences&) const {}
    void operator()(const IgnoreSources&) const {}
    void operator()(const GrantClaims&) const {}
    void operator()(const ReleaseClaims&) const {}
    void operator()(const RenewClaims&) const {}
  };
  std::visit(Applier{*this, change}, change.what);
}

bool Catalog::IsAlteredBy(const Change& change) {
  const auto& what = change.what;
  return std::holds_alternative<CreateIntegration>(what) ||
         std::holds_alternative<CreateType>(what) ||
         std::holds_alternative<RenamePlatforms>(what) || std::holds_alternative<SetRules>(what) ||
         std::holds_alternative<PurgePlace>(what) || std::holds_alternative<EmptyTrash>(what) ||
         std::holds_alternative<BeginEpoch>(what) ||
         std::holds_alternative<DropIntegration>(what) ||
         std::holds_alternative<RestoreIntegration>(what) ||
         std::holds_alternative<ForgetIntegration>(what) ||
         std::holds_alternative<CreateToken>(what) || std::holds_alternative<RevokeToken>(what);
}

const Integration* Catalog::Find(std::string_view name) const {
  const auto found = integrations_.find(name);
  return found == integrations_.end() ? nullptr : &found->second;
}

std::optional<PlaceId> Catalog::FindPlace(std::string_view integration,
                                          std::string_view type) const {
  const Integration* found = Find(integration);
  if (found == nullptr) return std::nullopt;
  const auto at = std::find_if(found->types.begin(), found->types.end(),
                               [&](const CatalogType& t) { return t.name == type; });
  if (at == found->types.end()) return std::nullopt;
  return at->place;
}

const CatalogType* Catalog::FindType(PlaceId place) const {
  if (place >= spots_.size() || spots_[place].integration == nullptr) return nullptr;
  return &spots_[place].integration->types[spots_[place].type];
}

const CatalogType* Catalog::FindKeptType(PlaceId place) const {
  if (const CatalogType* type = FindType(place)) return type;
  const Trash* dropped = FindDroppedOf(place);
  if (dropped == nullptr) return nullptr;
  const auto& types = dropped->integration->types;
  return &*std::find_if(types.begin(), types.end(),
                        [&](const CatalogType& t) { return t.place == place; });
}

const Integration* Catalog::FindIntegrationOf(PlaceId place) const {
  return place < spots_.size() ? spots_[place].integration : nullptr;
}

const Integration* Catalog::FindById(IntegrationId id) const {
  for (const auto& [name, integration] : integrations_) {
    if (integration.id == id) return &integration;
  }
  return nullptr;
}

const Trash* Catalog::FindTrash(PlaceId number) const {
  const auto found = std::find_if(trash_.begin(), trash_.end(),
                                  [&](const Trash& t) { return t.number == number; });
  return found == trash_.end() ? nullptr : &*found;
}

const Trash* Catalog::FindDroppedOf(PlaceId place) const {
  for (const Trash& trash : trash_) {
    if (!trash.integration) continue;
    for (const CatalogType& type : trash.integration->types) {
      if (type.place == place) return &trash;
    }
  }
  return nullptr;
}

bool Catalog::IsDropped(std::string_view name) const {
  return std::any_of(trash_.begin(), trash_.end(),
                     [&](const Trash& t) { return t.integration && t.integration->name == name; });
}

const AccessToken* Catalog::FindToken(TokenId number) const {
  const auto found = std::find_if(tokens_.begin(), tokens_.end(),
                                  [&](const AccessToken& t) { return t.number == number; });
  return found == tokens_.end() ? nullptr : &*found;
}

Lsn Catalog::last_drop() const {
  Lsn last = 0;
  for (const Trash& trash : trash_) {
    if (trash.integration) last = std::max(last, trash.lsn);
  }
  return last;
}

uint64_t Catalog::Sum() const {
  uint64_t sum = 0;
  for (const auto& [name, integration] : integrations_) sum += SumOf(integration, 0);
  for (const Trash& trash : trash_) {
    sum += HashOf({trash.number, trash.place, trash.references, trash.lsn});
    if (trash.integration) sum += SumOf(*trash.integration, trash.number);
  }
  for (const AccessToken& token : tokens_) sum += SumOf(token);
  return sum;
}

std::vector<PlaceId> Catalog::PartitionsOf(const Trash& trash) const {
  if (!trash.integration) return {trash.number};
  std::vector<PlaceId> partitions;
  for (const CatalogType& type : trash.integration->types) {
    partitions.push_back(type.partition);
    for (const Trash& purged : trash_) {
      if (purged.place == type.place) partitions.push_back(purged.number);
    }
  }
  return partitions;
}

Integration* Catalog::FindMutable(IntegrationId id) {
  return const_cast<Integration*>(FindById(id));
}

CatalogType* Catalog::FindMutableType(PlaceId place) {
  return const_cast<CatalogType*>(FindType(place));
}

}  // namespace xref
