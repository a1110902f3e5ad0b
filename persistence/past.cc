#include "persistence/past.h"

#include <optional>
#include <variant>

#include "persistence/history.h"
#include "persistence/stored_reference.h"

namespace xref {

absl::StatusOr<std::vector<PastPartition>> PastPartitionsOf(Snapshot& snapshot, PlaceId place) {
  std::vector<PastPartition> partitions = {{.partition = place}};
  const auto status = snapshot.ReadCatalog([&](const Change& change, std::string_view) {
    const auto* purged = std::get_if<PurgePlace>(&change.what);
    if (purged == nullptr || purged->place != place) return absl::OkStatus();
    PastPartition& last = partitions.back();
    last.purged_lsn = change.lsn;
    last.purged_us = change.time_us;
    last.purged_by = change.actor;
    partitions.push_back({.partition = purged->partition});
    return absl::OkStatus();
  });
  if (!status.ok()) return status;
  return partitions;
}

absl::StatusOr<std::string> TargetAt(Snapshot& snapshot, PlaceId partition, std::string_view source,
                                     int64_t time_us) {
  // A source is linked from its creation to its deletion, or until now. What it was linked to at
  // that time is what the first change since then has found: of what was before, nothing is needed.
  std::optional<std::string> found;  // by the first change since then
  std::optional<std::string> target;
  auto status = snapshot.ReadHistory(partition, source, [&](const HistoryEvent& event) {
    const bool is_of_reference = event.kind == EventKind::kPut ||
                                 event.kind == EventKind::kEdited ||
                                 event.kind == EventKind::kDeleted;
    if (target || !is_of_reference || event.made.time_us <= time_us) return;
    if (!found) found = event.before;
    if (event.kind != EventKind::kDeleted) return;
    target = event.created.time_us <= time_us ? *found : "";
  });
  if (!status.ok()) return status;
  if (target) return *target;
  const auto stands = snapshot.Find(partition, source, [&](const StoredReference& reference) {
    if (reference.created.time_us > time_us) return;
    target = found ? *found : std::string(reference.target);
  });
  if (!stands.ok()) return stands.status();
  return target.value_or("");
}

}  // namespace xref
