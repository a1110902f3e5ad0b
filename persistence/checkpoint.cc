#include "persistence/checkpoint.h"

#include <algorithm>

#include "persistence/failpoint.h"
#include "persistence/fold.h"

namespace xref {
namespace {

// Setting a row among many costs as much as copying this many to a new snapshot.
constexpr uint64_t kCopiedForOneSet = 50;

absl::Status FoldInto(SnapshotFolder& snapshots, Journal& journal, Lsn upto, bool must_merge,
                      int64_t history_from_us) {
  const std::shared_ptr<Snapshot> current = snapshots.current();
  Fold fold(snapshots.path());
  if (auto status = fold.Gather(*current, journal, upto); !status.ok()) return status;
  const auto held = current->Size();
  if (!held.ok()) return held.status();
  Pass(Failpoint::kCheckpointBefore);
  if (!must_merge && fold.size() * kCopiedForOneSet <= *held) return fold.SetInto(*current);

  const auto next = snapshots.MakeNext();
  if (!next.ok()) return next.status();
  const auto merged = fold.MergeInto(**next, *current, history_from_us);
  return merged.ok() ? snapshots.Switch(*next) : merged;
}

}  // namespace

absl::StatusOr<Lsn> Checkpoint(Journal& journal, SnapshotFolder& snapshots, const HistoryKept& kept,
                               Lsn keep_from) {
  const auto reached = snapshots.current()->ReadApplied();
  if (!reached.ok()) return reached.status();
  const auto extent = journal.Extent();
  if (!extent.ok()) return extent.status();
  const Lsn applied = std::max(reached->lsn, extent->last);
  const bool too_old = reached->oldest_event_us < kept.at_the_latest_us;
  if (applied > reached->lsn || too_old) {
    const auto status = FoldInto(snapshots, journal, applied, too_old, kept.from_us);
    if (!status.ok()) return status;
  }
  const Lsn trimmed = std::min(applied, keep_from - 1);
  if (extent->first != 0 && extent->first <= trimmed) {
    if (auto status = journal.Trim(trimmed); !status.ok()) return status;
  }
  return applied;
}

}  // namespace xref
