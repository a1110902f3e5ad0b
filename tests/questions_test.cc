#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "tests/daemon_fixture.h"

namespace xref::test {
namespace {

using ::testing::HasSubstr;
using ::testing::StartsWith;

// A daemon that holds A -> 1 and "B,2" -> "x\"y".
class Questions : public ShopTest {
 protected:
  void SetUp() override {
    ShopTest::SetUp();
    Xref({"add", kPlace, "A", "1"});
    Xref({"add", kPlace, "B,2", "x\"y"});
  }
};

using Checking = Questions;
using LookingUp = Questions;

TEST_F(Checking, PrintsTheIdsThatAreNotSyncedInTheirOrder) {
  const Outcome check = Xref({"check", kPlace, "-"}, "source_id\nZ\nA\nC\n\"B,2\"\nB\n");
  EXPECT_EQ(check.exit_code, 1);
  EXPECT_EQ(check.out, "source_id\nZ\nC\nB\n");
  EXPECT_THAT(check.err, StartsWith("5 IDs: 2 synced, 3 not synced; "));
  EXPECT_THAT(check.err, HasSubstr(" IDs/s\n"));
}

TEST_F(Checking, ExitsWithZeroIfAllAreSynced) {
  const Outcome check = Xref({"check", kPlace, "-"}, "source_id\nA\n\"B,2\"\n");
  EXPECT_EQ(check.exit_code, 0);
  EXPECT_EQ(check.out, "source_id\n");
  EXPECT_THAT(check.err, StartsWith("2 IDs: 2 synced, 0 not synced; "));
}

TEST_F(Checking, WhatItPrintsIsWhatItReads) {
  const Outcome first = Xref({"check", kPlace, "-"}, "source_id\n\"C,\"\"3\"\"\"\nD\n");
  EXPECT_EQ(first.out, "source_id\n\"C,\"\"3\"\"\"\nD\n");
  EXPECT_EQ(Xref({"check", kPlace, "-"}, first.out).out, first.out);
}

TEST_F(Checking, IdsOnTheCommandLineNeedNoFile) {
  const Outcome check = Xref({"check", kPlace, "--id", "A", "--id", "Z"});
  EXPECT_EQ(check.exit_code, 1);
  EXPECT_EQ(check.out, "source_id\nZ\n");
}

TEST_F(Checking, AsJsonPrintsOneObjectALine) {
  const Outcome check = Xref({"--json", "check", kPlace, "-"}, "{\"source_id\":\"Z\\\"\"}\n");
  EXPECT_EQ(check.out, "{\"source_id\":\"Z\\\"\"}\n");
}

TEST_F(Checking, ComparesByteForByte) {
  EXPECT_EQ(Xref({"check", kPlace, "-"}, "source_id\na\n A\nA \n0A\nA\n").out,
            "source_id\na\n A\nA \n0A\n");
}

TEST_F(Checking, AFileOfReferencesServesAsAFileOfIds) {
  EXPECT_EQ(Xref({"check", kPlace, "-"}, "target_id,source_id\n1,A\n").exit_code, 0);
}

TEST_F(Checking, SmallBatchesInFlightKeepTheOrder) {
  const References references = MakeReferences(3000, "new-");
  const std::string file = SourcesToCsv(references);
  EXPECT_EQ(Xref({"check", kPlace, "-", "--batch", "11", "--in-flight", "64"}, file).out, file);
}

TEST_F(Checking, BadRowsAreReportedAndNeverCountAsSynced) {
  const Outcome check = Xref({"check", kPlace, "-"}, "source_id\nA\n\xFF\n");
  EXPECT_EQ(check.exit_code, 1);
  EXPECT_THAT(check.err, HasSubstr("standard input, line 3: the source ID is not valid UTF-8"));
  EXPECT_THAT(check.err, HasSubstr("1 IDs: 1 synced, 0 not synced"));
  EXPECT_THAT(check.err, HasSubstr("1 bad rows were left out"));
}

TEST_F(Checking, NeitherAFileNorIdsIsWrongUsage) {
  const Outcome check = Xref({"check", kPlace});
  EXPECT_EQ(check.exit_code, 2);
  EXPECT_THAT(check.err, HasSubstr("name a file of IDs"));
}

TEST_F(Checking, AFileAndIdsAtOnceIsWrongUsage) {
  EXPECT_EQ(Xref({"check", kPlace, "-", "--id", "A"}).exit_code, 2);
}

TEST_F(Checking, ABadIdOnTheCommandLineIsRefused) {
  const Outcome check = Xref({"check", kPlace, "--id", std::string(256, 'a')});
  EXPECT_EQ(check.exit_code, 2);
  EXPECT_THAT(check.err, HasSubstr("is longer than 255 bytes"));
}

TEST_F(LookingUp, PrintsEveryIdWithItsTargetInOrder) {
  const Outcome lookup = Xref({"lookup", kPlace, "Z", "B,2", "A"});
  EXPECT_EQ(lookup.exit_code, 1);
  EXPECT_EQ(lookup.out, "source_id,target_id\nZ,\n\"B,2\",\"x\"\"y\"\nA,1\n");
}

TEST_F(LookingUp, ExitsWithZeroIfAllAreThere) {
  EXPECT_EQ(Xref({"lookup", kPlace, "A"}).exit_code, 0);
}

TEST_F(LookingUp, ReadsAFile) {
  const Outcome lookup = Xref({"lookup", kPlace, "--file", "-"}, "source_id\nA\nC\n");
  EXPECT_EQ(lookup.exit_code, 1);
  EXPECT_EQ(lookup.out, "source_id,target_id\nA,1\nC,\n");
}

TEST_F(LookingUp, AsJsonPrintsNullForWhatIsAbsent) {
  EXPECT_EQ(
      Xref({"--json", "lookup", kPlace, "A", "Z"}).out,
      "{\"source_id\":\"A\",\"target_id\":\"1\"}\n{\"source_id\":\"Z\",\"target_id\":null}\n");
}

TEST_F(LookingUp, NeitherAFileNorIdsIsWrongUsage) {
  EXPECT_EQ(Xref({"lookup", kPlace}).exit_code, 2);
}

}  // namespace
}  // namespace xref::test
