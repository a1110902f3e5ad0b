// Files that cannot be imported or checked as a whole: refused with the place of the fault, and
// nothing changed.

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "tests/daemon_fixture.h"

namespace xref::test {
namespace {

using ::testing::HasSubstr;
using ::testing::IsEmpty;

class BadFiles : public ShopTest {
 protected:
  void ExpectRefusal(const Outcome& outcome, const std::string& why) {
    EXPECT_EQ(outcome.exit_code, 2);
    EXPECT_THAT(outcome.err, HasSubstr(why));
    EXPECT_THAT(outcome.out, IsEmpty());
    EXPECT_EQ(ReferencesHeld(), 0U);
  }
  Outcome ImportAsFile(std::string_view text) {
    return Xref({"import", kPlace, WriteFile("orders.csv", text)});
  }
};

TEST_F(BadFiles, AMissingFileIsNamed) {
  ExpectRefusal(Xref({"import", kPlace, "/nowhere/orders.csv"}),
                "cannot read /nowhere/orders.csv: No such file or directory");
  ExpectRefusal(Xref({"check", kPlace, "/nowhere/orders.csv"}), "/nowhere/orders.csv");
  ExpectRefusal(Xref({"lookup", kPlace, "--file", "/nowhere/orders.csv"}), "/nowhere/orders.csv");
}

TEST_F(BadFiles, AFolderIsNoFile) {
  ExpectRefusal(Xref({"import", kPlace, "/tmp"}), "cannot read /tmp: Is a directory");
}

TEST_F(BadFiles, AnEmptyFileIsRefused) { ExpectRefusal(ImportAsFile(""), "orders.csv is empty"); }

TEST_F(BadFiles, NoSourceColumnIsToldWithTheLine) {
  ExpectRefusal(ImportAsFile("id,target_id\nA,1\n"),
                "orders.csv, line 1: the header has no column source_id");
}

TEST_F(BadFiles, NoTargetColumnIsToldWithTheLine) {
  ExpectRefusal(ImportAsFile("source_id,target\nA,1\n"),
                "orders.csv, line 1: the header has no column target_id");
}

TEST_F(BadFiles, NoHeaderAtAllIsTold) {
  ExpectRefusal(ImportAsFile("A,1\nB,2\n"), "the first line must name the columns");
}

TEST_F(BadFiles, SemicolonsAreRecognised) {
  ExpectRefusal(ImportAsFile("source_id;target_id\nA;1\n"),
                "line 1: the header has no column source_id; its columns are separated by ';', use "
                "','");
}

TEST_F(BadFiles, ALineWithoutEndIsRefusedByNumber) {
  ExpectRefusal(ImportAsFile("source_id,target_id\n" + std::string(3 << 20, 'x')),
                "orders.csv, line 2: longer than 1048576 bytes");
}

TEST_F(BadFiles, BinaryFilesAreRefused) {
  ExpectRefusal(ImportAsFile(std::string("\x1F\x8B\x08\0\0\n\0\xFF", 8)),
                "orders.csv, line 1: the header has no column source_id");
}

TEST_F(BadFiles, AFileIsRefusedBeforeTheServerIsAsked) {
  CrashDaemon();
  EXPECT_EQ(ImportAsFile("nonsense\n").exit_code, 2);
}

TEST_F(BadFiles, AServerThatIsDownIsToldByTheExitCode) {
  CrashDaemon();
  const Outcome outcome = ImportAsFile("source_id,target_id\nA,1\n");
  EXPECT_EQ(outcome.exit_code, 3);
  EXPECT_THAT(outcome.err, HasSubstr(address() + " cannot be reached"));
}

TEST_F(BadFiles, AnUnknownIntegrationIsNamed) {
  ExpectRefusal(Xref({"import", "shopp/orders", "-"}, "source_id,target_id\nA,1\n"),
                "there is no integration \"shopp\"");
  ExpectRefusal(Xref({"check", "shopp/orders", "--id", "A"}), "\"shopp\"");
  ExpectRefusal(Xref({"lookup", "shopp/orders", "A"}), "\"shopp\"");
  ExpectRefusal(Xref({"add", "shopp/orders", "A", "1"}), "\"shopp\"");
}

TEST_F(BadFiles, AnUnknownTypeIsNamed) {
  ExpectRefusal(Xref({"import", "shop/order", "-"}, "source_id,target_id\nA,1\n"),
                "the integration \"shop\" has no entity type \"order\"");
}

TEST_F(BadFiles, APlaceThatIsNoneIsExplained) {
  for (const char* place : {"shop", "shop/", "/orders", ""}) {
    ExpectRefusal(Xref({"check", place, "--id", "A"}), "INTEGRATION/TYPE");
  }
  ExpectRefusal(Xref({"add", "shop", "A", "1"}), "\"shop\" is not a place");
}

}  // namespace
}  // namespace xref::test
