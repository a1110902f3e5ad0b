#include "persistence/snapshot_writer.h"

#include <algorithm>
#include <string>
#include <utility>

#include "persistence/keys.h"
#include "persistence/meta_table.h"
#include "persistence/recent.h"
#include "persistence/stored_reference.h"
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

// The targets of one block, or none.
class HeldTargets : public TargetStream {
 public:
  explicit HeldTargets(TargetBlock* block) : block_(block) { at_end_ = block == nullptr; }
  absl::Status Move() override {
    if (at_end_) return absl::OkStatus();
    const auto found = block_->Next();
    at_end_ = !found.ok() || !*found;
    key_ = block_->key();
    sources_ = static_cast<int64_t>(block_->sources());
    return found.status();
  }

 private:
  TargetBlock* const block_;
};

class TargetChanges : public TargetStream {
 public:
  explicit TargetChanges(std::span<const TargetChange> changes) : changes_(changes) {}
  absl::Status Move() override {
    at_end_ = changes_.empty();
    if (at_end_) return absl::OkStatus();
    key_ = changes_.front().key;
    sources_ = changes_.front().sources;
    changes_ = changes_.subspan(1);
    return absl::OkStatus();
  }

 private:
  std::span<const TargetChange> changes_;
};

}  // namespace

absl::StatusOr<SnapshotWriter> SnapshotWriter::Begin(Snapshot& snapshot) {
  if (auto status = snapshot.env_->GrowIfNeeded(); !status.ok()) return status;
  auto txn = snapshot.env_->BeginWrite();
  if (!txn.ok()) return txn.status();
  auto references = LmdbCursor::Open(*txn, snapshot.TableOf(Table::kReferences));
  auto history = LmdbCursor::Open(*txn, snapshot.TableOf(Table::kHistory));
  auto targets = LmdbCursor::Open(*txn, snapshot.TableOf(Table::kTargets));
  auto recent = LmdbCursor::Open(*txn, snapshot.TableOf(Table::kRecent));
  for (const auto* cursor : {&references, &history, &targets, &recent}) {
    if (!cursor->ok()) return cursor->status();
  }
  return SnapshotWriter(
      snapshot, *std::move(txn),
      {*std::move(references), *std::move(history), *std::move(targets), *std::move(recent)});
}

absl::StatusOr<std::optional<std::string_view>> SnapshotWriter::FindReference(
    std::string_view key) {
  const auto found = cursors_->references.Seek(key);
  if (!found.ok()) return found.status();
  if (!*found || cursors_->references.key() != key) return std::nullopt;
  return cursors_->references.value();
}

absl::Status SnapshotWriter::SetReference(std::string_view key, std::string_view value) {
  return cursors_->references.Put(key, value);
}

absl::Status SnapshotWriter::DeleteReference(std::string_view key) {
  const auto found = cursors_->references.Seek(key);
  return found.ok() ? cursors_->references.Delete() : found.status();
}

absl::Status SnapshotWriter::KeepEvent(std::string_view key, std::string_view value) {
  return cursors_->history.PutIfAbsent(key, value);
}

absl::StatusOr<uint64_t> SnapshotWriter::DropPartition(PlaceId partition, uint64_t entries_max) {
  std::string prefix;
  AppendBigEndian(partition, prefix);
  uint64_t left = entries_max;
  for (LmdbCursor* cursor :
       {&cursors_->references, &cursors_->history, &cursors_->targets, &cursors_->recent}) {
    if (auto status = Drop(*cursor, prefix, left); !status.ok()) return status;
  }
  return entries_max - left;
}

absl::Status SnapshotWriter::AppendReference(std::string_view key, std::string_view value) {
  return cursors_->references.Append(key, value);
}

absl::Status SnapshotWriter::AppendEvent(std::string_view key, std::string_view value) {
  return cursors_->history.Append(key, value);
}

absl::Status SnapshotWriter::AppendTargets(std::string_view key, std::string_view value) {
  return cursors_->targets.Append(key, value);
}

absl::Status SnapshotWriter::AppendRecent(std::string_view key, std::string_view value) {
  return cursors_->recent.Append(key, value);
}

// ---- Targets ----

