#pragma once

#include <absl/status/status.h>

#include <cstdint>
#include <memory>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "index/catalog.h"
#include "index/reservations.h"
#include "persistence/journal.h"
#include "persistence/recent.h"
#include "persistence/snapshot.h"
#include "persistence/snapshot_writer.h"
#include "persistence/sorted_runs.h"

namespace xref {

// The effect of some consecutive changes on a snapshot. One way to apply it must be chosen; both
// come to the same. Thread-compatible.
class Fold {
 public:
  // `folder` is for what does not fit into memory; `recent_max` is how many of the source IDs that
  // were linked last are kept in that order, of each partition.
  explicit Fold(const std::string& folder, uint64_t recent_max = kRecentMax)
      : folder_(folder), operations_(folder), recent_(folder, recent_max) {}

  // Takes in what the snapshot holds, but for references and history, then the journal's changes
  // from there up to `upto`, and sorts them. DataLoss: a change is damaged, or is about a place
  // that does not exist.
  absl::Status Gather(Snapshot& snapshot, Journal& journal, Lsn upto);

  // On how many source IDs something was done, one counted as often as that was.
  uint64_t size() const { return operations_.size(); }

  // Writes it into the snapshot that Gather was given.
  absl::Status SetInto(Snapshot& snapshot);
  // Writes it, and what that snapshot holds, into an empty one, without the events from before
  // `history_from_us` that it holds.
  absl::Status MergeInto(Snapshot& next, Snapshot& current, int64_t history_from_us);

 private:
  absl::Status Take(const Change& change, std::string_view record);
  // What is in the trash under this number is about to go for good.
  void NoteEmptied(PlaceId number);
  // All that is not a reference or history, from the catalog's entry `catalog_from` on, and how far
  // the snapshot now reaches: in one transaction.
  absl::Status Finish(Snapshot& snapshot, size_t catalog_from, bool reservations);

  const std::string folder_;
  SortedRuns operations_;
  RecentChanges recent_;
  // Of the snapshot, and then as the changes make them.
  Catalog catalog_;
  Reservations reservations_;
  std::vector<std::pair<Lsn, std::string>> catalog_records_;
  size_t catalog_records_held_ = 0;  // of the snapshot
  bool reservations_changed_ = false;
  std::vector<PlaceId> emptied_;  // partitions
  Snapshot::Applied applied_;
  int64_t oldest_new_event_us_ = Snapshot::Applied::kNoEvent;  // or older
};

}  // namespace xref
