#include <gtest/gtest.h>

#include <unordered_map>

#include "tests/index_fixture.h"

namespace xref {
namespace {

class IndexLookup : public testing::Test {
 protected:
  // References S0 -> T0, S1 -> T1, ...
  void AddNumbered(uint32_t count) {
    std::vector<std::pair<std::string, std::string>> references;
    for (uint32_t i = 0; i < count; ++i)
      references.emplace_back(Numbered("S", i), Numbered("T", i));
    index_.AddBatch(references);
  }

  ModelledIndex index_{1};
};

TEST_F(IndexLookup, EmptyIndexKnowsNothing) {
  index_.ExpectSame();
  index_.ExpectSameAnswers({"a", "b"});
}

TEST_F(IndexLookup, BatchOfOneIsAnswered) {
  AddNumbered(1000);
  index_.ExpectSameAnswers({"S500"});
  index_.ExpectSameAnswers({"S1000"});
  index_.ExpectSameSources({"T7"});
  index_.ExpectSameSources({"T1000"});
}

TEST_F(IndexLookup, EveryBatchSizeAroundTheGroupSizeIsAnswered) {
  AddNumbered(300);
  std::vector<std::string> sources, targets;
  for (uint32_t i = 0; i < 200; ++i) {
    sources.push_back(Numbered("S", i * 3));
    targets.push_back(Numbered("T", i * 3));
    index_.ExpectSameAnswers(sources);
    index_.ExpectSameSources(targets);
  }
}

TEST_F(IndexLookup, DuplicatesInABatchGetTheSameAnswer) {
  AddNumbered(1000);
  index_.ExpectSameAnswers({"S1", "S1", "x", "S1", "x", "S2", "S1"});
  index_.ExpectSameSources({"T1", "T1", "y", "T1", "y", "T2", "T1"});
}

TEST_F(IndexLookup, AllHitsAllMissesAndMixturesAreTold) {
  AddNumbered(50'000);
  index_.ExpectSame();  // all hits
  std::vector<std::string> misses, mixture;
  for (uint32_t i = 0; i < 20'000; ++i) {
    misses.push_back(Numbered("M", i));
    mixture.push_back(Numbered(i % 3 == 0 ? "M" : "S", i));
  }
  index_.ExpectSameAnswers(misses);
  index_.ExpectSameAnswers(mixture);
}

TEST_F(IndexLookup, IdsOfEveryLengthAreToldApart) {
  std::vector<std::string> others;
  for (size_t size = 1; size <= kIdBytesMax; ++size) {
    index_.Add(std::string(size, 'a'), std::string(kIdBytesMax + 1 - size, 'b'));
    // Differs in one byte: the first, one in the middle, the last.
    for (const size_t at : {size_t{0}, size / 2, size - 1}) {
      std::string other(size, 'a');
      other[at] = 'c';
      others.push_back(other);
    }
  }
  index_.ExpectSame();
  index_.ExpectSameAnswers(others);
}

TEST_F(IndexLookup, LongestIdsFillSegmentsAndAreFound) {
  std::vector<std::pair<std::string, std::string>> references;
  for (uint32_t i = 0; i < 3'000; ++i) {
    std::string source = Numbered("S", i);
    std::string target = Numbered("T", i);
    source.resize(kIdBytesMax, 's');
    target.resize(kIdBytesMax, 't');
    references.emplace_back(source, target);
  }
  index_.AddBatch(references);
  index_.ExpectSame();
}

TEST_F(IndexLookup, ATargetShowsAllItsSources) {
  for (uint32_t i = 0; i < 20; ++i) index_.Add(Numbered("S", i), i % 2 == 0 ? "even" : "odd");
  index_.ExpectSame();
  EXPECT_EQ(index_.SourcesOf({"odd"})[0].size(), 10u);
}

TEST_F(IndexLookup, ATargetOfVeryManySourcesShowsThemAll) {
  AddNumbered(5'000);
  std::vector<std::pair<std::string, std::string>> references;
  for (uint32_t i = 0; i < 20'000; ++i) references.emplace_back(Numbered("C", i), "crowded");
  index_.AddBatch(references);
  AddNumbered(30'000);  // the segment of the crowd grows and splits
  index_.ExpectSame();
}

TEST_F(IndexLookup, ATargetShowsNoMoreSourcesThanAskedFor) {
  for (uint32_t i = 0; i < 500; ++i) index_.Add(Numbered("S", i), "T");
  EXPECT_EQ(index_.SourcesOf({"T"}, 1)[0].size(), 1u);
  EXPECT_EQ(index_.SourcesOf({"T"}, 100)[0].size(), 100u);
}

// With a known secret, IDs of equal hash are found by trying many.
TEST_F(IndexLookup, IdsOfEqualHashAreToldApartInBothDirections) {
  std::unordered_map<uint32_t, std::string> seen;
  std::vector<std::string> twins;
  for (uint32_t i = 0; i < 400'000; ++i) {
    const std::string id = Numbered("", i);
    const auto [at, fresh] = seen.try_emplace(index_.hash()(id), id);
    if (!fresh) twins.insert(twins.end(), {at->second, id});
  }
  ASSERT_GE(twins.size(), 4u);
  AddNumbered(1000);
  for (size_t i = 0; i < twins.size(); i += 2) {
    index_.Add(twins[i], "T");
    index_.ExpectSameAnswers(twins);
    index_.Add(twins[i + 1], "T");  // equal entries in the reverse direction
    index_.Add(Numbered("A", i), twins[i]);
    index_.ExpectSameSources(twins);
    index_.Add(Numbered("B", i), twins[i + 1]);
  }
  index_.ExpectSame();
  for (size_t i = 0; i < twins.size(); i += 2) {
    index_.Erase(twins[i]);
    index_.Erase(Numbered("B", i));
    index_.ExpectSameSources({"T", twins[i], twins[i + 1]});
  }
  index_.ExpectSame();
}

}  // namespace
}  // namespace xref
