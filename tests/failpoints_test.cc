// A daemon that dies at every point on which durability rests, and what is there when it is back.

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <signal.h>

#include <cstdlib>

#include "persistence/failpoint.h"
#include "tests/daemon_fixture.h"
#include "tests/load.h"

namespace xref::test {
namespace {

// Every failpoint of a daemon that serves: one that none ever reaches fails its test.
class Failpoints : public ShopTest, public ::testing::WithParamInterface<Failpoint> {
 protected:
  void SetUp() override {
    ShopTest::SetUp();
    // So many that one more change is set among them, and the load is merged with them.
    Import("source_id,target_id\nin-the-snapshot,1\n" + ToRows(held_, 0, held_.size()));
    StopDaemon();
    StartDaemon();
    Import("source_id,target_id\nin-the-journal,2\n");
    CrashDaemon();
  }

  void Arm(const std::string& passes) {
    setenv("XREFD_FAILPOINT", (std::string(Name(GetParam())) + passes).c_str(), 1);
  }

  // Lets the daemon run into the failpoint: while it starts, at a commit, or in a checkpoint.
  void RunIntoIt() {
    const std::string_view name = Name(GetParam());
    if (name.starts_with("recovery")) {
      LaunchDaemon();
      unsetenv("XREFD_FAILPOINT");
      return ExpectDeath();
    }
    StartDaemon();
    unsetenv("XREFD_FAILPOINT");
    if (name.starts_with("checkpoint")) {
      // What was set before the crash is enough to be folded, and little enough to be set.
      AskForCheckpoint();
      return ExpectDeath();
    }
    Load load(address(), model_, 1);
    if (!OfCommits(name)) {
      while (model_.changed() < kMergedMin && !HasFailure()) std::this_thread::yield();
      AskForCheckpoint();
    }
    ExpectDeath();
    load.Join();
  }

  static bool OfCommits(std::string_view name) {
    return name.starts_with("commit") || name.starts_with("reply");
  }

  void ExpectDeath() {
    EXPECT_EQ(daemon_->Wait().exit_code, 128 + SIGKILL) << "the failpoint was not reached";
  }

  void ExpectNothingLost() {
    StartDaemon();
    EXPECT_EQ(Xref({"lookup", kPlace, "in-the-snapshot", "in-the-journal"}).out,
              "source_id,target_id\nin-the-snapshot,1\nin-the-journal,2\n");
    const auto client = Connect();
    model_.ExpectHeldBy(*client, Place(*client), ReferencesHeld() - 2 - held_.size());
  }

  const References held_ = MakeReferences(200, "H-");
  // Many times what is merged rather than set, beside so few.
  static constexpr uint64_t kMergedMin = 500;
  Model model_;
};

TEST_P(Failpoints, NothingAcknowledgedIsLost) {
  // Every commit passes those of a commit: let it be one in the midst of the load.
  Arm(OfCommits(Name(GetParam())) ? ":20" : "");
  RunIntoIt();
  ExpectNothingLost();
}

// Those of backups are for backup_test.cc, those of copies for replication_test.cc, the
// one that does damage for compare_test.cc.
std::vector<Failpoint> AllFailpoints() {
  std::vector<Failpoint> all;
  for (int i = 0; i < static_cast<int>(Failpoint::kBackupMade); ++i) {
    all.push_back(static_cast<Failpoint>(i));
  }
  return all;
}

INSTANTIATE_TEST_SUITE_P(All, Failpoints, ::testing::ValuesIn(AllFailpoints()),
                         [](const auto& point) {
                           std::string name(Name(point.param));
                           for (char& c : name) c = c == '-' ? '_' : c;
                           return name;
                         });

class FailpointNames : public DaemonTest {
 protected:
  void SetUp() override {}
};

TEST_F(FailpointNames, AnUnknownOneIsRefused) {
  setenv("XREFD_FAILPOINT", "no-such-point", 1);
  const Outcome outcome = RunDaemon({"--data", data_folder()});
  unsetenv("XREFD_FAILPOINT");
  EXPECT_EQ(outcome.exit_code, 2);
  EXPECT_THAT(outcome.err, ::testing::HasSubstr("XREFD_FAILPOINT"));
}

}  // namespace
}  // namespace xref::test
