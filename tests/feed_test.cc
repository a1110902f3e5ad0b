// When the primary's side of replication lets changes be acknowledged.

#include "replication/feed.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <unistd.h>

#include <atomic>
#include <chrono>
#include <filesystem>
#include <future>
#include <memory>
#include <thread>

namespace xref {
namespace {

using protocol::AckLevel;
using ::testing::ElementsAre;

class FeedTest : public testing::Test {
 protected:
  void SetUp() override {
    folder_ = testing::TempDir() + "feed-" + std::to_string(getpid());
    std::filesystem::create_directories(folder_);
    auto journal = Journal::Open(folder_, 1 << 20);
    ASSERT_TRUE(journal.ok()) << journal.status();
    journal_ = *std::move(journal);
  }
  void TearDown() override { std::filesystem::remove_all(folder_); }

  // A FETCH of the standby, and its answer.
  static void Fetch(Feed& feed, Lsn after) {
    std::promise<void> answered;
    feed.Fetch({.after = after, .node = kStandby.node, .name = kStandby.name},
               [&](protocol::StatusCode, const std::string&) { answered.set_value(); });
    answered.get_future().wait();
  }

  // Asks for the record until it is to be another one; at the deadline returns the same.
  static std::vector<Member> AwaitNewRecord(Feed& feed, const std::vector<Member>& than) {
    const auto give_up = std::chrono::steady_clock::now() + std::chrono::seconds(20);
    while (std::chrono::steady_clock::now() < give_up) {
      auto wanted = feed.FindNewRecord();
      if (wanted && *wanted != than) return *std::move(wanted);
      std::this_thread::yield();
    }
    return than;
  }

  static inline const Member kStandby{"b", 7};
  std::string folder_;
  std::unique_ptr<Journal> journal_;
};

TEST_F(FeedTest, AChangeWaitsForWhoeverMayBeInTheRecord) {
  Feed feed(
      {.level = AckLevel::kStandby, .degrade = true, .timeout = std::chrono::milliseconds(400)});
  const std::vector<Member> nobody;
  feed.Start(*journal_, 5, ChangeClock(), &nobody);
  EXPECT_EQ(feed.FindNewRecord(), std::nullopt);
  Fetch(feed, 5);
  std::vector<Member> wanted;
  while (wanted.empty()) {  // it is in sync, and heard of a moment ago
    Fetch(feed, 5);
    if (auto record = feed.FindNewRecord()) wanted = *std::move(record);
  }
  EXPECT_THAT(wanted, ElementsAre(kStandby));

  // The record may name it by now, and nobody knows: so it is waited for, although it is gone.
  std::atomic<bool> released = false;
  AckLevel held{};
  feed.Hold(6, [&](AckLevel level, bool known) {
    EXPECT_TRUE(known);
    held = level;
    released = true;
  });
  EXPECT_EQ(AwaitNewRecord(feed, wanted), nobody);
  EXPECT_EQ(AwaitNewRecord(feed, wanted), nobody) << "until it is known, it is to be written";
  EXPECT_EQ(feed.level(), AckLevel::kStandby);
  EXPECT_FALSE(released);

  // Now it is known to name nobody.
  feed.NoteRecord(nobody);
  while (!released) std::this_thread::yield();
  EXPECT_EQ(held, AckLevel::kDisk);
  EXPECT_EQ(feed.FindNewRecord(), std::nullopt);
}

TEST_F(FeedTest, AnAnswerWaitsForAllWhoMayLeadAndForNobodyOnceNobodyElseMay) {
  Feed feed({.level = AckLevel::kStandby, .timeout = std::chrono::milliseconds(100)});
  const std::vector<Member> recorded{kStandby};
  feed.Start(*journal_, 5, ChangeClock(), &recorded);
  EXPECT_TRUE(feed.HasUnheld()) << "whoever led before may have been told nothing of 5";
  Fetch(feed, 5);
  while (feed.HasUnheld()) std::this_thread::yield();

  feed.Committed(6);
  EXPECT_TRUE(feed.HasUnheld());
  std::atomic<bool> released = false;
  feed.HoldAnswer([&](AckLevel, bool known) { released = known; });
  feed.Hold(6, [](AckLevel, bool) {});
  EXPECT_EQ(AwaitNewRecord(feed, recorded), std::vector<Member>());
  EXPECT_FALSE(released) << "it is not known yet that it may not lead";
  feed.NoteRecord({});
  while (!released) std::this_thread::yield();
  EXPECT_FALSE(feed.HasUnheld());
}

}  // namespace
}  // namespace xref
