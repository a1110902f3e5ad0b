#pragma once

#include <algorithm>
#include <bit>
#include <cmath>
#include <cstddef>
#include <cstdint>
#include <vector>

namespace xref::bench {

// How often which latency was seen, in buckets that grow with it: each is at most 1/64 wide of what
// it counts, up to 18 minutes; what is longer counts as that. Nanoseconds. Thread-compatible.
class LatencyHistogram {
 public:
  void Record(uint64_t ns) {
    const size_t bucket = BucketOf(ns);
    if (bucket >= counts_.size()) counts_.resize(bucket + 1);
    ++counts_[bucket];
    ++count_;
    max_ = std::max(max_, ns);
  }
  void Merge(const LatencyHistogram& other) {
    counts_.resize(std::max(counts_.size(), other.counts_.size()));
    for (size_t i = 0; i < other.counts_.size(); ++i) counts_[i] += other.counts_[i];
    count_ += other.count_;
    max_ = std::max(max_, other.max_);
  }

  uint64_t count() const { return count_; }
  uint64_t max() const { return max_; }
  // The latency that this share of all did not exceed: 0.5 is the median. Never below the truth,
  // and at most 1/64 above. 0 if nothing was recorded.
  uint64_t Quantile(double share) const {
    const double rank = std::max(1.0, std::ceil(share * static_cast<double>(count_)));
    uint64_t seen = 0;
    for (size_t i = 0; i < counts_.size(); ++i) {
      seen += counts_[i];
      if (static_cast<double>(seen) >= rank) return std::min(TopOf(i), max_);
    }
    return max_;
  }

 private:
  static constexpr uint32_t kBits = 6;  // of the buckets that share a power of two
  static constexpr uint64_t kMost = (uint64_t{1} << 40) - 1;

  // Below 2^(kBits+1) each value has a bucket of its own; above, the first kBits + 1 bits tell.
  static size_t BucketOf(uint64_t ns) {
    if (ns > kMost) ns = kMost;
    const uint32_t width = std::bit_width(ns);
    if (width <= kBits + 1) return ns;
    const uint32_t shift = width - (kBits + 1);
    return (uint64_t{shift} << kBits) + (ns >> shift);
  }
  static uint64_t TopOf(size_t bucket) {
    if (bucket < (uint64_t{2} << kBits)) return bucket;
    const uint64_t shift = (bucket >> kBits) - 1;
    return ((bucket - (shift << kBits) + 1) << shift) - 1;
  }

  std::vector<uint64_t> counts_;
  uint64_t count_ = 0;
  uint64_t max_ = 0;
};

}  // namespace xref::bench
