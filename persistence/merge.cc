#include "persistence/merge.h"

#include <algorithm>
#include <optional>
#include <string_view>
#include <utility>

#include "persistence/batches.h"
#include "persistence/failpoint.h"
#include "persistence/history.h"
#include "persistence/keys.h"
#include "persistence/operations.h"
#include "persistence/stored_reference.h"
#include "persistence/target_blocks.h"

namespace xref {
namespace {

// The entries of a table of the current snapshot, of which those are left out that are not kept.
class Kept {
 public:
  static absl::StatusOr<Kept> Open(Snapshot& snapshot, Snapshot::Table table,
                                   const Partitions& partitions) {
    auto scan = snapshot.Scan(table);
    if (!scan.ok()) return scan.status();
    return Kept(*std::move(scan), partitions);
  }

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
  Kept(SnapshotScan scan, const Partitions& partitions)
      : scan_(std::move(scan)), partitions_(partitions) {}

  bool IsKept() const {
    // What is too short to have one is damaged, and found out where it is parsed.
    return key().size() < sizeof(PlaceId) || partitions_.IsKept(ReadBigEndian<PlaceId>(key()));
  }

  SnapshotScan scan_;
  const Partitions& partitions_;
  bool at_end_ = false;
};

// How the targets of references change in a merge: gathered in the order of sources.
// Thread-compatible.
class TargetChanges : public TargetStream {
 public:
  explicit TargetChanges(const std::string& folder) : sorted_(folder) {}

  // The target has one source more, or less.
  absl::Status Gather(PlaceId partition, std::string_view target, bool gained) {
    return sorted_.Add([&](std::string& out) {
      const size_t start = out.size();
      AppendKey(partition, target, out);
      const size_t key_bytes = out.size() - start;
      out.push_back(gained ? kGained : kLost);
      return key_bytes;
    });
  }
  // To be called once, before Move.
  absl::Status Sort() { return sorted_.Sort(); }
  absl::Status Move() override {
    const auto found = sorted_.Next(row_);
    at_end_ = !found.ok() || !*found;
    if (at_end_) return found.status();
    key_ = row_.key;
    sources_ = row_.value.front() == kGained ? 1 : -1;
    return absl::OkStatus();
  }

 private:
  static constexpr char kGained = 1;
  static constexpr char kLost = 0;

  SortedRuns sorted_;
  SortedRuns::Row row_;
};

// The targets of a snapshot.
class HeldTargets : public TargetStream {
 public:
  static absl::StatusOr<HeldTargets> Open(Snapshot& snapshot, const Partitions& partitions) {
    auto blocks = Kept::Open(snapshot, Snapshot::Table::kTargets, partitions);
    if (!blocks.ok()) return blocks.status();
    return HeldTargets(*std::move(blocks));
  }

  absl::Status Move() override {
    for (;;) {
      if (block_) {
        const auto found = block_->Next();
        if (!found.ok()) return found.status();
        key_ = block_->key();
        sources_ = static_cast<int64_t>(block_->sources());
        if (*found) return absl::OkStatus();
      }
      const auto status = blocks_.Move();
      at_end_ = !status.ok() || blocks_.at_end();
      if (at_end_) return status;
      auto block = TargetBlock::Open(blocks_.key(), blocks_.value());
      if (!block.ok()) return block.status();
      block_.emplace(*std::move(block));
    }
  }

 private:
  explicit HeldTargets(Kept blocks) : blocks_(std::move(blocks)) {}

