// xref claim, settle, release, renew and claims.

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <algorithm>
#include <boost/json.hpp>
#include <chrono>
#include <sstream>
#include <thread>

#include "tests/daemon_fixture.h"

namespace xref::test {
namespace {

using ::testing::AllOf;
using ::testing::HasSubstr;
using ::testing::IsEmpty;
using ::testing::MatchesRegex;
using ::testing::Not;
using ::testing::StartsWith;

class ClaimsCommand : public ShopTest {
 protected:
  Outcome Claim(const std::string& source, const std::string& owner,
                const Arguments& options = {}) {
    Arguments arguments{"claim", kPlace, source, "--owner", owner};
    arguments.insert(arguments.end(), options.begin(), options.end());
    return Xref(arguments);
  }
  // The claims of a place, by the lines that `xref --json claims` prints.
  std::vector<boost::json::object> Listed(const std::string& place = kPlace) {
    std::istringstream lines(Xref({"--json", "claims", place}).out);
    std::vector<boost::json::object> listed;
    for (std::string line; std::getline(lines, line);) {
      listed.push_back(boost::json::parse(line).as_object());
    }
    return listed;
  }
  std::string TokenOf(const std::string& source) {
    for (const auto& claim : Listed()) {
      if (claim.at("source_id").as_string() == source) {
        return std::to_string(claim.at("token").to_number<uint64_t>());
      }
    }
    ADD_FAILURE() << source << " is not claimed";
    return "0";
  }
  void LetALeaseOfOneSecondEnd() { std::this_thread::sleep_for(std::chrono::milliseconds(1100)); }
};

TEST_F(ClaimsCommand, AreGrantedOnceThenHeld) {
  const Outcome granted = Claim("A", "ada", {"--lease", "60"});
  EXPECT_EQ(granted.exit_code, 0);
  EXPECT_THAT(granted.out, MatchesRegex("source_id,token,verdict,detail\nA,[0-9]+,granted,\n"));
  EXPECT_EQ(granted.err, "owner ada, lease 1 min\n");
  const Outcome held = Claim("A", "bob");
  EXPECT_EQ(held.exit_code, 1);
  EXPECT_THAT(held.out, HasSubstr("A,,held,held: A is claimed by ada for "));
}

TEST_F(ClaimsCommand, AreSettledWithTheirTokenAfterACrash) {
  Claim("A", "ada");
  CrashAndRestartDaemon();
  const std::string token = TokenOf("A");
  const Outcome settled = Xref({"settle", kPlace, "A", "1", "--token", token});
  EXPECT_EQ(settled.exit_code, 0);
  EXPECT_EQ(settled.out, "settled: A -> 1\n");
  EXPECT_EQ(Xref({"settle", kPlace, "A", "1", "--token", token}).out, "unchanged: A -> 1\n");
  EXPECT_THAT(Listed(), IsEmpty());
  ExpectHolds({{"A", "1"}});
}

TEST_F(ClaimsCommand, EachRunHasAnOwnerOfItsOwnUnlessNamed) {
  const std::string first = Xref({"claim", kPlace, "A"}).err;
  const std::string second = Xref({"claim", kPlace, "B"}).err;
  EXPECT_THAT(first, MatchesRegex("owner .+-[0-9]+-[0-9a-f]{8}, lease 5 min\n"));
  EXPECT_NE(first, second);
}

TEST_F(ClaimsCommand, AreToldAsJson) {
  EXPECT_THAT(Xref({"--json", "claim", kPlace, "A", "--owner", "ada"}).out,
              MatchesRegex("\\{\"source_id\":\"A\",\"verdict\":\"granted\",\"token\":[0-9]+,"
                           "\"owner\":\"ada\"\\}\n"));
  EXPECT_THAT(Xref({"--json", "claim", kPlace, "A", "--owner", "bob"}).out,
              StartsWith("{\"source_id\":\"A\",\"verdict\":\"held\",\"owner\":\"ada\","
                         "\"remaining_ms\":"));
}

TEST_F(ClaimsCommand, OfWhatIsLinkedOrIgnoredAreNotGranted) {
  Xref({"add", kPlace, "A", "1"});
  Xref({"ignore", kPlace, "B"});
  const Outcome outcome = Xref({"claim", kPlace, "A", "B"});
  EXPECT_EQ(outcome.exit_code, 1);
  EXPECT_THAT(outcome.out, HasSubstr("A,,synced,synced: A is linked to 1: nothing is left to do"));
  EXPECT_THAT(outcome.out, HasSubstr("B,,ignored,"));
  EXPECT_THAT(Listed(), IsEmpty());
}

TEST_F(ClaimsCommand, ThatAreOverHaveAnUnknownOutcome) {
  Claim("A", "ada", {"--lease", "1"});
  LetALeaseOfOneSecondEnd();
  EXPECT_THAT(Xref({"claims", kPlace}).out,
              AllOf(HasSubstr(" over "), HasSubstr("unknown: its owner never settled\n")));
  const Outcome again = Claim("A", "bob");
  EXPECT_EQ(again.exit_code, 1);
  EXPECT_THAT(again.out, HasSubstr(",outcome_unknown,"));
  EXPECT_THAT(again.out, HasSubstr("the claim of ada was never settled: search the target"));
  EXPECT_THAT(Xref({"claims", kPlace}).out,
              AllOf(HasSubstr(" left "), HasSubstr("unknown: ada never settled\n")));
  EXPECT_EQ(Listed()[0].at("lost_owner"), "ada");
  EXPECT_EQ(Xref({"settle", kPlace, "A", "1", "--token", TokenOf("A")}).exit_code, 0);
}

TEST_F(ClaimsCommand, AStaleTokenChangesNothing) {
  Claim("A", "ada", {"--lease", "1"});
  const std::string stale = TokenOf("A");
  LetALeaseOfOneSecondEnd();
  Claim("A", "bob");
  const uint64_t lsn = Fact("lsn");
  for (const Arguments& command :
       {Arguments{"settle", kPlace, "A", "1", "--token", stale},
        Arguments{"release", kPlace, "A", "--token", stale},
        Arguments{"renew", kPlace, "A", "--token", stale},
        Arguments{"settle", "shop/articles", "A", "1", "--token", TokenOf("A")}}) {
    const Outcome outcome = Xref(command);
    EXPECT_EQ(outcome.exit_code, 1);
    EXPECT_THAT(outcome.err, AllOf(StartsWith("xref: stale_token: the claim of A with token "),
                                   HasSubstr("What is claimed: xref claims shop/")));
  }
  EXPECT_EQ(Fact("lsn"), lsn);
  EXPECT_EQ(Listed()[0].at("owner"), "bob");
}

TEST_F(ClaimsCommand, SettledWithAnotherTargetThanStandsAreConflicts) {
  Claim("A", "ada");
  const std::string token = TokenOf("A");
  Xref({"add", kPlace, "A", "1"});
  const Outcome conflict = Xref({"settle", kPlace, "A", "2", "--token", token});
  EXPECT_EQ(conflict.exit_code, 1);
  EXPECT_EQ(conflict.err, "xref: conflict: A is linked to 1 already; nothing was changed\n");
  ExpectHolds({{"A", "1"}});
}

TEST_F(ClaimsCommand, ReleasedAreFreeAgain) {
  Claim("A", "ada");
  EXPECT_EQ(Xref({"release", kPlace, "A", "--token", TokenOf("A")}).out, "released: A\n");
  EXPECT_EQ(Claim("A", "bob").exit_code, 0);
}

TEST_F(ClaimsCommand, RenewedBeginTheirLeaseAgain) {
  Claim("A", "ada", {"--lease", "5"});
  EXPECT_EQ(Xref({"renew", kPlace, "A", "--token", TokenOf("A"), "--lease", "600"}).out,
            "renewed: A\n");
  EXPECT_GT(Listed()[0].at("remaining_ms").to_number<int64_t>(), 500'000);
}

TEST_F(ClaimsCommand, OfAFileAreSettledAndReleasedByFile) {
  const Outcome claimed = Xref({"claim", kPlace, "--ids", "-"}, "source_id\nA\nB\nC\n");
  EXPECT_EQ(claimed.exit_code, 0);
  const std::string rows =
      "source_id,target_id,token\nA,1," + TokenOf("A") + "\nB,2," + TokenOf("B") + "\nC,3,none\n";
  const Outcome settled = Xref({"settle", kPlace, "--file", "-"}, rows);
  EXPECT_EQ(settled.exit_code, 1);
  EXPECT_THAT(settled.err, HasSubstr("line 4: the token is not a number"));
  EXPECT_THAT(settled.err, HasSubstr("2 source IDs: 2 settled, 1 bad rows left out"));
  // What claim prints is what release reads.
  const Outcome released = Xref({"release", kPlace, "--file", "-"}, claimed.out);
  EXPECT_EQ(released.exit_code, 1);
  EXPECT_THAT(released.err, HasSubstr("3 source IDs: 1 released, 2 stale_token"));
  ExpectHolds({{"A", "1"}, {"B", "2"}});
  EXPECT_THAT(Listed(), IsEmpty());
}

TEST_F(ClaimsCommand, MayBeReadAsNdjson) {
  Claim("A", "ada");
  EXPECT_EQ(Xref({"settle", kPlace, "--file", "-"},
                 "{\"source_id\":\"A\",\"target_id\":\"1\",\"token\":" + TokenOf("A") + "}\n")
                .exit_code,
            0);
  ExpectHolds({{"A", "1"}});
}

TEST_F(ClaimsCommand, AnyNumberIsListed) {
  const References many = MakeReferences(25'000);
  EXPECT_EQ(Xref({"claim", kPlace, "--ids", "-"}, SourcesToCsv(many)).exit_code, 0);
  const auto listed = Listed();
  ASSERT_EQ(listed.size(), 25'000U);
  std::vector<std::string> sources;
  for (const auto& claim : listed) sources.emplace_back(claim.at("source_id").as_string().c_str());
  EXPECT_TRUE(std::is_sorted(sources.begin(), sources.end()));
  EXPECT_EQ(std::adjacent_find(sources.begin(), sources.end()), sources.end());
}

TEST_F(ClaimsCommand, NoneIsSaidOnStderrOnly) {
  const Outcome none = Xref({"claims", kPlace});
  EXPECT_EQ(none.exit_code, 0);
  EXPECT_EQ(none.out, "");
  EXPECT_EQ(none.err, "nothing is claimed at shop/orders\n");
}

TEST_F(ClaimsCommand, AreRefusedWhereSomethingIsWrongWithTheRequest) {
  const uint64_t lsn = Fact("lsn");
  for (const Arguments& wrong :
       {Arguments{"claim", kPlace}, Arguments{"claim", "shop/nothing", "A"},
        Arguments{"claim", kPlace, std::string(256, 'x')},
        Arguments{"claim", kPlace, "A", "--lease", "0"},
        Arguments{"claim", kPlace, "A", "--lease", "86401"},
        Arguments{"claim", kPlace, "A", "--owner", std::string(65, 'a')},
        Arguments{"settle", kPlace, "A", "1"}, Arguments{"settle", kPlace, "A", "--token", "1"},
        Arguments{"settle", kPlace, "A", "1", "--token", "x"},
        Arguments{"release", kPlace, "--token", "1"}, Arguments{"renew", kPlace, "A"},
        Arguments{"claims", "shop/nothing"}}) {
    const Outcome refused = Xref(wrong);
    EXPECT_EQ(refused.exit_code, 2) << ::testing::PrintToString(wrong);
    EXPECT_THAT(refused.err, Not(IsEmpty())) << ::testing::PrintToString(wrong);
    EXPECT_THAT(refused.out, IsEmpty()) << ::testing::PrintToString(wrong);
  }
  EXPECT_EQ(Fact("lsn"), lsn);
}

}  // namespace
}  // namespace xref::test
