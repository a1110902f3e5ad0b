#include "persistence/fold.h"

#include <absl/functional/function_ref.h>
#include <fmt/format.h>

#include <algorithm>
#include <optional>
#include <string_view>
#include <utility>
#include <variant>

#include "persistence/batches.h"
#include "persistence/failpoint.h"
#include "persistence/keys.h"
#include "persistence/merge.h"
#include "persistence/operations.h"
#include "persistence/places.h"
#include "protocol/change_codec.h"

namespace xref {
namespace {

// One read transaction of the journal: a long one makes its file grow.
constexpr uint64_t kReadRecordsMax = 1'000;

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
    return status.ok() ? Commit() : status;
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
    auto status = source_.Begin(operations_.key(), stored->value_or(""));
    if (status.ok()) status = CountTarget(-1);
    while (status.ok() && !operations_.at_end() && operations_.key() == source_.key() &&
           !batches_.IsFull()) {
      status = MakeOne();
    }
    if (status.ok()) status = CountTarget(1);
    if (status.ok() && !source_.reference().empty()) {
      status = (*writer)->SetReference(source_.key(), source_.reference());
    } else if (status.ok() && was_there) {
      status = (*writer)->DeleteReference(source_.key());
    }
    return status.ok() && batches_.IsFull() ? Commit() : status;
  }

  // Notes that the target that the source has now has so many sources more.
  absl::Status CountTarget(int64_t sources) {
    const std::string_view target = source_.target();
    if (target.empty()) return absl::OkStatus();
    TargetChange& change = target_changes_.emplace_back();
    AppendKey(source_.partition(), target, change.key);
    change.sources = sources;
    // Its block is a row to write as well.
    return batches_.ForRow().status();
  }

  // References and targets go together.
  absl::Status Commit() {
    if (!target_changes_.empty()) {
      auto writer = batches_.ForRow();
      if (!writer.ok()) return writer.status();
      const auto status = (*writer)->ChangeTargets(std::exchange(target_changes_, {}));
      if (!status.ok()) return status;
    }
    return batches_.Commit();
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
  std::vector<TargetChange> target_changes_;  // of the rows that are not committed
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

// Hands out the changes of the journal from one LSN to another, and the record of each.
absl::Status ForEachChange(
    Journal& journal, Lsn from, Lsn upto,
    absl::FunctionRef<absl::Status(const Change&, std::string_view record)> take) {
  while (from <= upto) {
    uint64_t left = kReadRecordsMax;
    const auto status = journal.Read(from, [&](const JournalRecord& record) {
      if (left-- == 0 || record.lsn > upto) return absl::CancelledError();
      Change change;
      if (const auto fault = protocol::DecodeChange(record.bytes, change)) {
        return absl::DataLossError(fmt::format("journal: change {}: {}", record.lsn, *fault));
      }
      from = change.lsn + 1;
      return take(change, record.bytes);
    });
    if (!status.ok() && !absl::IsCancelled(status)) return status;
  }
  return absl::OkStatus();
}

// Whether the change is of the kinds that nothing but reservations shows.
bool IsOfReservations(const Change& change) {
  return std::holds_alternative<GrantClaims>(change.what) ||
         std::holds_alternative<ReleaseClaims>(change.what) ||
         std::holds_alternative<RenewClaims>(change.what) ||
         std::holds_alternative<IgnoreSources>(change.what);
}

bool MayLeaveEvents(const Change& change) {
  return std::holds_alternative<SetReferences>(change.what) ||
         std::holds_alternative<DeleteReferences>(change.what) ||
         std::holds_alternative<IgnoreSources>(change.what) ||
         std::holds_alternative<GrantClaims>(change.what);
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
  if (status.ok()) status = snapshot.ReadReservations(catalog_.next_place(), reservations_);
  if (!status.ok()) return status;
  catalog_records_held_ = catalog_records_.size();

  const Lsn from = applied_.lsn + 1;
  status = ForEachChange(journal, from, upto, [&](const Change& change, std::string_view record) {
    return Take(change, record);
  });
  if (!status.ok()) return status;
  applied_.next_token = reservations_.next_token();
  // Which of them are the latest is known only now.
  status = ForEachChange(
      journal, std::max(from, recent_.first_to_add()), upto,
      [&](const Change& change, std::string_view) { return recent_.Add(change, catalog_); });
  return status.ok() ? operations_.Sort() : status;
}

absl::Status Fold::Take(const Change& change, std::string_view record) {
  if (auto status = CheckChange(change, catalog_); !status.ok()) return status;
  applied_.lsn = change.lsn;
  applied_.epoch = change.epoch;
  recent_.Count(change);
  if (MayLeaveEvents(change)) {
    oldest_new_event_us_ = std::min(oldest_new_event_us_, change.time_us);
  }

  const uint64_t held = reservations_.claims() + reservations_.ignored();
  reservations_.Apply(change);
  reservations_changed_ |=
      IsOfReservations(change) || reservations_.claims() + reservations_.ignored() != held;

  if (Catalog::IsAlteredBy(change)) {
    if (const auto* emptied = std::get_if<EmptyTrash>(&change.what))
      NoteEmptied(emptied->partition);
    if (const auto* gone = std::get_if<ForgetIntegration>(&change.what)) NoteEmptied(gone->trash);
    catalog_.Apply(change);
    catalog_records_.emplace_back(change.lsn, record);
    return absl::OkStatus();
  }
  return AddOperations(change, catalog_, operations_);
}

void Fold::NoteEmptied(PlaceId number) {
  const Trash* trash = catalog_.FindTrash(number);
  if (trash == nullptr) return;  // emptied already
  const std::vector<PlaceId> partitions = catalog_.PartitionsOf(*trash);
  emptied_.insert(emptied_.end(), partitions.begin(), partitions.end());
}

absl::Status Fold::SetInto(Snapshot& snapshot) {
  const Partitions partitions(catalog_);
  // Before the references show it, so that none is missing at any time.
  auto status = recent_.WriteInto(snapshot);
  if (status.ok()) status = Setter(snapshot, operations_, partitions).Run();
  if (!status.ok()) return status;
  for (const PlaceId partition : emptied_) {
    if (partitions.IsKept(partition)) continue;
    status = Drop(partition, snapshot);
    if (!status.ok()) return status;
  }
  applied_.oldest_event_us = std::min(applied_.oldest_event_us, oldest_new_event_us_);
  status = Finish(snapshot, catalog_records_held_, reservations_changed_);
  Pass(Failpoint::kCheckpointApplied);
  return status;
}

absl::Status Fold::MergeInto(Snapshot& next, Snapshot& current, int64_t history_from_us) {
  const Partitions partitions(catalog_);
  CopiedHistory history;
  auto status =
      MergeSources(next, current, operations_, partitions, folder_, history_from_us, history);
  applied_.oldest_event_us = std::min(history.oldest_us, oldest_new_event_us_);
  if (history.dropped)
    applied_.history_from_us = std::max(applied_.history_from_us, history_from_us);
  if (status.ok()) status = CopyRecent(current, next, partitions);
  if (status.ok()) status = recent_.WriteInto(next);
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
