#pragma once

#include <absl/status/statusor.h>

#include <atomic>
#include <memory>
#include <mutex>

#include "daemon/maintenance.h"
#include "daemon/server_state.h"
#include "persistence/data_files.h"
#include "persistence/examination.h"

namespace xref {

// An examination of the data folder that clients asked for: made on the maintenance thread, watched
// by their sessions. Thread-safe.
class Verification {
 public:
  // In bytes, both 0 before it begins.
  ExaminationProgress progress() const { return {done_, total_}; }
  // What was found; null while it runs.
  const Examination* found() const { return is_over_ ? &found_ : nullptr; }

 private:
  friend class Verifications;
  void Advance(const ExaminationProgress& progress) {
    done_ = progress.done;
    total_ = progress.total;
  }
  void Finish(Examination found);

  std::atomic<uint64_t> done_ = 0;
  std::atomic<uint64_t> total_ = 0;
  Examination found_;  // written before is_over_ is set
  std::atomic<bool> is_over_ = false;
};

// Examines the files that the daemon works on, one examination at a time and no faster than
// kVerifyBytesPerSecond. Thread-safe.
class Verifications {
 public:
  Verifications(Maintenance& maintenance, const DataFiles& files, ServerState& state)
      : maintenance_(maintenance), files_(files), state_(state) {}

  // Begins an examination, or returns the one that runs. Unavailable: the daemon is shutting down.
  absl::StatusOr<std::shared_ptr<const Verification>> Begin();

 private:
  // On the maintenance thread.
  Examination Run(Verification& verification);
  void Report(const Examination& found);

  Maintenance& maintenance_;
  const DataFiles& files_;
  ServerState& state_;
  std::mutex mutex_;
  std::shared_ptr<Verification> running_;  // guarded by mutex_; null while none runs
};

}  // namespace xref
