#pragma once

#include <cstdint>
#include <string_view>

#include "index/keyed_hash.h"
#include "index/line_table.h"
#include "index/page_heap.h"
#include "index/record_arena.h"
#include "index/segment_directory.h"

namespace xref {

// Some thousand references, whole in themselves: a table of tags and offsets, and the records that
// the offsets lead to.
struct SourceSegment {
  using Table = LineTable<uint16_t>;
  using LineType = Table::LineType;

  SourceSegment(HeapAccount& heap, uint32_t at_depth, uint32_t entries)
      : depth(at_depth), table(heap, entries), records(heap) {}

  // The top `depth` bits are the same for all hashes in here; those below choose the line.
  uint32_t Where(uint32_t hash) const { return hash << depth; }
  static uint16_t Tag(uint32_t hash) { return static_cast<uint16_t>(hash); }
  const LineType* Home(uint32_t hash) const { return table.Home(Where(hash)); }

  // The first record of the hash's tag, its home line being known; nullptr if there is none, and
  // then there is no record of that hash. Touches no record.
  Record FirstCandidate(const LineType* home, uint32_t hash) const {
    const uint32_t match = home->Match(Tag(hash));
    // Where none matches, some slot: so that the common cases need no branch.
    const auto slot = static_cast<uint32_t>(__builtin_ctz(match | 1u << (LineType::kSlots - 1)));
    Record candidate = match != 0 ? records.At(home->values[slot]) : nullptr;
    if (!((match == 0) & home->MayHavePassed(Tag(hash)))) [[likely]]
      return candidate;
    table.FindEach(Where(hash), Tag(hash), [&](const LineType& line, uint32_t later) {
      candidate = records.At(line.values[later]);
      return true;
    });
    return candidate;
  }

  // The record that accept(record) is true of, among those of the hash's tag, or nullptr.
  template <typename Accept>
  Record FindIf(uint32_t hash, Accept accept) const {
    Record found = nullptr;
    table.FindEach(Where(hash), Tag(hash), [&](const LineType& line, uint32_t slot) {
      const Record record = records.At(line.values[slot]);
      if (!accept(record)) return false;
      found = record;
      return true;
    });
    return found;
  }

  uint32_t depth;
  Table table;
  RecordArena records;
};

// References found by their source: an extendible-hash directory of segments. Every method is given
// the hash of the source beside it, so that each is computed once.
//
// Thread-compatible: const methods may run at once, the others need the map for themselves. No
// change touches more than one segment, so that none takes longer than some hundred microseconds.
class SourceMap {
 public:
  SourceMap(HeapAccount& heap, const KeyedHash& hash);

  const SourceSegment& SegmentOf(uint32_t hash) const { return directory_.At(hash); }

  // The reference of that source, or nullptr. Valid until the next change.
  Record Find(uint32_t hash, std::string_view source) const {
    return SegmentOf(hash).FindIf(hash, [&](Record record) { return HasSource(record, source); });
  }

  // `source` must not be in the map.
  void Insert(uint32_t hash, std::string_view source, std::string_view target);
  // `source` must be in the map.
  void Erase(uint32_t hash, std::string_view source);
  // `source` must be in the map, and not be a view into it.
  void SetTarget(uint32_t hash, std::string_view source, std::string_view target);

  // Makes an empty map ready for `references`. Not bounded in time: for the loading of a daemon.
  void Reserve(uint64_t references);

  // Frees the memory of one segment; false if none is left. To be destroyed afterwards.
  bool FreeOne() { return directory_.FreeOne(); }

  uint64_t size() const { return size_; }
  // Bytes that the records and their slots need; what is taken from the heap beyond that is waste.
  uint64_t bytes_used() const { return record_bytes_ + size_ * 2 * sizeof(uint16_t); }
  // Bytes of this map that do not come from the heap.
  uint64_t bytes_outside_heap() const { return directory_.bytes_reserved(); }
  // References that were moved to make room, ever: shows a caller that a change was a long one.
  uint64_t moved() const { return moved_; }

 private:
  // Puts the record into that segment; false if it is full.
  bool Store(SourceSegment& segment, uint32_t hash, std::string_view source,
             std::string_view target);
  // Copies all of the segment's records: choose(hash) is the segment to copy to.
  template <typename Choose>
  void CopyRecords(const SourceSegment& from, Choose choose);

  void Rehash(SourceSegment& segment, uint32_t entries);
  void Compact(SourceSegment& segment);
  void Split(uint32_t hash);
  void MakeRoom(uint32_t hash);

  HeapAccount& heap_;
  const KeyedHash& hash_;
  SegmentDirectory<SourceSegment> directory_;
  uint64_t size_ = 0;
  uint64_t record_bytes_ = 0;
  uint64_t moved_ = 0;
};

}  // namespace xref
