// A dry run reports what the import then does.

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <cstdlib>
#include <fstream>
#include <sstream>

#include "tests/daemon_fixture.h"

namespace xref::test {
namespace {

using ::testing::HasSubstr;

// Every kind of row, of a place where STANDS, MOVED and HOLDER are linked and IGNORED must not be.
constexpr const char* kEveryKind =
    "source_id,target_id\n"
    "NEW,1\n"
    "STANDS,10\n"
    "MOVED,21\n"   // conflicts
    "IGNORED,3\n"  // is refused
    "SECOND,30\n"  // has the target of HOLDER
    "TWICE,4\n"    // is added,
    "TWICE,4\n"    // said again,
    "TWICE,5\n"    // and contradicted
    "THIRD,4\n"    // has the target of TWICE
    "FOURTH,5\n"   // which TWICE did not get
    "FIFTH,6\n"    // has a target of its own,
    "SIXTH,6\n"    // which is wanted again
    "SIXTH,7\n"    // and let go for another one
    "SEVENTH,7\n"  // that is wanted as well
    "STANDS,10\n"  // stood before, and is said again
    "STANDS,11\n"  // and contradicted
    "IGNORED,3\n"  // as before
    "IGNORED,8\n"  // no better with another target
    "MOVED,21\n"   // is said again,
    "MOVED,22\n"   // and contradicted
    "MOVED,20\n"   // by what stood
    ",9\n"         // and rows that are none
    "BAD\n"
    "NEW,1\n"
    "LAST,1\n";

struct Case {
  std::string name;
  bool unique_targets;
  Arguments options;
};

class Rehearsal : public ShopTest, public ::testing::WithParamInterface<Case> {
 protected:
  void SetUp() override {
    ShopTest::SetUp();
    Import("source_id,target_id\nSTANDS,10\nMOVED,20\nHOLDER,30\n");
    Xref({"ignore", kPlace, "IGNORED"});
    if (GetParam().unique_targets) {
      Xref({"entity", "rule", kPlace, "--unique-targets", "on"});
    }
  }

  // What an import prints, its rejects and its exit code; without its last line, which tells the
  // time that it took.
  std::string Report(Arguments options, std::string_view rows) {
    const std::string rejects = folder_.path() + "/rejects-" + std::to_string(++reports_);
    options.insert(options.begin(), {"import", kPlace, "-", "--rejects", rejects});
    options.insert(options.end(), GetParam().options.begin(), GetParam().options.end());
    const Outcome outcome = Xref(options, rows);
    std::ostringstream rejected;
    rejected << std::ifstream(rejects).rdbuf();
    const std::string told = outcome.err.substr(0, outcome.err.rfind('\n', outcome.err.size() - 2));
    return outcome.out + told + "\n" + rejected.str() + std::to_string(outcome.exit_code);
  }

 private:
  int reports_ = 0;
};

TEST_P(Rehearsal, ReportsTheSameAsTheImportAndChangesNothing) {
  const uint64_t lsn = Fact("lsn");
  const std::string rehearsed = Report({"--dry-run"}, kEveryKind);
  EXPECT_THAT(last().err, HasSubstr("; a dry run: nothing was changed\n"));
  EXPECT_EQ(Fact("lsn"), lsn);
  EXPECT_EQ(Fact("items_done"), 4U) << "a rehearsal does nothing, and is not counted";
  EXPECT_EQ(rehearsed, Report({}, kEveryKind));
  EXPECT_GT(Fact("lsn"), lsn);
  // And once more, where everything is there.
  EXPECT_EQ(Report({"--dry-run"}, kEveryKind), Report({}, kEveryKind));
}

std::vector<Case> Cases() {
  std::vector<Case> cases;
  for (const bool unique : {false, true}) {
    for (const std::string mode : {"fail", "skip", "overwrite"}) {
      for (const std::string batch : {"5000", "2", "1"}) {
        cases.push_back({mode + "_by_" + batch + (unique ? "_unique" : ""),
                         unique,
                         {"--on-conflict", mode, "--batch", batch, "--in-flight", "1"}});
      }
    }
  }
  return cases;
}

INSTANTIATE_TEST_SUITE_P(Modes, Rehearsal, ::testing::ValuesIn(Cases()),
                         [](const auto& rows) { return rows.param.name; });

TEST_F(ShopTest, ARehearsalOfAPipeWithoutRoomForItsCopySaysSo) {
  ASSERT_EQ(setenv("TMPDIR", "/proc", 1), 0);
  const Outcome refused = Xref({"import", kPlace, "-", "--dry-run"}, "source_id,target_id\nA,1\n");
  unsetenv("TMPDIR");
  EXPECT_EQ(refused.exit_code, 2);
  EXPECT_THAT(refused.err, HasSubstr("a temporary file in /proc"));
  EXPECT_THAT(refused.err, HasSubstr("TMPDIR can name another folder"));
}

}  // namespace
}  // namespace xref::test
