#include "daemon/rate_limit.h"

#include <xxhash.h>

#include <algorithm>
#include <cassert>
#include <random>

namespace xref {
namespace {

constexpr int64_t kSecondNs = 1'000'000'000;

int64_t Nanoseconds(Rate::Time time) {
  return std::chrono::duration_cast<std::chrono::nanoseconds>(time.time_since_epoch()).count();
}

uint64_t DrawSecret() {
  std::random_device device;
  return uint64_t{device()} << 32 | device();
}

}  // namespace

// ---- Rate ----

Rate::Rate(RateLimit limit) : limit_(limit), capacity_ns_(CostOf(limit.burst)) {
  assert(limit.per_second >= 1 && limit.per_second <= RateLimit::kMost);
  assert(limit.burst >= 1 && limit.burst <= RateLimit::kMost);
}

// At most kMost times a second at a rate of 1: it fits twice over.
int64_t Rate::CostOf(uint64_t amount) const {
  const auto per_second = static_cast<int64_t>(limit_.per_second);
  return (static_cast<int64_t>(amount) * kSecondNs + per_second - 1) / per_second;
}

FullAt Rate::Take(FullAt full_at, uint64_t amount, Time now) const {
  if (amount > limit_.burst) return -1;
  const int64_t now_ns = Nanoseconds(now);
  const int64_t after = std::max(full_at, now_ns) + CostOf(amount);
  return after - now_ns > capacity_ns_ ? -1 : after;
}

std::chrono::nanoseconds Rate::Wait(FullAt full_at, uint64_t amount, Time now) const {
  const int64_t now_ns = Nanoseconds(now);
  const int64_t after = std::max(full_at, now_ns) + CostOf(amount);
  return std::chrono::nanoseconds(std::max<int64_t>(0, after - now_ns - capacity_ns_));
}

// ---- TokenBucket ----

bool TokenBucket::TryTake(uint64_t amount, Time now) {
  FullAt before = full_at_.load(std::memory_order_relaxed);
  for (;;) {
    const FullAt after = rate_.Take(before, amount, now);
    if (after < 0) return false;
    if (full_at_.compare_exchange_weak(before, after, std::memory_order_relaxed)) return true;
  }
}

// ---- KeyedBuckets ----

KeyedBuckets::KeyedBuckets(RateLimit limit)
    : rate_(limit), secret_(DrawSecret()), sets_(std::make_unique<std::array<Set, kSets>>()) {}

KeyedBuckets::Set& KeyedBuckets::SetOf(uint64_t key) const {
  return (*sets_)[XXH3_64bits_withSeed(&key, sizeof key, secret_) % kSets];
}

bool KeyedBuckets::TryTake(uint64_t key, uint64_t amount, Time now) {
  Set& set = SetOf(key);
  Bucket* place = &set.front();
  for (Bucket& bucket : set) {
    if (bucket.key == key) {
      place = &bucket;
      break;
    }
    if (bucket.full_at < place->full_at) place = &bucket;
  }
  const FullAt after = rate_.Take(place->key == key ? place->full_at : 0, amount, now);
  if (after < 0) return false;
  *place = {key, after};
  return true;
}

std::chrono::nanoseconds KeyedBuckets::Wait(uint64_t key, uint64_t amount, Time now) const {
  for (const Bucket& bucket : SetOf(key)) {
    if (bucket.key == key) return rate_.Wait(bucket.full_at, amount, now);
  }
  return rate_.Wait(0, amount, now);
}

}  // namespace xref
