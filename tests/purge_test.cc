#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <boost/json.hpp>

#include "tests/daemon_fixture.h"

namespace xref::test {
namespace {

using ::testing::HasSubstr;
using ::testing::IsEmpty;
using ::testing::StartsWith;

// A daemon that holds three references, and one of another type.
class Purging : public ShopTest {
 protected:
  void SetUp() override {
    ShopTest::SetUp();
    Import(ToCsv(references_));
    Xref({"add", "shop/articles", "A", "1"});
  }
  std::string PreviewedToken() {
    const Outcome preview = Xref({"--json", "purge", kPlace, "--preview"});
    return boost::json::parse(preview.out).at("token").as_string().c_str();
  }

  const References references_ = MakeReferences(3);
};

TEST_F(Purging, APreviewSaysWhatWouldHappenAndChangesNothing) {
  const Outcome preview = Xref({"purge", kPlace, "--preview"});
  EXPECT_EQ(preview.exit_code, 0);
  EXPECT_THAT(preview.out, HasSubstr("To purge shop/orders would remove all references there: 3."));
  EXPECT_THAT(preview.out, HasSubstr("The next sync may create up to 3 new records in ERP.\n"));
  EXPECT_THAT(preview.out, HasSubstr("purge shop/orders --confirm "));
  ExpectHolds(references_);
}

TEST_F(Purging, ConfirmedRemovesAllOfOneTypeAndSurvivesACrash) {
  const Outcome purged = Xref({"purge", kPlace, "--confirm", PreviewedToken()});
  EXPECT_EQ(purged.exit_code, 0);
  EXPECT_THAT(purged.out, StartsWith("purged shop/orders; references that are now in the trash"));
  ExpectHolds(References{});
  CrashAndRestartDaemon();
  ExpectHolds(References{});
  ExpectHolds({{"A", "1"}}, "shop/articles");
}

TEST_F(Purging, IsToldAsJson) {
  EXPECT_THAT(Xref({"--json", "purge", kPlace, "--preview"}).out,
              StartsWith("{\"place\":\"shop/orders\",\"references\":3,\"target\":\"ERP\","
                         "\"token\":\""));
  EXPECT_THAT(Xref({"--json", "purge", kPlace, "--confirm", PreviewedToken()}).out,
              StartsWith("{\"place\":\"shop/orders\",\"references\":3,\"trash\":"));
}

TEST_F(Purging, IsRefusedWithoutAPreview) {
  const Outcome refused = Xref({"purge", kPlace});
  EXPECT_EQ(refused.exit_code, 2);
  EXPECT_THAT(refused.err, HasSubstr("xref purge shop/orders --preview"));
  ExpectHolds(references_);
}

TEST_F(Purging, ATokenIsGoodOnceForItsPlaceAndOnlyWhileNoReferenceChanges) {
  EXPECT_EQ(Xref({"purge", kPlace, "--confirm", "5"}).exit_code, 2);
  EXPECT_THAT(last().err, HasSubstr("this token was never given"));
  EXPECT_EQ(Xref({"purge", "shop/articles", "--confirm", PreviewedToken()}).exit_code, 2);
  const std::string outdated = PreviewedToken();
  Xref({"put", kPlace, "S-0", "other"});
  EXPECT_EQ(Xref({"purge", kPlace, "--confirm", outdated}).exit_code, 2);
  EXPECT_THAT(last().err, HasSubstr("references have changed since the preview"));
  EXPECT_EQ(ReferencesHeld(), 4U);
  const std::string good = PreviewedToken();
  EXPECT_EQ(Xref({"purge", kPlace, "--confirm", good}).exit_code, 0);
  EXPECT_EQ(Xref({"purge", kPlace, "--confirm", good}).exit_code, 2);
  EXPECT_EQ(ReferencesHeld(), 1U);
}

TEST_F(Purging, IsRefusedWhereSomethingIsWrongWithTheRequest) {
  for (const Arguments& wrong :
       {Arguments{"purge", "shop/nothing", "--preview"}, Arguments{"purge", "shop", "--preview"},
        Arguments{"purge", kPlace, "--confirm", "soon"},
        Arguments{"purge", kPlace, "--preview", "--confirm", "5"}}) {
    const Outcome refused = Xref(wrong);
    EXPECT_EQ(refused.exit_code, 2) << ::testing::PrintToString(wrong);
    EXPECT_THAT(refused.out, IsEmpty()) << ::testing::PrintToString(wrong);
  }
  ExpectHolds(references_);
}

}  // namespace
}  // namespace xref::test
