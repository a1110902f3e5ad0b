#include "index/source_map.h"

#include <cassert>

namespace xref {
namespace {

// A segment holds no more, however short its records are, so that every step on one is brief.
constexpr uint32_t kSegmentEntriesMax = 12'000;

// What a segment is expected to hold when it is made ready in advance: full segments have twice
// that, and none should have to split.
constexpr uint64_t kReservedEntriesMax = 6'000;

// Holes are worth a compaction from here on, if they are also a fifth of all.
constexpr uint32_t kHoleBytesMin = 1 << 10;

// A sixteenth more than the mean, since no two halves of a segment are alike.
constexpr uint32_t WithMargin(uint64_t entries) {
  return static_cast<uint32_t>(entries + entries / 16);
}

}  // namespace

SourceMap::SourceMap(HeapAccount& heap, const KeyedHash& hash)
    : heap_(heap), hash_(hash), directory_(0, [&] { return SourceSegment(heap, 0, 0); }) {}

void SourceMap::Insert(uint32_t hash, std::string_view source, std::string_view target) {
  while (!Store(directory_.At(hash), hash, source, target)) MakeRoom(hash);
  ++size_;
  record_bytes_ += RecordArena::BytesOf(source, target);
}

void SourceMap::Erase(uint32_t hash, std::string_view source) {
  SourceSegment& segment = directory_.At(hash);
  segment.table.FindEach(segment.Where(hash), segment.Tag(hash),
                         [&](const auto& line, uint32_t slot) {
                           const RecordArena::Offset offset = line.values[slot];
                           const Record record = segment.records.At(offset);
                           if (!HasSource(record, source)) return false;
                           --size_;
                           record_bytes_ -= RecordArena::BytesOf(source, TargetOf(record));
                           segment.records.Remove(offset);
                           segment.table.Erase(line, slot);
                           return true;
                         });
  const uint32_t wasted = segment.records.bytes_wasted();
  if (wasted > kHoleBytesMin && wasted > segment.records.bytes_used() / 4) Compact(segment);
}

void SourceMap::SetTarget(uint32_t hash, std::string_view source, std::string_view target) {
  SourceSegment& segment = directory_.At(hash);
  const bool rewritten = segment.table.FindEach(
      segment.Where(hash), segment.Tag(hash), [&](const auto& line, uint32_t slot) {
        const Record record = segment.records.At(line.values[slot]);
        return HasSource(record, source) && segment.records.Rewrite(line.values[slot], target);
      });
  if (rewritten) return;
  Erase(hash, source);
  Insert(hash, source, target);
}

void SourceMap::Reserve(uint64_t references) {
  assert(size_ == 0);
  uint32_t depth = 0;
  while (references >> depth > kReservedEntriesMax) ++depth;
  const uint32_t entries = WithMargin(references >> depth);
  directory_ =
      SegmentDirectory<SourceSegment>(depth, [&] { return SourceSegment(heap_, depth, entries); });
}

bool SourceMap::Store(SourceSegment& segment, uint32_t hash, std::string_view source,
                      std::string_view target) {
  if (segment.table.size() >= kSegmentEntriesMax) return false;
  if (segment.table.size() >= segment.table.capacity()) {
    Rehash(segment, segment.table.capacity() * 3 / 2 + 1);
  }
  const auto offset = segment.records.Append(source, target);
  if (!offset.has_value()) return false;
  segment.table.Insert(segment.Where(hash), segment.Tag(hash), *offset);
  return true;
}

template <typename Choose>
void SourceMap::CopyRecords(const SourceSegment& from, Choose choose) {
  from.records.ForEach([&](RecordArena::Offset, Record record) {
    const uint32_t hash = hash_(SourceOf(record));
    [[maybe_unused]] const bool stored =
        Store(choose(hash), hash, SourceOf(record), TargetOf(record));
    assert(stored);  // a part of what fitted into one segment fits into another
  });
  moved_ += from.table.size();
}

void SourceMap::Rehash(SourceSegment& segment, uint32_t entries) {
  SourceSegment::Table table(heap_, entries);
  segment.records.ForEach([&](RecordArena::Offset offset, Record record) {
    const uint32_t hash = hash_(SourceOf(record));
    table.Insert(segment.Where(hash), segment.Tag(hash), offset);
  });
  segment.table = std::move(table);
  moved_ += segment.table.size();
}

void SourceMap::Compact(SourceSegment& segment) {
  SourceSegment compact(heap_, segment.depth, segment.table.size());
  CopyRecords(segment, [&](uint32_t) -> SourceSegment& { return compact; });
  segment = std::move(compact);
}

void SourceMap::Split(uint32_t hash) {
  const SourceSegment& full = directory_.At(hash);
  const uint32_t entries = WithMargin(full.table.size() / 2);
  const uint32_t split_bit = 0x8000'0000u >> full.depth;
  SourceSegment lower(heap_, full.depth + 1, entries);
  SourceSegment upper(heap_, full.depth + 1, entries);
  CopyRecords(full,
              [&](uint32_t of) -> SourceSegment& { return (of & split_bit) == 0 ? lower : upper; });
  directory_.Split(hash, std::move(lower), std::move(upper));
}

void SourceMap::MakeRoom(uint32_t hash) {
  SourceSegment& full = directory_.At(hash);
  const bool has_holes = full.records.bytes_wasted() > full.records.bytes_used() / 8;
  if (has_holes && full.table.size() < kSegmentEntriesMax) {
    Compact(full);
  } else {
    Split(hash);
  }
}

}  // namespace xref
