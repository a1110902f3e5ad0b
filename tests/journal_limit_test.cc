// A journal that may hold so much and no more.

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <cstdlib>
#include <filesystem>
#include <thread>

#include "tests/daemon_fixture.h"

namespace xref::test {
namespace {

using ::testing::HasSubstr;

// Its checkpoints are held at their beginning, for as long as the test wants that.
class JournalLimit : public ShopTest {
 protected:
  void SetUp() override {
    ShopTest::SetUp();
    hold_ = WriteFile("hold", "");
    setenv("XREFD_FAILPOINT", "checkpoint-before", 1);
    setenv("XREFD_FAILPOINT_HOLD", hold_.c_str(), 1);
    CrashAndRestartDaemon({"--journal-limit", "32MiB", "--checkpoint-seconds", "86400"});
    unsetenv("XREFD_FAILPOINT");
    unsetenv("XREFD_FAILPOINT_HOLD");
  }

  // References of which some hundred thousand fill the journal.
  static References Long(size_t count) {
    return MakeReferences(count, "gid://shop/Order/an-id-that-is-longer-than-most-");
  }
  // Imports until it is refused.
  void Fill() {
    do {
      held_ = ReferencesHeld();
    } while (Import(ToCsv(Long(held_ + kStep))).added > 0);
    held_ = ReferencesHeld();
  }
  void LetCheckpointsGo() { std::filesystem::remove(hold_); }

  static constexpr size_t kStep = 200'000;
  std::string hold_;
  size_t held_ = 0;
};

TEST_F(JournalLimit, AboveItChangesAreRefusedAndQuestionsAnswered) {
  Fill();
  const Outcome refused = Xref({"add", kPlace, "one-more", "1"});
  EXPECT_EQ(refused.exit_code, 2);
  EXPECT_THAT(refused.err, HasSubstr("--journal-limit"));
  EXPECT_GE(Fact("refused_journal_bytes"), 1U);
  EXPECT_GE(Fact("journal_held_bytes"), Fact("limit_journal_bytes"));
  ExpectHolds(Long(held_));
}

TEST_F(JournalLimit, ACheckpointIsHurriedAlongAndMakesRoomByItself) {
  Fill();
  LetCheckpointsGo();
  while (Xref({"add", kPlace, "one-more", "1"}).exit_code == 2) {
  }
  EXPECT_LT(Fact("journal_held_bytes"), Fact("limit_journal_bytes") / 2);
  EXPECT_EQ(ReferencesHeld(), held_ + 1);
}

TEST_F(JournalLimit, WhatWasAcknowledgedBelowItIsThereAfterACrash) {
  Fill();
  CrashAndRestartDaemon({"--journal-limit", "32MiB"});
  ExpectHolds(Long(held_));
}

TEST_F(JournalLimit, AStandbyThatLagsHoldsUpNobody) {
  LetCheckpointsGo();
  const Arguments argv{kXrefd,     "--data",       folder_.path() + "/standby",
                       "--listen", "127.0.0.1:0",  "--http",
                       "off",      "--standby-of", address()};
  const auto standby = Process::Start(argv);
  ASSERT_NE(standby->AwaitErrorLine("ready: "), "");
  standby->Signal(SIGSTOP);
  const References references = Long(1'000'000);
  while (ReferencesHeld() < references.size() && !HasFailure()) Import(ToCsv(references));
  EXPECT_LT(Fact("journal_held_bytes"), Fact("limit_journal_bytes") * 5 / 4);
  standby->Signal(SIGCONT);
}

}  // namespace
}  // namespace xref::test
