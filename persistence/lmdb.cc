#include "persistence/lmdb.h"

#include <fcntl.h>
#include <fmt/format.h>
#include <lmdb.h>

#include <cerrno>
#include <filesystem>
#include <mutex>
#include <utility>

#include "persistence/free_space.h"
#include "persistence/page_check.h"

namespace xref {
namespace {

// Files are private to the user that runs the daemon.
constexpr mdb_mode_t kFileMode = 0600;

// What one write transaction may add at most: a commit group, or a part of a fold, with room to
// spare for the pages that are copied along.
constexpr uint64_t kTransactionBytesMax = 256 << 20;

// How often commits may come between the begin of a transaction and the reading of the meta pages,
// before these are taken to be damaged: the two moments are some microseconds apart.
constexpr int kMetaTries = 100;

using TableNames = std::span<const std::string_view>;

MDB_val ToVal(std::string_view text) {
  return {text.size(),
          const_cast<char*>(text.data())};  // LMDB does not write through keys or values
}

std::string_view ToView(const MDB_val& val) {
  return {static_cast<const char*>(val.mv_data), val.mv_size};
}

absl::Status Failure(int code, std::string_view path, std::string_view what) {
  const std::string message = fmt::format("{}: {}: {}", path, what, mdb_strerror(code));
  switch (code) {
    case ENOSPC:
    case EDQUOT:
    case MDB_MAP_FULL:
      return absl::ResourceExhaustedError(message);
    case MDB_CORRUPTED:
    case MDB_PAGE_NOTFOUND:
    case MDB_INVALID:
    case MDB_PANIC:
      return absl::DataLossError(message);
    default:
      return absl::InternalError(message);
  }
}

}  // namespace

// ---- Environment ----

absl::StatusOr<std::unique_ptr<LmdbEnvironment>> LmdbEnvironment::Open(const std::string& path,
                                                                       uint64_t map_bytes,
                                                                       TableNames tables) {
  // An empty file is one that was about to be made.
  std::error_code none;
  const bool exists = std::filesystem::file_size(path + "/data.mdb", none) > 0 && !none;
  if (exists) {
    const auto checked = xref::CheckPages({.path = path, .tables = tables},
                                          [](uint64_t) { return absl::OkStatus(); });
    if (!checked.ok()) return checked.status();
  }
  MDB_env* env = nullptr;
  if (const int code = mdb_env_create(&env)) return Failure(code, path, "cannot prepare");
  std::unique_ptr<LmdbEnvironment> opened(new LmdbEnvironment(env, path, tables));
  if (const int code = mdb_env_set_mapsize(env, map_bytes)) return Failure(code, path, "map size");
  if (const int code = mdb_env_set_maxdbs(env, static_cast<MDB_dbi>(tables.size()))) {
    return Failure(code, path, "tables");
  }
  // Read transactions belong to objects, not to threads.
  if (const int code = mdb_env_open(env, path.c_str(), MDB_NOTLS, kFileMode)) {
    return Failure(code, path, "cannot open");
  }
  if (auto status = opened->OpenTables(); !status.ok()) return status;
  return opened;
}

absl::Status LmdbEnvironment::OpenTables() {
  auto txn = BeginWrite();
  if (!txn.ok()) return txn.status();
  for (const std::string_view name : table_names_) {
    LmdbTable& table = tables_.emplace_back();
    if (const int code = mdb_dbi_open(txn->txn_, std::string(name).c_str(), MDB_CREATE, &table)) {
      return Failure(code, path_, fmt::format("table {}", name));
    }
  }
  return txn->Commit();
}

LmdbEnvironment::~LmdbEnvironment() {
  mdb_env_close(env_);
  // Not before it is closed: whoever reads from a map of a file that was cut short dies.
  if (file_to_free_.ok()) FreeSpaceInSteps(file_to_free_.get());
}

void LmdbEnvironment::FreeOnClose() {
  file_to_free_ = FileDescriptor(open((path_ + "/data.mdb").c_str(), O_WRONLY | O_CLOEXEC));
}

absl::StatusOr<LmdbTransaction> LmdbEnvironment::BeginWrite() {
  std::shared_lock map(map_mutex_);
  // Where the table of readers cannot be examined, the file grows, and nothing else happens.
  mdb_reader_check(env_, nullptr);
  MDB_txn* txn = nullptr;
  if (const int code = mdb_txn_begin(env_, nullptr, 0, &txn)) {
    return Failure(code, path_, "cannot begin to write");
  }
  return LmdbTransaction(txn, *this, std::move(map));
}

absl::StatusOr<LmdbTransaction> LmdbEnvironment::BeginRead() {
  std::shared_lock map(map_mutex_);
  MDB_txn* txn = nullptr;
  if (const int code = mdb_txn_begin(env_, nullptr, MDB_RDONLY, &txn)) {
    return Failure(code, path_, "cannot begin to read");
  }
  return LmdbTransaction(txn, *this, std::move(map));
}

absl::Status LmdbEnvironment::GrowIfNeeded() {
  const uint64_t used = BytesUsed();
  uint64_t map_bytes = MapBytes();
  const bool short_of_room = map_bytes < used + kTransactionBytesMax;
  if (used <= map_bytes / 2 && !short_of_room) return absl::OkStatus();
  while (used > map_bytes / 2 || map_bytes < used + kTransactionBytesMax) map_bytes *= 2;
  std::unique_lock map(map_mutex_, std::defer_lock);
  if (short_of_room) {
    map.lock();
  } else if (!map.try_lock()) {
    return absl::OkStatus();  // there is room enough to try again next time
  }
  if (const int code = mdb_env_set_mapsize(env_, map_bytes)) {
    return Failure(code, path_, fmt::format("growing the map to {} bytes", map_bytes));
  }
  return absl::OkStatus();
}

absl::StatusOr<uint64_t> LmdbEnvironment::CheckPages(
    absl::FunctionRef<absl::Status(uint64_t)> pace) {
  absl::Status last;
  for (int left = kMetaTries; left > 0; --left) {
    // While it is open, its pages stay as they are.
    auto txn = BeginRead();
    if (!txn.ok()) return txn.status();
    const auto checked = xref::CheckPages(
        {.path = path_, .tables = table_names_, .transaction = mdb_txn_id(txn->txn_)}, pace);
    if (!absl::IsAborted(checked.status())) return checked;
    last = checked.status();
  }
  return absl::DataLossError(last.message());
}

absl::Status LmdbEnvironment::CopyTo(int fd) {
  const std::shared_lock map(map_mutex_);
  if (const int code = mdb_env_copyfd2(env_, fd, MDB_CP_COMPACT)) {
    return Failure(code, path_, "copying");
  }
  return absl::OkStatus();
}

uint64_t LmdbEnvironment::MapBytes() const {
  const std::shared_lock map(map_mutex_);
  MDB_envinfo info;
  mdb_env_info(env_, &info);
  return info.me_mapsize;
}

uint64_t LmdbEnvironment::BytesUsed() const {
  MDB_envinfo info;
  MDB_stat stat;
  // It is the map that is read: its meta pages.
  const std::shared_lock map(map_mutex_);
  mdb_env_info(env_, &info);
  mdb_env_stat(env_, &stat);
  return (uint64_t{info.me_last_pgno} + 1) * stat.ms_psize;
}

// ---- Transaction ----

LmdbTransaction::LmdbTransaction(LmdbTransaction&& other) noexcept
    : map_(std::move(other.map_)), txn_(std::exchange(other.txn_, nullptr)), env_(other.env_) {}

LmdbTransaction::~LmdbTransaction() {
  if (txn_ != nullptr) mdb_txn_abort(txn_);
}

absl::StatusOr<uint64_t> LmdbTransaction::Entries(LmdbTable table) {
  MDB_stat stat;
  if (const int code = mdb_stat(txn_, table, &stat)) return Failure(code, env_.path(), "count");
  return stat.ms_entries;
}

absl::StatusOr<uint64_t> LmdbTransaction::BytesOf(LmdbTable table) {
  MDB_stat stat;
  if (const int code = mdb_stat(txn_, table, &stat)) return Failure(code, env_.path(), "size");
  return uint64_t{stat.ms_branch_pages + stat.ms_leaf_pages + stat.ms_overflow_pages} *
         stat.ms_psize;
}

absl::StatusOr<std::optional<std::string_view>> LmdbTransaction::Get(LmdbTable table,
                                                                     std::string_view key) {
  MDB_val k = ToVal(key);
  MDB_val v;
  const int code = mdb_get(txn_, table, &k, &v);
  if (code == MDB_NOTFOUND) return std::nullopt;
  if (code != 0) return Failure(code, env_.path(), "get");
  return ToView(v);
}

absl::Status LmdbTransaction::Put(LmdbTable table, std::string_view key, std::string_view value) {
  MDB_val k = ToVal(key);
  MDB_val v = ToVal(value);
  if (const int code = mdb_put(txn_, table, &k, &v, 0)) return Failure(code, env_.path(), "put");
  return absl::OkStatus();
}

absl::Status LmdbTransaction::Append(LmdbTable table, std::string_view key,
                                     std::string_view value) {
  MDB_val k = ToVal(key);
  MDB_val v = ToVal(value);
  if (const int code = mdb_put(txn_, table, &k, &v, MDB_APPEND)) {
    return Failure(code, env_.path(), "append");
  }
  return absl::OkStatus();
}

absl::Status LmdbTransaction::Clear(LmdbTable table) {
  const int code = mdb_drop(txn_, table, 0);
  return code == 0 ? absl::OkStatus() : Failure(code, env_.path(), "clear");
}

absl::Status LmdbTransaction::Commit() {
  const int code = mdb_txn_commit(std::exchange(txn_, nullptr));
  map_.unlock();
  return code == 0 ? absl::OkStatus() : Failure(code, env_.path(), "commit");
}

// ---- Cursor ----

absl::StatusOr<LmdbCursor> LmdbCursor::Open(LmdbTransaction& txn, LmdbTable table) {
  MDB_cursor* cursor = nullptr;
  if (const int code = mdb_cursor_open(txn.txn_, table, &cursor)) {
    return Failure(code, txn.env_.path(), "cursor");
  }
  return LmdbCursor(cursor, txn.env_);
}

LmdbCursor::LmdbCursor(LmdbCursor&& other) noexcept
    : cursor_(std::exchange(other.cursor_, nullptr)),
      env_(other.env_),
      key_(other.key_),
      value_(other.value_) {}

LmdbCursor::~LmdbCursor() {
  if (cursor_ != nullptr) mdb_cursor_close(cursor_);
}

absl::StatusOr<bool> LmdbCursor::Move(int operation, std::string_view to) {
  MDB_val k = ToVal(to);
  MDB_val v;
  const int code = mdb_cursor_get(cursor_, &k, &v, static_cast<MDB_cursor_op>(operation));
  if (code == MDB_NOTFOUND) return false;
  if (code != 0) return Failure(code, env_.path(), "scan");
  key_ = ToView(k);
  value_ = ToView(v);
  return true;
}

absl::StatusOr<bool> LmdbCursor::First() { return Move(MDB_FIRST); }
absl::StatusOr<bool> LmdbCursor::Last() { return Move(MDB_LAST); }
absl::StatusOr<bool> LmdbCursor::Next() { return Move(MDB_NEXT); }
absl::StatusOr<bool> LmdbCursor::Previous() { return Move(MDB_PREV); }
absl::StatusOr<bool> LmdbCursor::Seek(std::string_view key) { return Move(MDB_SET_RANGE, key); }

absl::Status LmdbCursor::Put(std::string_view key, std::string_view value) {
  MDB_val k = ToVal(key);
  MDB_val v = ToVal(value);
  if (const int code = mdb_cursor_put(cursor_, &k, &v, 0)) return Failure(code, env_.path(), "put");
  return absl::OkStatus();
}

absl::Status LmdbCursor::PutIfAbsent(std::string_view key, std::string_view value) {
  MDB_val k = ToVal(key);
  MDB_val v = ToVal(value);
  const int code = mdb_cursor_put(cursor_, &k, &v, MDB_NOOVERWRITE);
  return code == 0 || code == MDB_KEYEXIST ? absl::OkStatus() : Failure(code, env_.path(), "put");
}

absl::Status LmdbCursor::Append(std::string_view key, std::string_view value) {
  MDB_val k = ToVal(key);
  MDB_val v = ToVal(value);
  if (const int code = mdb_cursor_put(cursor_, &k, &v, MDB_APPEND)) {
    return Failure(code, env_.path(), "append");
  }
  return absl::OkStatus();
}

absl::Status LmdbCursor::Delete() {
  if (const int code = mdb_cursor_del(cursor_, 0)) return Failure(code, env_.path(), "delete");
  return absl::OkStatus();
}

}  // namespace xref