absl::Status SnapshotWriter::ChangeTargets(std::vector<TargetChange> changes) {
  std::sort(changes.begin(), changes.end(),
            [](const TargetChange& a, const TargetChange& b) { return a.key < b.key; });
  for (std::span<const TargetChange> left(changes); !left.empty();) {
    if (auto status = ChangeTargetBlock(left); !status.ok()) return status;
  }
  return absl::OkStatus();
}

absl::Status SnapshotWriter::ChangeTargetBlock(std::span<const TargetChange>& changes) {
  LmdbCursor& cursor = cursors_->targets;
  std::string key = LastBlockKey(ReadBigEndian<PlaceId>(changes.front().key));
  const auto found = cursor.Seek(changes.front().key);
  if (!found.ok()) return found.status();
  const bool exists = *found && cursor.key() <= key;
  if (exists) key.assign(cursor.key());
  // What it held is changed apart from the pages that are being written.
  const std::string value(exists ? cursor.value() : "");
  std::optional<TargetBlock> block;
  if (exists) {
    auto opened = TargetBlock::Open(key, value);
    if (!opened.ok()) return opened.status();
    block.emplace(*std::move(opened));
    if (auto status = cursor.Delete(); !status.ok()) return status;
  }

  size_t bytes = value.size();
  const auto end = std::find_if(changes.begin(), changes.end(), [&](const TargetChange& change) {
    if (change.key > key) return true;
    bytes += change.key.size();
    return false;
  });
  // Blocks of about the same size leave room in each for what comes next.
  const size_t blocks = bytes / kPackedValueBytes + 1;
  TargetBlockWriter writer(blocks == 1 ? kPackedValueBytes : bytes / blocks,
                           [&](std::string_view block_key, std::string_view targets) {
                             return cursor.Put(block_key, targets);
                           });
  HeldTargets held(block ? &*block : nullptr);
  TargetChanges stream(changes.first(static_cast<size_t>(end - changes.begin())));
  if (auto status = MergeTargets(held, stream, writer); !status.ok()) return status;
  changes = changes.subspan(static_cast<size_t>(end - changes.begin()));
  return writer.End(key);
}

// ---- What was linked last ----

absl::Status SnapshotWriter::SetRecent(std::string_view key, std::string_view value) {
  return cursors_->recent.Put(key, value);
}

absl::StatusOr<uint64_t> SnapshotWriter::TrimRecent(PlaceId partition, uint64_t sources_max,
                                                    Lsn complete_from, uint64_t entries_max) {
  LmdbCursor& cursor = cursors_->recent;
  std::string prefix;
  AppendBigEndian(partition, prefix);
  uint64_t sources = 0;
  Lsn oldest = 0;  // of what stays
  uint64_t removed = 0;
  Lsn marked = 0;
  auto found = cursor.Seek(prefix);
  for (; found.ok() && *found && cursor.key().starts_with(prefix); found = cursor.Next()) {
    auto block = RecentBlock::Open(cursor.key(), cursor.value());
    if (!block.ok()) return block.status();
    if (block->lsn() == 0) {
      marked = block->complete_from();
      break;
    }
    const bool begins = block->lsn() != oldest;
    if (begins && sources >= sources_max) complete_from = std::max(complete_from, oldest);
    if (block->lsn() < complete_from) {
      if (removed == entries_max) break;
      if (auto status = cursor.Delete(); !status.ok()) return status;
      ++removed;
      continue;
    }
    oldest = block->lsn();
    while (!block->Next().empty()) ++sources;
  }
  if (!found.ok()) return found.status();
  if (complete_from <= marked) return removed;
  std::string key;
  std::string end;
  AppendRecentKey(partition, 0, key);
  AppendBigEndian(uint16_t{0}, key);
  BeginSealed(end);
  protocol::Writer(end).U64(complete_from);
  EndSealed(key, 0, end);
  if (auto status = cursor.Put(key, end); !status.ok()) return status;
  return removed;
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
  writer.U64(static_cast<uint64_t>(applied.oldest_event_us));
  writer.U64(static_cast<uint64_t>(applied.history_from_us));
  SealMeta(Snapshot::kAppliedKey, value);
  return txn_.Put(snapshot_.TableOf(Table::kMeta), Snapshot::kAppliedKey, value);
}

absl::Status SnapshotWriter::Commit() {
  cursors_.reset();
  return txn_.Commit();
}

}  // namespace xref
