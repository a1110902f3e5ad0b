#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "tests/daemon_fixture.h"

namespace xref::test {
namespace {

using ::testing::HasSubstr;
using ::testing::IsEmpty;
using ::testing::Not;

using Entities = ShopTest;

TEST_F(Entities, AddedTakeReferencesAndSurviveACrash) {
  EXPECT_EQ(Xref({"entity", "add", "shop/prices"}).out, "shop/prices created\n");
  EXPECT_EQ(Xref({"entity", "add", "shop/prices"}).out, "shop/prices exists\n");
  EXPECT_EQ(last().exit_code, 0);
  CrashAndRestartDaemon();
  EXPECT_EQ(Xref({"add", "shop/prices", "A", "1"}).exit_code, 0);
  EXPECT_THAT(Xref({"entity", "list", "shop"}).out,
              HasSubstr("prices                          1\n"));
}

TEST_F(Entities, AreToldAsJson) {
  EXPECT_EQ(Xref({"--json", "entity", "add", "shop/prices"}).out,
            "{\"integration\":\"shop\",\"type\":\"prices\",\"verdict\":\"created\"}\n");
  EXPECT_THAT(Xref({"--json", "entity", "list", "shop"}).out,
              HasSubstr("{\"integration\":\"shop\",\"type\":\"prices\",\"references\":0,"
                        "\"unique_targets\":false}\n"));
  EXPECT_EQ(Xref({"--json", "entity", "rule", "shop/prices", "--unique-targets", "on"}).out,
            "{\"place\":\"shop/prices\",\"unique_targets\":true,\"verdict\":\"changed\"}\n");
}

TEST_F(Entities, AreListedWithTheRuleThatIsSet) {
  Xref({"entity", "rule", kPlace, "--unique-targets", "on"});
  EXPECT_EQ(Xref({"entity", "list", "shop"}).out,
            "articles                        0\n"
            "customers                       0\n"
            "orders                          0  unique targets\n"
            "stock                           0\n");
  EXPECT_THAT(Xref({"--json", "entity", "list", "shop"}).out,
              HasSubstr("{\"integration\":\"shop\",\"type\":\"orders\",\"references\":0,"
                        "\"unique_targets\":true}\n"));
}

TEST_F(Entities, WithUniqueTargetsRefuseASecondSource) {
  Xref({"add", kPlace, "A", "1"});
  EXPECT_EQ(Xref({"entity", "rule", kPlace, "--unique-targets", "on"}).out,
            "shop/orders: unique targets on\n");
  EXPECT_EQ(Xref({"entity", "rule", kPlace, "--unique-targets", "on"}).out,
            "shop/orders: unique targets on, as before\n");
  CrashAndRestartDaemon();
  const Outcome taken = Xref({"add", kPlace, "B", "1"});
  EXPECT_EQ(taken.exit_code, 1);
  EXPECT_THAT(taken.err, HasSubstr("1 is linked from A already, and shop/orders allows one source "
                                   "for a target; nothing was changed"));
  EXPECT_EQ(Xref({"--json", "put", kPlace, "B", "1"}).out,
            "{\"source_id\":\"B\",\"verdict\":\"target_taken\",\"taken_by\":\"A\"}\n");
  EXPECT_EQ(Xref({"entity", "rule", kPlace, "--unique-targets", "off"}).exit_code, 0);
  EXPECT_EQ(Xref({"add", kPlace, "B", "1"}).exit_code, 0);
  ExpectHolds({{"A", "1"}, {"B", "1"}});
}

TEST_F(Entities, AreRefusedWhereSomethingIsWrongWithTheRequest) {
  const uint64_t lsn = Fact("lsn");
  for (const Arguments& wrong :
       {Arguments{"entity", "add", "shop"}, Arguments{"entity", "add", "shop/a b"},
        Arguments{"entity", "add", "other/prices"}, Arguments{"entity", "list", "other"},
        Arguments{"entity", "rule", kPlace}, Arguments{"entity", "rule", "shop/nothing"},
        Arguments{"entity", "rule", "shop/nothing", "--unique-targets", "on"},
        Arguments{"entity", "rule", kPlace, "--unique-targets", "maybe"}, Arguments{"entity"}}) {
    const Outcome refused = Xref(wrong);
    EXPECT_EQ(refused.exit_code, 2) << ::testing::PrintToString(wrong);
    EXPECT_THAT(refused.err, Not(IsEmpty())) << ::testing::PrintToString(wrong);
    EXPECT_THAT(refused.out, IsEmpty()) << ::testing::PrintToString(wrong);
  }
  EXPECT_EQ(Fact("lsn"), lsn);
}

}  // namespace
}  // namespace xref::test
