#pragma once

#include <atomic>
#include <chrono>
#include <cstdint>

namespace xref {

// Until when this daemon may act as the primary, where a lease decides that: by a clock that nobody
// sets, and looked at in the moment of acting, so that a process that was stopped for a while does
// nothing that its lease no longer covers. A daemon without a lease leads for as long as it is told
// to. Thread-safe; a look costs nothing where there is no lease.
class Leadership {
 public:
  using Clock = std::chrono::steady_clock;

  // ---- The election ----

  // A term begins, or goes on.
  void Begin(Clock::time_point until) {
    Extend(until);
    term_.fetch_add(1, std::memory_order_acq_rel);
  }
  void Extend(Clock::time_point until) {
    until_.store(until.time_since_epoch().count(), std::memory_order_release);
  }
  // It is over: nothing that was begun in it may be acknowledged any more.
  void End() {
    term_.fetch_add(1, std::memory_order_acq_rel);
    until_.store(kNoLease, std::memory_order_release);
  }

  // ---- Every thread ----

  // Whether there was a lease, and it has ended before anybody noticed.
  bool HasLapsed() const {
    const int64_t until = until_.load(std::memory_order_acquire);
    return until != kNoLease && Clock::now().time_since_epoch().count() >= until;
  }
  // Whether a lease makes this daemon the primary.
  bool HasTerm() const { return term() % 2 == 1; }
  // What holds now: odd in a term, even between terms and where there is no lease. What is begun in
  // a term may be acknowledged as long as Covers says so.
  uint64_t term() const { return term_.load(std::memory_order_acquire); }
  bool Covers(uint64_t term) const {
    return term % 2 == 0 || (term == this->term() && !HasLapsed());
  }

 private:
  static constexpr int64_t kNoLease = INT64_MAX;

  std::atomic<int64_t> until_ = kNoLease;
  std::atomic<uint64_t> term_ = 0;
};

}  // namespace xref
