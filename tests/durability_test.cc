// What was acknowledged is there: after kill -9, after SIGTERM, with and without checkpoints, and
// with several clients that change references and claims at the same time.

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <signal.h>

#include <algorithm>
#include <filesystem>
#include <random>

#include "tests/daemon_fixture.h"
#include "tests/load.h"

namespace xref::test {
namespace {

using ::testing::HasSubstr;

class Durability : public ShopTest {
 protected:
  void AwaitChanged(uint64_t more) {
    const uint64_t goal = model_.changed() + more;
    while (model_.changed() < goal && !HasFailure()) std::this_thread::yield();
  }
  // Changes so many items under load, and kills the daemon in the midst of it.
  void CrashUnderLoad(uint64_t seed, uint64_t changed) {
    Load load(address(), model_, seed);
    AwaitChanged(changed);
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
    StartDaemon({"--checkpoint-seconds", "1", "--deletes-per-minute", "50"});
    ExpectNothingLost();
  }
  for (size_t i = 0; i < protocol::kMutations; ++i) {
    EXPECT_GT(model_.changed(static_cast<protocol::Mutation>(i)), 0U) << "mutation " << i;
  }
  EXPECT_GT(model_.confirmed(), 0U);
  EXPECT_GT(model_.checked(), 0U);
  EXPECT_GT(model_.looked_up(), 0U);
}

TEST_F(Durability, CheckpointsUnderLoadLoseNothing) {
  CrashDaemon();
  for (uint64_t round = 0; round < 2; ++round) {
    StartDaemon({"--checkpoint-seconds", "1"});
    Load load(address(), model_, round);
    for (int times = 0; times < 3; ++times) {
      AwaitChanged(1000);
      AwaitCheckpoint();
    }
    AwaitChanged(1000);
    CrashDaemon();
    load.Join();
    StartDaemon();
    ExpectNothingLost();
    CrashDaemon();
  }
}

// Many references that are in the snapshot, so that it takes a while to merge the load with them.
class InterruptedCheckpoint : public Durability {
 protected:
  void SetUp() override {
    Durability::SetUp();
    ImportFile(WriteFile("held.csv", ToCsv(held_)), kHeldPlace);
    StopDaemon();
    StartDaemon(kOften);
  }

  // Two while a new one is written, and until the old one is removed.
  int SnapshotsOnDisk() const {
    int snapshots = 0;
    std::error_code ignored;
    const std::filesystem::directory_iterator folder(data_folder() + "/snapshot", ignored);
    for (const auto& entry : folder) snapshots += entry.is_directory(ignored);
    return snapshots;
  }

  // Kills the daemon after a new snapshot was begun and so much more was changed; says whether one
  // was still being written.
  bool CrashInCheckpoint(uint64_t seed, uint64_t changed) {
    Load load(address(), model_, seed);
    AwaitChanged(kMergedMin);
    const auto asks_for_checkpoint = StartXref({"history", kPlace, "any"});
    while (SnapshotsOnDisk() < 2 && !HasFailure()) std::this_thread::yield();
    AwaitChanged(changed);
    CrashDaemon();
    return SnapshotsOnDisk() == 2;
  }

  void ExpectNothingLost() {
    ExpectHolds(held_, kHeldPlace);
    const auto client = Connect();
    model_.ExpectHeldBy(*client, Place(*client), ReferencesHeld() - held_.size());
  }

  static constexpr const char* kHeldPlace = "shop/articles";
  const Arguments kOften{"--checkpoint-seconds", "1"};
  const References held_ = MakeReferences(200'000, "H-");
  // More than the fiftieth of them that is merged rather than set.
  static constexpr uint64_t kMergedMin = 6'000;
};

TEST_F(InterruptedCheckpoint, AtAnyMomentItLosesNothing) {
  std::mt19937_64 random(std::random_device{}());
  // About what is changed during a checkpoint, whatever the machine: more after a crash in time.
  uint64_t changed_max = 4096;
  for (uint64_t round = 0, interrupted = 0; interrupted < 2 && !HasFailure(); ++round) {
    const uint64_t changed = random() % changed_max;
    const bool in_time = CrashInCheckpoint(round, changed);
    interrupted += in_time;
    changed_max = in_time ? changed_max * 2 : std::max<uint64_t>(1, changed_max / 2);
    StartDaemon(kOften);
    ExpectNothingLost();
  }
  CrashAndRestartDaemon();
  EXPECT_EQ(SnapshotsOnDisk(), 1) << "what was left of an interrupted one is still there";
}

TEST_F(Durability, SigtermUnderLoadDrainsAndLeavesEverythingInTheSnapshot) {
  {
    Load load(address(), model_, 1);
    AwaitChanged(3000);
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