  Kept blocks_;
  std::optional<TargetBlock> block_;
};

// Writes the targets of a snapshot, as the changes leave them, to an empty one.
absl::Status MergeTargetTable(Snapshot& next, Snapshot& current, TargetChanges& changes,
                              const Partitions& partitions) {
  if (auto status = changes.Sort(); !status.ok()) return status;
  auto held = HeldTargets::Open(current, partitions);
  if (!held.ok()) return held.status();
  Batches batches(next, kAppendBlocksMax, Failpoint::kMergeTransaction,
                  Failpoint::kMergeReferences);
  TargetBlockWriter writer(kPackedValueBytes,
                           [&](std::string_view key, std::string_view value) -> absl::Status {
                             auto to = batches.ForRow();
                             if (!to.ok()) return to.status();
                             auto status = (*to)->AppendTargets(key, value);
                             return status.ok() ? batches.CommitIfFull() : status;
                           });
  auto status = MergeTargets(*held, changes, writer);
  if (const auto partition = writer.partition(); status.ok() && partition) {
    status = writer.End(LastBlockKey(*partition));
  }
  return status.ok() ? batches.Commit() : status;
}

// Writes the entries of a snapshot and the operations, in one order, to an empty snapshot.
class Merger {
 public:
  // Adds how the targets have changed to `target_changes`.
  static absl::Status Run(Snapshot& next, Snapshot& current, SortedRuns& sorted,
                          TargetChanges& target_changes, const Partitions& partitions,
                          int64_t history_from_us, CopiedHistory& copied) {
    auto references = Kept::Open(current, Snapshot::Table::kReferences, partitions);
    if (!references.ok()) return references.status();
    auto history = Kept::Open(current, Snapshot::Table::kHistory, partitions);
    if (!history.ok()) return history.status();
    Merger merger(*std::move(references), *std::move(history), next, sorted, target_changes,
                  partitions, history_from_us);
    auto status = merger.Merge();
    copied = merger.copied_;
    return status;
  }

 private:
  Merger(Kept references, Kept history, Snapshot& next, SortedRuns& sorted,
         TargetChanges& target_changes, const Partitions& partitions, int64_t history_from_us)
      : references_(std::move(references)),
        history_(std::move(history)),
        operations_(sorted),
        target_changes_(target_changes),
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
    auto status = source_.Begin(operations_.key(), order == 0 ? references_.value() : "");
    if (status.ok()) status = CountTarget(false);
    while (status.ok() && !operations_.at_end() && operations_.key() == source_.key()) {
      status = source_.Make(operations_.operation());
      if (status.ok() && !source_.event_key().empty()) status = AppendNewEvent();
      if (status.ok()) status = operations_.Move();
    }
    if (status.ok()) status = CountTarget(true);
    if (status.ok() && !source_.reference().empty()) {
      status = AppendReference(source_.key(), source_.reference());
    }
    return status.ok() && order == 0 ? references_.Move() : status;
  }

  // Notes that the target that the source has now has one source more, or less.
  absl::Status CountTarget(bool gained) {
    const std::string_view target = source_.target();
    if (target.empty()) return absl::OkStatus();
    return target_changes_.Gather(source_.partition(), target, gained);
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
    if (event->made.time_us < history_from_us_) {
      copied_.dropped = true;
    } else {
      copied_.oldest_us = std::min(copied_.oldest_us, event->made.time_us);
      auto status = AppendEvent(history_.key(), history_.value());
      if (!status.ok()) return status;
    }
    return history_.Move();
  }

  absl::Status AppendReference(std::string_view key, std::string_view value) {
    auto writer = batches_.ForRow();
    if (!writer.ok()) return writer.status();
    const auto status = (*writer)->AppendReference(key, value);
    return status.ok() ? batches_.CommitIfFull() : status;
  }

  absl::Status AppendEvent(std::string_view key, std::string_view value) {
    auto writer = batches_.ForRow();
    if (!writer.ok()) return writer.status();
    const auto status = (*writer)->AppendEvent(key, value);
    return status.ok() ? batches_.CommitIfFull() : status;
  }

  Kept references_;
  Kept history_;
  Operations operations_;
  TargetChanges& target_changes_;
  const Partitions& partitions_;
  const int64_t history_from_us_;
  CopiedHistory copied_;
  Batches batches_;
  SourceFold source_;
};

}  // namespace

absl::Status MergeSources(Snapshot& next, Snapshot& current, SortedRuns& operations,
                          const Partitions& partitions, const std::string& folder,
                          int64_t history_from_us, CopiedHistory& copied) {
  TargetChanges target_changes(folder);
  const auto status =
      Merger::Run(next, current, operations, target_changes, partitions, history_from_us, copied);
  return status.ok() ? MergeTargetTable(next, current, target_changes, partitions) : status;
}

}  // namespace xref
