// Dropping an integration and bringing it back, by the real daemon and the real command.

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <boost/json.hpp>
#include <filesystem>

#include "tests/daemon_fixture.h"

namespace xref::test {
namespace {

using ::testing::AllOf;
using ::testing::HasSubstr;
using ::testing::IsEmpty;
using ::testing::Not;
using ::testing::StartsWith;

// A daemon that holds more references of one type than a step of a restore takes, one of another
// type, a rule, a claim and an ignored ID.
class Dropping : public ShopTest {
 protected:
  void SetUp() override {
    ShopTest::SetUp();
    Import(ToCsv(references_));
    Xref({"add", "shop/articles", "A", "1"});
    Xref({"entity", "add", "shop/prices"});
    Xref({"entity", "rule", "shop/articles", "--unique-targets", "on"});
    Xref({"claim", kPlace, "claimed", "--owner", "w1", "--lease", "3600"});
    Xref({"ignore", kPlace, "never"});
  }
  std::string PreviewedToken(const std::string& integration = "shop") {
    const Outcome preview = Xref({"--json", "integration", "drop", integration, "--preview"});
    return boost::json::parse(preview.out).at("token").as_string().c_str();
  }
  Outcome Drop() { return Xref({"integration", "drop", "shop", "--confirm", PreviewedToken()}); }
  // Has what was written so far folded into the snapshot.
  void FoldEverything() {
    StopDaemon();
    StartDaemon();
  }
  void ExpectAllIsThere(const std::string& integration = "shop") {
    ExpectHolds(references_, integration + "/orders");
    ExpectHolds({{"A", "1"}}, integration + "/articles");
    EXPECT_THAT(Xref({"entity", "list", integration}).out,
                AllOf(HasSubstr("articles                        1  unique targets\n"),
                      HasSubstr("prices                          0\n")));
    EXPECT_THAT(Xref({"claims", integration + "/orders"}).out, HasSubstr("claimed"));
    EXPECT_THAT(Xref({"add", integration + "/orders", "never", "9"}).err,
                HasSubstr("must never be synced"));
  }
  void ExpectNothingIsThere() {
    EXPECT_EQ(Xref({"check", kPlace, "--id", "S-0"}).exit_code, 2);
    EXPECT_THAT(last().err, HasSubstr("was dropped and waits in the trash; restore it"));
    EXPECT_EQ(Xref({"--json", "integration", "list"}).out, "");
    EXPECT_EQ(ReferencesHeld(), 0U);
  }

