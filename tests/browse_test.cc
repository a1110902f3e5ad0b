// xref list, search, export, history, explain, trash and restore.

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <algorithm>
#include <boost/json.hpp>
#include <limits>
#include <sstream>

#include "tests/daemon_fixture.h"

namespace xref::test {
namespace {

using ::testing::HasSubstr;
using ::testing::Not;
using ::testing::StartsWith;

class Browse : public ShopTest {
 protected:
  void SetUp() override {
    ShopTest::SetUp();
    Import("source_id,target_id\nSO-1,INV-1\nSO-2,INV-2\nXX-3,INV-1\n");
  }

  // Previews and confirms.
  void Purge() {
    const Outcome preview = Xref({"--json", "purge", kPlace, "--preview"});
    const auto token = boost::json::parse(preview.out).at("token").as_string();
    EXPECT_EQ(Xref({"purge", kPlace, "--confirm", token.c_str()}).exit_code, 0);
  }

  void ExpectRefused(const Arguments& arguments, const std::string& why) {
    const Outcome refused = Xref(arguments);
    EXPECT_EQ(refused.exit_code, 2) << refused.out;
    EXPECT_THAT(refused.err, HasSubstr(why));
  }
};

TEST_F(Browse, AListShowsWhatIsAskedForAndHowToGoOn) {
  const Outcome first = Xref({"list", kPlace, "--limit", "2"});
  EXPECT_EQ(first.exit_code, 0);
  EXPECT_THAT(first.out, StartsWith("SO-1 "));
  EXPECT_THAT(first.out, Not(HasSubstr("XX-3")));
  EXPECT_THAT(first.err, HasSubstr("--after 'SO-2'"));
  const Outcome rest = Xref({"list", kPlace, "--after", "SO-2"});
  EXPECT_THAT(rest.out, StartsWith("XX-3 "));
  EXPECT_THAT(Xref({"list", kPlace, "--prefix", "XX"}).out, StartsWith("XX-3 "));
  EXPECT_THAT(Xref({"list", kPlace, "--target-prefix", "INV-2"}).out, StartsWith("SO-2 "));
  EXPECT_EQ(Xref({"list", kPlace, "--origin", "manual"}).exit_code, 1);
  EXPECT_EQ(Xref({"list", kPlace, "--until", "2020-01-01"}).exit_code, 1);
  EXPECT_EQ(Xref({"list", kPlace, "--since", "1h"}).exit_code, 0);
}

TEST_F(Browse, TheNewestComeFirst) {
  Xref({"add", kPlace, "AA", "1"});
  Xref({"edit", kPlace, "SO-2", "INV-9"});
  const Outcome newest = Xref({"list", kPlace, "--newest", "--limit", "2"});
  EXPECT_THAT(newest.out, StartsWith("SO-2 "));
  EXPECT_THAT(newest.out, HasSubstr("\nAA "));
  EXPECT_THAT(newest.out, Not(HasSubstr("SO-1")));
  EXPECT_THAT(newest.err, HasSubstr("--after 'AA' --after-lsn "));
  const size_t at = newest.err.find("--after-lsn ") + 12;
  const std::string lsn = newest.err.substr(at, newest.err.find('\n') - at);
  const Outcome rest =
      Xref({"list", kPlace, "--newest", "--after", "AA", "--after-lsn", lsn, "--limit", "9"});
  EXPECT_THAT(rest.out, StartsWith("SO-1 "));
  EXPECT_THAT(rest.out, HasSubstr("\nXX-3 "));
  EXPECT_THAT(rest.out, Not(HasSubstr("SO-2")));
}

TEST_F(Browse, WhatIsOlderThanTheLatestIsListedBehindThem) {
  std::string rows = "source_id,target_id\n";
  for (int i = 0; i < 120'000; ++i) rows += "S" + std::to_string(i) + ",T\n";
  Import(rows);
  AwaitCheckpoint();
  const Outcome newest = Xref({"--json", "list", kPlace, "--newest", "--limit", "200000"});
  EXPECT_EQ(std::count(newest.out.begin(), newest.out.end(), '\n'), 120'003);
  std::istringstream lines(newest.out);
  int64_t before = std::numeric_limits<int64_t>::max();
  for (std::string line; std::getline(lines, line);) {
    const int64_t lsn = boost::json::parse(line).at("lsn").as_int64();
    ASSERT_LE(lsn, before);
    before = lsn;
  }
  const Outcome last = Xref({"--json", "list", kPlace, "--newest", "--limit", "9", "--after",
                             "SO-1", "--after-lsn", std::to_string(before)});
  EXPECT_THAT(last.out, StartsWith("{\"source_id\":\"SO-2\""));
  EXPECT_EQ(std::count(last.out.begin(), last.out.end(), '\n'), 2);
}

TEST_F(Browse, TargetsThatBeginAlikeAreShownInTheirOrder) {
  Xref({"add", kPlace, "AA", "INV-3"});
  const Outcome first = Xref({"list", kPlace, "--target-prefix", "INV", "--limit", "2"});
  EXPECT_THAT(first.out, StartsWith("SO-1 "));
  EXPECT_THAT(first.out, HasSubstr("\nXX-3 "));
  EXPECT_THAT(first.err, HasSubstr("--after 'XX-3' --after-target 'INV-1'"));
  const Outcome rest = Xref(
      {"list", kPlace, "--target-prefix", "INV", "--after", "XX-3", "--after-target", "INV-1"});
  EXPECT_THAT(rest.out, StartsWith("SO-2 "));
  EXPECT_THAT(rest.out, HasSubstr("\nAA "));
}

TEST_F(Browse, ALookupAtATimeTellsWhatWasLinkedThen) {
  const Outcome now = Xref({"lookup", kPlace, "SO-1", "none", "--at", "0s"});
  EXPECT_EQ(now.exit_code, 1);
  EXPECT_EQ(now.out, "source_id,target_id\nSO-1,INV-1\nnone,\n");
  const Outcome before = Xref({"--json", "lookup", kPlace, "SO-1", "--at", "2020-01-01"});
  EXPECT_EQ(before.exit_code, 1);
  EXPECT_EQ(before.out, "{\"source_id\":\"SO-1\",\"target_id\":null}\n");
  std::string ids = "source_id\n";
  for (int i = 0; i < 2500; ++i) ids += "none\n";
  const Outcome many =
      Xref({"lookup", kPlace, "--file", WriteFile("ids.csv", ids + "XX-3\n"), "--at", "0s"});
  EXPECT_THAT(many.err, StartsWith("2501 IDs: 1 synced, 2500 not synced; "));
  ExpectRefused({"lookup", kPlace, "SO-1", "--at", "yesterday"}, "is no time");
}

TEST_F(Browse, ASearchFindsEitherSide) {
  EXPECT_THAT(Xref({"search", kPlace, "V-2"}).out, StartsWith("SO-2 "));
  EXPECT_THAT(Xref({"search", kPlace, "X-3"}).out, StartsWith("XX-3 "));
  const Outcome none = Xref({"search", kPlace, "nothing"});
  EXPECT_EQ(none.exit_code, 1);
  EXPECT_THAT(none.err, HasSubstr("there is none"));
}

TEST_F(Browse, AnExportIsByteForByteWhatAnImportTakes) {
  const std::string rows =
      "source_id,target_id\n\"a,\"\"b\",\"x,y\"\nSO-1,INV-1\nSO-2,INV-2\nXX-3,INV-1\n";
  Import(rows);
  const Outcome exported = Xref({"export", kPlace});
  EXPECT_EQ(exported.exit_code, 0);
  // In the order of bytes, capitals come first.
  const std::string sorted =
      "source_id,target_id\nSO-1,INV-1\nSO-2,INV-2\nXX-3,INV-1\n\"a,\"\"b\",\"x,y\"\n";
  EXPECT_EQ(exported.out, sorted);
  Purge();
  EXPECT_EQ(Import(exported.out).added, 4U);
  EXPECT_EQ(Xref({"export", kPlace}).out, sorted);
}

TEST_F(Browse, HistoryTellsBeforeAndAfterAndWhatWasLinkedWhen) {
  Xref({"edit", kPlace, "SO-1", "INV-9", "--actor", "bob"});
  Xref({"delete", kPlace, "SO-1"});
  const Outcome history = Xref({"history", kPlace, "SO-1"});
  EXPECT_EQ(history.exit_code, 0);
  EXPECT_THAT(history.out, HasSubstr("- -> INV-1"));
  EXPECT_THAT(history.out, HasSubstr("INV-1 -> INV-9"));
  EXPECT_THAT(history.out, HasSubstr("bob"));
  EXPECT_THAT(history.out, HasSubstr("INV-9 -> -"));
  EXPECT_EQ(Xref({"history", kPlace, "SO-1", "--at", "2020-01-01"}).exit_code, 1);
  const Outcome now = Xref({"--json", "history", kPlace, "SO-2", "--at", "0s"});
  EXPECT_EQ(now.exit_code, 0);
  EXPECT_THAT(now.out, HasSubstr("INV-2"));
  EXPECT_EQ(Xref({"history", kPlace, "unheard"}).exit_code, 1);
}

TEST_F(Browse, ExplainSaysWhyARecordWasDuplicated) {
  Xref({"delete", kPlace, "SO-2"});
  const Outcome gone = Xref({"explain", kPlace, "SO-2"});
  EXPECT_EQ(gone.exit_code, 1);
  EXPECT_THAT(gone.out, HasSubstr("takes it for new"));
  EXPECT_THAT(gone.out, HasSubstr("deleted its reference, which was to INV-2"));
  Xref({"add", kPlace, "SO-2", "INV-7"});
  const Outcome twice = Xref({"explain", kPlace, "SO-2"});
  EXPECT_EQ(twice.exit_code, 0);
  EXPECT_THAT(twice.out, HasSubstr("INV-7 is most likely a second record of what was INV-2"));
  EXPECT_THAT(Xref({"explain", kPlace, "SO-1"}).out, HasSubstr("XX-3 is linked to it as well"));
  EXPECT_THAT(Xref({"explain", kPlace, "unheard"}).out, HasSubstr("Nothing is known of it"));
  Xref({"ignore", kPlace, "SO-8"});
  EXPECT_THAT(Xref({"explain", kPlace, "SO-8"}).out, HasSubstr("never to be"));
  Xref({"claim", kPlace, "SO-9", "--owner", "worker-7"});
  EXPECT_THAT(Xref({"explain", kPlace, "SO-9"}).out, HasSubstr("worker-7 has claimed it"));
}

TEST_F(Browse, ARestoreBringsBackAllButWhatStandsInItsWay) {
  Purge();
  EXPECT_THAT(Xref({"trash"}).out, HasSubstr("shop/orders"));
  EXPECT_THAT(Xref({"explain", kPlace, "SO-1"}).out, HasSubstr("purged all references"));
  Xref({"add", kPlace, "SO-2", "other"});
  const Outcome restored = Xref({"restore", kPlace});
  EXPECT_EQ(restored.exit_code, 1);
  EXPECT_THAT(restored.out, HasSubstr("not restored: SO-2 -> INV-2: conflict with other"));
  EXPECT_THAT(restored.out, HasSubstr("restored 2; there already 0; something else stands for 1"));
  ExpectHolds({{"SO-1", "INV-1"}, {"SO-2", "other"}, {"XX-3", "INV-1"}});
}

TEST_F(Browse, WhatCannotBeAnsweredIsRefusedWithTheRemedy) {
  ExpectRefused({"list", "shop/nothing"}, "has no entity type");
  ExpectRefused({"list", kPlace, "--since", "yesterday"}, "is no time");
  ExpectRefused({"list", kPlace, "--since", "2026-13-01"}, "is no time");
  ExpectRefused({"list", kPlace, "--origin", "magic"}, "magic");
  ExpectRefused({"history", kPlace, std::string(256, 'x')}, "255");
  ExpectRefused({"restore", kPlace}, "xref trash");
  ExpectRefused({"restore", kPlace, "--trash", "77"}, "under number 77");
}

}  // namespace
}  // namespace xref::test
