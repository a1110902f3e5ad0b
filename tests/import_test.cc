#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "tests/daemon_fixture.h"

namespace xref::test {
namespace {

using ::testing::HasSubstr;
using ::testing::StartsWith;

std::string ToNdjson(const References& references) {
  std::string text;
  for (const auto& [source, target] : references) {
    text += "{\"source_id\":\"" + source + "\",\"target_id\":\"" + target + "\"}\n";
  }
  return text;
}

using Importing = ShopTest;

TEST_F(Importing, CsvAddsEveryRow) {
  const References references = MakeReferences(1000);
  EXPECT_EQ(Import(ToCsv(references)), (Totals{.rows = 1000, .added = 1000}));
  EXPECT_EQ(last().exit_code, 0);
  ExpectHolds(references);
}

TEST_F(Importing, NdjsonAddsEveryRow) {
  const References references = MakeReferences(1000);
  EXPECT_EQ(Import(ToNdjson(references)), (Totals{.rows = 1000, .added = 1000}));
  EXPECT_EQ(last().exit_code, 0);
  ExpectHolds(references);
}

TEST_F(Importing, AFileByItsNameIsLikeStandardInput) {
  const References references = MakeReferences(100);
  EXPECT_EQ(ImportFile(WriteFile("orders.csv", ToCsv(references))),
            (Totals{.rows = 100, .added = 100}));
  ExpectHolds(references);
}

TEST_F(Importing, AgainChangesNothing) {
  const References references = MakeReferences(1000);
  Import(ToCsv(references));
  const uint64_t lsn = Fact("lsn");
  EXPECT_EQ(Import(ToCsv(references)), (Totals{.rows = 1000, .unchanged = 1000}));
  EXPECT_EQ(last().exit_code, 0);
  EXPECT_EQ(Fact("lsn"), lsn);
}

TEST_F(Importing, OtherTargetsAreConflictsThatLeaveWhatStands) {
  Import("source_id,target_id\nA,1\nB,2\n");
  EXPECT_EQ(Import("source_id,target_id\nA,1\nB,20\nC,3\n"),
            (Totals{.rows = 3, .added = 1, .unchanged = 1, .conflicts = 1}));
  EXPECT_EQ(last().exit_code, 1);
  EXPECT_THAT(last().err, HasSubstr("standard input, line 3: conflict: B is linked to 2, this row "
                                    "says 20"));
  ExpectHolds({{"A", "1"}, {"B", "2"}, {"C", "3"}});
}

TEST_F(Importing, TotalsForPeopleAreOnStdoutAndTheRateOnStderr) {
  const Outcome outcome = Xref({"import", kPlace, "-"}, "source_id,target_id\nA,1\nA,1\nB,2\n,3\n");
  EXPECT_EQ(outcome.out,
            "rows        4\nadded       2\nunchanged   0\nconflicts   0\nduplicates  1\n"
            "bad rows    1\n");
  EXPECT_THAT(outcome.err, HasSubstr(" rows/s\n"));
  EXPECT_EQ(outcome.exit_code, 1);
}

TEST_F(Importing, ProgressIsNotShownWhenPiped) {
  Import(ToCsv(MakeReferences(50'000)));
  EXPECT_EQ(last().err, "");
}

TEST_F(Importing, ManyFaultsAreReportedUpToALimitAndCounted) {
  std::string text = "source_id,target_id\n";
  for (int i = 0; i < 150; ++i) text += ",T\n";
  EXPECT_EQ(Import(text), (Totals{.rows = 150, .bad_rows = 150}));
  EXPECT_THAT(last().err, HasSubstr("line 101: the source ID is empty\n... and 50 more rows\n"));
}

TEST_F(Importing, BatchSizeMakesNoDifference) {
  const References references = MakeReferences(500);
  EXPECT_EQ(Import(ToCsv(references), {"--batch", "7", "--in-flight", "3"}),
            (Totals{.rows = 500, .added = 500}));
  ExpectHolds(references);
}

TEST_F(Importing, LongestIdsInTheLargestBatchFitTheRequest) {
  References references;
  for (int i = 0; i < 20'000; ++i) {
    std::string number = std::to_string(i);
    references.emplace_back(std::string(255 - number.size(), 's') + number,
                            std::string(255 - number.size(), 't') + number);
  }
  EXPECT_EQ(Import(ToCsv(references), {"--batch", "65536"}),
            (Totals{.rows = 20'000, .added = 20'000}));
  ExpectHolds(references);
}

TEST_F(Importing, SeveralSourcesOfOneTargetAreFine) {
  EXPECT_EQ(Import("source_id,target_id\nA,1\nB,1\nC,1\n"), (Totals{.rows = 3, .added = 3}));
  ExpectHolds({{"A", "1"}, {"B", "1"}, {"C", "1"}});
}

TEST_F(Importing, SeveralAtOnceLoseNothing) {
  std::vector<std::unique_ptr<Process>> imports;
  const References all = MakeReferences(8000);
  const std::string file = WriteFile("orders.csv", ToCsv(all));
  for (int i = 0; i < 4; ++i) {
    imports.push_back(StartXref({"--json", "import", kPlace, file, "--batch", "100"}));
  }
  uint64_t added = 0;
  for (const auto& import : imports) {
    const Totals totals = ParseTotals(import->Wait().out);
    EXPECT_EQ(totals.added + totals.unchanged, 8000U);
    added += totals.added;
  }
  EXPECT_EQ(added, 8000U);
  ExpectHolds(all);
}

}  // namespace
}  // namespace xref::test
