#include "persistence/fold.h"

#include <absl/functional/function_ref.h>
#include <fmt/format.h>

#include <optional>
#include <string_view>
#include <variant>

#include "persistence/failpoint.h"
#include "persistence/keys.h"
#include "persistence/operations.h"
#include "persistence/places.h"
#include "protocol/change_codec.h"

namespace xref {
namespace {

// What one transaction of the snapshot writes: bounds what LMDB keeps as dirty pages, and how long
// the disk is busy with its sync while a commit waits behind it.
constexpr uint64_t kSetRowsMax = 1'024;      // far apart: pages of their own, 8 MiB in all
constexpr uint64_t kAppendRowsMax = 16'384;  // side by side: about 1 MiB
// One read transaction of the journal: a long one makes its file grow.
constexpr uint64_t kReadRecordsMax = 1'000;

// Writes rows in transactions of so many each.
class Batches {
 public:
  // `open` and `closed` are passed before and after each commit.
  Batches(Snapshot& snapshot, uint64_t rows_max, Failpoint open, Failpoint closed)
      : snapshot_(snapshot), rows_max_(rows_max), open_(open), closed_(closed) {}

  // The transaction to write one more row to.
  absl::StatusOr<SnapshotWriter*> ForRow() {
    ++rows_;
    if (!writer_) {
      auto begun = SnapshotWriter::Begin(snapshot_);
      if (!begun.ok()) return begun.status();
      writer_.emplace(*std::move(begun));
    }
    return &*writer_;
  }
  bool IsFull() const { return rows_ >= rows_max_; }
  absl::Status Commit() {
    if (!writer_) return absl::OkStatus();
    Pass(open_);
    auto status = writer_->Commit();
    writer_.reset();
    rows_ = 0;
    Pass(closed_);
    return status;
  }

 private:
  Snapshot& snapshot_;
  const uint64_t rows_max_;
  const Failpoint open_;
  const Failpoint closed_;
  std::optional<SnapshotWriter> writer_;
  uint64_t rows_ = 0;
};

// The operations of a fold, one source ID after another.
class Operations {
 public:
  explicit Operations(SortedRuns& sorted) : sorted_(sorted) {}

  // To the next one; at_end() tells whether there was one.
  absl::Status Move() {
    const auto found = sorted_.Next(row_);
    at_end_ = !found.ok() || !*found;
    return found.status();
  }
  bool at_end() const { return at_end_; }
  // Valid until Move.
  std::string_view key() const { return row_.key; }
  PlaceId partition() const { return ReadBigEndian<PlaceId>(row_.key); }
  std::string_view operation() const { return row_.value; }

 private:
  SortedRuns& sorted_;
  SortedRuns::Row row_;
  bool at_end_ = false;
};

// ---- Row by row ----

class Setter {
 public:
  Setter(Snapshot& snapshot, SortedRuns& sorted, const Partitions& partitions)
      : operations_(sorted),
        partitions_(partitions),
        batches_(snapshot, kSetRowsMax, Failpoint::kCheckpointTransaction,
                 Failpoint::kCheckpointReferences) {}

  absl::Status Run() {
    auto status = operations_.Move();
    while (status.ok() && !operations_.at_end()) {
      status = partitions_.IsKept(operations_.partition()) ? SetSource() : operations_.Move();
    }
    return status.ok() ? batches_.Commit() : status;
  }

 private:
  // Makes the operations on one source ID, or as many of them as fit into a transaction: a
  // reference and its history go together.
  absl::Status SetSource() {
    auto writer = batches_.ForRow();
    if (!writer.ok()) return writer.status();
    const auto stored = (*writer)->FindReference(operations_.key());
    if (!stored.ok()) return stored.status();
    const bool was_there = stored->has_value();
    source_.Begin(operations_.key(), stored->value_or(""));
    absl::Status status;
    while (status.ok() && !operations_.at_end() && operations_.key() == source_.key() &&
           !batches_.IsFull()) {
      status = MakeOne();
    }
    if (status.ok() && !source_.reference().empty()) {
      status = (*writer)->SetReference(source_.key(), source_.reference());
    } else if (status.ok() && was_there) {
      status = (*writer)->DeleteReference(source_.key());
    }
    return status.ok() && batches_.IsFull() ? batches_.Commit() : status;
  }

  absl::Status MakeOne() {
    if (auto status = source_.Make(operations_.operation()); !status.ok()) return status;
    if (!source_.event_key().empty()) {
      auto writer = batches_.ForRow();
      if (!writer.ok()) return writer.status();
      const auto status = (*writer)->KeepEvent(source_.event_key(), source_.event());
      if (!status.ok()) return status;
    }
    return operations_.Move();
  }

