// Comparing a place with the full list of IDs of one platform.

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <filesystem>
#include <fstream>
#include <sstream>

#include "tests/daemon_fixture.h"

namespace xref::test {
namespace {

using ::testing::HasSubstr;
using ::testing::IsEmpty;

class Reconcile : public ShopTest {
 protected:
  std::string Path(const std::string& name) const { return folder_.path() + "/" + name; }
  std::string Read(const std::string& name) const {
    std::ostringstream text;
    text << std::ifstream(Path(name)).rdbuf();
    return text.str();
  }
  // Compares with a file, into missing.csv and orphaned.csv, and doubly.csv where it is one of
  // targets.
  Outcome Run(const std::string& platform, std::string_view file, const Arguments& options = {}) {
    Arguments arguments{
        "reconcile",         kPlace, platform, "-", "--missing", Path("missing.csv"), "--orphaned",
        Path("orphaned.csv")};
    if (platform == "--target") {
      arguments.insert(arguments.end(), {"--doubly", Path("doubly.csv")});
    }
    arguments.insert(arguments.end(), options.begin(), options.end());
    return Xref(arguments, file);
  }
};

TEST_F(Reconcile, SourcesThatAgreeAreNothingToReport) {
  Import("source_id,target_id\nA,1\nB,2\n");
  const Outcome same = Run("--source", "source_id\nB\nA\n");
  EXPECT_EQ(same.exit_code, 0);
  EXPECT_THAT(same.out, IsEmpty());
  EXPECT_EQ(same.err, "IDs in the file  2\nmissing          0\norphaned         0\n");
  EXPECT_EQ(Read("missing.csv"), "source_id\n");
  EXPECT_EQ(Read("orphaned.csv"), "source_id,target_id\n");
}

TEST_F(Reconcile, SourcesAreMissingOrOrphaned) {
  Import("source_id,target_id\nA,1\nB,2\n\"C,\"\"3\",3\n");
  const Outcome differs = Run("--source", "source_id\nX\nA\n\"Y,1\"\n");
  EXPECT_EQ(differs.exit_code, 1);
  EXPECT_EQ(differs.err, "IDs in the file  3\nmissing          2\norphaned         2\n");
  EXPECT_EQ(Read("missing.csv"), "source_id\nX\n\"Y,1\"\n");
  EXPECT_EQ(Read("orphaned.csv"), "source_id,target_id\nB,2\n\"C,\"\"3\",3\n");
}

TEST_F(Reconcile, TargetsAreAlsoDoublyMapped) {
  Import("source_id,target_id\nA,1\nB,1\nC,2\nD,3\nE,3\nF,1\nG,5\n");
  const Outcome differs = Run("--target", "target_id\n1\n2\n4\n5\n");
  EXPECT_EQ(differs.exit_code, 1);
  EXPECT_EQ(differs.err,
            "IDs in the file  4\nmissing          1\norphaned         2\ndoubly mapped    1\n");
  EXPECT_EQ(Read("missing.csv"), "target_id\n4\n");
  EXPECT_EQ(Read("orphaned.csv"), "source_id,target_id\nD,3\nE,3\n");
  EXPECT_EQ(Read("doubly.csv"), "source_id,target_id\nA,1\nB,1\nF,1\n");
}

TEST_F(Reconcile, DoublyMappedTargetsAloneAreFoundToo) {
  Import("source_id,target_id\nA,1\nB,1\n");
  EXPECT_EQ(Run("--target", "target_id\n1\n").exit_code, 1);
}

TEST_F(Reconcile, IdsThatTheFileHasTwiceCountOnce) {
  Import("source_id,target_id\nA,1\nB,1\nC,2\n");
  for (const Arguments& requests : {Arguments{}, Arguments{"--batch", "1"}}) {
    const Outcome twice = Run("--target", "target_id\n1\n9\n1\n2\n2\n9\n", requests);
    EXPECT_EQ(twice.err,
              "IDs in the file  3\nmissing          1\norphaned         0\ndoubly mapped    1\n");
    EXPECT_EQ(Read("missing.csv"), "target_id\n9\n");
    EXPECT_EQ(Read("doubly.csv"), "source_id,target_id\nA,1\nB,1\n");
    for (const char* name : {"missing.csv", "orphaned.csv", "doubly.csv"}) {
      std::filesystem::remove(Path(name));
    }
  }
}

TEST_F(Reconcile, AsJsonTheCountsAreOneObject) {
  Import("source_id,target_id\nA,1\nB,1\n");
  EXPECT_EQ(Xref({"--json", "reconcile", kPlace, "--source", "-"}, "{\"source_id\":\"A\"}\n").out,
            "{\"place\":\"shop/orders\",\"ids\":1,\"missing\":0,\"orphaned\":1,\"bad_rows\":0}\n");
  EXPECT_EQ(Xref({"--json", "reconcile", kPlace, "--target", "-"}, "target_id\n2\n").out,
            "{\"place\":\"shop/orders\",\"ids\":1,\"missing\":1,\"orphaned\":2,"
            "\"doubly_mapped\":0,\"bad_rows\":0}\n");
}

TEST_F(Reconcile, OrphansMayBeImportedAgainOrDeleted) {
  Import("source_id,target_id\nA,1\nB,2\n");
  Run("--source", "source_id\nA\n");
  EXPECT_EQ(Xref({"delete", kPlace, "--ids", Path("orphaned.csv")}).exit_code, 0);
  ExpectHolds({{"A", "1"}});
  EXPECT_EQ(ImportFile(Path("orphaned.csv")), (Totals{.rows = 1, .added = 1}));
}

TEST_F(Reconcile, ManyIdsGoInManyRequestsAndPages) {
  const References linked = MakeReferences(25'000);
  const References fresh = MakeReferences(15'000, "new-");
  Import(ToCsv(linked));
  std::string file = SourcesToCsv(fresh);
  for (size_t i = 0; i < 20'000; ++i) file += linked[i].first + "\n";
  const Outcome differs = Run("--source", file, {"--batch", "777", "--in-flight", "8"});
  EXPECT_EQ(differs.err, "IDs in the file  35000\nmissing          15000\norphaned         5000\n");
  EXPECT_EQ(Read("missing.csv"), SourcesToCsv(fresh));
  const References orphaned = ReadPlainCsv(Path("orphaned.csv"));
  EXPECT_THAT(orphaned,
              ::testing::UnorderedElementsAreArray(linked.begin() + 20'000, linked.end()));
}

TEST_F(Reconcile, BadRowsAreNamedWithTheirLineAndLeftOut) {
  Import("source_id,target_id\nA,1\n");
  const Outcome bad = Run("--source", "source_id\nA\n\xFF\n");
  EXPECT_EQ(bad.exit_code, 1);
  EXPECT_EQ(bad.err,
            "standard input, line 3: the source ID is not valid UTF-8\n"
            "IDs in the file  1\nmissing          0\norphaned         0\nbad rows         1\n");
}

TEST_F(Reconcile, FilesThatExistAreNeverReplaced) {
  const std::string file = WriteFile("ids.csv", "source_id\nA\n");
  const Outcome refused = Xref({"reconcile", kPlace, "--source", file, "--missing", file});
  EXPECT_EQ(refused.exit_code, 2);
  EXPECT_THAT(refused.err, HasSubstr(file + " exists already"));
  EXPECT_EQ(Read("ids.csv"), "source_id\nA\n");
  EXPECT_EQ(Xref({"reconcile", kPlace, "--source", file, "--orphaned", "/nowhere/x"}).exit_code, 2);
}

TEST_F(Reconcile, WrongUseIsRefusedAndExplained) {
  const std::string ids = WriteFile("ids.csv", "source_id\nA\n");
  const Outcome unknown = Xref({"reconcile", "shop/nonsense", "--source", ids});
  EXPECT_EQ(unknown.exit_code, 2);
  EXPECT_THAT(unknown.err, HasSubstr("nonsense"));
  const Outcome absent = Xref({"reconcile", kPlace, "--source", Path("absent.csv")});
  EXPECT_EQ(absent.exit_code, 2);
  EXPECT_THAT(absent.err, HasSubstr("absent.csv"));
  const Outcome other_column = Xref({"reconcile", kPlace, "--target", ids});
  EXPECT_EQ(other_column.exit_code, 2);
  EXPECT_THAT(other_column.err, HasSubstr("target_id"));
  EXPECT_THAT(Xref({"reconcile", kPlace}).err, HasSubstr("--source FILE or --target FILE"));
  EXPECT_EQ(Xref({"reconcile", kPlace, "--source", ids, "--target", ids}).exit_code, 2);
  EXPECT_EQ(Xref({"reconcile", kPlace, "--source", ids, "--doubly", Path("d")}).exit_code, 2);
}

TEST_F(Reconcile, AServerThatIsDownTellsApartByItsExitCode) {
  const std::string ids = WriteFile("ids.csv", "source_id\nA\n");
  const Outcome down = RunProgram({kXref, "--server", "127.0.0.1:1", "reconcile", kPlace,
                                   "--source", ids, "--missing", Path("missing.csv")});
  EXPECT_EQ(down.exit_code, 3);
  EXPECT_FALSE(std::filesystem::exists(Path("missing.csv")));
}

}  // namespace
}  // namespace xref::test
