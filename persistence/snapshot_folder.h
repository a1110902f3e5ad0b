#pragma once

#include <absl/status/status.h>
#include <absl/status/statusor.h>

#include <cstdint>
#include <memory>
#include <mutex>
#include <string>

#include "persistence/snapshot.h"

namespace xref {

// Where snapshots live: the current one, and while a new one is written beside it, that one too.
//
//   DIR/CURRENT      the number of the current snapshot, and a checksum of it
//   DIR/<number>/    a snapshot
//
// CURRENT is replaced in one step, so that after a crash one of the two is current, and whole.
//
// Thread-safe: current() from any thread; everything else from one at a time.
class SnapshotFolder {
 public:
  // Opens the current snapshot, or makes an empty one, and removes what an interrupted switch has
  // left. Errors are those of Snapshot::Open; DataLoss also where CURRENT is damaged or missing.
  static absl::StatusOr<std::unique_ptr<SnapshotFolder>> Open(const std::string& path,
                                                              uint64_t map_bytes);

  // Whoever holds it may go on reading it after a switch.
  std::shared_ptr<Snapshot> current() const {
    const std::lock_guard lock(mutex_);
    return current_;
  }

  // An empty snapshot beside the current one. What an earlier call made is removed.
  absl::StatusOr<std::shared_ptr<Snapshot>> MakeNext();
  // Makes that one current, durably, and removes the one before it.
  absl::Status Switch(std::shared_ptr<Snapshot> next);

  const std::string& path() const { return path_; }

 private:
  SnapshotFolder(std::string path, uint64_t map_bytes, uint64_t number)
      : path_(std::move(path)), map_bytes_(map_bytes), number_(number) {}

  std::string PathOf(uint64_t number) const { return path_ + "/" + std::to_string(number); }
  absl::StatusOr<std::shared_ptr<Snapshot>> OpenNumber(uint64_t number) const;
  absl::Status WriteCurrent(uint64_t number) const;
  bool HasOthers(uint64_t number) const;
  void RemoveOthers(uint64_t number) const;

  const std::string path_;
  const uint64_t map_bytes_;
  uint64_t number_;
  mutable std::mutex mutex_;
  std::shared_ptr<Snapshot> current_;  // guarded by mutex_
};

}  // namespace xref
