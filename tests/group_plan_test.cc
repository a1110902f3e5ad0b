// What one commit group decides, held against a model.

#include <map>
#include <random>
#include <string>

#include "tests/plans_fixture.h"

namespace xref {
namespace {

using protocol::CreateVerdict;
using protocol::Outcome;
using protocol::StatusCode;
using protocol::Verdict;

TEST_F(Plans, NothingIsVisibleBeforeTheGroupIsApplied) {
  EXPECT_EQ(AddOne("A", "1"), Verdict::kDone);
  EXPECT_EQ(store_.WriterIndex(orders_)->size(), 0U);
  Commit();
  EXPECT_EQ(store_.WriterIndex(orders_)->size(), 1U);
}

TEST_F(Plans, AChangeSeesWhatAnEarlierOneOfItsGroupWillAdd) {
  EXPECT_EQ(AddOne("A", "1"), Verdict::kDone);
  EXPECT_EQ(AddOne("A", "1"), Verdict::kUnchanged);
  const Outcome conflict = Add({{"A", "2"}})[0];
  EXPECT_EQ(conflict.verdict, Verdict::kConflict);
  EXPECT_EQ(conflict.other, "1");
  EXPECT_EQ(plan_->Records().size(), 1U);
}

TEST_F(Plans, ADuplicateNamesTheFirstItemOfItsBatch) {
  const auto outcomes = Add({{"A", "1"}, {"B", "2"}, {"A", "1"}, {"A", "9"}, {"B", "2"}});
  EXPECT_EQ(outcomes[2].verdict, Verdict::kDuplicate);
  EXPECT_EQ(outcomes[2].number, 0U);
  EXPECT_EQ(outcomes[3].number, 0U);
  EXPECT_EQ(outcomes[4].number, 1U);
  Commit();
  const auto again = Add({{"A", "9"}, {"A", "1"}});
  EXPECT_EQ(again[0].verdict, Verdict::kConflict);
  EXPECT_EQ(again[0].other, "1");
  EXPECT_EQ(again[1].verdict, Verdict::kDuplicate);
}

TEST_F(Plans, AGroupThatChangesNothingHasNoRecords) {
  AddOne("A", "1");
  Commit();
  EXPECT_EQ(AddOne("A", "1"), Verdict::kUnchanged);
  EXPECT_TRUE(Add({}).empty());
  EXPECT_TRUE(plan_->Records().empty());
}

TEST_F(Plans, AnUnknownPlaceIsRefusedAndChangesNothing) {
  orders_ = 999;
  const auto reply = Decide(protocol::MutationRequest{.place = 999});
  EXPECT_EQ(reply.status, StatusCode::kUnknownPlace);
  EXPECT_TRUE(plan_->Records().empty());
}

TEST_F(Plans, IntegrationsOfOneGroupGetNumbersOfTheirOwn) {
  EXPECT_EQ(Create("a", "x", "y"), CreateVerdict::kCreated);
  EXPECT_EQ(Create("a", "x", "y"), CreateVerdict::kExists);
  EXPECT_EQ(Create("a", "x", "z"), CreateVerdict::kConflict);
  EXPECT_EQ(Create("b", "x", "y"), CreateVerdict::kCreated);
  Commit();
  EXPECT_EQ(Create("b", "x", "y"), CreateVerdict::kExists);
  EXPECT_NE(store_.WriterCatalog().FindPlace("a", "orders"),
            store_.WriterCatalog().FindPlace("b", "orders"));
}

TEST_F(Plans, RandomGroupsDecideAsAPlainMapWould) {
  std::mt19937 random(7);
  std::map<std::string, std::string> model;
  for (int round = 0; round < 2'000; ++round) {
    Pairs pairs;
    for (uint32_t i = 0; i < random() % 8; ++i) {
      pairs.emplace_back(std::to_string(random() % 300), std::to_string(random() % 3));
    }
    const auto outcomes = Add(pairs);
    std::map<std::string, uint32_t> first_item;
    for (uint32_t i = 0; i < pairs.size(); ++i) {
      const auto& [source, target] = pairs[i];
      const auto [first, is_first] = first_item.try_emplace(source, i);
      if (!is_first) {
        ASSERT_EQ(outcomes[i].verdict, Verdict::kDuplicate);
        ASSERT_EQ(outcomes[i].number, first->second);
      } else if (const auto [at, added] = model.try_emplace(source, target); added) {
        ASSERT_EQ(outcomes[i].verdict, Verdict::kDone);
      } else if (at->second == target) {
        ASSERT_EQ(outcomes[i].verdict, Verdict::kUnchanged);
      } else {
        ASSERT_EQ(outcomes[i].verdict, Verdict::kConflict);
        ASSERT_EQ(outcomes[i].other, at->second);
      }
    }
    if (random() % 4 == 0) Commit();
  }
  Commit();
  EXPECT_EQ(store_.WriterIndex(orders_)->size(), model.size());
}

TEST_F(Plans, AComparisonCarriesTheSumOfTheStateBeforeIt) {
  AddOne("A", "1");
  Commit();
  const StateSum sum = store_.Sum();
  const auto reply = Read<protocol::CompareReply>(Decide(protocol::CompareRequest{}));
  EXPECT_EQ(reply.lsn, lsn_ + 1);
  EXPECT_EQ(reply.sum, sum);
  Commit();
  EXPECT_EQ(reply.lsn, lsn_);
  EXPECT_EQ(store_.Sum(), sum);
}

}  // namespace
}  // namespace xref