  Operations operations_;
  const Partitions& partitions_;
  Batches batches_;
  SourceFold source_;
};

absl::Status Drop(PlaceId partition, Snapshot& snapshot) {
  for (bool more = true; more;) {
    auto writer = SnapshotWriter::Begin(snapshot);
    if (!writer.ok()) return writer.status();
    const auto dropped = writer->DropPartition(partition, kAppendRowsMax);
    if (!dropped.ok()) return dropped.status();
    if (auto status = writer->Commit(); !status.ok()) return status;
    more = *dropped == kAppendRowsMax;
  }
  return absl::OkStatus();
}

// ---- Merging ----

// Writes the entries of a snapshot and the operations, in one order, to an empty snapshot.
class Merger {
 public:
  static absl::Status Run(Snapshot& next, Snapshot& current, SortedRuns& sorted,
                          const Partitions& partitions, int64_t history_from_us) {
    auto references = current.Scan(Snapshot::Table::kReferences);
    if (!references.ok()) return references.status();
    auto history = current.Scan(Snapshot::Table::kHistory);
    if (!history.ok()) return history.status();
    Merger merger(*std::move(references), *std::move(history), next, sorted, partitions,
                  history_from_us);
    return merger.Merge();
  }

 private:
  // The entries of the current snapshot, of which those are left out that are not kept.
  class Old {
   public:
    Old(SnapshotScan scan, const Partitions& partitions)
        : scan_(std::move(scan)), partitions_(partitions) {}

    absl::Status Move() {
      absl::StatusOr<bool> found;
      do {
        found = scan_.Next();
      } while (found.ok() && *found && !IsKept());
      at_end_ = !found.ok() || !*found;
      return found.status();
    }
    bool at_end() const { return at_end_; }
    std::string_view key() const { return scan_.key(); }
    std::string_view value() const { return scan_.value(); }

   private:
    bool IsKept() const {
      // What is too short to have one is damaged, and found out where it is parsed.
      return key().size() < sizeof(PlaceId) || partitions_.IsKept(ReadBigEndian<PlaceId>(key()));
    }

    SnapshotScan scan_;
    const Partitions& partitions_;
    bool at_end_ = false;
  };

  Merger(SnapshotScan references, SnapshotScan history, Snapshot& next, SortedRuns& sorted,
         const Partitions& partitions, int64_t history_from_us)
      : references_(std::move(references), partitions),
        history_(std::move(history), partitions),
        operations_(sorted),
        partitions_(partitions),
        history_from_us_(history_from_us),
        batches_(next, kAppendRowsMax, Failpoint::kMergeTransaction, Failpoint::kMergeReferences) {}

  absl::Status Merge() {
    auto status = references_.Move();
    if (status.ok()) status = history_.Move();
    if (status.ok()) status = operations_.Move();
    while (status.ok() && !(references_.at_end() && operations_.at_end())) status = MergeSource();
    while (status.ok() && !history_.at_end()) status = CopyEvent();
    return status.ok() ? batches_.Commit() : status;
  }

  absl::Status MergeSource() {
    const int order = references_.at_end()   ? 1
                      : operations_.at_end() ? -1
                                             : references_.key().compare(operations_.key());
    if (order < 0) return CopyReference();
    if (!partitions_.IsKept(operations_.partition())) return operations_.Move();
    source_.Begin(operations_.key(), order == 0 ? references_.value() : "");
    absl::Status status;
    while (status.ok() && !operations_.at_end() && operations_.key() == source_.key()) {
      status = source_.Make(operations_.operation());
      if (status.ok() && !source_.event_key().empty()) status = AppendNewEvent();
      if (status.ok()) status = operations_.Move();
    }
    if (status.ok() && !source_.reference().empty()) {
      status = AppendReference(source_.key(), source_.reference());
    }
    return status.ok() && order == 0 ? references_.Move() : status;
  }

  absl::Status CopyReference() {
    const auto verified = ParseReference(references_.key(), references_.value());
    if (!verified.ok()) return verified.status();
    auto status = AppendReference(references_.key(), references_.value());
    return status.ok() ? references_.Move() : status;
  }

  // What stood before it comes first, and what stands in its place already stays.
  absl::Status AppendNewEvent() {
    while (!history_.at_end() && history_.key() < source_.event_key()) {
      if (auto status = CopyEvent(); !status.ok()) return status;
    }
    if (!history_.at_end() && history_.key() == source_.event_key()) return CopyEvent();
    return AppendEvent(source_.event_key(), source_.event());
  }

  absl::Status CopyEvent() {
    const auto event = ParseEvent(history_.key(), history_.value());
    if (!event.ok()) return event.status();
    if (event->made.time_us >= history_from_us_) {
      auto status = AppendEvent(history_.key(), history_.value());
      if (!status.ok()) return status;
    }
    return history_.Move();
  }

