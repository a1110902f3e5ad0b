#pragma once

#include <absl/container/btree_set.h>

#include <cstdint>

#include "index/line_table.h"
#include "index/page_heap.h"
#include "index/segment_directory.h"

namespace xref {

// A table of (hash of a target, hash of one of its sources).
struct TargetSegment {
  using Table = LineTable<uint32_t>;
  using LineType = Table::LineType;

  uint32_t Where(uint32_t target_hash) const { return target_hash << depth; }
  const LineType* Home(uint32_t target_hash) const { return table.Home(Where(target_hash)); }

  uint32_t depth;
  Table table;
};

// The way back from targets to sources: hash of the target -> hash of each source that it has. That
// a source is named by its hash, not by an address, keeps entries valid wherever records move; the
// reader finds the record through the source map, and compares.
//
// Entries of one target lie side by side. A target with very many sources would fill line after
// line, so those that do not fit near its home go to a search tree, the crowd.
//
// Thread-compatible: const methods may run at once, the others need the map for themselves. A
// change touches one segment, so that none takes longer than some hundred microseconds.
class TargetMap {
 public:
  explicit TargetMap(HeapAccount& heap);

  const TargetSegment& SegmentOf(uint32_t target_hash) const { return directory_.At(target_hash); }

  // Calls visit(source_hash) for the entries of that target's hash until it returns true. Equal
  // entries, of different sources of one hash, are shown as often as they were inserted.
  template <typename Visit>
  void FindEach(uint32_t target_hash, Visit visit) const {
    const TargetSegment& segment = SegmentOf(target_hash);
    const bool done = segment.table.FindEach(
        segment.Where(target_hash), target_hash,
        [&](const auto& line, uint32_t slot) { return visit(line.values[slot]); });
    if (done || segment.Home(target_hash)->more_elsewhere == 0) return;
    for (auto at = crowd_.lower_bound(CrowdKey(target_hash, 0));
         at != crowd_.end() && *at >> 32 == target_hash; ++at) {
      if (visit(static_cast<uint32_t>(*at))) return;
    }
  }

  void Insert(uint32_t target_hash, uint32_t source_hash);
  // The entry must be in the map. Of equal ones it takes one.
  void Erase(uint32_t target_hash, uint32_t source_hash);

  // Makes an empty map ready for `references`. Not bounded in time: for the loading of a daemon.
  void Reserve(uint64_t references);

  // Frees the memory of one segment, or as much of the crowd; false if none is left. To be
  // destroyed afterwards.
  bool FreeOne();

  // Bytes that the slots of so many entries need.
  static uint64_t bytes_used(uint64_t entries) { return entries * 2 * sizeof(uint32_t); }
  // Bytes of this map that do not come from the heap.
  uint64_t bytes_outside_heap() const {
    return directory_.bytes_reserved() + crowd_.size() * sizeof(uint64_t) * 3 / 2;  // an estimate
  }
  // Entries that were moved to make room, ever.
  uint64_t moved() const { return moved_; }

 private:
  static uint64_t CrowdKey(uint32_t target_hash, uint32_t source_hash) {
    return uint64_t{target_hash} << 32 | source_hash;
  }

  void Store(TargetSegment& segment, uint32_t target_hash, uint32_t source_hash);
  // Marks the lines of a new segment whose entries are partly in the crowd.
  void MarkCrowd(TargetSegment& segment, uint32_t target_hash);
  void Rehash(TargetSegment& segment, uint32_t target_hash, uint32_t entries);
  void Split(uint32_t target_hash);

  HeapAccount& heap_;
  SegmentDirectory<TargetSegment> directory_;
  absl::btree_multiset<uint64_t> crowd_;
  uint64_t moved_ = 0;
};

}  // namespace xref
