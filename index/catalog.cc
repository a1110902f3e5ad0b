#include "index/catalog.h"

#include <algorithm>
#include <utility>

namespace xref {

void Catalog::Add(const CreateIntegration& created) {
  Integration integration{.id = created.integration,
                          .name = std::string(created.name),
                          .source_platform = std::string(created.source_platform),
                          .target_platform = std::string(created.target_platform),
                          .types = {}};
  next_integration_ = std::max(next_integration_, created.integration + 1);
  for (const EntityType& type : created.types) {
    integration.types.push_back({type.place, std::string(type.name)});
    next_place_ = std::max(next_place_, type.place + 1);
  }
  integrations_.try_emplace(integration.name, std::move(integration));
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

}  // namespace xref
