#pragma once

#include <cstddef>
#include <cstdint>
#include <cstring>
#include <optional>
#include <string_view>
#include <utility>

#include "index/page_heap.h"
#include "index/vocabulary.h"

namespace xref {

// A record is: source size, target size (a byte each), the source's bytes, the target's bytes, and
// up to 3 bytes so that the next record begins at a multiple of 4.
using Record = const char*;

inline constexpr size_t kRecordHeaderBytes = 2;

inline std::string_view SourceOf(Record record) {
  return {record + kRecordHeaderBytes, static_cast<uint8_t>(record[0])};
}

inline std::string_view TargetOf(Record record) {
  return {record + kRecordHeaderBytes + static_cast<uint8_t>(record[0]),
          static_cast<uint8_t>(record[1])};
}

// Whether a and b have the same `size` bytes. IDs are short and mostly of one length, so that plain
// words beat a call of memcmp.
inline bool SameBytes(const char* a, const char* b, size_t size) {
  const auto differ = [&]<typename Word>(Word, size_t at) {
    Word x, y;
    std::memcpy(&x, a + at, sizeof x);
    std::memcpy(&y, b + at, sizeof y);
    return x ^ y;
  };
  if (size > 16) return std::memcmp(a, b, size) == 0;
  if (size >= 8) return (differ(uint64_t{}, 0) | differ(uint64_t{}, size - 8)) == 0;
  if (size >= 4) return (differ(uint32_t{}, 0) | differ(uint32_t{}, size - 4)) == 0;
  for (size_t i = 0; i < size; ++i) {
    if (a[i] != b[i]) return false;
  }
  return true;
}

inline bool HasSource(Record record, std::string_view source) {
  return static_cast<uint8_t>(record[0]) == source.size() &&
         SameBytes(record + kRecordHeaderBytes, source.data(), source.size());
}

inline bool HasTarget(Record record, std::string_view target) {
  const std::string_view own = TargetOf(record);
  return own.size() == target.size() && SameBytes(own.data(), target.data(), target.size());
}

// Packed records of one segment, found by 16-bit offsets in units of 4 bytes: up to 256 KiB, in 16
// blocks, of which the last grows in steps. A removed record leaves a hole; the owner gets the
// space back by copying what is left into another arena.
//
// Thread-compatible. A view of a record is valid until the next Append or Rewrite.
class RecordArena {
 public:
  using Offset = uint16_t;

  // Takes no memory yet.
  explicit RecordArena(HeapAccount& heap) : heap_(&heap) {}
  RecordArena(RecordArena&& other) noexcept { Swap(other); }
  RecordArena& operator=(RecordArena&& other) noexcept {
    Swap(other);
    return *this;
  }
  ~RecordArena();

  Record At(Offset offset) const {
    return blocks_[offset / kBlockUnits] + offset % kBlockUnits * kUnitBytes;
  }

  // Where the new record lies; nothing if the arena is full.
  std::optional<Offset> Append(std::string_view source, std::string_view target);

  // Makes a hole of the record.
  void Remove(Offset offset);

  // Gives the record another target if that needs the same space; else changes nothing and says no.
  bool Rewrite(Offset offset, std::string_view target);

  // Calls visit(offset, record) for every record, in the order of their offsets.
  template <typename Visit>
  void ForEach(Visit visit) const {
    for (uint32_t unit = 0; unit < end_;) {
      const auto offset = static_cast<Offset>(unit);
      const Record record = At(offset);
      if (record[0] == 0) {
        unit += static_cast<uint8_t>(record[1]);
      } else {
        visit(offset, record);
        unit += UnitsOf(static_cast<uint8_t>(record[0]), static_cast<uint8_t>(record[1]));
      }
    }
  }

  // Bytes in records, and in holes.
  uint32_t bytes_used() const { return (end_ - hole_units_) * kUnitBytes; }
  uint32_t bytes_wasted() const { return hole_units_ * kUnitBytes; }

  // What such a record takes in an arena.
  static constexpr uint32_t BytesOf(std::string_view source, std::string_view target) {
    return UnitsOf(source.size(), target.size()) * kUnitBytes;
  }

 private:
  static constexpr uint32_t kUnitBytes = 4;
  static constexpr uint32_t kBlockBytes = 16 << 10;
  static constexpr uint32_t kBlockUnits = kBlockBytes / kUnitBytes;
  static constexpr uint32_t kBlocks = 16;
  static_assert(kBlocks * kBlockUnits == 1 << 16, "an offset has 16 bits");

  static constexpr uint32_t UnitsOf(size_t source_bytes, size_t target_bytes) {
    return static_cast<uint32_t>(
        (kRecordHeaderBytes + source_bytes + target_bytes + kUnitBytes - 1) / kUnitBytes);
  }
  // A hole is a source size of 0 and, in place of the target size, its length in units.
  static_assert((kRecordHeaderBytes + 2 * kIdBytesMax) / kUnitBytes < UINT8_MAX,
                "a hole's length is one byte");

  void Swap(RecordArena& other);
  char* Writable(Offset offset) { return const_cast<char*>(At(offset)); }
  void MakeHole(uint32_t unit, uint32_t units);
  // Makes units [end_, end_ + units) usable, moving end_ to the next block if need be.
  bool MakeRoom(uint32_t units);
  // Replaces the last block by a larger one.
  void GrowLastBlock(size_t bytes);

  // All blocks have kBlockBytes, but the last may be smaller.
  char* blocks_[kBlocks] = {};
  HeapAccount* heap_ = nullptr;
  uint32_t block_count_ = 0;
  uint32_t last_block_bytes_ = 0;
  uint32_t end_ = 0;  // first unit past the last record or hole
  uint32_t hole_units_ = 0;
};

}  // namespace xref
