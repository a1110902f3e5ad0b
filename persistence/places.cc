#include "persistence/places.h"

#include <fmt/format.h>

#include <string_view>
#include <type_traits>
#include <variant>

namespace xref {
namespace {

absl::Status Missing(const Change& change, std::string_view what, uint64_t number) {
  return absl::DataLossError(
      fmt::format("change {} is about {} {}, which does not exist", change.lsn, what, number));
}

absl::Status Impossible(const Change& change, std::string_view what) {
  return absl::DataLossError(
      fmt::format("change {} {}: no primary makes such a change", change.lsn, what));
}

// Numbers are given one after the other; memory is taken up to the highest of them.
bool IsNextNumber(PlaceId number, const Catalog& catalog) {
  return number >= catalog.next_place() && number - catalog.next_place() < kTypesPerIntegrationMax;
}

absl::Status CheckSubject(const Change& change, const Catalog& catalog) {
  return std::visit(
      [&](const auto& what) {
        using What = std::decay_t<decltype(what)>;
        if constexpr (requires { what.place; }) {
          if (catalog.FindType(what.place) != nullptr) return absl::OkStatus();
          return Missing(change, "place", what.place);
        } else if constexpr (std::is_same_v<What, CreateType> ||
                             std::is_same_v<What, RenamePlatforms> ||
                             std::is_same_v<What, DropIntegration>) {
          if (catalog.FindById(what.integration) != nullptr) return absl::OkStatus();
          return Missing(change, "integration", what.integration);
        } else if constexpr (std::is_same_v<What, RestoreIntegration> ||
                             std::is_same_v<What, ForgetIntegration>) {
          const Trash* trash = catalog.FindTrash(what.trash);
          if (trash != nullptr && trash->integration) return absl::OkStatus();
          return Missing(change, "a dropped integration", what.trash);
        } else {
          return absl::OkStatus();
        }
      },
      change.what);
}

// Whether what the change makes has numbers that it may have, or was made already.
struct HasNumbers {
  const Catalog& catalog;

  bool operator()(const CreateIntegration& created) const {
    if (catalog.Find(created.name) != nullptr) return true;
    PlaceId last = 0;
    for (const EntityType& type : created.types) {
      if (!IsNextNumber(type.place, catalog) || type.place <= last) return false;
      last = type.place;
    }
    return true;
  }
  bool operator()(const CreateType& created) const {
    const Integration& integration = *catalog.FindById(created.integration);
    if (catalog.FindType(created.type.place) != nullptr) return true;
    return IsNextNumber(created.type.place, catalog) &&
           integration.types.size() < kTypesPerIntegrationMax;
  }
  bool operator()(const PurgePlace& purged) const {
    return purged.partition <= catalog.FindType(purged.place)->partition ||
           IsNextNumber(purged.partition, catalog);
  }
  bool operator()(const DropIntegration& dropped) const {
    return IsNextNumber(dropped.trash, catalog);
  }
  template <typename Other>
  bool operator()(const Other&) const {
    return true;
  }
};

bool HasIds(const Change& change) {
  return std::visit(
      [](const auto& what) {
        bool has = true;
        if constexpr (requires { what.sources; }) has = has && !FindBadItem(what.sources);
        if constexpr (requires { what.targets; }) has = has && !FindBadItem(what.targets);
        return has;
      },
      change.what);
}

}  // namespace

absl::Status CheckChange(const Change& change, const Catalog& catalog) {
  if (auto status = CheckSubject(change, catalog); !status.ok()) return status;
  if (!std::visit(HasNumbers{catalog}, change.what)) {
    return Impossible(change, "gives a number that is taken, or not the next");
  }
  if (!HasIds(change)) return Impossible(change, "links what are no IDs");
  return absl::OkStatus();
}

Partitions::Partitions(const Catalog& catalog)
    : places_(catalog.next_place()), trash_(catalog.next_place()) {
  for (const auto& [name, integration] : catalog.integrations()) {
    for (const CatalogType& type : integration.types) places_[type.partition] = type.place;
  }
  for (const Trash& trash : catalog.trash()) {
    for (const PlaceId partition : catalog.PartitionsOf(trash)) trash_[partition] = true;
  }
}

absl::Status Partitions::Check(PlaceId partition) const {
  if (partition >= places_.size() || IsKept(partition)) return absl::OkStatus();
  return absl::DataLossError(fmt::format(
      "snapshot: there are references in partition {}, which no place has: an entry of the catalog "
      "is missing",
      partition));
}

}  // namespace xref
