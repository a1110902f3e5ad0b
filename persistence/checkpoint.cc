#include "persistence/checkpoint.h"

#include <fmt/format.h>

#include <string>
#include <utility>
#include <vector>

#include "persistence/failpoint.h"
#include "persistence/sorted_runs.h"
#include "protocol/change_codec.h"

namespace xref {
namespace {

// One transaction of the snapshot: bounds what LMDB keeps as dirty pages, and how long the disk is
// busy with its sync while a commit waits behind it.
constexpr uint64_t kSetRowsMax = 1'024;      // far apart: pages of their own, 8 MiB in all
constexpr uint64_t kAppendRowsMax = 16'384;  // side by side: about 1 MiB
// Setting a row among many costs as much as copying this many to a new snapshot.
constexpr uint64_t kCopiedForOneSet = 50;
// One read transaction of the journal: a long one makes its file grow.
constexpr uint64_t kReadRecordsMax = 1'000;

// The effect of some consecutive changes on the snapshot.
class Fold {
 public:
  explicit Fold(const std::string& folder) : rows_(folder) {}

  // Takes in the journal's changes after `from` up to `upto`, and sorts them.
  absl::Status Gather(Journal& journal, Lsn from, Lsn upto) {
    for (applied_.lsn = from; applied_.lsn < upto;) {
      uint64_t left = kReadRecordsMax;
      const auto status = journal.Read(applied_.lsn + 1, [&](const JournalRecord& record) {
        if (left-- == 0 || record.lsn > upto) return absl::CancelledError();
        return Take(record);
      });
      if (!status.ok() && !absl::IsCancelled(status)) return status;
    }
    return rows_.Sort();
  }

  absl::Status ApplyTo(SnapshotFolder& snapshots) {
    const std::shared_ptr<Snapshot> current = snapshots.current();
    const auto held = current->Size();
    if (!held.ok()) return held.status();
    Pass(Failpoint::kCheckpointBefore);
    const bool merge = rows_.size() * kCopiedForOneSet > *held;
    return merge ? MergeIntoNext(*current, snapshots) : SetIn(*current);
  }

 private:
  using CatalogRecords = std::vector<std::pair<IntegrationId, std::string>>;

  absl::Status Take(const JournalRecord& record) {
    Change change;
    if (const auto fault = protocol::DecodeChange(record.bytes, change)) {
      return absl::DataLossError(fmt::format("journal: change {}: {}", record.lsn, *fault));
    }
    applied_ = {change.lsn, change.epoch};
    if (const auto* created = std::get_if<CreateIntegration>(&change.what)) {
      catalog_.emplace_back(created->integration, record.bytes);
      return absl::OkStatus();
    }
    const auto* found = std::get_if<AddReferences>(&change.what);
    if (found == nullptr) return absl::UnimplementedError("a kind of change that is not folded");
    const AddReferences& added = *found;
    IdCursor sources(added.sources);
    IdCursor targets(added.targets);
    for (uint32_t i = 0; i < added.sources.count; ++i) {
      const std::string_view source = sources.Next();
      const auto status = rows_.Add({.place = added.place,
                                     .source = source,
                                     .target = targets.Next(),
                                     .origin = added.origin,
                                     .created_us = change.time_us,
                                     .actor = change.actor});
      if (!status.ok()) return status;
    }
    return absl::OkStatus();
  }

  absl::Status WriteCatalog(Snapshot& snapshot) {
    const auto status = WriteRecords(catalog_, snapshot);
    Pass(Failpoint::kCheckpointCatalog);
    return status;
  }

  absl::Status SetIn(Snapshot& snapshot) {
    if (auto status = WriteCatalog(snapshot); !status.ok()) return status;
    for (bool more = true; more;) {
      const auto written = snapshot.SetReferences(
          [this](Snapshot::Row& row) { return rows_.Next(row); }, kSetRowsMax);
      if (!written.ok()) return written.status();
      more = *written == kSetRowsMax;
      Pass(Failpoint::kCheckpointReferences);
    }
    const auto status = snapshot.WriteApplied(applied_);
    Pass(Failpoint::kCheckpointApplied);
    return status;
  }

