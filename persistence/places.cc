#include "persistence/places.h"

#include <fmt/format.h>

#include <variant>

namespace xref {
absl::Status CheckPlaceOf(const Change& change, const Catalog& catalog) {
  return std::visit(
      [&](const auto& what) {
        using What = std::decay_t<decltype(what)>;
        if constexpr (requires { what.place; }) {
          if (catalog.FindType(what.place) != nullptr) return absl::OkStatus();
          return absl::DataLossError(fmt::format(
              "change {} is about place {}, which does not exist", change.lsn, what.place));
        } else if constexpr (std::is_same_v<What, CreateType> ||
                             std::is_same_v<What, RenamePlatforms> ||
                             std::is_same_v<What, DropIntegration>) {
          if (catalog.FindById(what.integration) != nullptr) return absl::OkStatus();
          return absl::DataLossError(
              fmt::format("change {} is about integration {}, which does not exist", change.lsn,
                          what.integration));
        } else if constexpr (std::is_same_v<What, RestoreIntegration> ||
                             std::is_same_v<What, ForgetIntegration>) {
          const Trash* trash = catalog.FindTrash(what.trash);
          if (trash != nullptr && trash->integration) return absl::OkStatus();
          return absl::DataLossError(
              fmt::format("change {} is about a dropped integration {}, which does not exist",
                          change.lsn, what.trash));
        } else {
          return absl::OkStatus();
        }
      },
      change.what);
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
