#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <boost/json.hpp>

#include "tests/daemon_fixture.h"

namespace xref::test {
namespace {

using ::testing::ContainsRegex;

class StatusCommand : public ShopTest {
 protected:
  boost::json::value Json() { return boost::json::parse(Xref({"--json", "status"}).out); }
};

TEST_F(StatusCommand, TellsFactsAndPlacesToPeople) {
  Import(ToCsv(MakeReferences(12)));
  const Outcome status = Xref({"status"});
  EXPECT_EQ(status.exit_code, 0);
  EXPECT_THAT(status.out, ContainsRegex("state +ready\n"));
  EXPECT_THAT(status.out, ContainsRegex("references +12\n"));
  EXPECT_THAT(status.out, ContainsRegex("shop/orders +12 "));
  EXPECT_THAT(status.out, ContainsRegex("shop/stock +0 "));
}

TEST_F(StatusCommand, TellsTheSameToScripts) {
  Import(ToCsv(MakeReferences(12)));
  const boost::json::value status = Json();
  EXPECT_EQ(status.at("state").as_string(), "ready");
  EXPECT_EQ(status.at("references").as_int64(), 12);
  EXPECT_EQ(status.at("pid").as_int64(), daemon_->pid());
  EXPECT_EQ(status.at("data_folder").as_string(), data_folder().c_str());
  EXPECT_EQ(status.at("places").as_array().size(), 4U);
}

TEST_F(StatusCommand, CountsWhatWasAskedAndDecided) {
  Import("source_id,target_id\nA,1\nB,2\nB,2\n");
  Import("source_id,target_id\nA,1\nB,3\n");
  Xref({"check", kPlace, "--id", "A", "--id", "Z"});
  Xref({"lookup", kPlace, "A"});
  const boost::json::value status = Json();
  EXPECT_EQ(status.at("items_done").as_int64(), 2);
  EXPECT_EQ(status.at("items_unchanged").as_int64(), 1);
  EXPECT_EQ(status.at("items_conflict").as_int64(), 1);
  EXPECT_EQ(status.at("items_duplicate").as_int64(), 1);
  EXPECT_EQ(status.at("ids_checked").as_int64(), 2);
  EXPECT_EQ(status.at("ids_synced").as_int64(), 1);
  EXPECT_EQ(status.at("ids_looked_up").as_int64(), 1);
}

TEST_F(StatusCommand, ShowsHowLargeCommitGroupsAreAndMayBe) {
  Import(ToCsv(MakeReferences(1000)));
  Xref({"add", kPlace, "A", "1"});
  const boost::json::value status = Json();
  EXPECT_EQ(status.at("commit_group_changes_last").as_int64(), 1);
  EXPECT_GE(status.at("commit_group_changes_max").as_int64(), 1);
  EXPECT_EQ(status.at("commit_group_changes_limit").as_int64(), 1024);
  EXPECT_LT(status.at("commit_group_bytes_last").as_int64(), 100);
  EXPECT_GT(status.at("commit_group_bytes_max").as_int64(), 1000);
  EXPECT_EQ(status.at("commit_group_bytes_limit").as_int64(), 8 << 20);
  EXPECT_GE(status.at("commit_us_max").as_int64(), status.at("commit_us_last").as_int64());
}

}  // namespace
}  // namespace xref::test
