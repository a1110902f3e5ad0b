#include <gtest/gtest.h>

#include <random>

#include "tests/index_fixture.h"

namespace xref {
namespace {

using PutResult = ReferenceIndex::PutResult;
using EditResult = ReferenceIndex::EditResult;

class IndexChange : public testing::Test {
 protected:
  // References of IDs of about `bytes` each.
  static std::vector<std::pair<std::string, std::string>> References(uint32_t count, size_t bytes) {
    std::vector<std::pair<std::string, std::string>> references;
    for (uint32_t i = 0; i < count; ++i) {
      std::string source = Numbered("S", i);
      std::string target = Numbered("T", i);
      source.resize(std::max(source.size(), bytes), 's');
      target.resize(std::max(target.size(), bytes), 't');
      references.emplace_back(source, target);
    }
    return references;
  }

  ModelledIndex index_{2};
};

TEST_F(IndexChange, AddingIsNotOverwriting) {
  EXPECT_TRUE(index_.index().Add("S", "first"));
  EXPECT_FALSE(index_.index().Add("S", "second"));
  EXPECT_EQ(index_.index().Find("S"), "first");
  EXPECT_TRUE(index_.SourcesOf({"second"})[0].empty());
}

TEST_F(IndexChange, PutSaysWhatItDid) {
  EXPECT_EQ(index_.index().Put("S", "T"), PutResult::kAdded);
  EXPECT_EQ(index_.index().Put("S", "T"), PutResult::kUnchanged);
  EXPECT_EQ(index_.index().Put("S", "another"), PutResult::kReplaced);
  EXPECT_EQ(index_.index().Find("S"), "another");
}

TEST_F(IndexChange, EditNeedsAReferenceAndTheExpectedTarget) {
  EXPECT_EQ(index_.index().Edit("S", std::nullopt, "T"), EditResult::kAbsent);
  index_.index().Add("S", "T");
  EXPECT_EQ(index_.index().Edit("S", "U", "V"), EditResult::kOtherTarget);
  EXPECT_EQ(index_.index().Find("S"), "T");
  EXPECT_EQ(index_.index().Edit("S", "T", "V"), EditResult::kDone);
  EXPECT_EQ(index_.index().Find("S"), "V");
}

TEST_F(IndexChange, AChangedTargetIsFoundBackwardsAndTheOldOneIsNot) {
  index_.Add("S", "old");
  index_.Put("S", "a target of quite another length");
  EXPECT_TRUE(index_.SourcesOf({"old"})[0].empty());
  index_.ExpectSame();
}

TEST_F(IndexChange, ErasedSourcesCanBeAddedAgain) {
  index_.Add("S", "T");
  index_.Erase("S");
  index_.Erase("S");
  index_.ExpectSame();
  index_.Add("S", "U");
  index_.ExpectSame();
}

TEST_F(IndexChange, ABatchAddsEachSourceOnce) {
  index_.AddBatch({{"A", "1"}, {"B", "2"}, {"A", "3"}, {"B", "2"}});
  index_.AddBatch({{"B", "4"}, {"C", "5"}});
  index_.ExpectSame();
}

TEST_F(IndexChange, ErasingMostGivesMemoryBack) {
  const auto references = References(60'000, 13);
  index_.AddBatch(references);
  const uint64_t before = index_.index().bytes_reserved();
  for (size_t i = 0; i < references.size(); ++i) {
    if (i % 20 != 0) index_.Erase(references[i].first);
  }
  index_.ExpectSame();
  EXPECT_LT(index_.index().bytes_reserved(), before / 5);
}

TEST_F(IndexChange, EditingForeverDoesNotGrowTheIndex) {
  const auto references = References(5'000, 13);
  index_.AddBatch(references);
  const uint64_t before = index_.index().bytes_reserved();
  std::mt19937 random(3);
  for (uint32_t i = 0; i < 100'000; ++i) {
    const auto& [source, target] = references[random() % references.size()];
    index_.Put(source, target.substr(0, 1 + random() % target.size()));
  }
  index_.ExpectSame();
  EXPECT_LT(index_.index().bytes_reserved(), before * 3 / 2);
}

TEST_F(IndexChange, ReservedIndexAnswersTheSame) {
  index_.index().Reserve(40'000);
  index_.ExpectSame();
  index_.AddBatch(References(60'000, 10));
  index_.ExpectSame();
}

TEST_F(IndexChange, AReservedIndexIsNotMuchLargerThanAGrownOne) {
  ModelledIndex reserved(4);
  const auto references = References(100'000, 13);
  index_.AddBatch(references);
  reserved.index().Reserve(references.size());
  reserved.AddBatch(references);
  EXPECT_LT(reserved.index().bytes_reserved(), index_.index().bytes_reserved() * 5 / 4);
}

// Random operations; ID lengths decide which paths are taken, so each run draws them differently.
class IndexModel : public testing::TestWithParam<int> {};

TEST_P(IndexModel, AgreesAfterEveryOperation) {
  ModelledIndex index(static_cast<uint64_t>(GetParam()));
  std::mt19937 random(static_cast<uint32_t>(GetParam()));
  const uint32_t ids = 1 + random() % 20'000;
  const uint32_t bytes_max = GetParam() % 3 == 0 ? kIdBytesMax : 24;
  const auto id = [&](const char* first) {
    // The length follows from the number, so that the ID is met again.
    const uint32_t number = random() % ids;
    std::string text = Numbered(first, number);
    text.resize(std::max<size_t>(text.size(), number * 7919 % bytes_max), '.');
    return text;
  };
  for (uint32_t i = 0; i < 30'000 && !HasFatalFailure(); ++i) {
    const std::string source = id("S");
    const std::string target = id("T");
    switch (random() % 8) {
      case 0:
      case 1:
        index.Add(source, target);
        break;
      case 2:
        index.Put(source, target);
        break;
      case 3:
        index.Edit(source, std::nullopt, target);
        break;
      case 4:
        index.Edit(source, index.model().TargetOf(source), target);
        break;
      case 5:
        index.Erase(source);
        break;
      case 6: {
        std::vector<std::pair<std::string, std::string>> references;
        for (uint32_t k = random() % 60; k > 0; --k) references.emplace_back(id("S"), id("T"));
        index.AddBatch(references);
        break;
      }
      case 7:
        index.ExpectSameAnswers({source, target, id("S")});
        break;
    }
    ASSERT_EQ(index.index().Find(source).value_or(""), index.model().TargetOf(source));
    if (i % 5'000 == 0) index.ExpectSame();
  }
  index.ExpectSame();
}

INSTANTIATE_TEST_SUITE_P(Seeds, IndexModel, testing::Range(0, 9));

}  // namespace
}  // namespace xref
