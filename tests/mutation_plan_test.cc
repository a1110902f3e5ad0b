// What mutations, purges and confirmations decide, rule by rule.

#include "daemon/commit_queue.h"
#include "tests/plans_fixture.h"

namespace xref {
namespace {

using protocol::Mutation;
using protocol::Outcome;
using protocol::StatusCode;
using protocol::Verdict;

constexpr int64_t kSecond = 1'000'000;

class Mutations : public Plans {
 protected:
  void Link(const std::string& source, const std::string& target) {
    ASSERT_EQ(AddOne(source, target), Verdict::kDone);
  }
  Outcome Put(const std::string& source, const std::string& target) {
    return MutateOne(Mutation::kPut, {source, target, "", 0});
  }
  Outcome Edit(const std::string& source, const std::string& target, const std::string& expected) {
    return MutateOne(Mutation::kEdit, {source, target, expected, 0});
  }
  Outcome Delete(const std::string& source, const std::string& expected = "") {
    return MutateOne(Mutation::kDelete, {source, "", expected, 0});
  }
  Verdict Ignore(const std::string& source) {
    return MutateOne(Mutation::kIgnore, {source, "", "", 0}).verdict;
  }
  Verdict Unignore(const std::string& source) {
    return MutateOne(Mutation::kUnignore, {source, "", "", 0}).verdict;
  }
  Outcome Claim(const std::string& source, const std::string& owner) {
    return MutateOne(Mutation::kClaim, {source, "", "", 0}, owner);
  }
  Outcome Settle(const std::string& source, uint64_t token, const std::string& target) {
    return MutateOne(Mutation::kSettle, {source, target, "", token});
  }
  Verdict Release(const std::string& source, uint64_t token) {
    return MutateOne(Mutation::kRelease, {source, "", "", token}).verdict;
  }
  Verdict Renew(const std::string& source, uint64_t token) {
    return MutateOne(Mutation::kRenew, {source, "", "", token}).verdict;
  }
  void ExpectOutcome(const Outcome& outcome, Verdict verdict, std::string_view other) {
    EXPECT_EQ(outcome.verdict, verdict) << Name(outcome.verdict);
    EXPECT_EQ(outcome.other, other);
  }
  const xref::Claim* ClaimOn(const std::string& source) const {
    return store_.WriterReservations().FindClaim(orders_, source);
  }
};

// ---- Put, edit, delete ----

TEST_F(Mutations, APutLinksWhateverThereIs) {
  EXPECT_EQ(Put("A", "1").verdict, Verdict::kDone);
  EXPECT_EQ(Put("A", "1").verdict, Verdict::kUnchanged);
  EXPECT_EQ(Put("A", "2").verdict, Verdict::kDone);
  Commit();
  EXPECT_EQ(TargetOf("A"), "2");
}

TEST_F(Mutations, AnEditOfWhatIsNotLinkedIsMissing) {
  EXPECT_EQ(Edit("A", "1", "").verdict, Verdict::kMissing);
  EXPECT_TRUE(plan_->Records().empty());
}

TEST_F(Mutations, AnEditWithAnotherExpectedTargetNamesTheOneThatStands) {
  Link("A", "1");
  ExpectOutcome(Edit("A", "3", "2"), Verdict::kConflict, "1");
  EXPECT_EQ(Edit("A", "3", "1").verdict, Verdict::kDone);
  EXPECT_EQ(Edit("A", "3", "1").verdict, Verdict::kUnchanged) << "sent again";
  Commit();
  EXPECT_EQ(TargetOf("A"), "3");
}

TEST_F(Mutations, ADeleteWithAnotherExpectedTargetNamesTheOneThatStands) {
  Link("A", "1");
  ExpectOutcome(Delete("A", "2"), Verdict::kConflict, "1");
  EXPECT_EQ(Delete("A", "1").verdict, Verdict::kDone);
  EXPECT_EQ(Delete("A", "1").verdict, Verdict::kMissing) << "sent again";
  Commit();
  EXPECT_EQ(TargetOf("A"), "");
}

TEST_F(Mutations, WhatAGroupAddedAndDeletedIsNotThere) {
  Link("A", "1");
  EXPECT_EQ(Delete("A").verdict, Verdict::kDone);
  Commit();
  EXPECT_EQ(store_.WriterIndex(orders_)->size(), 0U);
}

// ---- Ignored sources ----

TEST_F(Mutations, AnIgnoredSourceIsNeitherClaimedNorLinkedUntilItIsIgnoredNoMore) {
  EXPECT_EQ(Ignore("A"), Verdict::kDone);
  EXPECT_EQ(Ignore("A"), Verdict::kUnchanged);
  Commit();
  EXPECT_EQ(Claim("A", "w1").verdict, Verdict::kIgnored);
  EXPECT_EQ(AddOne("A", "1"), Verdict::kIgnored);
  EXPECT_EQ(Put("A", "1").verdict, Verdict::kIgnored);
  EXPECT_EQ(Unignore("A"), Verdict::kDone);
  EXPECT_EQ(Unignore("A"), Verdict::kUnchanged);
  EXPECT_EQ(Claim("A", "w1").verdict, Verdict::kGranted);
}

TEST_F(Mutations, WhatIsLinkedCannotBeIgnored) {
  Link("A", "1");
  ExpectOutcome(MutateOne(Mutation::kIgnore, {"A", "", "", 0}), Verdict::kSynced, "1");
}

TEST_F(Mutations, AClaimOutlastsBeingIgnoredSoThatItsOutcomeIsNotForgotten) {
  const uint64_t token = Claim("A", "w1").number;
  EXPECT_EQ(Ignore("A"), Verdict::kDone);
  EXPECT_EQ(Settle("A", token, "1").verdict, Verdict::kIgnored);
  EXPECT_EQ(Unignore("A"), Verdict::kDone);
  Pass(kSecond);
  ExpectOutcome(Claim("A", "w2"), Verdict::kUnknown, "w1");
}

// ---- Claims ----

TEST_F(Mutations, AClaimHoldsOthersOffUntilItsLeaseEnds) {
  EXPECT_EQ(Claim("A", "w1").verdict, Verdict::kGranted);
  Pass(kSecond - 1);
  const Outcome held = Claim("A", "w2");
  ExpectOutcome(held, Verdict::kHeld, "w1");
  EXPECT_EQ(held.number, 1U) << "rounded up, so that nobody comes too early";
  Pass(1);
  ExpectOutcome(Claim("A", "w2"), Verdict::kUnknown, "w1");
}

TEST_F(Mutations, ASettledClaimIsSynced) {
  const uint64_t token = Claim("A", "w1").number;
  EXPECT_EQ(Settle("A", token, "1").verdict, Verdict::kDone);
  EXPECT_EQ(Settle("A", token, "1").verdict, Verdict::kUnchanged) << "sent again";
  ExpectOutcome(Settle("A", token, "2"), Verdict::kConflict, "1");
  ExpectOutcome(Claim("A", "w2"), Verdict::kSynced, "1");
  Commit();
  EXPECT_EQ(TargetOf("A"), "1");
  EXPECT_EQ(ClaimOn("A"), nullptr);
}

TEST_F(Mutations, TheSameOwnerClaimingAgainIsToldThatItsOutcomeIsUnknown) {
  const uint64_t first = Claim("A", "w1").number;
  const Outcome again = Claim("A", "w1");
  ExpectOutcome(again, Verdict::kUnknown, "w1");
  EXPECT_GT(again.number, first);
  EXPECT_EQ(Settle("A", first, "1").verdict, Verdict::kStaleToken);
  EXPECT_EQ(Settle("A", again.number, "1").verdict, Verdict::kDone);
}

TEST_F(Mutations, AnExpiredOwnerWhomNobodyReplacedCanStillSettle) {
  const uint64_t token = Claim("A", "w1").number;
  Pass(3600 * kSecond);
  EXPECT_EQ(Settle("A", token, "1").verdict, Verdict::kDone);
}

TEST_F(Mutations, AnExpiredOwnerWhomSomebodyReplacedHasAStaleToken) {
  const uint64_t token = Claim("A", "w1").number;
  Pass(kSecond);
  const uint64_t next = Claim("A", "w2").number;
  EXPECT_EQ(Settle("A", token, "1").verdict, Verdict::kStaleToken);
  EXPECT_EQ(Renew("A", token), Verdict::kStaleToken);
  EXPECT_EQ(Release("A", token), Verdict::kStaleToken);
  Commit();
  EXPECT_EQ(Settle("A", token, "1").verdict, Verdict::kStaleToken);
  EXPECT_EQ(Settle("A", next, "2").verdict, Verdict::kDone);
}

TEST_F(Mutations, ARenewedClaimHoldsOthersOffFromThenOn) {
  const uint64_t token = Claim("A", "w1").number;
  Pass(kSecond / 2);
  EXPECT_EQ(Renew("A", token), Verdict::kDone);
  Pass(kSecond - 1);
  EXPECT_EQ(Claim("A", "w2").verdict, Verdict::kHeld);
  Pass(1);
  EXPECT_EQ(Claim("A", "w2").verdict, Verdict::kUnknown);
}

TEST_F(Mutations, AClaimThatWasReleasedUnusedIsGrantedToTheNext) {
  const uint64_t token = Claim("A", "w1").number;
  EXPECT_EQ(Release("A", token), Verdict::kDone);
  EXPECT_EQ(Release("A", token), Verdict::kStaleToken);
  Commit();
  EXPECT_EQ(Claim("A", "w2").verdict, Verdict::kGranted);
}

TEST_F(Mutations, ReleasingAClaimOfUnknownOutcomeLeavesItUnknown) {
  Claim("A", "w1");
  Pass(kSecond);
  const uint64_t token = Claim("A", "w2").number;
  EXPECT_EQ(Release("A", token), Verdict::kDone);
  ExpectOutcome(Claim("A", "w3"), Verdict::kUnknown, "w2");
  Commit();
  const uint64_t again = Claim("A", "w3").number;
  Commit();
  EXPECT_EQ(Release("A", again), Verdict::kDone);
  Commit();
  ExpectOutcome(Claim("A", "w4"), Verdict::kUnknown, "w3");
}

TEST_F(Mutations, LinkingInWhateverWayEndsTheClaim) {
  const uint64_t token = Claim("A", "w1").number;
  Link("A", "1");
  EXPECT_EQ(Delete("A").verdict, Verdict::kDone);
  EXPECT_EQ(Settle("A", token, "2").verdict, Verdict::kStaleToken);
  EXPECT_EQ(Claim("A", "w2").verdict, Verdict::kGranted);
}

TEST_F(Mutations, TokensOfAGroupAreThoseThatTheStoreKeeps) {
  const auto first = Mutate({Mutation::kClaim, {{"A", "", "", 0}, {"B", "", "", 0}}, "w1"});
  const auto second = Mutate({Mutation::kClaim, {{"B", "", "", 0}, {"C", "", "", 0}}, "w2"});
  EXPECT_EQ(second[0].verdict, Verdict::kHeld);
  Commit();
  EXPECT_EQ(ClaimOn("A")->token, first[0].number);
  EXPECT_EQ(ClaimOn("B")->token, first[1].number);
  EXPECT_EQ(ClaimOn("C")->token, second[1].number);
  EXPECT_GT(second[1].number, first[1].number);
}

TEST_F(Mutations, MoreClaimsThanTheMostAreRefused) {
  for (uint64_t i = 1; i < kClaimsMax; ++i) {
    store_.WriterReservations().SetClaim(orders_, std::to_string(i), {.token = i, .owner = "w"});
  }
  Commit();
  const Asked two{Mutation::kClaim, {{"A", "", "", 0}, {"B", "", "", 0}}, "w1"};
  EXPECT_EQ(DecideMutation(two).status, StatusCode::kOverloaded);
  EXPECT_EQ(Claim("A", "w1").verdict, Verdict::kGranted);
  const Asked one{Mutation::kClaim, {{"B", "", "", 0}}, "w1"};
  EXPECT_EQ(DecideMutation(one).status, StatusCode::kOverloaded) << "in the same group";
}

TEST_F(Mutations, MoreIgnoredThanTheMostAreRefused) {
  for (uint64_t i = 0; i < kIgnoredMax; ++i) {
    store_.WriterReservations().SetIgnored(orders_, std::to_string(i));
  }
  Commit();
  EXPECT_EQ(DecideMutation({Mutation::kIgnore, {{"A", "", "", 0}}}).status, StatusCode::kTooLarge);
}

TEST_F(Mutations, ClaimsAreListedInOrderFromWhereTheListStopped) {
  Claim("B", "w1");
  Pass(kSecond);
  Mutate({Mutation::kClaim, {{"C", "", "", 0}, {"B", "", "", 0}, {"A", "", "", 0}}, "w2"});
  Pass(kSecond - 1);
  const auto list = [&](uint32_t most, std::string_view after) {
    return Read<protocol::ClaimsReply>(Decide(protocol::ClaimsRequest{orders_, most, after}))
        .claims;
  };
  const auto two = list(2, "");
  ASSERT_EQ(two.size(), 2U);
  EXPECT_EQ(two[0].source, "A");
  EXPECT_EQ(two[1].source, "B");
  EXPECT_EQ(two[1].owner, "w2");
  EXPECT_EQ(two[1].lost_owner, "w1");
  EXPECT_EQ(two[1].remaining_ms, 1);
  Pass(3 * kSecond);
  const auto last = list(2, "B");
  ASSERT_EQ(last.size(), 1U);
  EXPECT_EQ(last[0].source, "C");
  EXPECT_LT(last[0].remaining_ms, 0);
}

// ---- Unique targets ----

class UniqueTargets : public Mutations {
 protected:
  void SetUp() override {
    Mutations::SetUp();
    EXPECT_TRUE(SetUniqueTargets(true));
  }
};

TEST_F(UniqueTargets, ASecondSourceIsRefusedInItsGroupAndLater) {
  Link("A", "1");
  ExpectOutcome(Put("B", "1"), Verdict::kTargetTaken, "A");
  Commit();
  ExpectOutcome(Put("B", "1"), Verdict::kTargetTaken, "A");
  ExpectOutcome(Settle("B", Claim("B", "w1").number, "1"), Verdict::kTargetTaken, "A");
  EXPECT_EQ(AddOne("A", "1"), Verdict::kUnchanged);
}

TEST_F(UniqueTargets, ARehearsalIsDecidedAsTheChangeWouldBeAndRecordsNothing) {
  Link("A", "1");
  Link("B", "2");
  Ignore("I");
  Commit();
  for (const Mutation mutation : {Mutation::kAdd, Mutation::kPut}) {
    Asked asked{.mutation = mutation,
                .items = {{"A", "1", "", 0},
                          {"B", "3", "", 0},
                          {"C", "1", "", 0},
                          {"D", "4", "", 0},
                          {"E", "4", "", 0},
                          {"D", "5", "", 0},
                          {"I", "6", "", 0}}};
    asked.rehearsal = true;
    Begin();
    const std::string rehearsed = DecideMutation(asked).payload;
    EXPECT_TRUE(plan_->Records().empty());
    for (uint8_t i = 0; i <= protocol::kVerdictLast; ++i) {
      EXPECT_EQ(plan_->count(static_cast<Verdict>(i)), 0U);
    }
    asked.rehearsal = false;
    Begin();
    EXPECT_EQ(DecideMutation(asked).payload, rehearsed);
    EXPECT_FALSE(plan_->Records().empty());
  }
}

TEST_F(UniqueTargets, ATargetIsFreeOnceItsSourceHasMovedOnInTheSameGroup) {
  Link("A", "1");
  Link("B", "2");
  Commit();
  EXPECT_EQ(Edit("A", "3", "").verdict, Verdict::kDone);
  EXPECT_EQ(Edit("B", "1", "").verdict, Verdict::kDone);
  ExpectOutcome(Edit("A", "1", ""), Verdict::kTargetTaken, "B");
  EXPECT_EQ(Delete("B").verdict, Verdict::kDone);
  EXPECT_EQ(Edit("A", "1", "").verdict, Verdict::kDone) << "back where it was";
  ExpectOutcome(Put("C", "1"), Verdict::kTargetTaken, "A");
}

TEST_F(UniqueTargets, WithoutTheRuleASecondSourceIsTaken) {
  Link("A", "1");
  EXPECT_TRUE(SetUniqueTargets(false));
  EXPECT_FALSE(SetUniqueTargets(false));
  Link("B", "1");
  EXPECT_TRUE(SetUniqueTargets(true));
  EXPECT_EQ(Put("C", "1").verdict, Verdict::kTargetTaken);
}

TEST_F(UniqueTargets, OneOfManySourcesOfBeforeTheRuleIsEnoughToRefuse) {
  SetUniqueTargets(false);
  constexpr int kSources = 40;
  for (int i = 0; i < kSources; ++i) Link(std::to_string(i), "1");
  SetUniqueTargets(true);
  for (int i = 0; i < kSources; ++i) {
    EXPECT_EQ(Put("A", "1").verdict, Verdict::kTargetTaken) << i;
    EXPECT_EQ(Edit(std::to_string(i), "2-" + std::to_string(i), "").verdict, Verdict::kDone);
  }
  EXPECT_EQ(Put("A", "1").verdict, Verdict::kDone);
}

// ---- Confirmations ----

class Deletes : public Mutations {
 protected:
  Deletes() { safeguards_ = std::make_unique<Safeguards>(3); }

