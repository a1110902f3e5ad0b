// xref put, edit, delete, ignore and unignore, as scripts and people meet them.

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <sstream>

#include "tests/daemon_fixture.h"

namespace xref::test {
namespace {

using ::testing::AllOf;
using ::testing::HasSubstr;
using ::testing::IsEmpty;
using ::testing::MatchesRegex;
using ::testing::StartsWith;

// A daemon that holds A -> 1 and B -> 2.
class Mutations : public ShopTest {
 protected:
  void SetUp() override {
    ShopTest::SetUp();
    Import("source_id,target_id\nA,1\nB,2\n");
  }
  // Runs a command that must change nothing.
  Outcome Fruitless(const Arguments& arguments) {
    const uint64_t lsn = Fact("lsn");
    Outcome outcome = Xref(arguments);
    EXPECT_EQ(Fact("lsn"), lsn) << ::testing::PrintToString(arguments);
    return outcome;
  }
  // The command that the last outcome says to give, without its program.
  Arguments Advised() {
    const std::string& err = last().err;
    const size_t at = err.rfind("\n  xref ");
    Arguments words;
    if (at == std::string::npos) return words;
    std::istringstream text(err.substr(at + 8));
    for (std::string word; text >> word;) words.push_back(word);
    // The address of the daemon, which Xref names anew.
    words.erase(words.begin(), words.begin() + 2);
    return words;
  }
};

using Putting = Mutations;
using Editing = Mutations;
using Deleting = Mutations;
using Ignoring = Mutations;

TEST_F(Putting, LinksWhateverThereIs) {
  EXPECT_EQ(Xref({"put", kPlace, "A", "9"}).out, "put: A -> 9\n");
  EXPECT_EQ(Xref({"put", kPlace, "C", "3"}).out, "put: C -> 3\n");
  EXPECT_EQ(Xref({"put", kPlace, "C", "3"}).out, "unchanged: C -> 3\n");
  EXPECT_EQ(last().exit_code, 0);
  CrashAndRestartDaemon();
  ExpectHolds({{"A", "9"}, {"B", "2"}, {"C", "3"}});
}

TEST_F(Putting, TellsItsVerdictAsJson) {
  EXPECT_EQ(Xref({"--json", "put", kPlace, "A", "9"}).out,
            "{\"source_id\":\"A\",\"target_id\":\"9\",\"verdict\":\"put\"}\n");
}

TEST_F(Editing, RepointsWhatIsLinked) {
  EXPECT_EQ(Xref({"edit", kPlace, "A", "9"}).out, "edited: A -> 9\n");
  EXPECT_EQ(Xref({"edit", kPlace, "A", "8", "--expect", "9"}).out, "edited: A -> 8\n");
  EXPECT_EQ(last().exit_code, 0);
  ExpectHolds({{"A", "8"}, {"B", "2"}});
}

TEST_F(Editing, AnotherTargetThanExpectedIsAConflictThatNamesIt) {
  const Outcome conflict = Fruitless({"edit", kPlace, "A", "9", "--expect", "7"});
  EXPECT_EQ(conflict.exit_code, 1);
  EXPECT_EQ(conflict.out, "");
  EXPECT_EQ(conflict.err, "xref: conflict: A is linked to 1, not to 7; nothing was changed\n");
  EXPECT_EQ(Xref({"--json", "edit", kPlace, "A", "9", "--expect", "7"}).out,
            "{\"source_id\":\"A\",\"target_id\":\"1\",\"verdict\":\"conflict\"}\n");
}

TEST_F(Editing, WhatIsNotLinkedIsMissing) {
  const Outcome missing = Fruitless({"edit", kPlace, "C", "3"});
  EXPECT_EQ(missing.exit_code, 1);
  EXPECT_EQ(missing.err, "xref: missing: C is not linked; nothing was changed\n");
}

TEST_F(Deleting, RemovesLinksAndTellsWhichWereMissing) {
  const Outcome deleted = Xref({"delete", kPlace, "A", "C"});
  EXPECT_EQ(deleted.exit_code, 1);
  EXPECT_EQ(deleted.out, "deleted: A\n");
  EXPECT_EQ(deleted.err,
            "xref: missing: C is not linked; nothing was changed\n"
            "2 source IDs: 1 deleted, 1 missing\n");
  CrashAndRestartDaemon();
  ExpectHolds({{"B", "2"}});
}

TEST_F(Deleting, AnotherTargetThanExpectedIsLeft) {
  EXPECT_EQ(Fruitless({"delete", kPlace, "A", "--expect", "7"}).exit_code, 1);
  EXPECT_EQ(Xref({"delete", kPlace, "A", "--expect", "1"}).exit_code, 0);
  ExpectHolds({{"B", "2"}});
}

TEST_F(Deleting, TheIdsOfAFileGo) {
  const Outcome deleted = Xref({"--json", "delete", kPlace, "--ids", "-"}, "source_id\nB\nA\n");
  EXPECT_EQ(deleted.exit_code, 0);
  EXPECT_EQ(deleted.out,
            "{\"source_id\":\"B\",\"verdict\":\"deleted\"}\n"
            "{\"source_id\":\"A\",\"verdict\":\"deleted\"}\n");
  ExpectHolds(References{});
}

TEST_F(Deleting, BadRowsOfAFileAreToldAndTheRestGoes) {
  const Outcome deleted = Xref({"delete", kPlace, "--ids", "-"}, "source_id\n\xFF\nA\n");
  EXPECT_EQ(deleted.exit_code, 1);
  EXPECT_THAT(deleted.err, HasSubstr("standard input, line 2: the source ID is not valid UTF-8"));
  EXPECT_THAT(deleted.err, HasSubstr("1 source IDs: 1 deleted, 1 bad rows left out"));
  ExpectHolds({{"B", "2"}});
}

TEST_F(Deleting, IdsAreTakenAsTheyAre) {
  Import("source_id,target_id\n\"[A,B]\",3\n{},4\n%%,5\n");
  EXPECT_EQ(Xref({"delete", kPlace, "[A,B]", "{}", "%%"}).exit_code, 0);
  ExpectHolds({{"A", "1"}, {"B", "2"}});
  Import("source_id,target_id\n{},4\n");
  EXPECT_EQ(Xref({"delete", kPlace, "{}"}).out, "deleted: {}\n");
}

TEST_F(Deleting, ManyNeedAConfirmationWhichTheAdvisedCommandHas) {
  CrashAndRestartDaemon({"--deletes-per-minute", "1"});
  const Outcome refused = Fruitless({"delete", kPlace, "A", "B"});
  EXPECT_EQ(refused.exit_code, 2);
  EXPECT_THAT(refused.out, IsEmpty());
  EXPECT_THAT(refused.err, HasSubstr("this would remove 2 links, and the next sync may create up "
                                     "to 2 records again"));
  const Arguments advised = Advised();
  ASSERT_THAT(advised, ::testing::ElementsAre("delete", kPlace, "A", "B", "--confirm",
                                              MatchesRegex("[0-9]+")));
  EXPECT_EQ(Xref(advised).exit_code, 0);
  ExpectHolds(References{});
}

TEST_F(Deleting, AConfirmationIsGoodForItsRequestOnly) {
  CrashAndRestartDaemon({"--deletes-per-minute", "1"});
  Xref({"delete", kPlace, "A", "B"});
  Arguments other = Advised();
  ASSERT_EQ(other.size(), 6U);
  other[3] = "C";
  const Outcome refused = Fruitless(other);
  EXPECT_EQ(refused.exit_code, 2);
  EXPECT_THAT(refused.err, HasSubstr("this confirmation was given for another request"));
  EXPECT_EQ(Fruitless({"delete", kPlace, "A", "--confirm", "soon"}).exit_code, 2);
  EXPECT_THAT(last().err, HasSubstr("this is no confirmation"));
}

TEST_F(Deleting, OfMoreThanOneRequestAreAllConfirmedAtOnce) {
  References many = MakeReferences(70'000);
  Import(ToCsv(many));
  const std::string file = WriteFile("ids.csv", SourcesToCsv(many));
  EXPECT_EQ(Fruitless({"delete", kPlace, "--ids", file}).exit_code, 2);
  EXPECT_THAT(last().err, HasSubstr("request 2 of 2: "));
  EXPECT_EQ(Xref(Advised()).exit_code, 0);
  EXPECT_THAT(last().err, StartsWith("70000 source IDs: 70000 deleted\n"));
  ExpectHolds({{"A", "1"}, {"B", "2"}});
}

TEST_F(Ignoring, KeepsASourceFromBeingLinkedUntilItIsTakenBack) {
  EXPECT_EQ(Xref({"ignore", kPlace, "C", "D"}).out, "ignored: C\nignored: D\n");
  EXPECT_EQ(Xref({"ignore", kPlace, "C"}).out, "unchanged: C\n");
  CrashAndRestartDaemon();
  for (const char* command : {"add", "put"}) {
    const Outcome refused = Fruitless({command, kPlace, "C", "3"});
    EXPECT_EQ(refused.exit_code, 1);
    EXPECT_THAT(refused.err, HasSubstr("to allow it again: xref unignore shop/orders C"));
  }
  EXPECT_EQ(Xref({"unignore", kPlace, "C"}).out, "unignored: C\n");
  EXPECT_EQ(Xref({"unignore", kPlace, "C"}).out, "unchanged: C\n");
  EXPECT_EQ(Xref({"add", kPlace, "C", "3"}).exit_code, 0);
  ExpectHolds({{"A", "1"}, {"B", "2"}, {"C", "3"}});
}

TEST_F(Ignoring, WhatIsLinkedIsNotIgnored) {
  const Outcome synced = Fruitless({"ignore", kPlace, "A"});
  EXPECT_EQ(synced.exit_code, 1);
  EXPECT_THAT(synced.err, HasSubstr("A is linked to 1, so it was not ignored"));
}

TEST_F(Ignoring, AFileMayNameTheIds) {
  EXPECT_EQ(Xref({"ignore", kPlace, "--ids", "-"}, "source_id\nC\nC\n").exit_code, 1);
  EXPECT_EQ(last().err,
            "xref: duplicate: C was given before; this one was not used\n"
            "2 source IDs: 1 ignored, 1 duplicate\n");
}

TEST_F(Mutations, AreRefusedWhereSomethingIsWrongWithTheRequest) {
  const std::string long_id(256, 'x');
  const struct {
    Arguments arguments;
    const char* message;
  } cases[] = {
      {{"put", "shop/nothing", "A", "9"}, "has no entity type \"nothing\""},
      {{"put", "shop", "A", "9"}, "is not a place"},
      {{"put", kPlace, long_id, "9"}, "the source ID is longer than 255 bytes"},
      {{"put", kPlace, "A", long_id}, "the target ID is longer than 255 bytes"},
      {{"edit", kPlace, "A", "9", "--expect", long_id}, "the expected target ID is longer"},
      {{"edit", kPlace, "A"}, "target is required"},
      {{"delete", kPlace}, "name source IDs, or a file of them"},
      {{"delete", kPlace, "A", "--ids", "-"}, "sources excludes --ids"},
      {{"delete", kPlace, "A", long_id}, "the source ID is longer"},
      {{"delete", kPlace, "--ids", "/nowhere"}, "/nowhere"},
      {{"ignore", kPlace, ""}, "the source ID is empty"},
      {{"unignore", "other/orders", "A"}, "other"},
      {{"put", kPlace, "A", "9", "--actor", std::string(65, 'a')}, "actor"},
  };
  for (const auto& [arguments, message] : cases) {
    const Outcome refused = Fruitless(arguments);
    EXPECT_EQ(refused.exit_code, 2) << ::testing::PrintToString(arguments);
    EXPECT_THAT(refused.err, HasSubstr(message)) << ::testing::PrintToString(arguments);
    EXPECT_THAT(refused.out, IsEmpty());
  }
}

}  // namespace
}  // namespace xref::test
