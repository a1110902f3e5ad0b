#include <gtest/gtest.h>

#include <cstring>
#include <map>
#include <memory>
#include <random>
#include <vector>

#include "index/reference_index.h"

namespace xref {
namespace {

TEST(PageHeap, PiecesDoNotOverlap) {
  PageHeap heap;
  std::mt19937 random(5);
  struct Piece {
    unsigned char* at;
    size_t bytes;
    unsigned char mark;
  };
  std::vector<Piece> pieces;
  const auto free_one = [&](size_t i) {
    const Piece piece = pieces[i];
    for (size_t k = 0; k < piece.bytes; ++k) ASSERT_EQ(piece.at[k], piece.mark);
    heap.Free(piece.at, piece.bytes);
    pieces[i] = pieces.back();
    pieces.pop_back();
  };
  for (int i = 0; i < 3'000; ++i) {
    const size_t bytes = PageHeap::RoundUp(1 + random() % (random() % 4 == 0 ? 100'000 : 5'000));
    auto* at = static_cast<unsigned char*>(heap.Allocate(bytes));
    ASSERT_EQ(reinterpret_cast<uintptr_t>(at) % 64, 0u);
    const auto mark = static_cast<unsigned char>(random());
    std::memset(at, mark, bytes);
    pieces.push_back({at, bytes, mark});
    if (random() % 3 == 0) free_one(random() % pieces.size());
    if (i % 100 == 0) heap.Prepare(1);
  }
  while (!pieces.empty()) free_one(pieces.size() - 1);
  EXPECT_LE(heap.bytes_reserved(), 2 * PageHeap::kRegionBytes);  // a spare and a prepared one
}

TEST(PageHeap, PreparedRegionsAreUsedBeforeOthersAreMapped) {
  PageHeap heap;
  heap.Prepare(3);
  EXPECT_EQ(heap.bytes_reserved(), 0u) << "nothing was needed yet";
  void* first = heap.Allocate(PageHeap::kRegionBytes);
  heap.Prepare(2);
  const uint64_t prepared = heap.bytes_reserved();
  EXPECT_EQ(prepared, 3 * PageHeap::kRegionBytes);
  void* second = heap.Allocate(PageHeap::kRegionBytes);
  EXPECT_EQ(heap.bytes_reserved(), prepared);
  heap.Free(first, PageHeap::kRegionBytes);
  heap.Free(second, PageHeap::kRegionBytes);
}

TEST(PageHeap, FreedRegionsReturnToTheSystem) {
  PageHeap heap;
  std::vector<void*> pages;
  for (int i = 0; i < 2'000; ++i) pages.push_back(heap.Allocate(PageHeap::kPageBytes));
  EXPECT_GE(heap.bytes_reserved(), 2'000 * PageHeap::kPageBytes);
  for (void* page : pages) heap.Free(page, PageHeap::kPageBytes);
  EXPECT_EQ(heap.bytes_reserved(), PageHeap::kRegionBytes);
}

class IndexMemory : public testing::Test {
 protected:
  static void Fill(ReferenceIndex& index, uint32_t references) {
    for (uint32_t i = 0; i < references; ++i) {
      const std::string number = std::to_string(1'000'000'000'000 + i);
      index.Add(number, number.substr(1));
    }
  }

  PageHeap heap_;
  const KeyedHash hash_{6};
};

TEST_F(IndexMemory, ATypeOfFiftyReferencesTakesFewKilobytes) {
  ReferenceIndex index(heap_, hash_);
  Fill(index, 50);
  EXPECT_LT(index.bytes_reserved(), 6'000u);
}

TEST_F(IndexMemory, AnEmptyTypeTakesLessThanAKilobyte) {
  const ReferenceIndex index(heap_, hash_);
  EXPECT_LT(index.bytes_reserved(), 1'024u);
}

TEST_F(IndexMemory, AReferenceOfCommonSizeTakesFiftySixBytesAtMost) {
  ReferenceIndex index(heap_, hash_);
  Fill(index, 1'000'000);
  EXPECT_LT(index.bytes_reserved() / index.size(), 56u);
  EXPECT_LT(heap_.bytes_reserved() / index.size(), 64u);  // with free pages between those in use
}

TEST_F(IndexMemory, FreeingGoesInStepsAndEndsWithNothing) {
  auto index = std::make_unique<ReferenceIndex>(heap_, hash_);
  Fill(*index, 200'000);
  for (int i = 0; i < 30'000; ++i)
    index->Add(std::string("crowd").append(std::to_string(i)), "the same");
  int steps = 0;
  while (index->FreeSome()) ++steps;
  EXPECT_GT(steps, 1);
  index.reset();
  EXPECT_LE(heap_.bytes_reserved(), PageHeap::kRegionBytes);
}

}  // namespace
}  // namespace xref