  void SetUp() override {
    Mutations::SetUp();
    for (const char* source : {"A", "B", "C", "D", "E"}) Link(source, "1");
    Commit();
  }
  static Asked DeletionOf(const std::vector<std::string>& sources, uint64_t confirmation = 0) {
    Asked asked{.mutation = Mutation::kDelete, .items = {}, .confirmation = confirmation};
    for (const std::string& source : sources) asked.items.push_back({source, "", "", 0});
    return asked;
  }
  // The confirmation that a refusal asks for.
  uint64_t ConfirmationFor(const Asked& asked) {
    const auto reply = DecideMutation(asked);
    EXPECT_EQ(reply.status, StatusCode::kForbidden);
    const auto message = protocol::DecodeRefusal(reply.status, BytesOf(reply.payload)).message;
    return std::stoull(message.substr(message.rfind(' ')));
  }
  const std::vector<std::string> kFour = {"A", "B", "C", "D"};
};

TEST_F(Deletes, AboveTheThresholdNeedAConfirmationThatIsGoodOnce) {
  const uint64_t confirmation = ConfirmationFor(DeletionOf(kFour));
  EXPECT_TRUE(plan_->Records().empty());
  const auto outcomes = Mutate(DeletionOf(kFour, confirmation));
  for (const Outcome& outcome : outcomes) EXPECT_EQ(outcome.verdict, Verdict::kDone);
  EXPECT_EQ(DecideMutation(DeletionOf(kFour, confirmation)).status, StatusCode::kForbidden);
  Commit();
  EXPECT_EQ(store_.WriterIndex(orders_)->size(), 1U);
}

TEST_F(Deletes, AConfirmationIsForTheBatchThatWasShown) {
  const Asked other_sources = DeletionOf({"A", "B", "C", "E"}, ConfirmationFor(DeletionOf(kFour)));
  EXPECT_EQ(DecideMutation(other_sources).status, StatusCode::kForbidden);
  Asked other_actor = DeletionOf(kFour, ConfirmationFor(DeletionOf(kFour)));
  other_actor.actor = "bob";
  EXPECT_EQ(DecideMutation(other_actor).status, StatusCode::kForbidden);
  Asked other_expected = DeletionOf(kFour, ConfirmationFor(DeletionOf(kFour)));
  other_expected.items[0].expected = "2";
  EXPECT_EQ(DecideMutation(other_expected).status, StatusCode::kForbidden);
  EXPECT_TRUE(plan_->Records().empty());
}

TEST_F(Deletes, AConfirmationGetsTooOld) {
  const uint64_t confirmation = ConfirmationFor(DeletionOf(kFour));
  Pass((Safeguards::kTokenSeconds + 1) * kSecond);
  EXPECT_EQ(DecideMutation(DeletionOf(kFour, confirmation)).status, StatusCode::kForbidden);
}

TEST_F(Deletes, OfOneActorAreCountedForAMinute) {
  EXPECT_EQ(Mutate(DeletionOf({"A", "B", "never there"})).size(), 3U);
  EXPECT_EQ(DecideMutation(DeletionOf({"C", "D"})).status, StatusCode::kForbidden);
  Asked bob = DeletionOf({"C"});
  bob.actor = "bob";
  EXPECT_EQ(Mutate(bob)[0].verdict, Verdict::kDone);
  Pass(60 * kSecond);
  EXPECT_EQ(Mutate(DeletionOf({"D", "E"})).size(), 2U);
}

TEST_F(Deletes, OfWhatTheSameGroupAddedAreCountedToo) {
  for (const char* source : {"F", "G", "H", "I"}) Link(source, "2");
  EXPECT_EQ(DecideMutation(DeletionOf({"F", "G", "H", "I"})).status, StatusCode::kForbidden);
}

// ---- Purge ----

class Purges : public Mutations {
 protected:
  void SetUp() override {
    Mutations::SetUp();
    Link("A", "1");
    Link("B", "2");
    Commit();
  }
  // Each in a group of its own, as the queue has it.
  protocol::PurgePreviewReply Preview() {
    Commit();
    return Read<protocol::PurgePreviewReply>(Decide(protocol::PurgePreviewRequest{orders_}));
  }
  GroupPlan::Reply Purge(uint64_t token) {
    Commit();
    const auto reply = Decide(protocol::PurgeRequest{orders_, token, "ada"});
    Commit();
    return reply;
  }
  void ExpectRefused(uint64_t token) {
    EXPECT_EQ(Purge(token).status, StatusCode::kForbidden);
    EXPECT_GT(store_.WriterIndex(orders_)->size(), 0U);
  }
};

TEST_F(Purges, AConfirmedPurgeEmptiesThePlaceIntoTheTrash) {
  const auto preview = Preview();
  EXPECT_EQ(preview.references, 2U);
  EXPECT_EQ(preview.target_platform, "ERP");
  const auto purged = Read<protocol::PurgeReply>(Purge(preview.token));
  EXPECT_EQ(purged.references, 2U);
  EXPECT_EQ(store_.WriterIndex(orders_)->size(), 0U);
  ASSERT_EQ(store_.WriterCatalog().trash().size(), 1U);
  EXPECT_EQ(store_.WriterCatalog().trash()[0].number, purged.trash);
  Link("C", "3");
  EXPECT_EQ(Preview().references, 1U);
}

TEST_F(Purges, ATokenIsGoodOnce) {
  const uint64_t token = Preview().token;
  EXPECT_EQ(Purge(token).status, StatusCode::kOk);
  Link("C", "3");
  ExpectRefused(token);
}

TEST_F(Purges, ATokenThatWasNeverGivenIsRefused) { ExpectRefused(12345); }

TEST_F(Purges, ATokenGetsTooOld) {
  const uint64_t token = Preview().token;
  Pass((Safeguards::kTokenSeconds + 1) * kSecond);
  ExpectRefused(token);
}

TEST_F(Purges, ATokenIsForThePlaceThatWasShown) {
  const uint64_t token = Preview().token;
  const PlaceId articles = *store_.WriterCatalog().FindPlace("shop-erp", "articles");
  EXPECT_EQ(Decide(protocol::PurgeRequest{articles, token, "ada"}).status, StatusCode::kForbidden);
}

TEST_F(Purges, AReferenceThatChangedSinceThePreviewSpoilsIt) {
  const uint64_t token = Preview().token;
  EXPECT_EQ(Edit("A", "9", "").verdict, Verdict::kDone) << "the number of references is the same";
  ExpectRefused(token);
}

TEST_F(Purges, AClaimThatWasSettledSinceThePreviewSpoilsIt) {
  const uint64_t claimed = Claim("C", "w1").number;
  const uint64_t token = Preview().token;
  EXPECT_EQ(Settle("C", claimed, "3").verdict, Verdict::kDone);
  ExpectRefused(token);
}

TEST_F(Purges, ClaimsThatComeAndGoSinceThePreviewDoNotSpoilIt) {
  const uint64_t token = Preview().token;
  const uint64_t claimed = Claim("C", "w1").number;
  EXPECT_EQ(Renew("C", claimed), Verdict::kDone);
  EXPECT_EQ(Release("C", claimed), Verdict::kDone);
  EXPECT_EQ(Ignore("D"), Verdict::kDone);
  EXPECT_EQ(Purge(token).status, StatusCode::kOk);
}

TEST_F(Purges, ARehearsalDoesNotSpoilAPreview) {
  const auto preview = Preview();
  Asked asked{.mutation = Mutation::kAdd, .items = {{"X", "1", "", 0}}};
  asked.rehearsal = true;
  EXPECT_EQ(Mutate(asked)[0].verdict, Verdict::kDone);
  Begin();
  EXPECT_EQ(Purge(preview.token).status, StatusCode::kOk);
}

TEST_F(Purges, AChangeThatWasNotCommittedSpoilsItAsWell) {
  Put("A", "8");
  Begin();  // as where the disk was full: its LSN is given again
  const uint64_t token = Preview().token;
  Put("A", "9");
  ExpectRefused(token);
}

// ---- Drop ----

class Drops : public Purges {
 protected:
  protocol::DropPreviewReply PreviewDrop() {
    Commit();
    return Read<protocol::DropPreviewReply>(Decide(protocol::DropPreviewRequest{"shop-erp"}));
  }
  GroupPlan::Reply Drop(uint64_t token) {
    Commit();
    const auto reply = Decide(protocol::DropRequest{"shop-erp", token, "ada"});
    Commit();
    return reply;
  }
  // As a primary leaves it: what was dropped is to be read from the disk again.
  PlaceId Dropped() {
    const PlaceId trash = Read<protocol::PurgeReply>(Drop(PreviewDrop().token)).trash;
    store_.DropGathered();
    return trash;
  }
  // As the daemon asks by itself.
  template <typename Request>
  StatusCode DecideOwn(const Request& request) {
    Commit();
    auto change = std::make_unique<ChangeRequest>();
    change->asked = request;
    requests_.push_back(std::move(change));
    const StatusCode status = plan_->Decide(*requests_.back()).status;
    Commit();
    return status;
  }
  StatusCode Restore(PlaceId trash, std::string_view name) {
    return DecideOwn(RestoreIntegrationRequest{trash, name, "ada"});
  }
  void Gather(const std::vector<std::string>& sources) {
    IdList ids;
    for (const std::string& source : sources) ids.Add(source);
    store_.Gather(orders_, ids.View(), ids.View());
  }
  bool Exists() const { return store_.WriterCatalog().Find("shop-erp") != nullptr; }
};

TEST_F(Drops, APreviewCountsReferencesOfAllTypesAndOpenClaims) {
  const PlaceId orders = orders_;
  orders_ = *store_.WriterCatalog().FindPlace("shop-erp", "articles");
  Link("A", "1");
  orders_ = orders;
  Claim("C", "w1");
  Pass(kLeaseMsMin * int64_t{1000});
  Claim("D", "w1");
  const auto preview = PreviewDrop();
  EXPECT_EQ(preview.types, 4U);
  EXPECT_EQ(preview.references, 3U);
  EXPECT_EQ(preview.claims, 1U) << "the lease of the other one is over";
  EXPECT_EQ(preview.target_platform, "ERP");
}

TEST_F(Drops, AConfirmedDropLeavesNoPlaceAndATokenIsGoodOnce) {
  const uint64_t token = PreviewDrop().token;
  EXPECT_EQ(Drop(token).status, StatusCode::kOk);
  EXPECT_EQ(store_.WriterIndex(orders_), nullptr);
  EXPECT_EQ(DecideMutation({.mutation = Mutation::kAdd, .items = {{"C", "3", ""}}}).status,
            StatusCode::kUnknownPlace);
  EXPECT_EQ(Decide(protocol::RulesSetRequest{orders_, true, "ada"}).status,
            StatusCode::kUnknownPlace);
  EXPECT_EQ(Create("shop-erp", "Shop", "ERP"), protocol::CreateVerdict::kCreated);
  EXPECT_EQ(Drop(token).status, StatusCode::kForbidden);
}

TEST_F(Drops, OnlyReferencesThatChangeSpoilThePreview) {
  const uint64_t token = PreviewDrop().token;
  orders_ = *store_.WriterCatalog().FindPlace("shop-erp", "articles");
  Link("A", "1");
  EXPECT_EQ(Drop(token).status, StatusCode::kForbidden);
  EXPECT_TRUE(Exists());
  const uint64_t second = PreviewDrop().token;
  Claim("C", "w1");
  EXPECT_EQ(Drop(second).status, StatusCode::kOk);
}

TEST_F(Drops, ATokenOfAPurgeDropsNothing) {
  EXPECT_EQ(Drop(Preview().token).status, StatusCode::kForbidden);
  EXPECT_TRUE(Exists());
}

TEST_F(Drops, ARestoreThatLacksReferencesIsRefused) {
  const PlaceId trash = Dropped();
  Gather({"A"});
  EXPECT_EQ(Restore(trash, "shop-erp"), StatusCode::kForbidden);
  EXPECT_FALSE(Exists());
  Gather({"B"});
  EXPECT_EQ(Restore(trash, "shop-erp"), StatusCode::kOk);
  EXPECT_TRUE(Exists());
  EXPECT_EQ(store_.WriterIndex(orders_)->size(), 2U);
  EXPECT_EQ(Restore(trash, "shop-erp"), StatusCode::kUnknownPlace);
}

TEST_F(Drops, ARestoreUnderANameThatIsTakenIsRefused) {
  const PlaceId trash = Dropped();
  Gather({"A", "B"});
  Create("shop-erp", "Shop", "ERP");
  EXPECT_EQ(Restore(trash, "shop-erp"), StatusCode::kForbidden);
  EXPECT_EQ(Restore(trash, "shop-old"), StatusCode::kOk);
  EXPECT_EQ(store_.WriterCatalog().FindPlace("shop-old", "orders"), orders_);
  EXPECT_NE(store_.WriterCatalog().FindPlace("shop-erp", "orders"), orders_);
}

TEST_F(Drops, ClaimsAndIgnoredSourcesComeBackWithTheRestore) {
  Claim("C", "w1");
  Ignore("D");
  const PlaceId trash = Dropped();
  Gather({"A", "B"});
  EXPECT_EQ(Restore(trash, "shop-erp"), StatusCode::kOk);
  EXPECT_EQ(Claim("C", "w2").verdict, Verdict::kHeld);
  EXPECT_EQ(AddOne("D", "4"), Verdict::kIgnored);
}

TEST_F(Drops, WhatIsForgottenLeavesNothingBehind) {
  Claim("C", "w1");
  Ignore("D");
  Purge(Preview().token);
  const PlaceId trash = Dropped();
  EXPECT_EQ(store_.WriterCatalog().trash().size(), 2U) << "the purge, and the integration";
  EXPECT_EQ(DecideOwn(EmptyTrashRequest{trash}), StatusCode::kOk);
  EXPECT_TRUE(store_.WriterCatalog().trash().empty());
  EXPECT_EQ(store_.WriterReservations().claims(), 0U);
  EXPECT_EQ(store_.WriterReservations().ignored(), 0U);
  EXPECT_EQ(Restore(trash, "shop-erp"), StatusCode::kUnknownPlace);
  EXPECT_EQ(DecideOwn(EmptyTrashRequest{trash}), StatusCode::kOk) << "twice, as after a restart";
}

// ---- Groups ----

TEST(Groups, WhatIsNotFrequentIsDecidedInAGroupOfItsOwn) {
  CommitQueue queue;
  const auto push = [&](auto asked) {
    auto change = std::make_unique<ChangeRequest>();
    change->asked = asked;
    EXPECT_EQ(queue.TryPush(change), CommitQueue::Push::kTaken);
  };
  push(protocol::MutationRequest{});
  push(protocol::IntegrationCreateRequest{});
  push(protocol::PurgeRequest{});
  push(protocol::RulesSetRequest{});
  push(protocol::MutationRequest{});
  push(protocol::MutationRequest{});
  push(protocol::PurgePreviewRequest{});
  push(protocol::DropRequest{});
  push(protocol::CompareRequest{});
  push(protocol::MutationRequest{});
  push(protocol::MutationRequest{.rehearsal = true});
  push(protocol::MutationRequest{.rehearsal = true});
  push(protocol::MutationRequest{});
  for (const size_t size : {2U, 1U, 1U, 2U, 1U, 1U, 1U, 1U, 1U, 1U, 1U, 0U}) {
    EXPECT_EQ(queue.TakeGroup(std::chrono::milliseconds(0))->size(), size);
  }
}

}  // namespace
}  // namespace xref
