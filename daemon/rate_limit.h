#pragma once

// How often something may happen: token buckets, by integers on a steady clock that the caller
// passes in.

#include <array>
#include <atomic>
#include <chrono>
#include <cstddef>
#include <cstdint>
#include <memory>

namespace xref {

// So many a second in the long run, and at most `burst` at once. Both are at least 1 and at most
// kMost.
struct RateLimit {
  static constexpr uint64_t kMost = 1'000'000'000;

  uint64_t per_second = 1;
  uint64_t burst = 1;
};

// When a bucket will be full again, in nanoseconds of the steady clock: all that there is to know
// of one. 0 is full.
using FullAt = int64_t;

// A token bucket of one rate for all who keep its state elsewhere. What is taken costs its share of
// a second, rounded up to a nanosecond: never more than the rate passes, and of one at a time at
// more than ten million a second noticeably less.
//
// Thread-safe: it has no state.
class Rate {
 public:
  using Time = std::chrono::steady_clock::time_point;

  explicit Rate(RateLimit limit);

  // The state after taking `amount` at `now`; below 0 where there is not so much, and then nothing
  // is to be taken. More than the burst is never there.
  FullAt Take(FullAt full_at, uint64_t amount, Time now) const;
  // How long until so much is there, if nobody takes any meanwhile; 0 if it is there. For at most
  // the burst.
  std::chrono::nanoseconds Wait(FullAt full_at, uint64_t amount, Time now) const;

  RateLimit limit() const { return limit_; }

 private:
  int64_t CostOf(uint64_t amount) const;

  RateLimit limit_;
  int64_t capacity_ns_;  // the cost of the burst
};

// One bucket. Thread-safe, without a lock: any number of threads take from it.
class TokenBucket {
 public:
  using Time = Rate::Time;

  // It is full in the beginning.
  explicit TokenBucket(RateLimit limit) : rate_(limit) {}

  // Takes all of it, or nothing.
  [[nodiscard]] bool TryTake(uint64_t amount, Time now);
  // As Rate::Wait.
  std::chrono::nanoseconds Wait(uint64_t amount, Time now) const {
    return rate_.Wait(full_at_.load(std::memory_order_relaxed), amount, now);
  }

 private:
  const Rate rate_;
  std::atomic<FullAt> full_at_ = 0;
};

// A bucket for each of any number of keys, in constant memory: 16 bytes for each of kRemembered
// buckets that are not full. Keys fall into sets of eight by a hash with a secret of the process;
// where a set has no room, the bucket that is full the soonest gives its place, as if it were full
// already. So whoever has many keys at hand gets more than the rate of each of them: bound what all
// keys take together as well.
//
// Thread-compatible.
class KeyedBuckets {
 public:
  using Time = Rate::Time;
  static constexpr size_t kRemembered = 8'192;

  explicit KeyedBuckets(RateLimit limit);

  // Takes all of it from that key's bucket, or nothing.
  [[nodiscard]] bool TryTake(uint64_t key, uint64_t amount, Time now);
  // As Rate::Wait.
  std::chrono::nanoseconds Wait(uint64_t key, uint64_t amount, Time now) const;

 private:
  static constexpr size_t kWays = 8;
  struct Bucket {
    uint64_t key = 0;
    FullAt full_at = 0;
  };
  using Set = std::array<Bucket, kWays>;
  static constexpr size_t kSets = kRemembered / kWays;

  Set& SetOf(uint64_t key) const;

  const Rate rate_;
  const uint64_t secret_;
  const std::unique_ptr<std::array<Set, kSets>> sets_;
};

}  // namespace xref
