#pragma once

#include <absl/status/status.h>
#include <absl/status/statusor.h>

#include <cstdint>
#include <optional>
#include <utility>

#include "persistence/failpoint.h"
#include "persistence/snapshot_writer.h"

namespace xref {

// What one transaction of the snapshot writes: bounds what LMDB keeps as dirty pages, and how long
// the disk is busy with its sync while a commit waits behind it.
inline constexpr uint64_t kSetRowsMax = 1'024;       // far apart: pages of their own, 8 MiB in all
inline constexpr uint64_t kAppendRowsMax = 16'384;   // side by side: about 1 MiB
inline constexpr uint64_t kAppendBlocksMax = 1'024;  // of kPackedValueBytes: the same

// Writes rows to a snapshot in transactions of so many each. Thread-compatible.
class Batches {
 public:
  // `open` and `closed` are passed before and after each commit.
  Batches(Snapshot& snapshot, uint64_t rows_max, Failpoint open, Failpoint closed)
      : snapshot_(snapshot), rows_max_(rows_max), open_(open), closed_(closed) {}

  // The transaction to write one more row to.
  absl::StatusOr<SnapshotWriter*> ForRow() {
    ++rows_;
    if (!writer_) {
      auto begun = SnapshotWriter::Begin(snapshot_);
      if (!begun.ok()) return begun.status();
      writer_.emplace(*std::move(begun));
    }
    return &*writer_;
  }
  bool IsFull() const { return rows_ >= rows_max_; }
  absl::Status Commit() {
    if (!writer_) return absl::OkStatus();
    Pass(open_);
    auto status = writer_->Commit();
    writer_.reset();
    rows_ = 0;
    Pass(closed_);
    return status;
  }
  absl::Status CommitIfFull() { return IsFull() ? Commit() : absl::OkStatus(); }

 private:
  Snapshot& snapshot_;
  const uint64_t rows_max_;
  const Failpoint open_;
  const Failpoint closed_;
  std::optional<SnapshotWriter> writer_;
  uint64_t rows_ = 0;
};

}  // namespace xref
