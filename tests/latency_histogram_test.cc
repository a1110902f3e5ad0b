// What a histogram says of latencies, against all of them, sorted.

#include "bench/latency_histogram.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <cmath>
#include <random>
#include <vector>

namespace xref::bench {
namespace {

TEST(LatencyHistogram, AQuantileIsNeverBelowTheTruthAndAtMostASixtyFourthAbove) {
  std::mt19937_64 random(7);
  std::vector<uint64_t> all;
  LatencyHistogram histogram;
  LatencyHistogram other;
  for (int i = 0; i < 100'000; ++i) {
    const uint64_t ns = random() >> (25 + random() % 39);  // of all magnitudes
    all.push_back(ns);
    (i % 2 == 0 ? histogram : other).Record(ns);
  }
  histogram.Merge(other);
  std::sort(all.begin(), all.end());
  EXPECT_EQ(histogram.count(), all.size());
  EXPECT_EQ(histogram.max(), all.back());
  for (const double share : {0.0, 0.01, 0.1, 0.5, 0.9, 0.99, 0.999, 0.99999, 1.0}) {
    const auto rank = static_cast<size_t>(std::ceil(share * static_cast<double>(all.size())));
    const uint64_t truth = all[rank == 0 ? 0 : rank - 1];
    EXPECT_GE(histogram.Quantile(share), truth) << share;
    EXPECT_LE(histogram.Quantile(share), truth + truth / 64) << share;
  }
}

TEST(LatencyHistogram, OfNothingIsZero) {
  EXPECT_EQ(LatencyHistogram().Quantile(0.99), 0U);
  EXPECT_EQ(LatencyHistogram().max(), 0U);
}

}  // namespace
}  // namespace xref::bench
