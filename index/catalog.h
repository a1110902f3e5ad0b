#pragma once

// Which integrations and entity types exist, by name and by number. No references are in here.

#include <map>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "index/vocabulary.h"

namespace xref {

struct CatalogType {
  PlaceId place;
  std::string name;
};

struct Integration {
  IntegrationId id;
  std::string name;
  std::string source_platform;
  std::string target_platform;
  std::vector<CatalogType> types;  // in the order of their creation
};

// Thread-compatible: const methods may run at once, Add needs the catalog for itself.
class Catalog {
 public:
  // Enters an integration. A second one of the same name is ignored, so that replaying a change is
  // harmless.
  void Add(const CreateIntegration& created);

  // The integration of that name, or nullptr. Valid as long as the catalog.
  const Integration* Find(std::string_view name) const;

  std::optional<PlaceId> FindPlace(std::string_view integration, std::string_view type) const;

  // All of them, ordered by name.
  const std::map<std::string, Integration, std::less<>>& integrations() const {
    return integrations_;
  }

  // Numbers that no integration or place has had yet.
  IntegrationId next_integration() const { return next_integration_; }
  PlaceId next_place() const { return next_place_; }

 private:
  std::map<std::string, Integration, std::less<>> integrations_;
  IntegrationId next_integration_ = 1;
  PlaceId next_place_ = 1;
};

}  // namespace xref
