#pragma once

// Commit groups decided and applied without a daemon: verbs that ask for changes as a peer would,
// and the records that came of them, as the journal would have them.

#include <gtest/gtest.h>

#include <cstdint>
#include <deque>
#include <map>
#include <memory>
#include <optional>
#include <set>
#include <string>
#include <string_view>
#include <tuple>
#include <utility>
#include <vector>

#include "daemon/group_plan.h"
#include "daemon/safeguards.h"
#include "index/reference_store.h"
#include "protocol/change_codec.h"
#include "protocol/change_messages.h"
#include "tests/asked.h"

namespace xref {

using Pairs = std::vector<std::pair<std::string, std::string>>;

inline protocol::Bytes BytesOf(const std::string& text) {
  return {reinterpret_cast<const uint8_t*>(text.data()), text.size()};
}

class Plans : public testing::Test {
 protected:
  void SetUp() override {
    Begin();
    ASSERT_EQ(Create("shop-erp", "Shop", "ERP"), protocol::CreateVerdict::kCreated);
    Commit();
    orders_ = *store_.WriterCatalog().FindPlace("shop-erp", "orders");
  }

  // Begins a group; what the one before it decided is lost.
  void Begin() {
    plan_ = std::make_unique<GroupPlan>(store_, *safeguards_, lsn_, 1, now_us_);
    requests_.clear();
  }

  // Applies what the group decided, and begins the next one.
  void Commit() {
    for (const JournalRecord& record : plan_->Records()) {
      ASSERT_EQ(record.lsn, ++lsn_);
      Apply(std::string(record.bytes), store_);
      journal_.emplace_back(record.bytes);
    }
    Begin();
  }

  static void Apply(const std::string& record, ReferenceStore& store) {
    Change change;
    ASSERT_FALSE(protocol::DecodeChange(record, change).has_value());
    store.Apply(change);
  }

  // The changes that follow are made so much later. Ends the group.
  void Pass(int64_t us) {
    now_us_ += us;
    Commit();
  }

  template <typename Request>
  GroupPlan::Reply Decide(const Request& request) {
    auto change = std::make_unique<ChangeRequest>();
    protocol::Encode(request, change->payload);
    EXPECT_FALSE(
        Decode(BytesOf(change->payload), change->asked.emplace<Request>(request)).has_value());
    requests_.push_back(std::move(change));
    return plan_->Decide(*requests_.back());
  }

  template <typename Message>
  Message Read(const GroupPlan::Reply& reply) {
    EXPECT_EQ(reply.status, protocol::StatusCode::kOk);
    payloads_.push_back(reply.payload);
    Message message;
    EXPECT_FALSE(protocol::Decode(BytesOf(payloads_.back()), message).has_value());
    return message;
  }

  GroupPlan::Reply DecideMutation(const Asked& asked) {
    return Decide(AskedRequest(asked, orders_).request());
  }
  std::vector<protocol::Outcome> Mutate(const Asked& asked) {
    return Read<protocol::MutationReply>(DecideMutation(asked)).outcomes;
  }
  protocol::Outcome MutateOne(protocol::Mutation mutation, const AskedItem& item,
                              const std::string& actor = "ada") {
    return Mutate({.mutation = mutation, .items = {item}, .actor = actor})[0];
  }

  std::vector<protocol::Outcome> Add(const Pairs& pairs) {
    Asked asked{.mutation = protocol::Mutation::kAdd, .items = {}};
    for (const auto& [source, target] : pairs) {
      asked.items.push_back({.source = source, .target = target, .expected = {}});
    }
    return Mutate(asked);
  }
  protocol::Verdict AddOne(const std::string& source, const std::string& target) {
    return Add({{source, target}})[0].verdict;
  }

  protocol::CreateVerdict Create(std::string_view name, std::string_view from,
                                 std::string_view to) {
    return Read<protocol::IntegrationCreateReply>(
               Decide(protocol::IntegrationCreateRequest{
                   .name = name, .source_platform = from, .target_platform = to, .actor = "ada"}))
        .verdict;
  }

  // In a group of its own, as the queue has it.
  bool SetUniqueTargets(bool unique) {
    Commit();
    const auto reply = Read<protocol::CatalogReply>(Decide(
        protocol::RulesSetRequest{.place = orders_, .unique_targets = unique, .actor = "ada"}));
    Commit();
    return reply.changed;
  }

  std::string TargetOf(const std::string& source) const {
    return std::string(store_.WriterIndex(orders_)->Find(source).value_or(""));
  }

  ReferenceStore store_{1};
  // Before SetUp they may be others.
  std::unique_ptr<Safeguards> safeguards_ = std::make_unique<Safeguards>(500);
  int64_t now_us_ = 1;
  Lsn lsn_ = 0;
  PlaceId orders_ = 0;
  std::vector<std::string> journal_;
  std::vector<std::unique_ptr<ChangeRequest>> requests_;  // of this group
  std::deque<std::string> payloads_;
  std::unique_ptr<GroupPlan> plan_;
};

}  // namespace xref
