// Token buckets, on a clock that the tests set.

#include "daemon/rate_limit.h"

#include <gtest/gtest.h>

#include <thread>
#include <vector>

namespace xref {
namespace {

using std::chrono::hours;
using std::chrono::milliseconds;
using std::chrono::nanoseconds;
using std::chrono::seconds;

const Rate::Time kStart{hours(1'000)};

// How many of `asked` single takes at that time are granted.
int Granted(TokenBucket& bucket, int asked, Rate::Time now) {
  int granted = 0;
  for (int i = 0; i < asked; ++i) granted += bucket.TryTake(1, now) ? 1 : 0;
  return granted;
}

TEST(TokenBucket, BeginsFullAndGrantsItsBurstAtOnce) {
  TokenBucket bucket({.per_second = 10, .burst = 25});
  EXPECT_EQ(Granted(bucket, 100, kStart), 25);
}

TEST(TokenBucket, FillsAtItsRate) {
  TokenBucket bucket({.per_second = 10, .burst = 25});
  Granted(bucket, 25, kStart);
  EXPECT_EQ(Granted(bucket, 100, kStart + milliseconds(99)), 0);
  EXPECT_EQ(Granted(bucket, 100, kStart + milliseconds(100)), 1);
  EXPECT_EQ(Granted(bucket, 100, kStart + milliseconds(1'100)), 10);
}

TEST(TokenBucket, NeverHoldsMoreThanItsBurst) {
  TokenBucket bucket({.per_second = 10, .burst = 25});
  Granted(bucket, 25, kStart);
  EXPECT_EQ(Granted(bucket, 100, kStart + hours(24'000)), 25);
}

TEST(TokenBucket, TakesAllOrNothing) {
  TokenBucket bucket({.per_second = 1'000, .burst = 1'000});
  EXPECT_TRUE(bucket.TryTake(900, kStart));
  EXPECT_FALSE(bucket.TryTake(101, kStart));
  EXPECT_TRUE(bucket.TryTake(100, kStart));
}

TEST(TokenBucket, NeverGrantsMoreThanItsBurstInOneTake) {
  TokenBucket bucket({.per_second = 1'000, .burst = 1'000});
  EXPECT_FALSE(bucket.TryTake(1'001, kStart));
  EXPECT_FALSE(bucket.TryTake(UINT64_MAX, kStart));
  EXPECT_TRUE(bucket.TryTake(1'000, kStart));
}

TEST(TokenBucket, SaysHowLongToWait) {
  TokenBucket bucket({.per_second = 10, .burst = 25});
  EXPECT_EQ(bucket.Wait(25, kStart), nanoseconds(0));
  ASSERT_TRUE(bucket.TryTake(20, kStart));
  EXPECT_EQ(bucket.Wait(5, kStart), nanoseconds(0));
  EXPECT_EQ(bucket.Wait(25, kStart), seconds(2));
  EXPECT_TRUE(bucket.TryTake(25, kStart + bucket.Wait(25, kStart)));
}

TEST(TokenBucket, AClockThatGoesBackGrantsNothingMore) {
  TokenBucket bucket({.per_second = 10, .burst = 25});
  Granted(bucket, 25, kStart);
  EXPECT_EQ(Granted(bucket, 10, kStart - seconds(5)), 0);
}

TEST(TokenBucket, KeepsToTheLargestAndTheSmallestRates) {
  TokenBucket large({.per_second = RateLimit::kMost, .burst = RateLimit::kMost});
  EXPECT_TRUE(large.TryTake(RateLimit::kMost, kStart));
  EXPECT_FALSE(large.TryTake(1, kStart));
  EXPECT_TRUE(large.TryTake(1'000'000, kStart + milliseconds(1)));
  TokenBucket small({.per_second = 1, .burst = RateLimit::kMost});
  EXPECT_TRUE(small.TryTake(RateLimit::kMost, kStart));
  EXPECT_FALSE(small.TryTake(1, kStart + milliseconds(999)));
  EXPECT_TRUE(small.TryTake(1, kStart + seconds(1)));
}

TEST(TokenBucket, RatesThatDoNotDivideASecondArePassedByNobody) {
  TokenBucket bucket({.per_second = 3'000'000, .burst = 1});
  int granted = 0;
  for (int ns = 0; ns < 1'000'000; ++ns) {
    granted += bucket.TryTake(1, kStart + nanoseconds(ns)) ? 1 : 0;
  }
  EXPECT_LE(granted, 3'001);
  EXPECT_GE(granted, 2'990);
}

TEST(TokenBucket, ThreadsTogetherGetNoMore) {
  TokenBucket bucket({.per_second = 1, .burst = 10'000});
  std::atomic<int> granted = 0;
  std::vector<std::thread> threads;
  for (int t = 0; t < 4; ++t) {
    threads.emplace_back([&] { granted += Granted(bucket, 10'000, kStart); });
  }
  for (std::thread& thread : threads) thread.join();
  EXPECT_EQ(granted, 10'000);
}

TEST(KeyedBuckets, EachKeyHasItsOwn) {
  KeyedBuckets buckets({.per_second = 1, .burst = 2});
  for (uint64_t key = 0; key < 100; ++key) {
    EXPECT_TRUE(buckets.TryTake(key, 1, kStart));
    EXPECT_TRUE(buckets.TryTake(key, 1, kStart));
    EXPECT_FALSE(buckets.TryTake(key, 1, kStart));
    EXPECT_EQ(buckets.Wait(key, 1, kStart), seconds(1));
  }
  for (uint64_t key = 0; key < 100; ++key) {
    EXPECT_TRUE(buckets.TryTake(key, 1, kStart + seconds(1)));
  }
}

TEST(KeyedBuckets, AKeyThatIsNotKnownHasAFullOne) {
  const KeyedBuckets buckets({.per_second = 1, .burst = 2});
  EXPECT_EQ(buckets.Wait(7, 2, kStart), nanoseconds(0));
  EXPECT_EQ(buckets.Wait(7, 3, kStart), seconds(1));
}

TEST(KeyedBuckets, AMillionKeysDoNotMakeThemForgetWhoTakesMost) {
  KeyedBuckets buckets({.per_second = 1, .burst = 100});
  while (buckets.TryTake(1, 1, kStart)) continue;
  for (uint64_t key = 2; key < 1'000'000; ++key) ASSERT_TRUE(buckets.TryTake(key, 1, kStart));
  EXPECT_FALSE(buckets.TryTake(1, 1, kStart));
}

}  // namespace
}  // namespace xref
