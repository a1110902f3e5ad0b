// Imports that take every row or none.

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <signal.h>

#include <chrono>
#include <thread>

#include "tests/daemon_fixture.h"

namespace xref::test {
namespace {

using ::testing::HasSubstr;

class AllOrNothing : public ShopTest {
 protected:
  void SetUp() override {
    ShopTest::SetUp();
    Import("source_id,target_id\nA,1\n");
    Xref({"ignore", kPlace, "IGNORED"});
  }
  void ExpectNothingTaken(const std::string& rows, const std::string& why) {
    const uint64_t lsn = Fact("lsn");
    const Outcome refused = Xref({"import", kPlace, "-", "--all-or-nothing"},
                                 "source_id,target_id\nNEW,1\n" + rows + "\nNEWER,2\n");
    EXPECT_EQ(refused.exit_code, 1);
    EXPECT_THAT(refused.err, HasSubstr("line 3: " + why));
    EXPECT_THAT(refused.err, HasSubstr("; not every row can be taken: nothing was changed\n"));
    EXPECT_EQ(Fact("lsn"), lsn);
    ExpectHolds({{"A", "1"}});
  }
};

TEST_F(AllOrNothing, TakesEveryRowOfAFileWithoutFault) {
  const References references = MakeReferences(20'000);
  EXPECT_EQ(Import(ToCsv(references) + "A,1\nS-0,T-S-0\n", {"--all-or-nothing"}),
            (Totals{.rows = 20'002, .added = 20'000, .unchanged = 1, .duplicates = 1}))
      << last().err;
  EXPECT_EQ(last().exit_code, 0);
  EXPECT_EQ(ReferencesHeld(), 20'001U);
}

TEST_F(AllOrNothing, TakesNothingIfARowConflicts) {
  ExpectNothingTaken("A,2", "conflict: A is linked to 1, this row says 2");
}

TEST_F(AllOrNothing, TakesNothingIfARowContradictsAnEarlierOne) {
  ExpectNothingTaken("NEW,2", "conflict: NEW is linked to 1, this row says 2");
}

TEST_F(AllOrNothing, TakesNothingIfARowIsBad) {
  ExpectNothingTaken("B,", "the target ID is empty");
}

TEST_F(AllOrNothing, TakesNothingIfASourceIsIgnored) {
  ExpectNothingTaken("IGNORED,2", "ignored: IGNORED was not linked to 2");
}

TEST_F(AllOrNothing, TakesNothingIfATargetHasAnotherSource) {
  Xref({"entity", "rule", kPlace, "--unique-targets", "on"});
  ExpectNothingTaken("B,1", "target_taken: B was not linked to 1");
}

TEST_F(AllOrNothing, GivesScriptsTheTotalsOfTheRehearsalAndSaysThatItRefused) {
  EXPECT_EQ(Import("source_id,target_id\nB,2\nA,2\n", {"--all-or-nothing"}),
            (Totals{.rows = 2, .added = 1, .conflicts = 1}));
  EXPECT_THAT(last().out, HasSubstr("\"refused\":true,\"taken_back\":0"));
  Import("source_id,target_id\nB,2\n", {"--all-or-nothing"});
  EXPECT_THAT(last().out, HasSubstr("\"refused\":false,\"taken_back\":0"));
}

TEST_F(AllOrNothing, LeavesNoChoiceWhatToDoOnAConflict) {
  const Outcome refused =
      Xref({"import", kPlace, "-", "--all-or-nothing", "--on-conflict", "skip"});
  EXPECT_EQ(refused.exit_code, 2);
  EXPECT_THAT(refused.err, HasSubstr("excludes"));
}

TEST_F(AllOrNothing, TakesBackWhatItAddedIfARowConflictsByTheTimeItIsSent) {
  const References references = MakeReferences(100'000);
  const std::string file = WriteFile("orders.csv", ToCsv(references));
  const auto import =
      StartXref({"import", kPlace, file, "--all-or-nothing", "--batch", "50", "--in-flight", "1"});
  const auto client = Connect();
  const PlaceId place = Place(*client);
  const IdList first = Sources({references.front()});
  const auto give_up = std::chrono::steady_clock::now() + kDeadline;
  while (!client->Check(place, first.View()).value()[0]) {
    ASSERT_LT(std::chrono::steady_clock::now(), give_up) << "nothing is imported";
    std::this_thread::yield();
  }
  // The rehearsal is over and the first rows are in; now somebody else comes in between.
  import->Signal(SIGSTOP);
  ASSERT_LT(ReferencesHeld(), 100'000U);
  const auto mutate = [&](protocol::Mutation mutation, const std::string& source) {
    IdList sources, targets;
    sources.Add(source);
    targets.Add("mine");
    return client
        ->Mutate({.mutation = mutation,
                  .place = place,
                  .actor = "bob",
                  .sources = sources.View(),
                  .targets = targets.View()})
        .value()[0]
        .verdict;
  };
  ASSERT_EQ(mutate(protocol::Mutation::kAdd, references.back().first), protocol::Verdict::kDone);
  ASSERT_EQ(mutate(protocol::Mutation::kEdit, references.front().first), protocol::Verdict::kDone);
  import->Signal(SIGCONT);
  const Outcome refused = import->Wait();
  EXPECT_EQ(refused.exit_code, 1);
  EXPECT_THAT(refused.err, HasSubstr("line 100001: conflict: S-99999 is linked to mine"));
  EXPECT_THAT(refused.err, HasSubstr("the 99998 references that were added by then were taken "
                                     "back, but for 1 that somebody else has changed since"));
  ExpectHolds({{"A", "1"}, {"S-0", "mine"}, {"S-99999", "mine"}});
}

}  // namespace
}  // namespace xref::test
