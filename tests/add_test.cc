#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "tests/daemon_fixture.h"

namespace xref::test {
namespace {

using ::testing::HasSubstr;

class Adding : public ShopTest {
 protected:
  Outcome Add(const std::string& source, const std::string& target) {
    return Xref({"add", kPlace, "--", source, target});
  }
};

TEST_F(Adding, LinksASourceToATarget) {
  const Outcome added = Add("A", "1");
  EXPECT_EQ(added.exit_code, 0);
  EXPECT_EQ(added.out, "added: A -> 1\n");
  ExpectHolds({{"A", "1"}});
}

TEST_F(Adding, TheSameAgainIsUnchanged) {
  Add("A", "1");
  const Outcome again = Add("A", "1");
  EXPECT_EQ(again.exit_code, 0);
  EXPECT_EQ(again.out, "unchanged: A -> 1\n");
}

TEST_F(Adding, AnotherTargetIsAConflictThatNamesTheOneThatStands) {
  Add("A", "1");
  const Outcome conflict = Add("A", "2");
  EXPECT_EQ(conflict.exit_code, 1);
  EXPECT_EQ(conflict.out, "");
  EXPECT_THAT(conflict.err, HasSubstr("A is linked to 1 already; nothing was changed"));
  ExpectHolds({{"A", "1"}});
}

TEST_F(Adding, TheVerdictIsToldAsJson) {
  EXPECT_EQ(Xref({"--json", "add", kPlace, "A", "1"}).out,
            "{\"source_id\":\"A\",\"target_id\":\"1\",\"verdict\":\"added\"}\n");
  EXPECT_EQ(Xref({"--json", "add", kPlace, "A", "1"}).out,
            "{\"source_id\":\"A\",\"target_id\":\"1\",\"verdict\":\"unchanged\"}\n");
  EXPECT_EQ(Xref({"--json", "add", kPlace, "A", "2"}).out,
            "{\"source_id\":\"A\",\"target_id\":\"1\",\"verdict\":\"conflict\"}\n");
}

TEST_F(Adding, IdsThatAreNoneAreRefused) {
  EXPECT_THAT(Add("", "1").err, HasSubstr("the source ID is empty"));
  EXPECT_THAT(Add("A", "").err, HasSubstr("the target ID is empty"));
  EXPECT_THAT(Add("A\tB", "1").err, HasSubstr("the source ID holds a control character"));
  EXPECT_THAT(Add("A", std::string(256, 'x')).err, HasSubstr("longer than 255 bytes"));
  EXPECT_THAT(Add("\xC0\x80", "1").err, HasSubstr("the source ID is not valid UTF-8"));
  EXPECT_EQ(last().exit_code, 2);
  ExpectHolds(References{});
}

TEST_F(Adding, IdsMayHoldAnythingElse) {
  const References odd = {{std::string(255, 'x'), "1"},
                          {" A ", " "},
                          {"-A", "--help"},
                          {"gid://shop/Order/1", "a,b;\"c\""},
                          {"\xC3\xA9\xE2\x82\xAC\xF0\x9F\x98\x80", std::string(255, 'y')}};
  for (const auto& [source, target] : odd) EXPECT_EQ(Add(source, target).exit_code, 0) << source;
  ExpectHolds(odd);
}

}  // namespace
}  // namespace xref::test
