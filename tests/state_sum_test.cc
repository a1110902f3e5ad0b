// The sum of a state: the same for the same state, and another one for any other.

#include <gtest/gtest.h>

#include <map>
#include <random>
#include <set>
#include <string>
#include <utility>
#include <vector>

#include "index/reference_store.h"
#include "tests/index_fixture.h"

namespace xref {
namespace {

class StateSumTest : public testing::Test {
 protected:
  static constexpr PlaceId kOrders = 1;
  static constexpr PlaceId kStock = 2;

  StateSumTest() {
    Apply(CreateIntegration{1, "shop", "Shop", "ERP", {{1, "orders"}, {2, "stock"}}});
  }

  void Apply(decltype(Change::what) what, std::string_view actor = "ada") {
    store_.Apply(
        {.lsn = ++lsn_, .epoch = 1, .time_us = 1, .actor = actor, .what = std::move(what)});
  }
  void Add(PlaceId place, const std::string& source, const std::string& target) {
    Apply(AddReferences{place, Origin::kSync, ListOf({source}).View(), ListOf({target}).View()});
  }
  void Claim(const std::string& source, uint64_t token, std::string_view owner) {
    const IdList sources = ListOf({source});
    Apply(GrantClaims{kOrders, 5'000, token, sources.View(), NoOwners().View()}, owner);
  }
  static IdList NoOwners() {
    IdList none;
    none.Add("");
    return none;
  }

  ReferenceStore store_{1};
  Lsn lsn_ = 0;
};

TEST_F(StateSumTest, EachChangeOfTheStateGivesAnotherSum) {
  std::set<std::string> seen = {Describe(store_.Sum())};
  const auto expect_new = [&](const char* what) {
    EXPECT_TRUE(seen.insert(Describe(store_.Sum())).second) << what;
  };
  const IdList a = ListOf({"A"});
  const IdList b = ListOf({"B"});
  Add(kOrders, "A", "1");
  expect_new("add");
  Apply(SetReferences{kOrders, Origin::kSync, false, a.View(), b.View(), ListOf({"1"}).View()});
  expect_new("put");
  Add(kStock, "A", "B");
  expect_new("the same in another place");
  Apply(DeleteReferences{kStock, a.View(), b.View()});
  Apply(IgnoreSources{kStock, true, a.View()});
  expect_new("ignore");
  Claim("C", 1, "worker");
  expect_new("claim");
  Claim("C", 2, "worker");
  expect_new("another token");
  Claim("C", 2, "another");
  expect_new("another owner");
  Apply(CreateType{1, {3, "returns"}});
  expect_new("create type");
  Apply(RenamePlatforms{1, "Shop", "ERP 2"});
  expect_new("rename");
  Apply(SetRules{kStock, true});
  expect_new("rules");
  Apply(PurgePlace{kOrders, 4, 1});
  expect_new("purge");
  Apply(DropIntegration{1, 5, 0});
  expect_new("drop");
  Apply(RestoreIntegration{5, "shop-2"});
  expect_new("restore under another name");
  Apply(EmptyTrash{1});
  expect_new("empty trash");
}

TEST_F(StateSumTest, WhatIsTakenBackLeavesNoTrace) {
  Add(kOrders, "A", "1");
  const StateSum before = store_.Sum();
  const IdList b = ListOf({"B"});
  Add(kOrders, "B", "2");
  Apply(DeleteReferences{kOrders, b.View(), ListOf({"2"}).View()});
  Apply(IgnoreSources{kOrders, true, b.View()});
  Apply(IgnoreSources{kOrders, true, b.View()});
  Apply(IgnoreSources{kOrders, false, b.View()});
  Claim("B", 1, "worker");
  Claim("B", 2, "worker");
  Apply(RenewClaims{kOrders, 9'000, b.View()});
  Apply(ReleaseClaims{kOrders, b.View()});
  Apply(CompareState{before});
  EXPECT_EQ(Describe(store_.Sum()), Describe(before));
  Apply(DropIntegration{1, 9, 1});
  EXPECT_EQ(store_.Sum().references, 0U);
  Apply(RestoreIntegration{9, "shop"});
  EXPECT_EQ(Describe(store_.Sum()), Describe(before));
}

TEST_F(StateSumTest, WhatIsForgottenLeavesNoTrace) {
  const StateSum before = store_.Sum();
  Apply(CreateIntegration{2, "other", "Shop", "ERP", {{3, "orders"}}});
  const IdList ids = ListOf({"A"});
  Add(3, "A", "1");
  Apply(IgnoreSources{3, true, ids.View()});
  Apply(GrantClaims{3, 5'000, 1, ListOf({"B"}).View(), NoOwners().View()});
  Apply(DropIntegration{2, 4, 1});
  Apply(ForgetIntegration{4, {3}});
  EXPECT_EQ(Describe(store_.Sum()), Describe(before));
}

TEST_F(StateSumTest, RandomChangesSumUpToWhatAModelDoes) {
  std::mt19937_64 random(7);
  std::map<std::pair<PlaceId, std::string>, std::string> references;
  std::map<std::string, std::pair<uint64_t, std::string>> claims;
  std::set<std::string> ignored;
  PlaceId next_partition = 10;
  for (int step = 0; step < 20'000; ++step) {
    const PlaceId place = 1 + random() % 2;
    const std::string source = Numbered("S", random() % 300);
    const std::string target = Numbered("a target of some length ", random() % 50);
    const IdList sources = ListOf({source});
    const IdList targets = ListOf({target});
    const auto end_claim = [&] {
      if (place == kOrders) claims.erase(source);
    };
    switch (random() % 8) {
      case 0:
      case 1:
        Add(place, source, target);
        references.try_emplace({place, source}, target);
        end_claim();
        break;
      case 2:
        Apply(SetReferences{place, Origin::kSync, false, sources.View(), targets.View(),
                            NoOwners().View()});
        references[{place, source}] = target;
        end_claim();
        break;
      case 3:
        Apply(DeleteReferences{place, sources.View(), targets.View()});
        references.erase({place, source});
        break;
      case 4:
        Claim(source, static_cast<uint64_t>(step) + 1, "worker");
        claims[source] = {static_cast<uint64_t>(step) + 1, "worker"};
        break;
      case 5:
        Apply(ReleaseClaims{kOrders, sources.View()});
        claims.erase(source);
        break;
      case 6: {
        const bool now = random() % 2 == 0;
        Apply(IgnoreSources{kOrders, now, sources.View()});
        now ? void(ignored.insert(source)) : void(ignored.erase(source));
        break;
      }
      case 7:
        if (random() % 100 != 0) break;
        Apply(PurgePlace{place, ++next_partition, 0});
        std::erase_if(references, [&](const auto& held) { return held.first.first == place; });
        break;
    }
    if (step % 97 != 0) continue;
    // In an order of its own, into a store that has seen nothing else.
    ReferenceStore other(1);
    const auto apply = [&](decltype(Change::what) what, std::string_view actor = "ada") {
      other.Apply({.lsn = 1, .epoch = 1, .time_us = 9, .actor = actor, .what = std::move(what)});
    };
    apply(CreateIntegration{1, "shop", "Shop", "ERP", {{1, "orders"}, {2, "stock"}}});
    for (auto at = references.rbegin(); at != references.rend(); ++at) {
      other.Add(at->first.first, ListOf({at->first.second}).View(), ListOf({at->second}).View());
    }
    for (const auto& [id, claim] : claims) {
      apply(GrantClaims{kOrders, 1, claim.first, ListOf({id}).View(), NoOwners().View()},
            claim.second);
    }
    for (const auto& id : ignored) apply(IgnoreSources{kOrders, true, ListOf({id}).View()});
    ASSERT_EQ(store_.Sum().references, other.Sum().references) << step;
    ASSERT_EQ(store_.Sum().claims, other.Sum().claims) << step;
    ASSERT_EQ(store_.Sum().ignored, other.Sum().ignored) << step;
  }
}

TEST_F(StateSumTest, TheSumIsTheSameInEveryVersion) {
  Add(kOrders, "SO-1", "INV-9");
  Claim("SO-2", 1, "worker");
  Apply(IgnoreSources{kStock, true, ListOf({"A"}).View()});
  Apply(PurgePlace{kStock, 3, 0});
  // Journals and other daemons hold it: another value needs another kind of change.
  EXPECT_EQ(Describe(store_.Sum()),
            "9e51a8b8a2b9dfb6-b154bac931e0cb4a-f22691452cc537c1-49dc796891a02f82");
}

TEST(StateSum, IsDescribedPartByPart) {
  const StateSum sum{.catalog = 1, .references = 2, .claims = 3, .ignored = 0xabc};
  EXPECT_EQ(Describe(sum), "0000000000000001-0000000000000002-0000000000000003-0000000000000abc");
  EXPECT_EQ(DescribeDifference(sum, {.catalog = 1, .references = 9, .claims = 3, .ignored = 1}),
            "references, ignored source IDs");
}

}  // namespace
}  // namespace xref
