// What an import does with rows that conflict.

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <algorithm>
#include <fstream>
#include <sstream>

#include "tests/daemon_fixture.h"

namespace xref::test {
namespace {

using ::testing::HasSubstr;
using ::testing::IsEmpty;
using ::testing::Not;

constexpr const char* kMixed =
    "source_id,target_id\nA,1\nB,20\nC,3\nC,3\nC,4\nB,20\nB,2\n,5\nD\nE,6\n";

// How large requests are; it must make no difference.
class Conflicts : public ShopTest, public ::testing::WithParamInterface<Arguments> {
 protected:
  void SetUp() override {
    ShopTest::SetUp();
    Import("source_id,target_id\nA,1\nB,2\n");
  }
  Outcome ImportMixed(Arguments options) {
    options.insert(options.begin(), {"import", kPlace, "-"});
    options.insert(options.end(), GetParam().begin(), GetParam().end());
    return Xref(options, kMixed);
  }
  std::string RejectsPath() const { return folder_.path() + "/rejects.csv"; }
  std::string ReadRejects() const {
    std::ostringstream text;
    text << std::ifstream(RejectsPath()).rdbuf();
    return text.str();
  }
};

TEST_P(Conflicts, FailUnlessAskedOtherwise) {
  const Outcome outcome = ImportMixed({});
  EXPECT_EQ(outcome.exit_code, 1);
  EXPECT_EQ(outcome.out,
            "rows        10\nadded       2\nunchanged   2\nconflicts   3\nduplicates  1\n"
            "bad rows    2\n");
  EXPECT_THAT(outcome.err, HasSubstr("line 3: conflict: B is linked to 2, this row says 20"));
  ExpectHolds({{"A", "1"}, {"B", "2"}, {"C", "3"}, {"E", "6"}});
}

TEST_P(Conflicts, SkippedAreCountedAndNoFault) {
  const Outcome outcome = Xref({"import", kPlace, "-", "--on-conflict", "skip"},
                               "source_id,target_id\nA,1\nB,20\nC,3\n");
  EXPECT_EQ(outcome.exit_code, 0);
  EXPECT_THAT(outcome.out, HasSubstr("conflicts   1\n"));
  EXPECT_THAT(outcome.err, Not(HasSubstr("conflict")));
  ExpectHolds({{"A", "1"}, {"B", "2"}, {"C", "3"}});
}

TEST_P(Conflicts, OverwrittenTakeTheTargetOfTheFirstRow) {
  const Outcome outcome = ImportMixed({"--on-conflict", "overwrite"});
  EXPECT_EQ(outcome.exit_code, 1);
  EXPECT_EQ(outcome.out,
            "rows        10\nadded       2\nunchanged   1\noverwritten 1\nconflicts   2\n"
            "duplicates  2\nbad rows    2\n");
  EXPECT_THAT(outcome.err, HasSubstr("line 8: conflict: B is linked to 20, this row says 2"));
  ExpectHolds({{"A", "1"}, {"B", "20"}, {"C", "3"}, {"E", "6"}});
}

TEST_P(Conflicts, OfRefusedSourcesStayInEveryMode) {
  Xref({"ignore", kPlace, "F"});
  const std::string rows = "source_id,target_id\nF,1\n";
  for (const char* mode : {"fail", "overwrite"}) {
    const Outcome outcome = Xref({"import", kPlace, "-", "--on-conflict", mode}, rows);
    EXPECT_EQ(outcome.exit_code, 1);
    EXPECT_THAT(outcome.err, HasSubstr("line 2: ignored: F was not linked to 1"));
  }
  ExpectHolds({{"A", "1"}, {"B", "2"}});
}

TEST_P(Conflicts, RejectsHaveEveryRowThatWasNotTakenAndWhy) {
  ImportMixed({"--on-conflict", "skip", "--rejects", RejectsPath()});
  const std::string rejects = ReadRejects();
  EXPECT_EQ(std::count(rejects.begin(), rejects.end(), '\n'), 6);
  for (const char* row :
       {"source_id,target_id,line,reason\n",
        "B,20,3,\"conflict: B is linked to 2, this row says 20\"\n",
        "C,4,6,\"conflict: C is linked to 3, this row says 4\"\n",
        "B,20,7,\"conflict: B is linked to 2, this row says 20\"\n",
        ",5,9,the source ID is empty\n", ",,10,\"too few columns: 1, needed are 2\"\n"}) {
    EXPECT_THAT(rejects, HasSubstr(row));
  }
}

TEST_P(Conflicts, RejectsCanBeImportedOnceTheirReasonIsGone) {
  ImportMixed({"--rejects", RejectsPath()});
  Xref({"delete", kPlace, "B"});
  Xref({"import", kPlace, RejectsPath()});
  ExpectHolds({{"A", "1"}, {"B", "20"}, {"C", "3"}, {"E", "6"}});
}

TEST_P(Conflicts, RejectsThatWereMendedAreTakenAsTheyStandThere) {
  const std::string text =
      "source_id,target_id\n\"B,\"\"1\"\"\",\"2,2\"\nB,20\n\"C\nD\",3\n\xFF,4\nF,\n";
  Xref({"import", kPlace, "-", "--rejects", RejectsPath()}, text);
  std::string rejects = ReadRejects();
  const auto mend = [&rejects](const std::string& wrong, const std::string& right) {
    const size_t at = rejects.find(wrong);
    ASSERT_NE(at, std::string::npos) << wrong << " is not in\n" << rejects;
    rejects.replace(at, wrong.size(), right);
  };
  mend("B,20,", "B2,20,");
  mend("\"C\nD\",3,", "\"C,\"\"D\"\"\",3,");
  mend("\xFF,4,", "E,4,");
  mend("F,,", "F,5,");
  EXPECT_EQ(Import(rejects), (Totals{.rows = 4, .added = 4}));
  ExpectHolds({{"A", "1"},
               {"B", "2"},
               {"B,\"1\"", "2,2"},
               {"B2", "20"},
               {"C,\"D\"", "3"},
               {"E", "4"},
               {"F", "5"}});
}

TEST_P(Conflicts, RejectsNeverReplaceAFile) {
  const std::string file = WriteFile("rows.csv", "source_id,target_id\nX,1\n");
  const Outcome refused = Xref({"import", kPlace, file, "--rejects", file});
  EXPECT_EQ(refused.exit_code, 2);
  EXPECT_THAT(refused.err, HasSubstr("exists already"));
  EXPECT_EQ(Xref({"import", kPlace, file, "--rejects", "/nowhere/x"}).exit_code, 2);
  ExpectHolds({{"A", "1"}, {"B", "2"}});
}

INSTANTIATE_TEST_SUITE_P(Requests, Conflicts,
                         ::testing::Values(Arguments{}, Arguments{"--batch", "1"},
                                           Arguments{"--batch", "2", "--in-flight", "1"}),
                         [](const auto& options) {
                           if (options.param.empty()) return std::string("OneForAll");
                           return options.param[1] == "1" ? std::string("OneARow")
                                                          : std::string("OneForTwo");
                         });

TEST_F(ShopTest, AnImportThatOverwritesEverythingTakesEveryRow) {
  References references = MakeReferences(30'000);
  Import(ToCsv(references));
  for (auto& reference : references) reference.second += "-new";
  const Outcome outcome =
      Xref({"import", kPlace, "-", "--on-conflict", "overwrite"}, ToCsv(references));
  EXPECT_EQ(outcome.exit_code, 0);
  EXPECT_THAT(outcome.out, HasSubstr("overwritten 30000\nconflicts   0\n"));
  ExpectHolds(references);
}

}  // namespace
}  // namespace xref::test
