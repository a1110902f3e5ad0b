#include "persistence/journal.h"

#include <sys/statvfs.h>

#include <limits>
#include <utility>

#include "persistence/failpoint.h"
#include "persistence/keys.h"
#include "persistence/meta_table.h"

namespace xref {
namespace {

// meta:    "format" as in meta_table.h; "trimmed" and "copied" -> u64 LSN, u64 checksum
// changes: LSN (u64, big-endian) -> record

constexpr uint32_t kFormat = 1;
constexpr std::string_view kTables[] = {"changes", "meta"};
constexpr std::string_view kTrimmedKey = "trimmed";
constexpr std::string_view kCopiedKey = "copied";

std::string Sealed(std::string_view key, Lsn lsn) {
  std::string value;
  protocol::Writer(value).U64(lsn);
  SealMeta(key, value);
  return value;
}

// Records dropped in one transaction of Trim: it holds up a commit for as long as this takes.
constexpr int kTrimRecords = 64;

std::string KeyOf(Lsn lsn) {
  std::string key;
  AppendBigEndian(lsn, key);
  return key;
}

absl::StatusOr<Lsn> LsnOf(std::string_view key) {
  if (key.size() != sizeof(Lsn)) return absl::DataLossError("journal: a key is not an LSN");
  return ReadBigEndian<Lsn>(key);
}

}  // namespace

absl::StatusOr<std::unique_ptr<Journal>> Journal::Open(const std::string& path,
                                                       uint64_t map_bytes) {
  auto env = LmdbEnvironment::Open(path, map_bytes, kTables);
  if (!env.ok()) return env.status();
  auto mark = AcknowledgedMark::Open(path + "/acknowledged");
  if (!mark.ok()) return mark.status();
  std::unique_ptr<Journal> journal(new Journal(*std::move(env), *std::move(mark)));
  if (auto status = SettleFormat(*journal->env_, journal->meta_, kFormat); !status.ok()) {
    return status;
  }
  auto txn = journal->env_->BeginRead();
  if (!txn.ok()) return txn.status();
  const auto held = txn->BytesOf(journal->changes_);
  if (!held.ok()) return held.status();
  journal->bytes_held_ = *held;
  return journal;
}

Journal::Journal(std::unique_ptr<LmdbEnvironment> env, std::unique_ptr<AcknowledgedMark> mark)
    : env_(std::move(env)),
      mark_(std::move(mark)),
      changes_(env_->table(0)),
      meta_(env_->table(1)) {}

absl::StatusOr<Journal::Range> Journal::Extent() {
  auto txn = env_->BeginRead();
  if (!txn.ok()) return txn.status();
  auto cursor = LmdbCursor::Open(*txn, changes_);
  if (!cursor.ok()) return cursor.status();
  auto found = cursor->First();
  if (!found.ok()) return found.status();
  if (!*found) return Range{0, 0};
  const auto first = LsnOf(cursor->key());
  if (!first.ok()) return first.status();
  found = cursor->Last();
  if (!found.ok()) return found.status();
  const auto last = LsnOf(cursor->key());
  if (!last.ok()) return last.status();
  return Range{*first, *last};
}

absl::Status Journal::Append(std::span<const JournalRecord> group) {
  if (auto status = env_->GrowIfNeeded(); !status.ok()) return status;
  auto txn = env_->BeginWrite();
  if (!txn.ok()) return txn.status();
  for (const JournalRecord& record : group) {
    if (auto status = txn->Append(changes_, KeyOf(record.lsn), record.bytes); !status.ok()) {
      return status;
    }
  }
  Pass(Failpoint::kCommitInTransaction);
  if (auto status = Commit(*std::move(txn)); !status.ok()) return status;
  if (!group.empty()) mark_->Set(group.back().lsn);
  return absl::OkStatus();
}

absl::Status Journal::Commit(LmdbTransaction txn) {
  const auto held = txn.BytesOf(changes_);
  if (!held.ok()) return held.status();
  // Before the lock of the write transaction is let go: whoever has it next writes a later value.
  const uint64_t before = bytes_held_.exchange(*held);
  auto status = txn.Commit();
  if (!status.ok()) bytes_held_ = before;
  return status;
}

uint64_t Journal::DiskBytesFree() const {
  struct statvfs disk;
  // What cannot be told is not held against the disk: the commit itself will show.
  if (statvfs(env_->path().c_str(), &disk) != 0) return std::numeric_limits<uint64_t>::max();
  return uint64_t{disk.f_bavail} * disk.f_frsize;
}

absl::Status Journal::Read(Lsn from, absl::FunctionRef<absl::Status(const JournalRecord&)> take) {
  auto txn = env_->BeginRead();
  if (!txn.ok()) return txn.status();
  auto cursor = LmdbCursor::Open(*txn, changes_);
  if (!cursor.ok()) return cursor.status();
  for (auto found = cursor->Seek(KeyOf(from)); !found.ok() || *found; found = cursor->Next()) {
    if (!found.ok()) return found.status();
    const auto lsn = LsnOf(cursor->key());
    if (!lsn.ok()) return lsn.status();
    if (auto status = take({*lsn, cursor->value()}); !status.ok()) return status;
  }
  return absl::OkStatus();
}

absl::StatusOr<Lsn> Journal::TailStart(uint64_t bytes) {
  auto txn = env_->BeginRead();
  if (!txn.ok()) return txn.status();
  auto cursor = LmdbCursor::Open(*txn, changes_);
  if (!cursor.ok()) return cursor.status();
  Lsn start = 1;
  auto found = cursor->Last();
  for (bool first = true; found.ok() && *found; found = cursor->Previous(), first = false) {
    const auto lsn = LsnOf(cursor->key());
    if (!lsn.ok()) return lsn.status();
    if (first) start = *lsn + 1;
    if (cursor->value().size() > bytes) return start;
    bytes -= cursor->value().size();
    start = *lsn;
  }
  if (!found.ok()) return found.status();
  return start;
}

absl::StatusOr<Lsn> Journal::ReadMeta(std::string_view key) {
  auto txn = env_->BeginRead();
  if (!txn.ok()) return txn.status();
  const auto stored = txn->Get(meta_, key);
  if (!stored.ok()) return stored.status();
  if (!stored->has_value()) return Lsn{0};
  auto reader = OpenMeta(key, **stored);
  if (!reader.ok()) return reader.status();
  return reader->U64();
}

absl::StatusOr<Lsn> Journal::Trimmed() { return ReadMeta(kTrimmedKey); }

absl::StatusOr<Lsn> Journal::Copied() { return ReadMeta(kCopiedKey); }

absl::Status Journal::NoteCopied(Lsn upto) {
  auto txn = env_->BeginWrite();
  if (!txn.ok()) return txn.status();
  if (auto status = txn->Put(meta_, kCopiedKey, Sealed(kCopiedKey, upto)); !status.ok()) {
    return status;
  }
  return txn->Commit();
}

absl::Status Journal::Trim(Lsn upto) {
  for (bool more = true; more;) {
    auto txn = env_->BeginWrite();
    if (!txn.ok()) return txn.status();
    if (auto status = txn->Put(meta_, kTrimmedKey, Sealed(kTrimmedKey, upto)); !status.ok()) {
      return status;
    }
    {
      auto cursor = LmdbCursor::Open(*txn, changes_);
      if (!cursor.ok()) return cursor.status();
      auto found = cursor->First();
      for (int left = kTrimRecords; left > 0; --left, found = cursor->Next()) {
        if (!found.ok()) return found.status();
        if (!*found) break;
        const auto lsn = LsnOf(cursor->key());
        if (!lsn.ok()) return lsn.status();
        if (*lsn > upto) break;
        if (auto status = cursor->Delete(); !status.ok()) return status;
      }
      found = cursor->First();
      if (!found.ok()) return found.status();
      more = *found && ReadBigEndian<Lsn>(cursor->key()) <= upto;
    }
    Pass(Failpoint::kTrimInTransaction);
    if (auto status = Commit(*std::move(txn)); !status.ok()) return status;
    Pass(Failpoint::kTrimAfter);
  }
  return absl::OkStatus();
}

}  // namespace xref
