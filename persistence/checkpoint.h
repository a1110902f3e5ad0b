#pragma once

#include <absl/status/statusor.h>

#include "index/vocabulary.h"
#include "persistence/journal.h"
#include "persistence/snapshot_folder.h"

namespace xref {

// Folds what the journal held beyond the snapshot when the call began into the snapshot, then drops
// it from the journal. Returns the LSN that the snapshot then reaches.
//
// Little is set into the snapshot row by row; much, compared with what is there, is merged with it
// into a new one that then takes its place. Commits go on beside either. Memory is bounded, some
// tens of megabytes; a crash at any point loses nothing, since the journal is trimmed last.
[[nodiscard]] absl::StatusOr<Lsn> Checkpoint(Journal& journal, SnapshotFolder& snapshots);

}  // namespace xref
