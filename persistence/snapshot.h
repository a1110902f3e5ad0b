#pragma once

#include <absl/functional/function_ref.h>
#include <absl/status/status.h>
#include <absl/status/statusor.h>

#include <cstdint>
#include <memory>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "index/vocabulary.h"
#include "persistence/lmdb.h"

namespace xref {

// A reference as the snapshot keeps it: with what memory has no room for.
struct StoredReference {
  PlaceId place = 0;
  std::string_view source;
  std::string_view target;
  Origin origin{};
  int64_t created_us = 0;
  std::string_view actor;
};

// Appends the key and then the value under which a reference is stored, and returns the size of the
// key. README.md beside this file has the layout.
size_t AppendReference(const StoredReference& reference, std::string& out);

class SnapshotScan;

// What was true at one LSN, on disk, ordered by place and source ID.
//
// While a fold is under way the snapshot may already hold some of what came after applied():
// reading it and then applying the journal from applied() + 1 on gives what is true now.
//
// Thread-safe: one writer at a time, any number of readers.
class Snapshot {
 public:
  static absl::StatusOr<std::unique_ptr<Snapshot>> Open(const std::string& path,
                                                        uint64_t map_bytes);

  // An entry of the references table, as AppendReference makes it.
  struct Row {
    std::string_view key;
    std::string_view value;
  };

  // How far the snapshot reaches.
  struct Applied {
    Lsn lsn = 0;
    Epoch epoch = 1;
  };
  absl::StatusOr<Applied> ReadApplied();

  // Hands out the records of the changes that created the catalog, oldest first.
  absl::Status ReadCatalog(absl::FunctionRef<absl::Status(std::string_view record)> take);

  // How many references there are.
  absl::StatusOr<uint64_t> Size();

  // How many references each place has, in the order of places. Reads keys only: some 50 M a
  // second.
  struct PlaceCount {
    PlaceId place;
    uint64_t references;
  };
  absl::StatusOr<std::vector<PlaceCount>> CountReferences();

  // Hands out all references in order, each verified against its checksum. DataLoss names the
  // damaged one.
  absl::Status ReadReferences(absl::FunctionRef<absl::Status(const StoredReference&)> take);

  // All rows as they are stored, one at a time.
  absl::StatusOr<SnapshotScan> Scan();

  // A fold is three steps, each of durable transactions: the catalog first, since a reference must
  // never be found without its place; then the references; then how far the snapshot now reaches.

  struct CatalogRecord {
    IntegrationId integration;
    std::string_view record;
  };
  absl::Status WriteCatalog(std::span<const CatalogRecord> records);
  // Gives the next row to be written; false when there is none. The row must live until the call
  // after it.
  using RowSource = absl::FunctionRef<absl::StatusOr<bool>(Row& row)>;
  // Each writes up to `rows_max` rows in one transaction and says how many: sets them one by one,
  // fastest in key order; or appends them, each above everything that is there.
  absl::StatusOr<uint64_t> SetReferences(RowSource source, uint64_t rows_max);
  absl::StatusOr<uint64_t> AppendReferences(RowSource source, uint64_t rows_max);
  absl::Status WriteApplied(const Applied& applied);

  // As LmdbEnvironment's.
  absl::StatusOr<uint64_t> CheckPages(absl::FunctionRef<absl::Status(uint64_t pages)> pace) {
    return env_->CheckPages(pace);
  }
  // Writes a copy of the whole snapshot to an open file (lmdb.h).
  absl::Status CopyTo(int fd) { return env_->CopyTo(fd); }

  uint64_t BytesUsed() const { return env_->BytesUsed(); }

 private:
  explicit Snapshot(std::unique_ptr<LmdbEnvironment> env);

  const std::unique_ptr<LmdbEnvironment> env_;
  const LmdbTable catalog_;
  const LmdbTable meta_;
  const LmdbTable references_;
};

// The references of a snapshot in key order, as they were when the scan began, each verified
// against its checksum. Must not outlive the snapshot.
class SnapshotScan {
 public:
  // The next row, valid until the call after it; false at the end. DataLoss names a damaged one.
  absl::StatusOr<bool> Next(Snapshot::Row& row);
  // The row that Next gave, taken apart.
  const StoredReference& reference() const { return reference_; }

 private:
  friend class Snapshot;
  SnapshotScan(std::unique_ptr<LmdbTransaction> txn, LmdbCursor cursor)
      : txn_(std::move(txn)), cursor_(std::move(cursor)) {}

  std::unique_ptr<LmdbTransaction> txn_;  // the cursor goes before it
  LmdbCursor cursor_;
  StoredReference reference_;
  bool begun_ = false;
};

}  // namespace xref
