#include "index/target_map.h"

#include <algorithm>
#include <cassert>
#include <iterator>
#include <utility>

namespace xref {
namespace {

// Lines that an entry may be stored in, from its home on. Where hashes differ one or two do.
constexpr uint32_t kLinesPerTargetMax = 8;

// A table that needs more splits. 1021 lines: 64 KiB.
constexpr uint32_t kSegmentEntriesMax = 5'000;

// What a segment is expected to hold when it is made ready in advance.
constexpr uint64_t kReservedEntriesMax = 4'000;

// A table is built anew, and smaller if it can be, after as many erasures as it has entries left,
// but not for fewer than these.
constexpr uint32_t kErasedMin = 64;

// A sixteenth more than the mean, since no two halves of a segment are alike.
constexpr uint32_t WithMargin(uint64_t entries) {
  return static_cast<uint32_t>(entries + entries / 16);
}

}  // namespace

TargetMap::TargetMap(HeapAccount& heap)
    : heap_(heap), directory_(0, [&] {
        return TargetSegment{0, TargetSegment::Table(heap, 0)};
      }) {}

void TargetMap::Insert(uint32_t target_hash, uint32_t source_hash) {
  const TargetSegment::Table& table = directory_.At(target_hash).table;
  if (table.size() >= kSegmentEntriesMax) {
    Split(target_hash);
  } else if (table.size() >= table.capacity()) {
    Rehash(directory_.At(target_hash), target_hash, table.capacity() * 4 / 3 + 1);
  }
  Store(directory_.At(target_hash), target_hash, source_hash);
}

void TargetMap::Erase(uint32_t target_hash, uint32_t source_hash) {
  TargetSegment& segment = directory_.At(target_hash);
  const bool erased = segment.table.FindEach(segment.Where(target_hash), target_hash,
                                             [&](const auto& line, uint32_t slot) {
                                               if (line.values[slot] != source_hash) return false;
                                               segment.table.Erase(line, slot);
                                               return true;
                                             });
  if (!erased) {
    const auto at = crowd_.find(CrowdKey(target_hash, source_hash));
    assert(at != crowd_.end());
    crowd_.erase(at);
  }
  if (segment.table.erased() > kErasedMin && segment.table.erased() > segment.table.size()) {
    Rehash(segment, target_hash, segment.table.size() * 5 / 4);
  }
}

void TargetMap::Reserve(uint64_t references) {
  uint32_t depth = 0;
  while (references >> depth > kReservedEntriesMax) ++depth;
  const uint32_t entries = WithMargin(references >> depth);
  directory_ = SegmentDirectory<TargetSegment>(depth, [&] {
    return TargetSegment{depth, TargetSegment::Table(heap_, entries)};
  });
}

bool TargetMap::FreeOne() {
  if (crowd_.empty()) return directory_.FreeOne();
  const auto end =
      std::next(crowd_.begin(), std::min<ptrdiff_t>(kSegmentEntriesMax, crowd_.size()));
  crowd_.erase(crowd_.begin(), end);
  return true;
}

void TargetMap::Store(TargetSegment& segment, uint32_t target_hash, uint32_t source_hash) {
  const uint32_t where = segment.Where(target_hash);
  if (segment.table.Insert(where, target_hash, source_hash, kLinesPerTargetMax)) return;
  crowd_.insert(CrowdKey(target_hash, source_hash));
  segment.table.MarkMoreElsewhere(where);
}

void TargetMap::MarkCrowd(TargetSegment& segment, uint32_t target_hash) {
  // All targets of the segment share the top `depth` bits.
  const uint64_t span = uint64_t{1} << (32 - segment.depth);
  const uint64_t first = target_hash / span * span;
  auto at = crowd_.lower_bound(first << 32);
  while (at != crowd_.end() && *at >> 32 < first + span) {
    const auto crowded = static_cast<uint32_t>(*at >> 32);
    segment.table.MarkMoreElsewhere(segment.Where(crowded));
    at = crowd_.upper_bound(CrowdKey(crowded, UINT32_MAX));
  }
}

void TargetMap::Rehash(TargetSegment& segment, uint32_t target_hash, uint32_t entries) {
  TargetSegment rehashed{segment.depth, TargetSegment::Table(heap_, entries)};
  segment.table.ForEach([&](uint32_t target, uint32_t source) { Store(rehashed, target, source); });
  MarkCrowd(rehashed, target_hash);
  segment = std::move(rehashed);
  moved_ += segment.table.size();
}

void TargetMap::Split(uint32_t target_hash) {
  const TargetSegment& full = directory_.At(target_hash);
  const uint32_t depth = full.depth + 1;
  const uint32_t entries = WithMargin(full.table.size() / 2);
  const uint32_t split_bit = 0x8000'0000u >> full.depth;
  TargetSegment lower{depth, TargetSegment::Table(heap_, entries)};
  TargetSegment upper{depth, TargetSegment::Table(heap_, entries)};
  full.table.ForEach([&](uint32_t target, uint32_t source) {
    Store((target & split_bit) == 0 ? lower : upper, target, source);
  });
  MarkCrowd(lower, target_hash & ~split_bit);
  MarkCrowd(upper, target_hash | split_bit);
  moved_ += full.table.size();
  directory_.Split(target_hash, std::move(lower), std::move(upper));
}

}  // namespace xref
