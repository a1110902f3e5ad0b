// IDs that somebody has chosen to collide: since the hash has a secret, they are IDs like others.

#include <gtest/gtest.h>

#include <algorithm>
#include <string>
#include <vector>

#include "bench/colliding_ids.h"
#include "index/page_heap.h"
#include "index/source_map.h"

namespace xref {
namespace {

constexpr size_t kIds = 40'000;
constexpr uint32_t kSegmentBits = 8;

// What it takes to hold these sources and to find them again.
struct Work {
  uint64_t lines = 0;          // looked at, to find all of them
  uint64_t lines_longest = 0;  // to find one
  uint64_t moved = 0;          // references, to make room
  uint64_t bytes = 0;

  Work(const std::vector<std::string>& sources, uint64_t secret) {
    PageHeap heap;
    HeapAccount account(heap);
    const KeyedHash hash(secret);
    SourceMap map(account, hash);
    for (const std::string& source : sources) map.Insert(hash(source), source, "target");
    for (const std::string& source : sources) {
      const uint64_t seen = LinesTo(map, hash(source), source);
      lines += seen;
      lines_longest = std::max(lines_longest, seen);
    }
    moved = map.moved();
    bytes = account.bytes_reserved() + map.bytes_outside_heap();
  }

 private:
  static uint64_t LinesTo(const SourceMap& map, uint32_t hash, const std::string& source) {
    const SourceSegment& segment = map.SegmentOf(hash);
    const SourceSegment::LineType* line = segment.Home(hash);
    for (uint64_t seen = 1;; ++seen, line = segment.table.Next(line)) {
      for (uint32_t mask = line->Match(SourceSegment::Tag(hash)); mask != 0; mask &= mask - 1) {
        const auto slot = static_cast<uint32_t>(__builtin_ctz(mask));
        if (HasSource(segment.records.At(line->values[slot]), source)) return seen;
      }
      if (!line->MayHavePassed(SourceSegment::Tag(hash))) {
        ADD_FAILURE() << source << " is not found";
        return seen;
      }
    }
  }
};

class IndexCollisions : public ::testing::TestWithParam<uint64_t> {};

TEST_P(IndexCollisions, CostNoMoreWorkThanOtherIds) {
  const std::vector<std::string> chosen = CollidingIds(kIds, kSegmentBits);
  const Work colliding(chosen, GetParam());
  const Work ordinary(CollidingIds(kIds, 0), GetParam());
  const auto bound = [](uint64_t work) { return work + work / 5; };
  EXPECT_LE(colliding.lines, bound(ordinary.lines));
  EXPECT_LE(colliding.lines_longest, ordinary.lines_longest + 3);
  EXPECT_LE(colliding.moved, bound(ordinary.moved));
  EXPECT_LE(colliding.bytes, bound(ordinary.bytes));
}

INSTANTIATE_TEST_SUITE_P(Secrets, IndexCollisions, ::testing::Range(uint64_t{1}, uint64_t{6}));

}  // namespace
}  // namespace xref
