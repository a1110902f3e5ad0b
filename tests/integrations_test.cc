#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "tests/daemon_fixture.h"

namespace xref::test {
namespace {

using ::testing::HasSubstr;

class Integrations : public DaemonTest {
 protected:
  Outcome Create(const std::string& name, const std::string& source, const std::string& target) {
    return Xref({"integration", "create", name, "--source", source, "--target", target});
  }
  Outcome List() { return Xref({"integration", "list"}); }
};

TEST_F(Integrations, CreatedHasTheFourStandardTypes) {
  EXPECT_EQ(Create("shop-erp", "Shopify", "Business Central").out,
            "shop-erp created: Shopify -> Business Central\n");
  const Outcome list = List();
  EXPECT_EQ(list.exit_code, 0);
  for (const char* expected : {"shop-erp: Shopify -> Business Central\n", "  articles ",
                               "  customers ", "  orders ", "  stock "}) {
    EXPECT_THAT(list.out, HasSubstr(expected));
  }
}

TEST_F(Integrations, CreatedTwiceWithTheSamePlatformsExists) {
  Create("shop", "Shopify", "ERP");
  const Outcome again = Create("shop", "Shopify", "ERP");
  EXPECT_EQ(again.exit_code, 0);
  EXPECT_EQ(again.out, "shop exists: Shopify -> ERP\n");
}

TEST_F(Integrations, OtherPlatformsAreAConflictThatNamesThoseThatStand) {
  Create("shop", "Shopify", "ERP");
  const std::string before = List().out;
  const Outcome conflict = Create("shop", "Magento", "ERP");
  EXPECT_EQ(conflict.exit_code, 1);
  EXPECT_EQ(conflict.out, "");
  EXPECT_THAT(conflict.err, HasSubstr("from \"Shopify\" to \"ERP\"; nothing was changed"));
  EXPECT_EQ(List().out, before);
}

TEST_F(Integrations, BadNamesAreRefusedAndNothingIsMade) {
  for (const std::string& name :
       {std::string("shop/erp"), std::string("shop erp"), std::string("-"), std::string(".shop"),
        std::string("sh\xC3\xB6p"), std::string(65, 'a'), std::string()}) {
    const Outcome refused = Create(name, "Shopify", "ERP");
    EXPECT_EQ(refused.exit_code, 2) << name;
    EXPECT_THAT(refused.err, HasSubstr("1 to 64 of a-z, A-Z, 0-9")) << name;
  }
  EXPECT_EQ(Xref({"--json", "integration", "list"}).out, "");
}

TEST_F(Integrations, ANameOf64BytesIsFine) {
  EXPECT_EQ(Create(std::string(64, 'a'), "Shopify", "ERP").exit_code, 0);
}

TEST_F(Integrations, BadPlatformsAreRefusedAndNothingIsMade) {
  for (const std::string& platform :
       {std::string(), std::string(129, 'a'), std::string("a\nb"), std::string("\xFF")}) {
    EXPECT_EQ(Create("shop", platform, "ERP").exit_code, 2) << platform;
    EXPECT_EQ(Create("shop", "Shopify", platform).exit_code, 2) << platform;
  }
  EXPECT_EQ(Xref({"--json", "integration", "list"}).out, "");
}

TEST_F(Integrations, AreListedInOrderOfTheirNames) {
  for (const char* name : {"b", "c", "a"}) Create(name, "Shopify", "ERP");
  const std::string list = List().out;
  EXPECT_LT(list.find("a: "), list.find("b: "));
  EXPECT_LT(list.find("b: "), list.find("c: "));
}

TEST_F(Integrations, NoneYetIsSaidOnStderrOnly) {
  const Outcome list = List();
  EXPECT_EQ(list.exit_code, 0);
  EXPECT_EQ(list.out, "");
  EXPECT_THAT(list.err, HasSubstr("xref integration create"));
}

TEST_F(Integrations, ListedAsJsonWithTheirNumbersOfReferences) {
  Create("shop", "Shopify", "ERP");
  Import(ToCsv(MakeReferences(3)));
  EXPECT_EQ(Xref({"--json", "integration", "list"}).out,
            "{\"integration\":\"shop\",\"source\":\"Shopify\",\"target\":\"ERP\","
            "\"references\":{\"articles\":0,\"customers\":0,\"orders\":3,\"stock\":0}}\n");
}

TEST_F(Integrations, RenamedHaveOtherPlatformsAfterACrash) {
  Create("shop", "Shopify", "ERP");
  const Arguments rename{"integration", "rename", "shop", "--source", "Magento", "--target", "BC"};
  EXPECT_EQ(Xref(rename).out, "shop renamed: Magento -> BC\n");
  EXPECT_EQ(Xref(rename).out, "shop unchanged: Magento -> BC\n");
  EXPECT_EQ(last().exit_code, 0);
  CrashAndRestartDaemon();
  EXPECT_THAT(List().out, HasSubstr("shop: Magento -> BC\n"));
}

TEST_F(Integrations, RenamedToNothingOrUnknownAreRefused) {
  Create("shop", "Shopify", "ERP");
  const std::string before = List().out;
  for (const Arguments& wrong :
       {Arguments{"integration", "rename", "other", "--source", "A", "--target", "B"},
        Arguments{"integration", "rename", "shop", "--source", "A"},
        Arguments{"integration", "rename", "shop", "--source", "", "--target", "B"},
        Arguments{"integration", "rename", "shop", "--source", std::string(129, 'a'), "--target",
                  "B"}}) {
    EXPECT_EQ(Xref(wrong).exit_code, 2) << ::testing::PrintToString(wrong);
  }
  EXPECT_EQ(List().out, before);
}

TEST_F(Integrations, SurviveACrash) {
  Create("shop", "Shopify", "ERP");
  const std::string before = List().out;
  CrashAndRestartDaemon();
  EXPECT_EQ(List().out, before);
}

TEST_F(Integrations, AreApartFromOneAnother) {
  Create("shop", "Shopify", "ERP");
  Create("other", "Shopify", "ERP");
  Xref({"add", "shop/orders", "S", "T"});
  EXPECT_EQ(Xref({"check", "other/orders", "--id", "S"}).exit_code, 1);
  EXPECT_EQ(Xref({"check", "shop/articles", "--id", "S"}).exit_code, 1);
  EXPECT_EQ(Xref({"check", "shop/orders", "--id", "S"}).exit_code, 0);
}

}  // namespace
}  // namespace xref::test
