#pragma once

#include <absl/status/status.h>
#include <absl/status/statusor.h>

#include <cstdint>
#include <optional>
#include <span>
#include <string_view>
#include <utility>
#include <vector>

#include "index/reservations.h"
#include "index/vocabulary.h"
#include "persistence/lmdb.h"
#include "persistence/snapshot.h"
#include "persistence/target_blocks.h"

namespace xref {

// One write transaction of a snapshot: nothing of it is there until Commit returns OK. Must not
// outlive the snapshot; of one thread. Keys and values are those of stored_reference.h and
// history.h; views of stored values are valid until the next write.
class SnapshotWriter {
 public:
  // May make the map larger: the calling thread has no transaction of this snapshot open.
  static absl::StatusOr<SnapshotWriter> Begin(Snapshot& snapshot);

  // ---- Row by row, fastest in key order ----

  absl::StatusOr<std::optional<std::string_view>> FindReference(std::string_view key);
  absl::Status SetReference(std::string_view key, std::string_view value);
  // There must be one.
  absl::Status DeleteReference(std::string_view key);
  // An event that is there stays as it is.
  absl::Status KeepEvent(std::string_view key, std::string_view value);
  // Changes how many sources targets have.
  absl::Status ChangeTargets(std::vector<TargetChange> changes);
  absl::Status SetRecent(std::string_view key, std::string_view value);
  // Removes of the latest changes of a partition what is beyond so many source IDs or comes from
  // before `complete_from`, up to `entries_max` entries, and says how many.
  absl::StatusOr<uint64_t> TrimRecent(PlaceId partition, uint64_t sources_max, Lsn complete_from,
                                      uint64_t entries_max);
  // Removes up to `entries_max` entries of a partition, first its references and then what is known
  // of them, and says how many.
  absl::StatusOr<uint64_t> DropPartition(PlaceId partition, uint64_t entries_max);

  // ---- For keys above all that are there ----

  absl::Status AppendReference(std::string_view key, std::string_view value);
  absl::Status AppendEvent(std::string_view key, std::string_view value);
  absl::Status AppendTargets(std::string_view key, std::string_view value);
  absl::Status AppendRecent(std::string_view key, std::string_view value);

  // ---- What belongs together: in one transaction ----

  absl::Status SetCatalogEntry(Lsn lsn, std::string_view record);
  // In place of all that there were.
  absl::Status SetReservations(const Reservations& reservations);
  absl::Status SetApplied(const Snapshot::Applied& applied);

  // Durable when it returns OK. The transaction is over either way.
  absl::Status Commit();

 private:
  struct Cursors {
    LmdbCursor references;
    LmdbCursor history;
    LmdbCursor targets;
    LmdbCursor recent;
  };

  SnapshotWriter(Snapshot& snapshot, LmdbTransaction txn, Cursors cursors)
      : snapshot_(snapshot), txn_(std::move(txn)), cursors_(std::move(cursors)) {}
  // Changes the targets of one block, which are the first of `changes`, and takes these away.
  absl::Status ChangeTargetBlock(std::span<const TargetChange>& changes);

  Snapshot& snapshot_;
  LmdbTransaction txn_;
  std::optional<Cursors> cursors_;  // goes before its transaction
};

}  // namespace xref
