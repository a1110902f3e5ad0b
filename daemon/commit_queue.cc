#include "daemon/commit_queue.h"

#include <utility>

#include "daemon/limits.h"

namespace xref {

CommitQueue::Push CommitQueue::TryPush(std::unique_ptr<ChangeRequest>& change) {
  const size_t size = change->payload.size();
  {
    const std::lock_guard lock(mutex_);
    if (closed_) return Push::kClosed;
    if (suspended_) return Push::kSuspended;
    if (bytes_ + size > kCommitQueueBytesMax) return Push::kFull;
    bytes_ += size;
    changes_.push_back(std::move(change));
  }
  arrived_.notify_one();
  return Push::kTaken;
}

std::optional<std::vector<std::unique_ptr<ChangeRequest>>> CommitQueue::TakeGroup(
    std::chrono::milliseconds wait_max) {
  std::vector<std::unique_ptr<ChangeRequest>> group;
  std::unique_lock lock(mutex_);
  const auto over = [this] { return closed_ || suspended_; };
  arrived_.wait_for(lock, wait_max, [&] { return over() || !changes_.empty(); });
  if (over() && changes_.empty()) return std::nullopt;
  size_t group_bytes = 0;
  while (!changes_.empty() && group.size() < kGroupChangesMax) {
    const size_t size = changes_.front()->payload.size();
    const bool full = group_bytes + size > kGroupBytesMax;
    if (!group.empty() && (full || group.back()->alone() || changes_.front()->alone())) break;
    group_bytes += size;
    bytes_ -= size;
    group.push_back(std::move(changes_.front()));
    changes_.pop_front();
  }
  return group;
}

void CommitQueue::Close() {
  {
    const std::lock_guard lock(mutex_);
    closed_ = true;
  }
  arrived_.notify_all();
}

void CommitQueue::Suspend() {
  {
    const std::lock_guard lock(mutex_);
    suspended_ = true;
  }
  arrived_.notify_all();
}

void CommitQueue::Resume() {
  const std::lock_guard lock(mutex_);
  suspended_ = false;
}

}  // namespace xref
