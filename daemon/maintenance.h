#pragma once

#include <absl/functional/any_invocable.h>
#include <absl/status/statusor.h>

#include <chrono>
#include <condition_variable>
#include <deque>
#include <mutex>
#include <thread>

#include "daemon/server_state.h"
#include "persistence/data_files.h"

namespace xref {

// The thread that works on the snapshot beside the commits: folds the journal into it every so
// often, and between folds runs the jobs that others ask for, one after the other. Since it is the
// only one to change the snapshot, a job finds it at rest.
class Maintenance {
 public:
  using Job = absl::AnyInvocable<void() &&>;

  // What the journal must keep from some LSN on. Called on the thread.
  using KeepFrom = absl::AnyInvocable<Lsn()>;

  // `files` must be open when it starts.
  Maintenance(const DataFiles& files, ServerState& state, std::chrono::seconds interval,
              std::chrono::hours history_kept, KeepFrom keep_from)
      : files_(files),
        state_(state),
        interval_(interval),
        history_kept_(history_kept),
        keep_from_(std::move(keep_from)) {}
  ~Maintenance() { Stop(); }
  Maintenance(const Maintenance&) = delete;
  Maintenance& operator=(const Maintenance&) = delete;

  void Start();
  // Waits for what is under way, drops the jobs that are not begun, folds once more and ends. It
  // must be known by then whether the daemon is read-only: no commit may follow.
  void Stop();

  // Has the job run on the thread; whoever asks bounds how many of its jobs wait. False: the thread
  // is being stopped, and the job is dropped. From any thread.
  [[nodiscard]] bool Ask(Job job);

  // Has the next fold begin as soon as what is under way is done, unless one has begun within
  // kHurriedFoldPause: then it is not before that. From any thread.
  void Hurry();

  // Folds now what the journal holds, and returns the LSN that the snapshot then reaches. A daemon
  // that is read-only folds nothing, and answers FailedPrecondition: a disk that has failed a
  // commit may claim success for a write that it loses, and a fold ends by trimming what the
  // journal holds of it. On the thread only: for jobs.
  absl::StatusOr<Lsn> Fold();

  // Waits until then. False, and at once: the thread is being stopped, and the job must end. On the
  // thread only: for jobs that take long.
  [[nodiscard]] bool PauseUntil(std::chrono::steady_clock::time_point end);

 private:
  void Run();

  const DataFiles& files_;
  ServerState& state_;
  const std::chrono::seconds interval_;
  const std::chrono::hours history_kept_;
  KeepFrom keep_from_;
  std::mutex mutex_;
  std::condition_variable changed_;
  std::deque<Job> jobs_;   // guarded by mutex_
  bool stopping_ = false;  // guarded by mutex_
  bool hurried_ = false;   // guarded by mutex_
  std::thread thread_;
};

}  // namespace xref