  absl::Status AppendReference(std::string_view key, std::string_view value) {
    auto writer = batches_.ForRow();
    if (!writer.ok()) return writer.status();
    const auto status = (*writer)->AppendReference(key, value);
    return status.ok() && batches_.IsFull() ? batches_.Commit() : status;
  }

  absl::Status AppendEvent(std::string_view key, std::string_view value) {
    auto writer = batches_.ForRow();
    if (!writer.ok()) return writer.status();
    const auto status = (*writer)->AppendEvent(key, value);
    return status.ok() && batches_.IsFull() ? batches_.Commit() : status;
  }

  Old references_;
  Old history_;
  Operations operations_;
  const Partitions& partitions_;
  const int64_t history_from_us_;
  Batches batches_;
  SourceFold source_;
};

// Whether the change is of the kinds that nothing but reservations shows.
bool IsOfReservations(const Change& change) {
  return std::holds_alternative<GrantClaims>(change.what) ||
         std::holds_alternative<ReleaseClaims>(change.what) ||
         std::holds_alternative<RenewClaims>(change.what) ||
         std::holds_alternative<IgnoreSources>(change.what);
}

}  // namespace

absl::Status Fold::Gather(Snapshot& snapshot, Journal& journal, Lsn upto) {
  const auto applied = snapshot.ReadApplied();
  if (!applied.ok()) return applied.status();
  applied_ = *applied;
  auto status = snapshot.ReadCatalog([&](const Change& change, std::string_view record) {
    catalog_.Apply(change);
    catalog_records_.emplace_back(change.lsn, record);
    return absl::OkStatus();
  });
  if (status.ok()) status = snapshot.ReadReservations(reservations_);
  if (!status.ok()) return status;
  catalog_records_held_ = catalog_records_.size();

  while (applied_.lsn < upto) {
    uint64_t left = kReadRecordsMax;
    status = journal.Read(applied_.lsn + 1, [&](const JournalRecord& record) {
      if (left-- == 0 || record.lsn > upto) return absl::CancelledError();
      return Take(record);
    });
    if (!status.ok() && !absl::IsCancelled(status)) return status;
  }
  applied_.next_token = reservations_.next_token();
  return operations_.Sort();
}

absl::Status Fold::Take(const JournalRecord& record) {
  Change change;
  if (const auto fault = protocol::DecodeChange(record.bytes, change)) {
    return absl::DataLossError(fmt::format("journal: change {}: {}", record.lsn, *fault));
  }
  if (auto status = CheckPlaceOf(change, catalog_); !status.ok()) return status;
  applied_.lsn = change.lsn;
  applied_.epoch = change.epoch;

  const uint64_t claims = reservations_.claims();
  reservations_.Apply(change);
  reservations_changed_ |= IsOfReservations(change) || reservations_.claims() != claims;

  if (Catalog::IsAlteredBy(change)) {
    catalog_.Apply(change);
    catalog_records_.emplace_back(change.lsn, record.bytes);
    if (const auto* emptied = std::get_if<EmptyTrash>(&change.what)) {
      emptied_.push_back(emptied->partition);
    }
    return absl::OkStatus();
  }
  return AddOperations(change, catalog_, operations_);
}

absl::Status Fold::SetInto(Snapshot& snapshot) {
  const Partitions partitions(catalog_);
  if (auto status = Setter(snapshot, operations_, partitions).Run(); !status.ok()) return status;
  for (const PlaceId partition : emptied_) {
    if (partitions.IsKept(partition)) continue;
    if (auto status = Drop(partition, snapshot); !status.ok()) return status;
  }
  const auto status = Finish(snapshot, catalog_records_held_, reservations_changed_);
  Pass(Failpoint::kCheckpointApplied);
  return status;
}

absl::Status Fold::MergeInto(Snapshot& next, Snapshot& current, int64_t history_from_us) {
  const Partitions partitions(catalog_);
  auto status = Merger::Run(next, current, operations_, partitions, history_from_us);
  if (status.ok()) status = Finish(next, 0, true);
  Pass(Failpoint::kMergeApplied);
  return status;
}

absl::Status Fold::Finish(Snapshot& snapshot, size_t catalog_from, bool reservations) {
  auto writer = SnapshotWriter::Begin(snapshot);
  if (!writer.ok()) return writer.status();
  for (size_t i = catalog_from; i < catalog_records_.size(); ++i) {
    const auto& [lsn, record] = catalog_records_[i];
    if (auto status = writer->SetCatalogEntry(lsn, record); !status.ok()) return status;
  }
  if (reservations) {
    if (auto status = writer->SetReservations(reservations_); !status.ok()) return status;
  }
  if (auto status = writer->SetApplied(applied_); !status.ok()) return status;
  return writer->Commit();
}

}  // namespace xref
