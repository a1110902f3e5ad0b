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

  // How far the snapshot reaches.
  struct Applied {
    Lsn lsn = 0;
    Epoch epoch = 1;
  };
  absl::StatusOr<Applied> ReadApplied();

  // Hands out the records of the changes that created the catalog, oldest first.
  absl::Status ReadCatalog(absl::FunctionRef<absl::Status(std::string_view record)> take);

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

  // A fold is three steps, each of durable transactions: the catalog first, since a reference must
  // never be found without its place; then the references; then how far the snapshot now reaches.

  struct CatalogRecord {
    IntegrationId integration;
    std::string_view record;
  };
  absl::Status WriteCatalog(std::span<const CatalogRecord> records);
  // An entry of the references table, made by AppendReference.
  struct Row {
    std::string_view key;
    std::string_view value;
  };
  // One transaction; fastest where the rows are in key order.
  absl::Status WriteReferences(std::span<const Row> rows);
  absl::Status WriteApplied(const Applied& applied);

  uint64_t BytesUsed() const { return env_->BytesUsed(); }

 private:
  Snapshot(std::unique_ptr<LmdbEnvironment> env, LmdbTable meta, LmdbTable catalog,
           LmdbTable references)
      : env_(std::move(env)), meta_(meta), catalog_(catalog), references_(references) {}

  const std::unique_ptr<LmdbEnvironment> env_;
  const LmdbTable meta_;
  const LmdbTable catalog_;
  const LmdbTable references_;
};

}  // namespace xref
