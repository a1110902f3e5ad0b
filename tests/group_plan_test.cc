// What one commit group decides, held against a model.

#include "daemon/group_plan.h"

#include <gtest/gtest.h>

#include <map>
#include <memory>
#include <random>
#include <string>
#include <vector>

#include "protocol/change_codec.h"

namespace xref {
namespace {

using protocol::CreateVerdict;
using protocol::MutationReply;
using protocol::Outcome;
using protocol::StatusCode;
using protocol::Verdict;

using Pairs = std::vector<std::pair<std::string, std::string>>;

class Plans : public testing::Test {
 protected:
  void SetUp() override {
    Begin();
    ASSERT_EQ(Create("shop-erp", "Shop", "ERP"), CreateVerdict::kCreated);
    Commit();
    orders_ = *store_.WriterCatalog().FindPlace("shop-erp", "orders");
    Begin();
  }

  void Begin() { plan_ = std::make_unique<GroupPlan>(store_, safeguards_, lsn_, 1, now_us_); }

  // Applies what the group decided, and begins the next one.
  void Commit() {
    for (const JournalRecord& record : plan_->Records()) {
      ASSERT_EQ(record.lsn, ++lsn_);
      Change change;
      ASSERT_FALSE(protocol::DecodeChange(record.bytes, change).has_value());
      store_.Apply(change);
    }
    requests_.clear();
    Begin();
  }

  template <typename Request>
  GroupPlan::Reply Decide(const Request& request) {
    auto change = std::make_unique<ChangeRequest>();
    protocol::Encode(request, change->payload);
    const protocol::Bytes payload(reinterpret_cast<const uint8_t*>(change->payload.data()),
                                  change->payload.size());
    EXPECT_FALSE(Decode(payload, change->asked.emplace<Request>(request)).has_value());
    requests_.push_back(std::move(change));
    return plan_->Decide(*requests_.back());
  }

  template <typename Message>
  Message Read(const GroupPlan::Reply& reply) {
    EXPECT_EQ(reply.status, StatusCode::kOk);
    payloads_.push_back(reply.payload);
    Message message;
    const protocol::Bytes payload(reinterpret_cast<const uint8_t*>(payloads_.back().data()),
                                  payloads_.back().size());
    EXPECT_FALSE(protocol::Decode(payload, message).has_value());
    return message;
  }

  std::vector<Outcome> Add(const Pairs& pairs) {
    IdList sources;
    IdList targets;
    for (const auto& [source, target] : pairs) {
      sources.Add(source);
      targets.Add(target);
    }
    return Read<MutationReply>(Decide(protocol::MutationRequest{.place = orders_,
                                                                .origin = Origin::kSync,
                                                                .actor = "ada",
                                                                .sources = sources.View(),
                                                                .targets = targets.View()}))
        .outcomes;
  }

  Verdict AddOne(const std::string& source, const std::string& target) {
    return Add({{source, target}})[0].verdict;
  }

  CreateVerdict Create(std::string_view name, std::string_view from, std::string_view to) {
    return Read<protocol::IntegrationCreateReply>(
               Decide(protocol::IntegrationCreateRequest{
                   .name = name, .source_platform = from, .target_platform = to, .actor = "ada"}))
        .verdict;
  }

  ReferenceStore store_{1};
  Safeguards safeguards_{500};
  int64_t now_us_ = 1;
  Lsn lsn_ = 0;
  PlaceId orders_ = 0;
  std::vector<std::unique_ptr<ChangeRequest>> requests_;
  std::deque<std::string> payloads_;
  std::unique_ptr<GroupPlan> plan_;
};

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

}  // namespace
}  // namespace xref
