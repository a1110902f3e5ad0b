#pragma once

#include <absl/status/statusor.h>

#include "index/vocabulary.h"
#include "persistence/journal.h"
#include "persistence/snapshot.h"

namespace xref {

// Folds what the journal holds beyond the snapshot into the snapshot, then drops it from the
// journal. Returns the LSN that the snapshot then reaches.
//
// Commits go on beside it. References are folded in sorted runs of bounded size, so memory is
// bounded; a crash at any point loses nothing, since the journal is trimmed last.
[[nodiscard]] absl::StatusOr<Lsn> Checkpoint(Journal& journal, Snapshot& snapshot);

}  // namespace xref
