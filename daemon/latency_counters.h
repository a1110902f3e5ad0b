#pragma once

#include <algorithm>
#include <array>
#include <atomic>
#include <bit>
#include <chrono>
#include <cstdint>

namespace xref {

// How long things took, in buckets of powers of two: bucket i counts what took at most 2^i
// microseconds, and the last one all that took longer. Any thread may count and read.
class LatencyCounters {
 public:
  static constexpr size_t kBounds = 24;

  void Count(std::chrono::steady_clock::duration took) {
    const auto us = static_cast<uint64_t>(
        std::max<int64_t>(std::chrono::ceil<std::chrono::microseconds>(took).count(), 1));
    const size_t bucket = std::min<size_t>(static_cast<size_t>(std::bit_width(us - 1)), kBounds);
    buckets_[bucket].fetch_add(1, std::memory_order_relaxed);
  }
  void AddTo(std::array<uint64_t, kBounds + 1>& counts) const {
    for (size_t i = 0; i < counts.size(); ++i) {
      counts[i] += buckets_[i].load(std::memory_order_relaxed);
    }
  }

 private:
  std::array<std::atomic<uint64_t>, kBounds + 1> buckets_{};
};

}  // namespace xref
