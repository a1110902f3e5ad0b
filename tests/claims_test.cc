// No record is created twice, and no settled reference is lost, whoever dies: workers at any point
// between claim and settle, and the daemon by kill -9.

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <algorithm>
#include <cstdlib>
#include <mutex>
#include <thread>

#include "bench/claim_workers.h"
#include "bench/xrefd_claims.h"
#include "tests/daemon_fixture.h"

namespace xref::test {
namespace {

using bench::ClaimLedger;
using bench::ClaimOptions;
using bench::ClaimWorkers;
using ::testing::IsEmpty;
using ::testing::IsSubsetOf;
using ::testing::Not;

class Claims : public DaemonTest {
 protected:
  void SetUp() override {
    StartDaemon(kOptions);
    CreateShop();
    Publish();
    if (const char* sources = std::getenv("XREF_CLAIM_SOURCES")) {
      options_.sources = static_cast<uint32_t>(std::stoul(sources));
    }
  }

  // Has the workers create everything, and kills the daemon several times meanwhile.
  void CreateAll() {
    const uint32_t kills = options_.sources / kSourcesPerKill;
    workers_ = std::make_unique<ClaimWorkers>(options_, [this](const std::string& owner) {
      return bench::XrefdClaims::Connect(Published(), "shop", owner, options_.lease_ms);
    });
    for (uint32_t kill = 1; kill <= kills; ++kill) {
      const uint64_t due = uint64_t{options_.sources} * kill / (kills + 1);
      while (workers_->ledger().synced() < due && !workers_->stopped()) std::this_thread::yield();
      CrashAndRestartDaemon(kOptions);
      ASSERT_FALSE(HasFatalFailure());
      Publish();
    }
    const absl::Status status = workers_->Join();
    ASSERT_TRUE(status.ok()) << status;
    told_ = workers_->ledger().Take();
    RecordProperty("records", std::to_string(workers_->platform().records()));
    RecordProperty("crashes", std::to_string(workers_->crashes()));
    RecordProperty("outcome_unknown", std::to_string(told_.unknown_answers));
    EXPECT_GT(workers_->crashes(), 0U);
    EXPECT_GT(told_.unknown_answers, 0U);
  }

  // Every source is linked once, to what workers were told and what was created for it.
  void ExpectAllSettledOnce() {
    CrashAndRestartDaemon(kOptions);
    ExpectHolds(References(told_.targets.begin(), told_.targets.end()));
    EXPECT_EQ(told_.targets.size(), options_.sources);
    EXPECT_EQ(told_.contradictions, 0U);
    EXPECT_EQ(told_.settled_again, 0U);
    for (const auto& [source, target] : told_.targets) {
      EXPECT_TRUE(workers_->platform().Has(source, target)) << source << " -> " << target;
    }
  }

  static constexpr uint32_t kSourcesPerKill = 500;
  // The journal holds everything.
  const Arguments kOptions{"--checkpoint-seconds", "86400"};
  ClaimOptions options_{.sources = 2'000, .batch = 40, .crash_percent = 20};
  std::unique_ptr<ClaimWorkers> workers_;
  ClaimLedger::Summary told_;

 private:
  // Where the daemon listens, for the workers' threads.
  void Publish() {
    const std::lock_guard lock(mutex_);
    published_ = address();
  }
  std::string Published() {
    const std::lock_guard lock(mutex_);
    return published_;
  }

  std::mutex mutex_;
  std::string published_;  // guarded by mutex_
};

TEST_F(Claims, NothingIsCreatedTwiceAndNothingIsLostWhenWorkersAndTheDaemonDie) {
  CreateAll();
  EXPECT_THAT(workers_->platform().Duplicated(), IsEmpty());
  EXPECT_EQ(workers_->platform().records(), options_.sources);
  ExpectAllSettledOnce();
}

TEST_F(Claims, WorkersThatIgnoreAnUnknownOutcomeCreateTwiceOnlyWhatTheyWereWarnedOf) {
  options_.search_when_unknown = false;
  CreateAll();
  EXPECT_THAT(workers_->platform().Duplicated(), Not(IsEmpty()));
  EXPECT_THAT(workers_->platform().Duplicated(), IsSubsetOf(told_.unknown));
  ExpectAllSettledOnce();
}

}  // namespace
}  // namespace xref::test
