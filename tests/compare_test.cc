// Whether a standby's state is its primary's: real daemons that compare the sums of them.

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <boost/json.hpp>
#include <cstdlib>
#include <filesystem>
#include <string>
#include <thread>

#include "tests/load.h"
#include "tests/nodes_fixture.h"

namespace xref::test {
namespace {

using ::testing::HasSubstr;
using ::testing::Not;

class Compare : public NodesTest {
 protected:
  Outcome AskToCompare(const std::string& primary, const std::string& standbys,
                       const Arguments& options = {}) {
    Arguments arguments{"status", "--compare", standbys};
    arguments.insert(arguments.end(), options.begin(), options.end());
    return Xref(primary, arguments);
  }
  void ExpectSame(const std::string& standby, const std::string& after) {
    const Outcome outcome = AskToCompare("primary", AddressOf(standby));
    EXPECT_EQ(outcome.exit_code, 0) << after << ": " << outcome.out << outcome.err;
    EXPECT_THAT(outcome.out, HasSubstr("the same at LSN")) << after;
  }
  std::string Run(const Arguments& arguments) {
    const Outcome outcome = Xref("primary", arguments);
    EXPECT_EQ(outcome.exit_code, 0) << arguments[0] << ": " << outcome.err;
    return outcome.out;
  }
  static std::string TokenIn(const std::string& preview) {
    return boost::json::parse(preview).at("token").as_string().c_str();
  }
  void Purge(const std::string& place) {
    const std::string token = TokenIn(Run({"--json", "purge", place, "--preview"}));
    Run({"purge", place, "--confirm", token});
  }
  void Drop(const std::string& integration) {
    const std::string token =
        TokenIn(Run({"--json", "integration", "drop", integration, "--preview"}));
    Run({"integration", "drop", integration, "--confirm", token});
  }
  // Starts a primary with the integration "shop" and a standby, which does not apply what is added
  // first to its memory.
  void StartWithADamagedStandby(const Arguments& options = {}) {
    Start("primary", options);
    CreateShop("primary");
    setenv("XREFD_FAILPOINT", "follow-skip", 1);
    StartStandby("standby", "primary");
    unsetenv("XREFD_FAILPOINT");
    ASSERT_EQ(Xref("primary", {"add", "shop/orders", "lost", "1"}).exit_code, 0);
    AwaitCaughtUp("standby", "primary");
    ASSERT_EQ(Fact("standby", "references"), "0");
  }
  void ExpectEndedDiverged() {
    const Outcome ended = nodes_["standby"].process->Wait();
    EXPECT_EQ(ended.exit_code, 1);
    // The comparison is the last change; it tells of the one before.
    const Lsn compared = std::stoull(Fact("primary", "lsn")) - 1;
    EXPECT_THAT(ended.err, HasSubstr("the state as of change " + std::to_string(compared) + " is"));
    for (const char* part : {"they differ in references", "sum here is", "of the primary",
                             "xrefd --check", "on a new folder"}) {
      EXPECT_THAT(ended.err, HasSubstr(part));
    }
  }
  void ExpectStartIsRefused(Arguments options = {}) {
    options.insert(options.begin(),
                   {kXrefd, "--data", FolderOf("standby"), "--listen", "127.0.0.1:0"});
    const Outcome refused = RunProgram(options);
    EXPECT_EQ(refused.exit_code, 2);
    EXPECT_THAT(refused.err, HasSubstr("stopped for good"));
    EXPECT_THAT(refused.err, HasSubstr("they differ in references"));
  }
};

TEST_F(Compare, CopiesAreTheSameAfterEveryKindOfChangeHoweverTheyCameToIt) {
  Start("primary");
  StartStandby("follower", "primary");
  CreateShop("primary");
  Launch("restarted", {"--standby-of", AddressOf("primary")});
  ASSERT_FALSE(nodes_["restarted"].process->AwaitErrorLine("ready: ").empty());
  const auto expect_same = [&](const std::string& after) {
    ExpectSame("follower", after);
    // It comes back with the journal, then with the snapshot.
    AwaitCaughtUp("restarted", "primary");
    Crash("restarted");
    StartStandby("restarted", "primary");
    ExpectSame("restarted", after + ", from the journal");
    Stop("restarted");
    StartStandby("restarted", "primary");
    ExpectSame("restarted", after + ", from the snapshot");
  };
  expect_same("create");
  Run({"entity", "add", "shop/returns"});
  Run({"integration", "rename", "shop", "--source", "Shopify", "--target", "ERP"});
  Run({"entity", "rule", "shop/stock", "--unique-targets", "on"});
  expect_same("the catalog");
  Import("primary", MakeReferences(3'000));
  Run({"add", "shop/orders", "edited", "1"});
  Run({"put", "shop/orders", "edited", "2"});
  Run({"edit", "shop/orders", "edited", "3"});
  Run({"add", "shop/orders", "deleted", "4"});
  Run({"delete", "shop/orders", "deleted"});
  expect_same("references");
  Run({"ignore", "shop/orders", "ignored"});
  Run({"ignore", "shop/orders", "ignored-no-more"});
  Run({"unignore", "shop/orders", "ignored-no-more"});
  for (const char* source : {"claimed", "settled", "released"}) {
    Run({"claim", "shop/orders", source, "--owner", "worker", "--lease", "3600"});
  }
  Run({"add", "shop/orders", "settled", "5"});
  expect_same("reservations");
  Run({"add", "shop/customers", "purged", "6"});
  Purge("shop/customers");
  expect_same("purge");
  Run({"add", "shop/customers", "after the purge", "7"});
  Purge("shop/orders");
  Run({"restore", "shop/orders"});
  expect_same("restore of a purge");
  Drop("shop");
  expect_same("drop");
  Run({"restore", "shop"});
  expect_same("restore of a drop");
}

TEST_F(Compare, AStandbyThatTookACopyIsTheSame) {
  Start("primary");
  CreateShop("primary");
  Import("primary", MakeReferences(3'000));
  Run({"ignore", "shop/orders", "ignored"});
  Run({"claim", "shop/orders", "claimed", "--owner", "worker", "--lease", "3600"});
  Purge("shop/orders");
  StartStandby("standby", "primary");
  AwaitCaughtUp("standby", "primary");
  ASSERT_EQ(Xref("standby", {"promote", "--force"}).exit_code, 0);
  ASSERT_EQ(Xref("standby", {"add", "shop/orders", "alone", "9"}).exit_code, 0);
  // Its own history, which has to make way for a copy.
  ASSERT_EQ(Xref("primary", {"add", "shop/orders", "other", "8"}).exit_code, 0);
  Crash("primary");
  Launch("primary", {"--standby-of", AddressOf("standby")});
  ASSERT_FALSE(nodes_["primary"].process->AwaitErrorLine("has arrived").empty());
  AwaitCaughtUp("primary", "standby");
  const Outcome outcome = AskToCompare("standby", AddressOf("primary"));
  EXPECT_EQ(outcome.exit_code, 0) << outcome.out << outcome.err;
}

TEST_F(Compare, CopiesAreTheSameUnderLoad) {
  Start("primary", {"--compare-seconds", "1", "--checkpoint-seconds", "1"});
  CreateShop("primary");
  StartStandby("standby", "primary", {"--checkpoint-seconds", "1"});
  Model model;
  {
    Load load(AddressOf("primary"), model, 11);
    for (int i = 0; i < 20; ++i) {
      const uint64_t enough = model.changed() + 100;
      while (model.changed() < enough) std::this_thread::yield();
      ExpectSame("standby", "load");
    }
    EXPECT_EQ(Fact("standby", "state"), "standby");
    Crash("primary");
    load.Join();
  }
  Start("primary");
  ExpectSame("standby", "a restart of the primary");
}

TEST_F(Compare, APrimaryHasThemComparedByItselfOnceAnythingHasChanged) {
  Start("primary", {"--compare-seconds", "1"});
  CreateShop("primary");
  StartStandby("standby", "primary");
  const std::string first = AwaitAnyFact("standby", "compared_lsn");
  ASSERT_FALSE(first.empty());
  // Nothing changes, so nothing is compared; what does change is compared, though nothing follows.
  Run({"add", "shop/orders", "A", "1"});
  EXPECT_TRUE(AwaitFact("standby", "compared_lsn", std::to_string(std::stoull(first) + 2)));
}

TEST_F(Compare, AStandbyThatDiffersEndsAndIsNotToBePromoted) {
  StartWithADamagedStandby();
  const Outcome outcome = AskToCompare("primary", AddressOf("standby"));
  EXPECT_EQ(outcome.exit_code, 1) << outcome.err;
  EXPECT_THAT(outcome.out, HasSubstr("differs: "));
  EXPECT_THAT(outcome.out, HasSubstr("they differ in references"));
  EXPECT_NE(Xref("standby", {"lookup", "shop/orders", "lost"}).exit_code, 0);
  EXPECT_NE(Xref("standby", {"promote", "--force"}).exit_code, 0);
  ExpectEndedDiverged();
  ExpectStartIsRefused({"--standby-of", AddressOf("primary")});
  ExpectStartIsRefused();  // nor as a primary
  EXPECT_EQ(Xref("primary", {"lookup", "shop/orders", "lost"}).exit_code, 0);
}

TEST_F(Compare, AStandbyThatDiffersIsFoundWithoutBeingAsked) {
  StartWithADamagedStandby({"--compare-seconds", "1"});
  ExpectEndedDiverged();
}

TEST_F(Compare, AFoldThatWasCutShortBehindAComparisonDoesNotKeepADaemonFromStarting) {
  Start("a");
  CreateShop("a");
  Import("a", MakeReferences(3'000));
  Stop("a");  // so that the next fold is into this snapshot
  Start("a");
  ASSERT_EQ(Xref("a", {"add", "shop/orders", "before", "1"}).exit_code, 0);
  const std::string lsn = Fact("a", "lsn");
  Xref("a", {"status", "--compare", AddressOf("a")});
  ASSERT_NE(Fact("a", "lsn"), lsn) << "a comparison is in the journal";
  ASSERT_EQ(Xref("a", {"add", "shop/orders", "after", "2"}).exit_code, 0);
  Crash("a");
  setenv("XREFD_FAILPOINT", "checkpoint-references", 1);
  Launch("a", {"--checkpoint-seconds", "1"});
  unsetenv("XREFD_FAILPOINT");
  ASSERT_EQ(nodes_["a"].process->Wait().exit_code, 128 + SIGKILL);
  Start("a");
  EXPECT_THAT(Lookup("a", "before"), HasSubstr("before,1"));
  EXPECT_THAT(Lookup("a", "after"), HasSubstr("after,2"));
}

TEST_F(Compare, OnlyAllStandbysTogetherAreTheSame) {
  StartWithADamagedStandby();
  StartStandby("sound", "primary");
  const Outcome outcome =
      AskToCompare("primary", AddressOf("sound") + "," + AddressOf("standby"), {"--json"});
  EXPECT_EQ(outcome.exit_code, 1) << outcome.err;
  const auto standbys = boost::json::parse(outcome.out).at("standbys").as_array();
  ASSERT_EQ(standbys.size(), 2U);
  EXPECT_EQ(standbys[0].at("result").as_string(), "the same");
  EXPECT_EQ(standbys[1].at("result").as_string(), "differs");
  ExpectEndedDiverged();
}

TEST_F(Compare, WhoCannotBeReachedOrFollowsNobodyIsNotReached) {
  Start("primary");
  CreateShop("primary");
  StartStandby("standby", "primary");
  Crash("standby");
  const Outcome gone = AskToCompare("primary", AddressOf("standby"), {"--timeout", "1"});
  EXPECT_EQ(gone.exit_code, 1);
  EXPECT_THAT(gone.out, HasSubstr("not reached"));
  const Outcome itself = AskToCompare("primary", AddressOf("primary"));
  EXPECT_EQ(itself.exit_code, 1);
  EXPECT_THAT(itself.out, HasSubstr("not reached"));
}

TEST_F(Compare, AskingAStandbyGoesOnToItsPrimary) {
  Start("primary");
  CreateShop("primary");
  StartStandby("standby", "primary");
  const Outcome outcome = AskToCompare("standby", AddressOf("standby"));
  EXPECT_EQ(outcome.exit_code, 0) << outcome.out << outcome.err;
}

}  // namespace
}  // namespace xref::test
