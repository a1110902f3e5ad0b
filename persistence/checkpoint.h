#pragma once

#include <absl/status/statusor.h>

#include <cstdint>
#include <limits>

#include "index/vocabulary.h"
#include "persistence/journal.h"
#include "persistence/snapshot_folder.h"

namespace xref {

// How long history is kept, in microseconds since 1970.
struct HistoryKept {
  // Where a new snapshot is written, events from before this are left out.
  int64_t from_us = std::numeric_limits<int64_t>::min();
  // And a new one is written if there may be an event from before this. It should be well below
  // the other, since each moment makes some event too old.
  int64_t at_the_latest_us = std::numeric_limits<int64_t>::min();
};

// Folds what the journal held beyond the snapshot when the call began into the snapshot, then drops
// it from the journal. Returns the LSN that the snapshot then reaches.
//
// Little is set into the snapshot row by row; much, compared with what is there, is merged with it
// into a new one that then takes its place. Commits go on beside either. Memory is bounded, some
// tens of megabytes, and what claims and ignored sources take; a crash at any point loses nothing,
// since the journal is trimmed last, and not from `keep_from` on.
[[nodiscard]] absl::StatusOr<Lsn> Checkpoint(Journal& journal, SnapshotFolder& snapshots,
                                             const HistoryKept& kept = {},
                                             Lsn keep_from = std::numeric_limits<Lsn>::max());

}  // namespace xref