  absl::Status MergeIntoNext(Snapshot& current, SnapshotFolder& snapshots) {
    const auto next = snapshots.MakeNext();
    if (!next.ok()) return next.status();
    if (auto status = CopyCatalog(current, **next); !status.ok()) return status;
    if (auto status = WriteCatalog(**next); !status.ok()) return status;
    auto merge = Merge::Begin(current, rows_);
    if (!merge.ok()) return merge.status();
    for (bool more = true; more;) {
      const auto written = (*next)->AppendReferences(
          [&](Snapshot::Row& row) { return merge->Next(row); }, kAppendRowsMax);
      if (!written.ok()) return written.status();
      more = *written == kAppendRowsMax;
      Pass(Failpoint::kMergeReferences);
    }
    if (auto status = (*next)->WriteApplied(applied_); !status.ok()) return status;
    Pass(Failpoint::kMergeApplied);
    return snapshots.Switch(*next);
  }

  static absl::Status CopyCatalog(Snapshot& from, Snapshot& to) {
    CatalogRecords kept;
    const auto status = from.ReadCatalog([&](std::string_view record) {
      Change change;
      if (const auto fault = protocol::DecodeChange(record, change)) {
        return absl::DataLossError(fmt::format("snapshot: an entry of the catalog: {}", *fault));
      }
      kept.emplace_back(std::get<CreateIntegration>(change.what).integration, record);
      return absl::OkStatus();
    });
    return status.ok() ? WriteRecords(kept, to) : status;
  }

  static absl::Status WriteRecords(const CatalogRecords& catalog, Snapshot& snapshot) {
    std::vector<Snapshot::CatalogRecord> records;
    for (const auto& [integration, record] : catalog) records.push_back({integration, record});
    return snapshot.WriteCatalog(records);
  }

  // The rows of a snapshot and of the runs, in one order; a row of the runs replaces one of the
  // snapshot.
  class Merge {
   public:
    static absl::StatusOr<Merge> Begin(Snapshot& snapshot, SortedRuns& runs) {
      auto scan = snapshot.Scan();
      if (!scan.ok()) return scan.status();
      Merge merge(*std::move(scan), runs);
      if (auto status = merge.MoveOld(); !status.ok()) return status;
      if (auto status = merge.MoveNew(); !status.ok()) return status;
      return merge;
    }

    absl::StatusOr<bool> Next(Snapshot::Row& row) {
      // The row that was handed out last is needed no more.
      if (std::exchange(used_old_, false)) {
        if (auto status = MoveOld(); !status.ok()) return status;
      }
      if (std::exchange(used_new_, false)) {
        if (auto status = MoveNew(); !status.ok()) return status;
      }
      if (!has_old_ && !has_new_) return false;
      const int order = !has_old_ ? 1 : !has_new_ ? -1 : old_.key.compare(new_.key);
      used_old_ = order <= 0;
      used_new_ = order >= 0;
      row = used_new_ ? new_ : old_;
      return true;
    }

   private:
    Merge(SnapshotScan scan, SortedRuns& runs) : scan_(std::move(scan)), runs_(runs) {}

    absl::Status MoveOld() {
      const auto found = scan_.Next(old_);
      has_old_ = found.ok() && *found;
      return found.status();
    }
    absl::Status MoveNew() {
      const auto found = runs_.Next(new_);
      has_new_ = found.ok() && *found;
      return found.status();
    }

    SnapshotScan scan_;
    SortedRuns& runs_;
    Snapshot::Row old_;
    Snapshot::Row new_;
    bool has_old_ = false;
    bool has_new_ = false;
    bool used_old_ = false;
    bool used_new_ = false;
  };

  SortedRuns rows_;
  CatalogRecords catalog_;
  Snapshot::Applied applied_;
};

}  // namespace

absl::StatusOr<Lsn> Checkpoint(Journal& journal, SnapshotFolder& snapshots) {
  const auto reached = snapshots.current()->ReadApplied();
  if (!reached.ok()) return reached.status();
  const auto extent = journal.Extent();
  if (!extent.ok()) return extent.status();
  if (extent->last > reached->lsn) {
    Fold fold(snapshots.path());
    if (auto status = fold.Gather(journal, reached->lsn, extent->last); !status.ok()) return status;
    if (auto status = fold.ApplyTo(snapshots); !status.ok()) return status;
  }
  const Lsn applied = std::max(reached->lsn, extent->last);
  if (extent->first != 0 && extent->first <= applied) {
    if (auto status = journal.Trim(applied); !status.ok()) return status;
  }
  return applied;
}

}  // namespace xref
