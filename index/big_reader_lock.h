#pragma once

#include <atomic>
#include <cstddef>
#include <cstdint>
#include <memory>
#include <mutex>
#include <thread>

namespace xref {

// A reader-writer lock for many short reads and few short writes. Each reader thread has a slot of
// its own, a mutex on its own cache line, so that readers never touch what another reader writes; a
// writer takes all slots. A waiting writer holds new readers back, so that readers in a tight loop
// cannot starve it; and a writer lets those in first who waited for the one before it, so that a
// writer in a tight loop holds a reader up once, not again and again.
//
// Thread-safe. A slot belongs to one thread at a time; neither guard may be taken twice by a
// thread.
class BigReaderLock {
 public:
  // `slots` reader threads, numbered from 0.
  explicit BigReaderLock(size_t slots) : slots_(std::make_unique<Slot[]>(slots)), count_(slots) {}
  BigReaderLock(const BigReaderLock&) = delete;
  BigReaderLock& operator=(const BigReaderLock&) = delete;

  class [[nodiscard]] ReaderGuard {
   public:
    ReaderGuard(BigReaderLock& lock, size_t slot)
        : held_(lock.slots_[slot].mutex, std::defer_lock) {
      if (!lock.writer_waits_.load(std::memory_order_acquire) && held_.try_lock()) return;
      lock.readers_waiting_.fetch_add(1);
      while (lock.writer_waits_.load(std::memory_order_acquire)) lock.writer_waits_.wait(true);
      held_.lock();
      lock.readers_waiting_.fetch_sub(1);
    }

   private:
    std::unique_lock<std::mutex> held_;
  };

  class [[nodiscard]] WriterGuard {
   public:
    explicit WriterGuard(BigReaderLock& lock) : lock_(lock), alone_(lock.writers_) {
      while (lock_.readers_waiting_.load() > 0) std::this_thread::yield();
      lock_.writer_waits_.store(true, std::memory_order_release);
      for (size_t i = 0; i < lock_.count_; ++i) lock_.slots_[i].mutex.lock();
      lock_.writer_waits_.store(false, std::memory_order_release);
      lock_.writer_waits_.notify_all();
    }
    ~WriterGuard() {
      for (size_t i = 0; i < lock_.count_; ++i) lock_.slots_[i].mutex.unlock();
    }
    WriterGuard(const WriterGuard&) = delete;
    WriterGuard& operator=(const WriterGuard&) = delete;

   private:
    BigReaderLock& lock_;
    std::lock_guard<std::mutex> alone_;
  };

 private:
  struct alignas(64) Slot {
    std::mutex mutex;
  };

  const std::unique_ptr<Slot[]> slots_;
  const size_t count_;
  std::mutex writers_;
  std::atomic<bool> writer_waits_ = false;
  std::atomic<uint32_t> readers_waiting_ = 0;
};

}  // namespace xref
