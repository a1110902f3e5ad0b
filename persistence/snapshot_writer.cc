#include "persistence/snapshot_writer.h"

#include <string>
#include <utility>

#include "persistence/keys.h"
#include "persistence/meta_table.h"
#include "persistence/stored_reservation.h"

namespace xref {
namespace {

using Table = Snapshot::Table;

// Removes up to `left` entries whose keys begin with `prefix`, and counts down.
absl::Status Drop(LmdbCursor& cursor, std::string_view prefix, uint64_t& left) {
  for (auto found = cursor.Seek(prefix); left > 0; --left, found = cursor.Next()) {
    if (!found.ok()) return found.status();
    if (!*found || !cursor.key().starts_with(prefix)) break;
    if (auto status = cursor.Delete(); !status.ok()) return status;
  }
  return absl::OkStatus();
}

}  // namespace

SnapshotWriter::SnapshotWriter(Snapshot& snapshot, LmdbTransaction txn, LmdbCursor references,
                               LmdbCursor history)
    : snapshot_(snapshot),
      txn_(std::move(txn)),
      references_(std::move(references)),
      history_(std::move(history)) {}

absl::StatusOr<SnapshotWriter> SnapshotWriter::Begin(Snapshot& snapshot) {
  if (auto status = snapshot.env_->GrowIfNeeded(); !status.ok()) return status;
  auto txn = snapshot.env_->BeginWrite();
  if (!txn.ok()) return txn.status();
  auto references = LmdbCursor::Open(*txn, snapshot.TableOf(Table::kReferences));
  if (!references.ok()) return references.status();
  auto history = LmdbCursor::Open(*txn, snapshot.TableOf(Table::kHistory));
  if (!history.ok()) return history.status();
  return SnapshotWriter(snapshot, *std::move(txn), *std::move(references), *std::move(history));
}

absl::StatusOr<std::optional<std::string_view>> SnapshotWriter::FindReference(
    std::string_view key) {
  const auto found = references_->Seek(key);
  if (!found.ok()) return found.status();
  if (!*found || references_->key() != key) return std::nullopt;
  return references_->value();
}

absl::Status SnapshotWriter::SetReference(std::string_view key, std::string_view value) {
  return references_->Put(key, value);
}

absl::Status SnapshotWriter::DeleteReference(std::string_view key) {
  const auto found = references_->Seek(key);
  return found.ok() ? references_->Delete() : found.status();
}

absl::Status SnapshotWriter::KeepEvent(std::string_view key, std::string_view value) {
  return history_->PutIfAbsent(key, value);
}

absl::StatusOr<uint64_t> SnapshotWriter::DropPartition(PlaceId partition, uint64_t entries_max) {
  std::string prefix;
  AppendBigEndian(partition, prefix);
  uint64_t left = entries_max;
  if (auto status = Drop(*references_, prefix, left); !status.ok()) return status;
  if (auto status = Drop(*history_, prefix, left); !status.ok()) return status;
  return entries_max - left;
}

absl::Status SnapshotWriter::AppendReference(std::string_view key, std::string_view value) {
  return references_->Append(key, value);
}

absl::Status SnapshotWriter::AppendEvent(std::string_view key, std::string_view value) {
  return history_->Append(key, value);
}

absl::Status SnapshotWriter::SetCatalogEntry(Lsn lsn, std::string_view record) {
  std::string key;
  AppendBigEndian(lsn, key);
  return txn_.Put(snapshot_.TableOf(Table::kCatalog), key, record);
}

absl::Status SnapshotWriter::SetReservations(const Reservations& reservations) {
  const LmdbTable table = snapshot_.TableOf(Table::kReservations);
  if (auto status = txn_.Clear(table); !status.ok()) return status;
  for (const auto& [key, value] : StoredEntriesOf(reservations)) {
    if (auto status = txn_.Append(table, key, value); !status.ok()) return status;
  }
  return absl::OkStatus();
}

absl::Status SnapshotWriter::SetApplied(const Snapshot::Applied& applied) {
  std::string value;
  protocol::Writer writer(value);
  writer.U64(applied.lsn);
  writer.U64(applied.epoch);
  writer.U64(applied.next_token);
  SealMeta(Snapshot::kAppliedKey, value);
  return txn_.Put(snapshot_.TableOf(Table::kMeta), Snapshot::kAppliedKey, value);
}

absl::Status SnapshotWriter::Commit() {
  references_.reset();
  history_.reset();
  return txn_.Commit();
}

}  // namespace xref
