#pragma once

// Named points at which a test lets the daemon die as if it were killed: before and after every
// step on which durability rests. One of them does damage instead (Trips). XREFD_FAILPOINT=NAME in
// the environment arms one, NAME:N its N-th pass. With XREFD_FAILPOINT_HOLD=FILE whoever passes,
// from that pass on, is held there for as long as there is such a file, in place of dying; standard
// error then tells that it holds. Unarmed, a point costs one load and a branch that is never taken.

#include <atomic>
#include <cstdint>
#include <string_view>

namespace xref {

enum class Failpoint : uint8_t {
  kCommitBefore,           // a group is decided; the journal has none of it
  kCommitInTransaction,    // it is written, and its transaction is still open
  kCommitAfter,            // it is durable; the index has none of it, nobody was told
  kReplyBefore,            // it is durable and visible; nobody was told
  kCheckpointBefore,       // the changes are gathered, the snapshot has none of it
  kRecentTransaction,      // some of what was linked last is set, in a transaction that is open
  kRecentBlocks,           // and in one that is closed
  kCheckpointTransaction,  // some references are set, in a transaction that is still open
  kCheckpointReferences,   // and in one that is closed
  kCheckpointApplied,      // the snapshot has the whole fold, and the journal as well
  kMergeTransaction,       // a new snapshot has some references, in a transaction that is open
  kMergeReferences,        // and in one that is closed
  kMergeApplied,           // the new snapshot is whole; the old one is still current
  kSwitchBefore,           // the file that will make it current is written
  kSwitchAfter,            // it is current; the old one is still there
  kTrimInTransaction,      // some records are dropped, in a transaction that is still open
  kTrimAfter,              // and in one that is closed
  kRecoveryCatalog,        // the catalog is loaded
  kRecoveryReferences,     // and the references of the snapshot
  kRecoveryJournal,        // and the changes of the journal
  kBackupMade,             // a backup is written, its client was not told
  kBackupPiece,            // a piece of it is read, and not sent
  kRestoreCopied,          // the snapshot is beside the place of the new folder
  kRestoreBuilt,           // and all else as well, durable
  kRestoreVisible,         // it is in its place
  kArrivalPart,            // of a copy that arrived, one part of two is in its place
  kFollowSkip,             // a standby does not apply added references
  kCount,
};

// E.g. "commit-before". `failpoint` is not kCount.
std::string_view Name(Failpoint failpoint);

// Reads the environment; false if it names a point that does not exist. Call it once, at the start.
[[nodiscard]] bool ArmFailpoint();

namespace internal {
extern std::atomic<uint8_t> armed_failpoint;
void PassArmed();
bool TripArmed();
}  // namespace internal

// Marks a point that was reached; does not return from an armed one, unless that only holds.
inline void Pass(Failpoint failpoint) {
  if (internal::armed_failpoint.load(std::memory_order_relaxed) == static_cast<uint8_t>(failpoint))
      [[unlikely]] {
    internal::PassArmed();
  }
}

// Whether this pass is the one at which a test wants the damage that the point stands for.
[[nodiscard]] inline bool Trips(Failpoint failpoint) {
  return internal::armed_failpoint.load(std::memory_order_relaxed) ==
             static_cast<uint8_t>(failpoint) &&
         internal::TripArmed();
}

}  // namespace xref
