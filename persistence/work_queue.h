#pragma once

#include <condition_variable>
#include <deque>
#include <mutex>
#include <optional>
#include <utility>

namespace xref {

// Batches of work between two threads, a few at a time. Thread-safe.
template <typename Batch>
class WorkQueue {
 public:
  // Waits while the queue is full. False: nobody takes batches any more.
  bool Put(Batch batch) {
    std::unique_lock lock(mutex_);
    changed_.wait(lock, [this] { return over_ || batches_.size() < kBatchesMax; });
    if (over_) return false;
    batches_.push_back(std::move(batch));
    changed_.notify_all();
    return true;
  }
  // Waits while the queue is empty; nothing once it is over and empty.
  std::optional<Batch> Take() {
    std::unique_lock lock(mutex_);
    changed_.wait(lock, [this] { return over_ || !batches_.empty(); });
    if (batches_.empty()) return std::nullopt;
    Batch batch = std::move(batches_.front());
    batches_.pop_front();
    changed_.notify_all();
    return batch;
  }
  // No batch is put, or none is taken, any more.
  void End() {
    const std::lock_guard lock(mutex_);
    over_ = true;
    changed_.notify_all();
  }

 private:
  static constexpr size_t kBatchesMax = 8;

  std::mutex mutex_;
  std::condition_variable changed_;
  std::deque<Batch> batches_;  // guarded by mutex_
  bool over_ = false;          // guarded by mutex_
};

}  // namespace xref
