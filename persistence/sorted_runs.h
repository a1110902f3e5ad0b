#pragma once

#include <absl/functional/function_ref.h>
#include <absl/status/status.h>
#include <absl/status/statusor.h>

#include <cstdint>
#include <future>
#include <span>
#include <string>
#include <string_view>
#include <thread>
#include <vector>

#include "persistence/work_queue.h"

namespace xref {

// Rows, given in any number and order, handed out in key order, in bounded memory: what does not
// fit is sorted and set aside in runs, which are then merged. Rows with the same key stay in the
// order in which they were added. Thread-compatible.
//
// Keys are compared by eight of their bytes at a time, as one number, past what they all share:
// places and the beginnings of IDs ("gid://shop/Order/") tell few of them apart.
class SortedRuns {
 public:
  // The runs are in one file in `folder`, which has no name: it goes with the object, or the
  // process.
  explicit SortedRuns(std::string folder) : folder_(std::move(folder)) {}
  ~SortedRuns();
  SortedRuns(const SortedRuns&) = delete;
  SortedRuns& operator=(const SortedRuns&) = delete;

  struct Row {
    std::string_view key;
    std::string_view value;
  };
  // Key and value together.
  static constexpr size_t kRowBytesMax = 2048;

  // First all Adds, then Sort, then Next until it says false. `append` appends the key and then the
  // value, and returns the size of the key.
  absl::Status Add(absl::FunctionRef<size_t(std::string& out)> append);
  absl::Status Sort();
  // The next row; valid until the call after it.
  absl::StatusOr<bool> Next(Row& row);

  uint64_t size() const { return size_; }  // rows added

 private:
  // A row of the run that is being gathered.
  struct Position {
    uint64_t digits;  // of its key, where the keys around it begin to differ
    uint32_t start;   // in the bytes
  };
  // The rows of a run, in the order in which they were added until they are sorted.
  struct Gathered {
    std::string bytes;
    std::vector<Position> positions;
  };
  // A run that was set aside, and the row it is at. Bytes [next, filled) of the buffer are what was
  // read of it beyond that row.
  struct Run {
    uint64_t next_read;  // in the file
    uint64_t end;
    size_t next = 0;
    size_t filled = 0;
    Row row;
    bool ended = false;
  };
  // A run that takes part in the merge.
  struct Player {
    uint64_t digits;  // of the row it is at, past what all keys share; the highest at its end
    uint32_t run;
  };

  // Has what was gathered sorted and written, once that is done with what was gathered before.
  absl::Status SetAside();
  absl::Status AwaitSorting();
  static void SortRows(const std::string& bytes, std::span<Position> rows);
  absl::Status SortAndWrite();
  absl::Status Write(std::string_view bytes);
  // Keeps of what all keys share what this key shares as well.
  void Share(std::string_view key);

  absl::Status Merge();
  absl::Status BeginMerge();
  // Moves a run to its next row, or to its end, and lets it play from its leaf up to the root.
  absl::Status Advance(uint32_t run);
  absl::Status Refill(Run& run);
  bool IsBefore(const Player& a, const Player& b) const;

  const std::string folder_;
  uint64_t size_ = 0;
  Gathered gathered_;

  // Of the thread that sorts, until it is awaited.
  Gathered sorting_;
  int file_ = -1;
  uint64_t file_bytes_ = 0;
  std::vector<Run> runs_;
  std::string shared_;  // what the keys of all runs begin with
  std::future<absl::Status> sorted_;

  // Of the thread that merges.
  std::string buffer_;  // what was read of each run, a slice each
  size_t slice_bytes_ = 0;
  // A tree of losers: node n has n/2 above it, and keeps who lost there; the winner of all is at 0.
  std::vector<Player> tree_;
  absl::Status merge_status_;  // until it is joined
  WorkQueue<std::string> merged_;
  std::thread merging_;

  std::string batch_;      // of merged rows
  size_t batch_next_ = 0;  // what follows the row that was handed out
};

}  // namespace xref
