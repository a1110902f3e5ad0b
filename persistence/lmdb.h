#pragma once

// LMDB behind values of our own: an environment, transactions that abort unless committed, and
// cursors. This is the only header that the rest of the room needs, and lmdb.cc the only file that
// includes <lmdb.h>.
//
// Every error names the environment's path and what was being done. ResourceExhausted: the disk or
// the map is full. DataLoss: LMDB found its own pages damaged. Internal: anything else.

#include <absl/functional/function_ref.h>
#include <absl/status/status.h>
#include <absl/status/statusor.h>

#include <cstdint>
#include <memory>
#include <optional>
#include <shared_mutex>
#include <span>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "persistence/file_descriptor.h"

struct MDB_env;
struct MDB_txn;
struct MDB_cursor;

namespace xref {

class LmdbTransaction;

// A named table, by its number in its environment.
using LmdbTable = uint32_t;

// One environment: a folder of LMDB's own two files. Open it once per process. Thread-safe: any
// number of read transactions beside one write transaction, on any threads.
class LmdbEnvironment {
 public:
  // Opens or creates the environment in `path`, with the tables of these names, in byte order; the
  // names must live as long as the environment. `map_bytes` is address space, not memory or disk:
  // the most that the environment can hold until it grows. A file that exists is examined first:
  // DataLoss names the page that is damaged.
  static absl::StatusOr<std::unique_ptr<LmdbEnvironment>> Open(
      const std::string& path, uint64_t map_bytes, std::span<const std::string_view> tables);
  ~LmdbEnvironment();
  LmdbEnvironment(const LmdbEnvironment&) = delete;
  LmdbEnvironment& operator=(const LmdbEnvironment&) = delete;

  // Waits while another thread has a write transaction open. Pages that only a process that has
  // died was reading are then free to be used again.
  absl::StatusOr<LmdbTransaction> BeginWrite();
  absl::StatusOr<LmdbTransaction> BeginRead();

  // Makes the map larger if less than half of it, or less than what the largest transaction needs,
  // is free: a full map cannot even be deleted from. Call it before a write transaction, on a
  // thread that has no transaction open. Waits for read transactions only when room is short.
  absl::Status GrowIfNeeded();

  // Examines all pages as they are now, beside whatever goes on (page_check.h). Returns how many.
  absl::StatusOr<uint64_t> CheckPages(absl::FunctionRef<absl::Status(uint64_t pages)> pace);

  // The environment is of no use any more once this object has gone: its file's space is then freed
  // gently, whoever has removed the file's name meanwhile.
  void FreeOnClose();

  // The table that stands in place `i` of those that Open was given.
  LmdbTable table(size_t i) const { return tables_[i]; }
  // Writes what is committed now to an open file, from its position on: an environment's data.mdb,
  // without the pages that are not in use. Commits go on meanwhile, and the file of this
  // environment grows by what they replace.
  absl::Status CopyTo(int fd);

  // The next two wait while the map is being moved; not on a thread that has a transaction open.
  //
  // The size of the map, in bytes of address space.
  uint64_t MapBytes() const;
  // The end of the highest page in use: what the file takes on disk.
  uint64_t BytesUsed() const;

  const std::string& path() const { return path_; }

 private:
  LmdbEnvironment(MDB_env* env, std::string path, std::span<const std::string_view> table_names)
      : env_(env), path_(std::move(path)), table_names_(table_names) {}
  absl::Status OpenTables();

  MDB_env* const env_;
  const std::string path_;
  FileDescriptor file_to_free_{-1};
  const std::span<const std::string_view> table_names_;
  std::vector<LmdbTable> tables_;
  // Held shared by every transaction and by whoever else looks at the map, and alone while that is
  // being moved.
  mutable std::shared_mutex map_mutex_;
};

// Thread-compatible; a write transaction stays on the thread that began it. Views of keys and
// values are valid until the transaction ends or, in a write transaction, until its next write.
class LmdbTransaction {
 public:
  LmdbTransaction(LmdbTransaction&& other) noexcept;
  LmdbTransaction& operator=(LmdbTransaction&&) = delete;
  ~LmdbTransaction();  // aborts, unless committed

  // How many entries the table has.
  absl::StatusOr<uint64_t> Entries(LmdbTable table);
  // What its pages take of the disk, as this transaction has it.
  absl::StatusOr<uint64_t> BytesOf(LmdbTable table);
  absl::StatusOr<std::optional<std::string_view>> Get(LmdbTable table, std::string_view key);
  absl::Status Put(LmdbTable table, std::string_view key, std::string_view value);
  // For a key above all others in the table: several times faster than Put.
  absl::Status Append(LmdbTable table, std::string_view key, std::string_view value);
  // Removes all entries of the table.
  absl::Status Clear(LmdbTable table);

  // Durable when it returns OK. The transaction is over either way.
  absl::Status Commit();

 private:
  friend class LmdbEnvironment;
  friend class LmdbCursor;
  LmdbTransaction(MDB_txn* txn, const LmdbEnvironment& env, std::shared_lock<std::shared_mutex> map)
      : map_(std::move(map)), txn_(txn), env_(env) {}

  std::shared_lock<std::shared_mutex> map_;
  MDB_txn* txn_;
  const LmdbEnvironment& env_;
};

// A position in a table. Must not outlive its transaction.
class LmdbCursor {
 public:
  static absl::StatusOr<LmdbCursor> Open(LmdbTransaction& txn, LmdbTable table);
  LmdbCursor(LmdbCursor&& other) noexcept;
  LmdbCursor& operator=(LmdbCursor&&) = delete;
  ~LmdbCursor();

  // Each moves and says whether it arrived at an entry.
  absl::StatusOr<bool> First();
  absl::StatusOr<bool> Last();
  absl::StatusOr<bool> Next();
  absl::StatusOr<bool> Previous();
  // To the first entry whose key is not below `key`.
  absl::StatusOr<bool> Seek(std::string_view key);

  std::string_view key() const { return key_; }
  std::string_view value() const { return value_; }

  // Sets an entry; fastest when called in key order.
  absl::Status Put(std::string_view key, std::string_view value);
  // Leaves an entry that is there as it is.
  absl::Status PutIfAbsent(std::string_view key, std::string_view value);
  // For a key above all others in the table: several times faster than Put.
  absl::Status Append(std::string_view key, std::string_view value);
  // Removes the entry that the cursor is at; Next then arrives at the one after it.
  absl::Status Delete();

 private:
  LmdbCursor(MDB_cursor* cursor, const LmdbEnvironment& env) : cursor_(cursor), env_(env) {}
  absl::StatusOr<bool> Move(int operation, std::string_view to = {});

  MDB_cursor* cursor_;
  const LmdbEnvironment& env_;
  std::string_view key_;
  std::string_view value_;
};

}  // namespace xref