  const References references_ = MakeReferences(5'000);
};

TEST_F(Dropping, APreviewSaysWhatWouldHappenAndChangesNothing) {
  const Outcome preview = Xref({"integration", "drop", "shop", "--preview"});
  EXPECT_EQ(preview.exit_code, 0);
  EXPECT_THAT(preview.out,
              AllOf(HasSubstr("would remove its 5 entity types with all references: 5001.\n"),
                    HasSubstr("Open claims, which nobody could settle meanwhile: 1.\n"),
                    HasSubstr("may create up to 5001 new records in ERP.\n"),
                    HasSubstr("integration drop shop --confirm ")));
  ExpectAllIsThere();
}

TEST_F(Dropping, IsToldAsJson) {
  EXPECT_THAT(Xref({"--json", "integration", "drop", "shop", "--preview"}).out,
              StartsWith("{\"integration\":\"shop\",\"types\":5,\"references\":5001,"
                         "\"open_claims\":1,\"target\":\"ERP\",\"token\":\""));
  EXPECT_THAT(Xref({"--json", "integration", "drop", "shop", "--confirm", PreviewedToken()}).out,
              StartsWith("{\"integration\":\"shop\",\"references\":5001,\"trash\":"));
  EXPECT_THAT(Xref({"--json", "trash"}).out,
              AllOf(HasSubstr("\"kind\":\"integration\",\"place\":\"shop\",\"references\":5001,"),
                    HasSubstr("\"kept_until\":")));
  EXPECT_EQ(Xref({"--json", "restore", "shop"}).out,
            "{\"restored\":5001,\"unchanged\":0,\"refused\":0}\n");
}

TEST_F(Dropping, ConfirmedRemovesAllOfItAndSurvivesACrash) {
  const Outcome dropped = Drop();
  EXPECT_EQ(dropped.exit_code, 0);
  EXPECT_THAT(dropped.out,
              AllOf(StartsWith("dropped shop; "), HasSubstr("bring it back: xref restore shop\n")));
  ExpectNothingIsThere();
  EXPECT_THAT(Xref({"trash"}).out, AllOf(HasSubstr("shop "), HasSubstr(", dropped ")));
  CrashAndRestartDaemon();
  ExpectNothingIsThere();
  FoldEverything();
  ExpectNothingIsThere();
  StopDaemon();
  EXPECT_EQ(RunDaemon({"--check", data_folder()}).exit_code, 0);
}

TEST_F(Dropping, APlaceThatWasResolvedBeforeIsUnknownAndKnownAgainAfterARestore) {
  const auto client = Connect();
  const PlaceId place = Place(*client);
  IdList ids;
  ids.Add("S-0");
  Drop();
  EXPECT_TRUE(absl::IsNotFound(client->Check(place, ids.View()).status()));
  EXPECT_TRUE(absl::IsNotFound(client->Lookup(place, ids.View()).status()));
  EXPECT_TRUE(absl::IsNotFound(client->PreviewPurge(place).status()));
  std::string payload;
  EXPECT_TRUE(absl::IsNotFound(client->History({place, "S-0"}, payload).status()));
  EXPECT_TRUE(absl::IsNotFound(client->List({.place = place, .rows_max = 1}, payload).status()));
  Xref({"restore", "shop"});
  EXPECT_EQ(client->Check(place, ids.View()).value(), std::vector<bool>{true});
}

TEST_F(Dropping, ARestoreBringsAllOfItBackAndSurvivesACrash) {
  Drop();
  const Outcome restored = Xref({"restore", "shop"});
  EXPECT_EQ(restored.exit_code, 0);
  EXPECT_EQ(restored.out, "restored shop as it was, with all its references: 5001\n");
  ExpectAllIsThere();
  EXPECT_EQ(Xref({"trash"}).out, "");
  CrashAndRestartDaemon();
  ExpectAllIsThere();
  FoldEverything();
  ExpectAllIsThere();
}

TEST_F(Dropping, ARestoreAfterACrashIsAsGood) {
  Drop();
  CrashAndRestartDaemon();
  EXPECT_EQ(Xref({"restore", "shop"}).exit_code, 0);
  CrashAndRestartDaemon();
  ExpectAllIsThere();
}

TEST_F(Dropping, WhatWasRestoredTakesChangesThatSurviveACrash) {
  Drop();
  Xref({"restore", "shop"});
  EXPECT_EQ(Xref({"put", kPlace, "S-0", "other"}).exit_code, 0);
  EXPECT_EQ(Xref({"delete", kPlace, "S-1"}).exit_code, 0);
  CrashAndRestartDaemon();
  EXPECT_THAT(Xref({"lookup", kPlace, "S-0"}).out, HasSubstr("S-0,other\n"));
  EXPECT_EQ(Xref({"check", kPlace, "--id", "S-1"}).exit_code, 1);
  EXPECT_THAT(Xref({"explain", kPlace, "S-1"}).out, HasSubstr("linked it to"))
      << "who created what and when came back as well";
}

TEST_F(Dropping, ANewOneOfTheNameIsEmptyAndTheOldOneComesBackBesideIt) {
  Drop();
  Xref({"integration", "create", "shop", "--source", "Magento", "--target", "BC"});
  ExpectHolds(References{});
  Xref({"add", kPlace, "S-0", "new"});
  CrashAndRestartDaemon();
  ExpectHolds({{"S-0", "new"}});
  EXPECT_EQ(Xref({"claims", kPlace}).exit_code, 0);
  EXPECT_THAT(last().out, Not(HasSubstr("claimed")));

  EXPECT_EQ(Xref({"restore", "shop"}).exit_code, 2);
  EXPECT_THAT(last().err, AllOf(HasSubstr("there is another integration \"shop\" by now"),
                                HasSubstr("--as NAME")));
  EXPECT_EQ(Xref({"restore", "shop", "--as", "shop-old"}).exit_code, 0);
  ExpectAllIsThere("shop-old");
  ExpectHolds({{"S-0", "new"}});
  FoldEverything();
  ExpectAllIsThere("shop-old");
  ExpectHolds({{"S-0", "new"}});
}

TEST_F(Dropping, TwoOfOneNameAreToldApartByTheirNumbers) {
  const Outcome first =
      Xref({"--json", "integration", "drop", "shop", "--confirm", PreviewedToken()});
  const auto number = boost::json::parse(first.out).at("trash").as_int64();
  CreateShop();
  Drop();
  EXPECT_EQ(Xref({"restore", "shop", "--trash", std::to_string(number)}).exit_code, 0);
  ExpectAllIsThere();
}

TEST_F(Dropping, PurgesOfItsTypesWaitWithItAndCanBeRestoredAfterwards) {
  const Outcome preview = Xref({"--json", "purge", kPlace, "--preview"});
  const std::string token = boost::json::parse(preview.out).at("token").as_string().c_str();
  const Outcome purged = Xref({"--json", "purge", kPlace, "--confirm", token});
  const auto trash = static_cast<uint32_t>(boost::json::parse(purged.out).at("trash").as_int64());
  Drop();
  EXPECT_THAT(Xref({"trash"}).out, Not(HasSubstr(kPlace)));
  std::string payload;
  const auto refused = Connect()->Restore({.trash = trash, .actor = "ada"}, payload);
  EXPECT_TRUE(absl::IsPermissionDenied(refused.status()));
  EXPECT_THAT(std::string(refused.status().message()), HasSubstr("restore that first"));
  CrashAndRestartDaemon();
  Xref({"restore", "shop"});
  EXPECT_EQ(Xref({"restore", kPlace}).exit_code, 0);
  ExpectAllIsThere();
}

TEST_F(Dropping, ABackupHoldsWhatWasDropped) {
  Drop();
  const std::string file = folder_.path() + "/backup";
  EXPECT_EQ(Xref({"backup", file}).exit_code, 0);
  StopDaemon();
  std::filesystem::remove_all(data_folder());
  EXPECT_EQ(RunDaemon({"--restore", file, "--data", data_folder()}).exit_code, 0);
  StartDaemon();
  ExpectNothingIsThere();
  EXPECT_EQ(Xref({"restore", "shop"}).exit_code, 0);
  ExpectAllIsThere();
}

TEST_F(Dropping, ATokenIsGoodOnceAndOnlyWhileNoReferenceChanges) {
  const std::string outdated = PreviewedToken();
  Xref({"put", "shop/articles", "A", "2"});
  EXPECT_EQ(Xref({"integration", "drop", "shop", "--confirm", outdated}).exit_code, 2);
  EXPECT_THAT(last().err, HasSubstr("references have changed since the preview"));
  Xref({"put", "shop/articles", "A", "1"});
  EXPECT_EQ(Xref({"integration", "drop", "shop", "--confirm", "5"}).exit_code, 2);
  EXPECT_THAT(last().err, HasSubstr("this token was never given"));
  ExpectAllIsThere();
  const std::string good = PreviewedToken();
  Xref({"release", kPlace, "claimed", "--token", "1"});
  EXPECT_EQ(Xref({"integration", "drop", "shop", "--confirm", good}).exit_code, 0)
      << "claims may come and go";
  CreateShop();
  EXPECT_EQ(Xref({"integration", "drop", "shop", "--confirm", good}).exit_code, 2);
}

TEST_F(Dropping, IsRefusedWhereSomethingIsWrongWithTheRequest) {
  const uint64_t lsn = Fact("lsn");
  for (const Arguments& wrong :
       {Arguments{"integration", "drop"}, Arguments{"integration", "drop", "shop"},
        Arguments{"integration", "drop", "other", "--preview"},
        Arguments{"integration", "drop", "other", "--confirm", "5"},
        Arguments{"integration", "drop", "shop", "--confirm", "soon"},
        Arguments{"integration", "drop", "shop", "--preview", "--confirm", "5"},
        Arguments{"restore", "shop"}, Arguments{"restore", "other"},
        Arguments{"restore", "shop", "--trash", "99"}}) {
    const Outcome refused = Xref(wrong);
    EXPECT_EQ(refused.exit_code, 2) << ::testing::PrintToString(wrong);
    EXPECT_THAT(refused.out, IsEmpty()) << ::testing::PrintToString(wrong);
    EXPECT_THAT(refused.err, Not(IsEmpty())) << ::testing::PrintToString(wrong);
  }
  EXPECT_THAT(Xref({"integration", "drop", "shop"}).err,
              HasSubstr("xref integration drop shop --preview"));
  EXPECT_EQ(Fact("lsn"), lsn);
  Drop();
  EXPECT_EQ(Xref({"restore", "shop", "--as", "a/b"}).exit_code, 2);
  ExpectNothingIsThere();
}

}  // namespace
}  // namespace xref::test
