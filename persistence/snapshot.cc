#include "persistence/snapshot.h"

#include <fmt/format.h>

#include <span>
#include <utility>

#include "persistence/keys.h"
#include "persistence/meta_table.h"
#include "persistence/stored_reservation.h"
#include "protocol/change_codec.h"

namespace xref {
namespace {

// README.md beside this file has the layout of the tables.
constexpr uint32_t kFormat = 3;
constexpr std::string_view kTables[] = {"catalog",    "history",      "meta",   "recent",
                                        "references", "reservations", "targets"};
// Earlier formats had other tables, so that their files are no sound ones of this format.
constexpr std::string_view kTablesOfFormat1[] = {"catalog", "meta", "references"};
constexpr std::string_view kTablesOfFormat2[] = {"catalog", "history", "meta", "references",
                                                 "reservations"};
struct EarlierFormat {
  std::span<const std::string_view> tables;
  size_t meta;
};
constexpr EarlierFormat kEarlierFormats[] = {{kTablesOfFormat1, 1}, {kTablesOfFormat2, 2}};

// FailedPrecondition if `path` is a sound snapshot of an earlier format.
absl::Status RefuseEarlierFormat(const std::string& path, uint64_t map_bytes) {
  for (const EarlierFormat& earlier : kEarlierFormats) {
    const auto env = LmdbEnvironment::Open(path, map_bytes, earlier.tables);
    if (env.ok()) return SettleFormat(**env, (*env)->table(earlier.meta), kFormat);
  }
  return absl::OkStatus();
}

// Hands every entry, from `from` on, to `take`, which says whether it wants more.
absl::Status ForEachEntry(Snapshot& snapshot, Snapshot::Table table, std::string_view from,
                          absl::FunctionRef<absl::StatusOr<bool>(const SnapshotScan&)> take) {
  auto scan = snapshot.Scan(table);
  if (!scan.ok()) return scan.status();
  for (auto found = scan->Seek(from); !found.ok() || *found; found = scan->Next()) {
    if (!found.ok()) return found.status();
    const auto more = take(*scan);
    if (!more.ok()) return more.status();
    if (!*more) break;
  }
  return absl::OkStatus();
}

}  // namespace

absl::StatusOr<std::unique_ptr<Snapshot>> Snapshot::Open(const std::string& path,
                                                         uint64_t map_bytes) {
  auto env = LmdbEnvironment::Open(path, map_bytes, kTables);
  if (absl::IsDataLoss(env.status())) {
    if (auto status = RefuseEarlierFormat(path, map_bytes); !status.ok()) return status;
  }
  if (!env.ok()) return env.status();
  std::unique_ptr<Snapshot> snapshot(new Snapshot(*std::move(env)));
  auto status = SettleFormat(*snapshot->env_, snapshot->TableOf(Table::kMeta), kFormat);
  if (!status.ok()) return status;
  return snapshot;
}

absl::StatusOr<Snapshot::Applied> Snapshot::ReadApplied() {
  auto txn = env_->BeginRead();
  if (!txn.ok()) return txn.status();
  const auto stored = txn->Get(TableOf(Table::kMeta), kAppliedKey);
  if (!stored.ok()) return stored.status();
  if (!stored->has_value()) return Applied{};
  auto reader = OpenMeta(kAppliedKey, **stored);
  if (!reader.ok()) return reader.status();
  Applied applied;
  applied.lsn = reader->U64();
  applied.epoch = reader->U64();
  applied.next_token = reader->U64();
  applied.oldest_event_us = static_cast<int64_t>(reader->U64());
  applied.history_from_us = static_cast<int64_t>(reader->U64());
  return applied;
}

absl::Status Snapshot::ReadCatalog(
    absl::FunctionRef<absl::Status(const Change&, std::string_view)> take) {
  return ForEachEntry(*this, Table::kCatalog, {},
                      [&](const SnapshotScan& scan) -> absl::StatusOr<bool> {
                        Change change;
                        auto status = ParseCatalogEntry(scan.key(), scan.value(), change);
                        if (status.ok()) status = take(change, scan.value());
                        if (!status.ok()) return status;
                        return true;
                      });
}

absl::Status Snapshot::ReadReservations(PlaceId places_end, Reservations& reservations) {
  const auto applied = ReadApplied();
  if (!applied.ok()) return applied.status();
  reservations.RaiseNextToken(applied->next_token);
  return ForEachEntry(*this, Table::kReservations, {},
                      [&](const SnapshotScan& scan) -> absl::StatusOr<bool> {
                        auto status = LoadEntry(scan.key(), scan.value(), places_end, reservations);
                        if (!status.ok()) return status;
                        return true;
                      });
}

absl::StatusOr<uint64_t> Snapshot::Size() {
  auto txn = env_->BeginRead();
  if (!txn.ok()) return txn.status();
  return txn->Entries(TableOf(Table::kReferences));
}

absl::StatusOr<std::vector<Snapshot::PartitionCount>> Snapshot::CountReferences() {
  std::vector<PartitionCount> counts;
  const auto status = ForEachEntry(
      *this, Table::kReferences, {}, [&](const SnapshotScan& scan) -> absl::StatusOr<bool> {
        if (scan.key().size() <= sizeof(PlaceId)) {
          return absl::DataLossError("snapshot: the key of a reference is damaged");
        }
        const auto partition = ReadBigEndian<PlaceId>(scan.key());
        if (counts.empty() || counts.back().partition != partition)
          counts.push_back({partition, 0});
        ++counts.back().references;
        return true;
      });
  if (!status.ok()) return status;
  return counts;
}

absl::Status Snapshot::ReadReferences(
    absl::FunctionRef<absl::Status(const StoredReference&)> take) {
  return ForEachEntry(*this, Table::kReferences, {},
                      [&](const SnapshotScan& scan) -> absl::StatusOr<bool> {
                        const auto reference = ParseReference(scan.key(), scan.value());
                        if (!reference.ok()) return reference.status();
                        if (auto status = take(*reference); !status.ok()) return status;
                        return true;
                      });
}

// ---- For people ----

absl::StatusOr<bool> Snapshot::Find(PlaceId partition, std::string_view source,
                                    absl::FunctionRef<void(const StoredReference&)> take) {
  std::string key;
  AppendKey(partition, source, key);
  auto txn = env_->BeginRead();
  if (!txn.ok()) return txn.status();
  const auto value = txn->Get(TableOf(Table::kReferences), key);
  if (!value.ok()) return value.status();
  if (!value->has_value()) return false;
  const auto reference = ParseReference(key, **value);
  if (!reference.ok()) return reference.status();
  take(*reference);
  return true;
}

absl::Status Snapshot::ReadHistory(PlaceId partition, std::string_view source,
                                   absl::FunctionRef<void(const HistoryEvent&)> take) {
  std::string prefix;
  AppendEventPrefix(partition, source, prefix);
  return ForEachEntry(*this, Table::kHistory, prefix,
                      [&](const SnapshotScan& scan) -> absl::StatusOr<bool> {
                        if (!scan.key().starts_with(prefix)) return false;
                        const auto event = ParseEvent(scan.key(), scan.value());
                        if (!event.ok()) return event.status();
                        take(*event);
                        return true;
                      });
}

// ---- Scan ----

absl::StatusOr<SnapshotScan> Snapshot::Scan(Table table) {
  auto begun = env_->BeginRead();
  if (!begun.ok()) return begun.status();
  auto txn = std::make_unique<LmdbTransaction>(*std::move(begun));
  auto cursor = LmdbCursor::Open(*txn, TableOf(table));
  if (!cursor.ok()) return cursor.status();
  return SnapshotScan(std::move(txn), *std::move(cursor));
}

absl::StatusOr<bool> SnapshotScan::Seek(std::string_view key) {
  begun_ = true;
  return key.empty() ? cursor_.First() : cursor_.Seek(key);
}

absl::StatusOr<bool> SnapshotScan::Next() {
  return std::exchange(begun_, true) ? cursor_.Next() : cursor_.First();
}

absl::Status ParseCatalogEntry(std::string_view key, std::string_view value, Change& change) {
  if (const auto fault = protocol::DecodeChange(value, change)) {
    return absl::DataLossError(fmt::format("snapshot: an entry of the catalog: {}", *fault));
  }
  if (key.size() != sizeof(Lsn) || ReadBigEndian<Lsn>(key) != change.lsn) {
    return absl::DataLossError(fmt::format(
        "snapshot: the entry of the catalog for change {} stands elsewhere", change.lsn));
  }
  return absl::OkStatus();
}

}  // namespace xref
