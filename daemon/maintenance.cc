#include "daemon/maintenance.h"

#include <spdlog/spdlog.h>
#include <sys/resource.h>
#include <unistd.h>

#include <algorithm>
#include <utility>

#include "daemon/limits.h"
#include "daemon/wall_clock.h"
#include "persistence/checkpoint.h"

namespace xref {

void Maintenance::Start() {
  thread_ = std::thread([this] { Run(); });
}

void Maintenance::Stop() {
  if (!thread_.joinable()) return;
  {
    const std::lock_guard lock(mutex_);
    stopping_ = true;
    jobs_.clear();
  }
  changed_.notify_all();
  thread_.join();
}

bool Maintenance::Ask(Job job) {
  {
    const std::lock_guard lock(mutex_);
    if (stopping_) return false;
    jobs_.push_back(std::move(job));
  }
  changed_.notify_all();
  return true;
}

void Maintenance::Hurry() {
  {
    const std::lock_guard lock(mutex_);
    if (hurried_) return;
    hurried_ = true;
  }
  changed_.notify_all();
}

bool Maintenance::PauseUntil(std::chrono::steady_clock::time_point end) {
  std::unique_lock lock(mutex_);
  return !changed_.wait_until(lock, end, [this] { return stopping_; });
}

absl::StatusOr<Lsn> Maintenance::Fold() {
  if (state_.phase() == Phase::kDiverged) {
    return absl::FailedPreconditionError(
        "the state of this standby is not that of its primary: its disk is left as it is");
  }
  if (state_.phase() == Phase::kReadOnly) {
    return absl::FailedPreconditionError(
        "a commit failed and the daemon is read-only: it writes nothing more to its disk; see its "
        "log, mend the disk and restart it");
  }
  const int64_t kept_from_us = WallClockNow() - std::chrono::microseconds(history_kept_).count();
  // A snapshot is not written anew each day for what has become too old on it.
  const auto longer = std::max<std::chrono::hours>(history_kept_ / 10, std::chrono::days(1));
  auto reached =
      Checkpoint(*files_.journal, *files_.snapshots,
                 {.from_us = kept_from_us,
                  .at_the_latest_us = kept_from_us - std::chrono::microseconds(longer).count()},
                 keep_from_());
  if (!reached.ok()) {
    // Nothing is lost: the journal keeps what the snapshot does not hold.
    spdlog::error("the checkpoint failed and will be tried again: {}", reached.status().ToString());
    state_.set_trouble(Trouble::kCheckpoint, reached.status().ToString());
  } else if (*reached != state_.snapshot_lsn) {
    state_.snapshot_lsn = *reached;
    state_.set_trouble(Trouble::kCheckpoint, "");
    spdlog::info("checkpoint: the snapshot reaches LSN {}", *reached);
  }
  return reached;
}

void Maintenance::Run() {
  // On Linux this is about the calling thread alone.
  setpriority(PRIO_PROCESS, static_cast<id_t>(gettid()), kBackgroundNice);
  auto next_fold = std::chrono::steady_clock::now() + interval_;
  auto hurried_from = std::chrono::steady_clock::now();
  std::unique_lock lock(mutex_);
  for (;;) {
    const auto has_work = [this] { return stopping_ || !jobs_.empty(); };
    changed_.wait_until(lock, next_fold, [&] { return has_work() || hurried_; });
    if (hurried_) changed_.wait_until(lock, std::min(next_fold, hurried_from), has_work);
    if (jobs_.empty()) {
      const bool last = stopping_;
      hurried_ = false;
      hurried_from = std::chrono::steady_clock::now() + kHurriedFoldPause;
      lock.unlock();
      Fold().IgnoreError();  // it says by itself what went wrong
      if (last) return;
      next_fold = std::chrono::steady_clock::now() + interval_;
    } else {
      Job job = std::move(jobs_.front());
      jobs_.pop_front();
      lock.unlock();
      std::move(job)();
    }
    lock.lock();
  }
}

}  // namespace xref
