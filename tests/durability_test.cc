// What was acknowledged is there: after kill -9, after SIGTERM, with and without checkpoints, and
// with several clients that add the same references at the same time.

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <signal.h>

#include "tests/daemon_fixture.h"
#include "tests/load.h"

namespace xref::test {
namespace {

using ::testing::HasSubstr;

class Durability : public ShopTest {
 protected:
  void AwaitAdded(uint64_t more) {
    const uint64_t goal = model_.added() + more;
    while (model_.added() < goal && !HasFailure()) std::this_thread::yield();
  }
  // Adds references under load, and kills the daemon in the midst of it.
  void CrashUnderLoad(uint64_t seed, uint64_t added) {
    Load load(address(), model_, seed);
    AwaitAdded(added);
    CrashDaemon();
  }
  void ExpectNothingLost() {
    const auto client = Connect();
    model_.ExpectHeldBy(*client, Place(*client), ReferencesHeld());
  }

  Model model_;
};

TEST_F(Durability, EverythingAcknowledgedSurvivesEveryOfSeveralCrashes) {
  for (uint64_t round = 0; round < 5; ++round) {
    CrashUnderLoad(round, 3000);
    StartDaemon({"--checkpoint-seconds", "1"});
    ExpectNothingLost();
  }
}

TEST_F(Durability, CheckpointsUnderLoadLoseNothing) {
  CrashDaemon();
  for (uint64_t round = 0; round < 2; ++round) {
    StartDaemon({"--checkpoint-seconds", "1"});
    const uint64_t before = Fact("snapshot_lsn");
    Load load(address(), model_, round);
    AwaitAdded(1000);
    while (Fact("snapshot_lsn") == before && !HasFailure()) {
    }
    AwaitAdded(1000);
    CrashDaemon();
    load.Join();
    StartDaemon();
    ExpectNothingLost();
    CrashDaemon();
  }
}

TEST_F(Durability, SigtermUnderLoadDrainsAndLeavesEverythingInTheSnapshot) {
  {
    Load load(address(), model_, 1);
    AwaitAdded(3000);
    const Outcome stopped = StopDaemon();
    EXPECT_EQ(stopped.exit_code, 0) << stopped.err;
    EXPECT_THAT(stopped.err, HasSubstr("draining"));
  }
  LaunchDaemon();
  EXPECT_THAT(daemon_->AwaitErrorLine("ready: "), HasSubstr("and 0 changes from the journal"));
  ExpectNothingLost();
}

TEST_F(Durability, SigtermWithIdlePeersEndsAtOnceAndWell) {
  const auto idle = Connect();
  EXPECT_EQ(StopDaemon().exit_code, 0);
  StartDaemon();
}

TEST_F(Durability, SigintIsLikeSigterm) {
  Import(ToCsv(MakeReferences(10)));
  daemon_->Signal(SIGINT);
  EXPECT_EQ(daemon_->Wait().exit_code, 0);
  StartDaemon();
  ExpectHolds(MakeReferences(10));
}

TEST_F(Durability, LsnsGoOnWhereTheyStoppedAfterACrashAndAfterAStop) {
  Import(ToCsv(MakeReferences(10)));
  const uint64_t lsn = Fact("lsn");
  CrashAndRestartDaemon();
  EXPECT_EQ(Fact("lsn"), lsn);
  StopDaemon();
  StartDaemon();
  EXPECT_EQ(Fact("lsn"), lsn);
  Xref({"add", kPlace, "A", "1"});
  EXPECT_EQ(Fact("lsn"), lsn + 1);
}

TEST_F(Durability, ALoadingDaemonSaysSoAndNeverAbsent) {
  const References references = MakeReferences(300'000);
  Import(ToCsv(references), {"--batch", "65536"});
  StopDaemon();
  LaunchDaemon();
  const IdList some = Sources(MakeReferences(1000));
  for (bool answered = false; !answered && !HasFailure();) {
    const auto client = Connect();
    const auto place = client->Resolve("shop", "orders");
    answered = place.ok();
    if (!answered) {
      EXPECT_TRUE(absl::IsUnavailable(place.status())) << place.status();
      continue;
    }
    EXPECT_EQ(*client->Check(*place, some.View()), std::vector<bool>(1000, true));
  }
  ExpectHolds(references);
}

TEST_F(Durability, ACrashWhileLoadingChangesNothing) {
  const References references = MakeReferences(100'000);
  Import(ToCsv(references), {"--batch", "65536"});
  for (int i = 0; i < 5; ++i) {
    CrashDaemon();
    LaunchDaemon();
  }
  CrashAndRestartDaemon();
  ExpectHolds(references);
}

TEST_F(Durability, ATermWhileLoadingEndsWell) {
  Import(ToCsv(MakeReferences(100'000)), {"--batch", "65536"});
  for (int i = 0; i < 5; ++i) {
    EXPECT_EQ(StopDaemon().exit_code, 0);
    LaunchDaemon();
  }
  EXPECT_EQ(Xref({"--wait", "60", "status"}).exit_code, 0);
  ExpectHolds(MakeReferences(100'000));
}

}  // namespace
}  // namespace xref::test
