#pragma once

#include <absl/status/status.h>
#include <absl/status/statusor.h>

#include <cstdint>
#include <cstdio>
#include <memory>
#include <queue>
#include <string>
#include <string_view>
#include <vector>

#include "persistence/snapshot.h"

namespace xref {

// References, given in any number and order, handed out as rows in key order, in bounded memory:
// what does not fit is sorted and set aside in files, which are then merged. Of rows with the same
// key the one that was added last counts. Thread-compatible.
class SortedRuns {
 public:
  // The files are made in `folder` and have no name: they go with the object, or the process.
  explicit SortedRuns(std::string folder) : folder_(std::move(folder)) {}

  // First all Adds, then Sort, then Next until it says false.
  absl::Status Add(const StoredReference& reference);
  absl::Status Sort();
  // The next row; valid until the call after it.
  absl::StatusOr<bool> Next(Snapshot::Row& row);

  uint64_t size() const { return size_; }  // rows added

 private:
  struct FileCloser {
    void operator()(std::FILE* file) const { std::fclose(file); }
  };
  // A sorted file of rows (u16 key size, u32 value size, key, value), and the row it is at.
  struct Run {
    std::unique_ptr<std::FILE, FileCloser> file;
    std::string key;
    std::string value;
  };
  struct Position {
    size_t start;
    uint32_t key_bytes;
    uint32_t value_bytes;
  };
  // Runs by their key, those of the same key in the order in which they were added.
  struct Later {
    const std::vector<Run>* runs;
    bool operator()(size_t a, size_t b) const {
      const int order = (*runs)[a].key.compare((*runs)[b].key);
      return order != 0 ? order > 0 : a > b;
    }
  };

  absl::Status SetAside();
  // Moves a run to its next row and puts it back in the queue; one that is at its end is left out.
  absl::Status Advance(size_t run);

  const std::string folder_;
  uint64_t size_ = 0;
  std::string bytes_;  // the rows of the run that is being gathered
  std::vector<Position> positions_;
  std::vector<Run> runs_;
  std::priority_queue<size_t, std::vector<size_t>, Later> queue_{Later{&runs_}};
  std::string key_;  // of the row that was handed out
  std::string value_;
};

}  // namespace xref
