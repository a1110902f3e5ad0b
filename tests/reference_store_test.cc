#include "index/reference_store.h"

#include <gtest/gtest.h>

#include <string>
#include <vector>

#include "tests/index_fixture.h"

namespace xref {
namespace {

constexpr PlaceId kPlace = 1;

class ReferenceStoreTest : public testing::Test {
 protected:
  ReferenceStoreTest() : store_(1) {
    Change created;
    created.what = CreateIntegration{1, "shop-erp", "Shop", "ERP", {{kPlace, "articles"}}};
    store_.Apply(created);
  }

  // S<first> -> T<first>, S<first + 1> -> ...
  static void Number(uint32_t first, uint32_t count, IdList& sources, IdList& targets) {
    for (uint32_t i = first; i < first + count; ++i) {
      sources.Add(Numbered("S", i));
      targets.Add(Numbered("T", i));
    }
  }
  void AddNumbered(uint32_t first, uint32_t count) {
    IdList sources, targets;
    Number(first, count, sources, targets);
    store_.Add(kPlace, sources.View(), targets.View());
  }
  std::vector<std::string> TargetsOf(const std::vector<std::string>& sources) {
    std::vector<std::string> targets;
    const IdList ids = ListOf(sources);
    EXPECT_TRUE(store_.Lookup(0, kPlace, ids.View(), [&](auto chunk) {
      targets.insert(targets.end(), chunk.begin(), chunk.end());
    }));
    return targets;
  }
  std::vector<std::string> SourcesOf(const std::string& target) {
    std::vector<std::string> sources;
    const IdList ids = ListOf({target});
    EXPECT_TRUE(
        store_.Reverse(0, kPlace, ids.View(), 100, [&](uint32_t i, std::string_view source) {
          EXPECT_EQ(i, 0u);
          sources.emplace_back(source);
        }));
    return sources;
  }
  ReferenceStore::TypeSize Size() {
    ReferenceStore::TypeSize size{};
    store_.ReadCatalog(0, [&](const Catalog&, auto size_of) { size = size_of(kPlace); });
    return size;
  }
  using Texts = std::vector<std::string>;

  ReferenceStore store_;
};

TEST_F(ReferenceStoreTest, EachChangeIsSeenInBothDirections) {
  store_.Add(kPlace, ListOf({"A", "B"}).View(), ListOf({"1", "2"}).View());
  store_.Add(kPlace, ListOf({"A", "C"}).View(), ListOf({"9", "2"}).View());
  EXPECT_EQ(TargetsOf({"A", "B", "C", "D"}), (Texts{"1", "2", "2", ""}));
  store_.Put(kPlace, ListOf({"A", "D"}).View(), ListOf({"3", "4"}).View());
  EXPECT_EQ(TargetsOf({"A", "B", "C", "D"}), (Texts{"3", "2", "2", "4"}));
  store_.Edit(kPlace, ListOf({"D", "E"}).View(), ListOf({"5", "5"}).View());
  EXPECT_EQ(SourcesOf("5"), Texts{"D"});
  store_.Erase(kPlace, ListOf({"D", "E"}).View());
  EXPECT_EQ(TargetsOf({"D", "E"}), (Texts{"", ""}));
  EXPECT_EQ(SourcesOf("5"), Texts{});
  EXPECT_EQ(Size().references, 3u);
}

TEST_F(ReferenceStoreTest, ReverseNumbersTargetsThroughTheWholeBatch) {
  AddNumbered(0, 5'000);
  IdList sources, targets;
  Number(0, 5'000, sources, targets);
  uint32_t next = 0;
  EXPECT_TRUE(
      store_.Reverse(0, kPlace, targets.View(), 10, [&](uint32_t i, std::string_view source) {
        ASSERT_EQ(i, next++);
        ASSERT_EQ(source, Numbered("S", i));
      }));
  EXPECT_EQ(next, 5'000u);
}

TEST_F(ReferenceStoreTest, APlaceThatDoesNotExistIsTold) {
  const IdList ids = ListOf({"A"});
  uint8_t bitmap = 0;
  EXPECT_FALSE(store_.Check(0, 77, ids.View(), &bitmap));
  EXPECT_FALSE(store_.Lookup(0, 77, ids.View(), [](auto) {}));
  EXPECT_FALSE(store_.Reverse(0, 77, ids.View(), 1, [](uint32_t, std::string_view) {}));
  store_.Add(77, ids.View(), ids.View());
  store_.Purge(77);
  store_.DropPlace(77);
}

TEST_F(ReferenceStoreTest, APurgedPlaceIsEmptyAtOnceAndItsMemoryComesBackInSteps) {
  AddNumbered(0, 400'000);
  const uint64_t full = store_.bytes_reserved();
  store_.Purge(kPlace);
  EXPECT_EQ(Size().references, 0u);
  EXPECT_EQ(TargetsOf({"S1"}), Texts{""});
  AddNumbered(0, 1);
  EXPECT_EQ(TargetsOf({"S0"}), Texts{"T0"});
  int steps = 0;
  while (store_.ReclaimStep()) ++steps;
  EXPECT_GT(steps, 1);
  EXPECT_LT(store_.bytes_reserved(), full / 2);
  EXPECT_EQ(TargetsOf({"S0"}), Texts{"T0"});
}

TEST_F(ReferenceStoreTest, ADroppedPlaceDoesNotExist) {
  AddNumbered(0, 1'000);
  store_.DropPlace(kPlace);
  uint8_t bitmap = 0;
  EXPECT_FALSE(store_.Check(0, kPlace, ListOf({"S1"}).View(), &bitmap));
  EXPECT_EQ(store_.WriterIndex(kPlace), nullptr);
}

TEST_F(ReferenceStoreTest, SizesAddUp) {
  EXPECT_EQ(store_.bytes_reserved(), Size().bytes_reserved);
  AddNumbered(0, 100);
  EXPECT_EQ(store_.bytes_reserved(), Size().bytes_reserved);
  AddNumbered(0, 100'000);
  EXPECT_GE(store_.bytes_reserved(), Size().bytes_reserved);
  EXPECT_GT(Size().bytes_reserved, Size().bytes_used);
  EXPECT_GT(Size().bytes_used, 100'000u * 20);
}

}  // namespace
}  // namespace xref
