#pragma once

// Which source IDs were linked last, newest first: for listings in that order. README.md beside
// this file has the layout.
//
// An entry is true of a reference while that shows the entry's LSN; one that has changed since has
// an entry of its own for that. Of each partition the latest changes are kept, up to a number of
// source IDs, and beneath them from which LSN on they are all there.

#include <absl/status/status.h>
#include <absl/status/statusor.h>

#include <cstdint>
#include <map>
#include <string>
#include <string_view>

#include "index/catalog.h"
#include "index/vocabulary.h"
#include "persistence/snapshot.h"
#include "persistence/sorted_runs.h"
#include "protocol/wire.h"

namespace xref {

class Partitions;

// Source IDs whose latest changes are kept, of each partition.
inline constexpr uint64_t kRecentMax = 100'000;

// The key of the first block of what was linked by a change, and of what came before it. A lower
// LSN comes later; that of LSN 0 is the end of a partition.
void AppendRecentKey(PlaceId partition, Lsn lsn, std::string& out);

// Some of the source IDs that one change has linked, in order; or the end of a partition.
class RecentBlock {
 public:
  // DataLoss: the value does not match its checksum, or the key is none.
  static absl::StatusOr<RecentBlock> Open(std::string_view key, std::string_view value);

  PlaceId partition() const { return partition_; }
  Lsn lsn() const { return lsn_; }  // 0: the end
  // Of the end: what was last changed before this is not in the table.
  Lsn complete_from() const { return complete_from_; }
  // The next source ID; empty at the end.
  std::string_view Next() { return reader_.Text8(); }

 private:
  explicit RecentBlock(protocol::Reader reader) : reader_(reader) {}

  protocol::Reader reader_;
  PlaceId partition_ = 0;
  Lsn lsn_ = 0;
  Lsn complete_from_ = 0;
};

// What some changes add to the table. Memory is bounded, whatever their number: they are read
// twice. Thread-compatible.
class RecentChanges {
 public:
  RecentChanges(const std::string& folder, uint64_t sources_max)
      : rows_(folder), sources_max_(sources_max) {}

  // First with each of the changes, oldest first.
  void Count(const Change& change);
  // Then with each again from this one on: those before it are not kept. The catalog is as they all
  // have made it.
  Lsn first_to_add() const;
  absl::Status Add(const Change& change, const Catalog& catalog);
  // Then once: sets what is new and removes what is too old.
  absl::Status WriteInto(Snapshot& snapshot);

 private:
  absl::Status WriteBlocks(Snapshot& snapshot);
  absl::Status Trim(Snapshot& snapshot);

  // Of one place, since it was purged.
  struct Linked {
    Lsn purged_lsn = 0;
    // From this change on, as many source IDs were linked as are kept, or all if that is 0.
    Lsn enough_from = 0;
    uint64_t left = 0;  // of these, those that were counted and not added
    // From this change on it is not enough yet.
    Lsn next_from = 0;
    uint64_t since_next = 0;
  };
  SortedRuns rows_;  // key: recent key without its block, then the source ID
  const uint64_t sources_max_;
  std::map<PlaceId, Linked> linked_;      // by place
  std::map<PlaceId, Lsn> complete_from_;  // by partition that has something new
};

// Copies the table, but for partitions that are not kept, to an empty snapshot.
absl::Status CopyRecent(Snapshot& from, Snapshot& to, const Partitions& partitions);

}  // namespace xref
