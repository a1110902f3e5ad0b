#pragma once

#include <absl/functional/function_ref.h>
#include <absl/status/status.h>
#include <absl/status/statusor.h>

#include <atomic>
#include <cstdint>
#include <memory>
#include <span>
#include <string>
#include <string_view>

#include "index/vocabulary.h"
#include "persistence/acknowledged_mark.h"
#include "persistence/lmdb.h"

namespace xref {

// A change's record (protocol/change_codec.h) and its place in the order of all changes.
struct JournalRecord {
  Lsn lsn;
  std::string_view bytes;
};

// The changes that were acknowledged and that no checkpoint has made superfluous yet, by LSN.
//
// Thread-safety: Append from one thread at a time; everything else from any thread beside it. Trim
// and Append wait for one another, a few hundred microseconds at a time.
class Journal {
 public:
  // Opens or creates it. `map_bytes` is the address space to start with (lmdb.h).
  // FailedPrecondition: another version of xrefd wrote it.
  static absl::StatusOr<std::unique_ptr<Journal>> Open(const std::string& path, uint64_t map_bytes);

  // The lowest and highest LSN that the journal holds; both 0 where it is empty.
  struct Range {
    Lsn first;
    Lsn last;
  };
  absl::StatusOr<Range> Extent();

  // Writes the records, whose LSNs ascend and follow Extent().last, in one durable transaction:
  // when this returns OK, they survive a loss of power. After any error nothing of the group is to
  // be relied upon, and the journal must not be appended to again.
  absl::Status Append(std::span<const JournalRecord> group);

  // Hands out the records from `from` on, in order, until `take` fails; returns its error. Sees the
  // journal as it was when the call began.
  absl::Status Read(Lsn from, absl::FunctionRef<absl::Status(const JournalRecord&)> take);

  // The LSN from which on the records take at most `bytes`; above Extent().last where the last one
  // alone takes more.
  absl::StatusOr<Lsn> TailStart(uint64_t bytes);

  // The highest LSN that was ever dropped; 0 if none was. A snapshot that does not reach it is not
  // the one that belongs to this journal. DataLoss: the entry is damaged.
  absl::StatusOr<Lsn> Trimmed();

  // Up to where changes came with a whole copy of another daemon's data, which the journal never
  // held; 0 if none did.
  absl::StatusOr<Lsn> Copied();
  absl::Status NoteCopied(Lsn upto);

  // Up to where changes were acknowledged, at least, as of when the journal was opened.
  const AcknowledgedMark& acknowledged() const { return *mark_; }

  // Drops the records up to and including `upto`, some at a time so that Append can come between.
  absl::Status Trim(Lsn upto);

  // As LmdbEnvironment's.
  absl::StatusOr<uint64_t> CheckPages(absl::FunctionRef<absl::Status(uint64_t pages)> pace) {
    return env_->CheckPages(pace);
  }
  // Of the file, which does not become smaller: what is dropped gives its place to what comes.
  uint64_t BytesUsed() const { return env_->BytesUsed(); }
  // Of these, what the records take that it holds now.
  uint64_t BytesHeld() const { return bytes_held_.load(std::memory_order_relaxed); }
  // What the journal's file system has left for this user.
  uint64_t DiskBytesFree() const;

 private:
  // A number of the table meta; 0 if it is not there.
  absl::StatusOr<Lsn> ReadMeta(std::string_view key);
  // Commits a change of how much the records take.
  absl::Status Commit(LmdbTransaction txn);
  Journal(std::unique_ptr<LmdbEnvironment> env, std::unique_ptr<AcknowledgedMark> mark);

  const std::unique_ptr<LmdbEnvironment> env_;
  const std::unique_ptr<AcknowledgedMark> mark_;
  const LmdbTable changes_;
  const LmdbTable meta_;
  std::atomic<uint64_t> bytes_held_ = 0;  // written by whoever has the write transaction
};

}  // namespace xref
