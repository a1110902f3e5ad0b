#pragma once

#include <absl/functional/function_ref.h>
#include <absl/status/statusor.h>

#include <cstdint>

#include "index/reference_store.h"
#include "index/vocabulary.h"
#include "persistence/journal.h"
#include "persistence/snapshot.h"

namespace xref {

struct Recovered {
  Lsn lsn = 0;                 // of the last change
  Epoch epoch = 1;             // of the last change
  uint64_t from_snapshot = 0;  // references
  uint64_t from_journal = 0;   // changes
};

// How far a recovery is.
struct RecoveryProgress {
  uint64_t loaded;    // references
  uint64_t expected;  // of the snapshot; the journal may add some
};

// DataLoss: the snapshot, which reaches `applied`, and the journal are not of one folder and one
// time, or the journal's end is missing.
[[nodiscard]] absl::Status CheckBelongTogether(Journal& journal, const Snapshot::Applied& applied);

// Before a change is applied: where it restores an integration whose drop the snapshot reaches, has
// `store` gather what that had. A drop that the snapshot does not reach has left it there.
[[nodiscard]] absl::Status GatherFor(const Change& change, Snapshot& snapshot,
                                     ReferenceStore& store);

// DataLoss: `change` compares states (CompareState), and that of `store` is not what it says.
[[nodiscard]] absl::Status CheckState(const Change& change, const ReferenceStore& store);

// Builds `store` from the snapshot and the journal beyond it. `progress` is told now and then;
// where it returns false, recovery ends with Cancelled. DataLoss names what is damaged or missing;
// the store must then not be used, since it could take a synced ID for an unknown one.
[[nodiscard]] absl::StatusOr<Recovered> Recover(
    Journal& journal, Snapshot& snapshot, ReferenceStore& store,
    absl::FunctionRef<bool(const RecoveryProgress&)> progress);

}  // namespace xref
