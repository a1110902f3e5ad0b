#pragma once

#include <absl/functional/function_ref.h>
#include <absl/status/status.h>
#include <absl/status/statusor.h>

#include <cstdint>
#include <limits>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "index/reservations.h"
#include "index/vocabulary.h"
#include "persistence/history.h"
#include "persistence/lmdb.h"
#include "persistence/stored_reference.h"

namespace xref {

class SnapshotScan;
class SnapshotWriter;

// What was true at one LSN, on disk, ordered by partition and source ID; and what has happened to
// each source ID until then.
//
// While a fold is under way, and after one that was cut short, references and history may already
// hold some of what came after applied(): reading it and then applying the journal from
// applied() + 1 on gives what is true now.
//
// Thread-safe: one writer at a time, any number of readers. What is read is verified against its
// checksum: DataLoss names what is damaged. The views that are handed out die with the call of
// `take`.
class Snapshot {
 public:
  static absl::StatusOr<std::unique_ptr<Snapshot>> Open(const std::string& path,
                                                        uint64_t map_bytes);

  // How far the snapshot reaches.
  struct Applied {
    Lsn lsn = 0;
    Epoch epoch = 1;
    uint64_t next_token = 1;  // above every token that was granted until then
    // No event of the history is older than this; microseconds since 1970.
    int64_t oldest_event_us = kNoEvent;
    // From this time on nothing is missing in the history.
    int64_t history_from_us = 0;
    static constexpr int64_t kNoEvent = std::numeric_limits<int64_t>::max();
  };
  absl::StatusOr<Applied> ReadApplied();

  // Hands out the changes that made the catalog what it is, oldest first, and the record of each.
  absl::Status ReadCatalog(
      absl::FunctionRef<absl::Status(const Change&, std::string_view record)> take);

  // Takes claims, ignored sources and the next token in. `places_end` is above the numbers of all
  // places: Catalog::next_place.
  absl::Status ReadReservations(PlaceId places_end, Reservations& reservations);

  // How many references there are, those in the trash included.
  absl::StatusOr<uint64_t> Size();

  // How many references each partition has, in the order of partitions. Reads keys only: some 50 M
  // a second.
  struct PartitionCount {
    PlaceId partition;
    uint64_t references;
  };
  absl::StatusOr<std::vector<PartitionCount>> CountReferences();

  // Hands out all references in order.
  absl::Status ReadReferences(absl::FunctionRef<absl::Status(const StoredReference&)> take);

  // ---- For people ----

  // Where in a partition a listing begins, and what it shows.
  struct Cursor {
    std::string_view after;   // only source IDs above this one; empty for all
    std::string_view prefix;  // only those that begin so; empty for all
  };
  // Hands out references in the order of their source IDs, until `take` returns false.
  absl::Status List(PlaceId partition, const Cursor& cursor,
                    absl::FunctionRef<bool(const StoredReference&)> take);

  // What is met on the way to a listing's rows, whose cursor it is then at. There is no reference
  // where it has changed, so that it stands elsewhere in the listing or is gone.
  struct Met {
    Lsn lsn;                  // of NewestCursor
    std::string_view target;  // of TargetCursor
    std::string_view source;
    const StoredReference* reference;
  };
  using TakeMet = absl::FunctionRef<bool(const Met&)>;

  // Where a listing of what was changed last begins: after a change, and a source ID of it; or at
  // the latest, with LSN 0.
  struct NewestCursor {
    Lsn lsn = 0;
    std::string_view source;
  };
  // Hands out references by the LSN of their last change, the highest first, and those of one
  // change in the order of source IDs, until `take` returns false. Returns the LSN from which on
  // all are known in this order; what was last changed before it is not handed out.
  absl::StatusOr<Lsn> ListNewest(PlaceId partition, const NewestCursor& cursor, TakeMet take);

  // Where a listing in the order of targets begins, and what it shows.
  struct TargetCursor {
    std::string_view target;  // only above these two
    std::string_view source;
    std::string_view prefix;  // only targets that begin so; empty for all
  };
  // The sources of a target after `after`, in order; nothing if these are too many to tell.
  using SourcesOf = absl::FunctionRef<std::optional<std::vector<std::string>>(
      std::string_view target, std::string_view after)>;
  // Hands out references in the order of their targets, and those of one target in that of source
  // IDs, until `take` returns false. The sources of a target come from `sources_of`; those of a
  // target that has too many are found among all references.
  absl::Status ListByTarget(PlaceId partition, const TargetCursor& cursor, SourcesOf sources_of,
                            TakeMet take);

  // Hands out the reference of a source ID; false if there is none.
  absl::StatusOr<bool> Find(PlaceId partition, std::string_view source,
                            absl::FunctionRef<void(const StoredReference&)> take);

  // Hands out what has happened to a source ID, oldest first.
  absl::Status ReadHistory(PlaceId partition, std::string_view source,
                           absl::FunctionRef<void(const HistoryEvent&)> take);

  // ---- For copying and examining ----

  // All entries of a table as they are stored, one at a time.
  enum class Table : uint8_t {
    kCatalog,
    kHistory,
    kMeta,
    kRecent,
    kReferences,
    kReservations,
    kTargets
  };
  absl::StatusOr<SnapshotScan> Scan(Table table);

  // As LmdbEnvironment's.
  absl::StatusOr<uint64_t> CheckPages(absl::FunctionRef<absl::Status(uint64_t pages)> pace) {
    return env_->CheckPages(pace);
  }
  // Writes a copy of the whole snapshot to an open file (lmdb.h).
  absl::Status CopyTo(int fd) { return env_->CopyTo(fd); }

  uint64_t BytesUsed() const { return env_->BytesUsed(); }
  // As LmdbEnvironment's: for a snapshot that another one has replaced. Not thread-safe.
  void FreeOnClose() { env_->FreeOnClose(); }

 private:
  friend class SnapshotWriter;

  static constexpr std::string_view kAppliedKey = "applied";  // in the table meta

  explicit Snapshot(std::unique_ptr<LmdbEnvironment> env) : env_(std::move(env)) {}

  LmdbTable TableOf(Table table) const { return env_->table(static_cast<size_t>(table)); }

  const std::unique_ptr<LmdbEnvironment> env_;
};

// The entries of one table in key order, as they were when the scan began. Verified by whoever
// parses them, so that a scan can go on after a damaged one. Must not outlive the snapshot.
class SnapshotScan {
 public:
  // To the first entry whose key is not below `key`, or to the next one. False: there is none.
  absl::StatusOr<bool> Seek(std::string_view key);
  absl::StatusOr<bool> Next();

  // Of the entry that it arrived at; valid until it moves.
  std::string_view key() const { return cursor_.key(); }
  std::string_view value() const { return cursor_.value(); }

 private:
  friend class Snapshot;
  SnapshotScan(std::unique_ptr<LmdbTransaction> txn, LmdbCursor cursor)
      : txn_(std::move(txn)), cursor_(std::move(cursor)) {}

  std::unique_ptr<LmdbTransaction> txn_;  // the cursor goes before it
  LmdbCursor cursor_;
  bool begun_ = false;
};

// An entry of the table catalog, whose record is a change. DataLoss: it is damaged.
[[nodiscard]] absl::Status ParseCatalogEntry(std::string_view key, std::string_view value,
                                             Change& change);

}  // namespace xref
