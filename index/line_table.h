#pragma once

#include <algorithm>
#include <cassert>
#include <cstdint>
#include <cstring>
#include <utility>

#if defined(__SSE2__)
#include <emmintrin.h>
#endif

#include "index/page_heap.h"

namespace xref {

// One cache line of a hash table: tags, and a value for each. Words of 16 bits give 15 slots, words
// of 32 bits give 7. A question that finds no tag needs this line and nothing else, unless entries
// that belong here had to be stored further on.
template <typename Word>
struct alignas(64) Line {
  static constexpr uint32_t kSlots = 64 / (2 * sizeof(Word)) - 1;

  Word tags[kSlots];  // 0 in an empty slot
  Word passed;        // which tags found this line full and went on: a bit for some tags each
  Word values[kSlots];
  Word more_elsewhere;  // not 0 if the table's owner keeps entries of this home elsewhere

  // Whether an entry of that tag may have found this line full and gone on to the next.
  bool MayHavePassed(Word tag) const { return (passed & PassedBit(tag)) != 0; }
  static constexpr Word PassedBit(Word tag) {
    return static_cast<Word>(Word{1} << (tag % (8 * sizeof(Word))));
  }

  // Bit i is set where tags[i] == tag.
  uint32_t Match(Word tag) const {
#if defined(__SSE2__)
    const auto* half = reinterpret_cast<const __m128i*>(tags);
    if constexpr (sizeof(Word) == 2) {
      const __m128i key = _mm_set1_epi16(static_cast<short>(tag));
      const __m128i low = _mm_cmpeq_epi16(_mm_load_si128(half), key);
      const __m128i high = _mm_cmpeq_epi16(_mm_load_si128(half + 1), key);
      return static_cast<uint32_t>(_mm_movemask_epi8(_mm_packs_epi16(low, high))) & kAllSlots;
    } else {
      const __m128i key = _mm_set1_epi32(static_cast<int>(tag));
      const __m128i low = _mm_cmpeq_epi32(_mm_load_si128(half), key);
      const __m128i high = _mm_cmpeq_epi32(_mm_load_si128(half + 1), key);
      const __m128i both = _mm_packs_epi32(low, high);
      return static_cast<uint32_t>(_mm_movemask_epi8(_mm_packs_epi16(both, both))) & kAllSlots;
    }
#else
    uint32_t mask = 0;
    for (uint32_t i = 0; i < kSlots; ++i) mask |= static_cast<uint32_t>(tags[i] == tag) << i;
    return mask;
#endif
  }

 private:
  static constexpr uint32_t kAllSlots = (1u << kSlots) - 1;
};
static_assert(sizeof(Line<uint16_t>) == 64 && sizeof(Line<uint32_t>) == 64);

// A hash table of lines: an entry lies in its home line, or, if that is full, in the next with
// room. It knows nothing of what tags and values mean, and never grows by itself: the owner, who
// can find every entry's hash again, builds a larger one.
//
// Positions (`where`) are hashes whose high bits are evenly spread. Thread-compatible.
template <typename Word>
class LineTable {
 public:
  using LineType = Line<Word>;

  // Has room for at least `entries`.
  LineTable(HeapAccount& heap, uint32_t entries)
      : heap_(&heap),
        count_(static_cast<uint32_t>(PageHeap::RoundUp(LinesFor(entries) * sizeof(LineType)) /
                                     sizeof(LineType))),
        lines_(static_cast<LineType*>(heap.Allocate(bytes_reserved()))) {
    std::memset(static_cast<void*>(lines_), 0, bytes_reserved());
  }
  LineTable(LineTable&& other) noexcept
      : heap_(other.heap_),
        count_(other.count_),
        size_(other.size_),
        erased_(other.erased_),
        lines_(std::exchange(other.lines_, nullptr)) {}
  LineTable& operator=(LineTable&& other) noexcept {
    std::swap(heap_, other.heap_);
    std::swap(count_, other.count_);
    std::swap(size_, other.size_);
    std::swap(erased_, other.erased_);
    std::swap(lines_, other.lines_);
    return *this;
  }
  ~LineTable() {
    if (lines_ != nullptr) heap_->Free(lines_, bytes_reserved());
  }

  LineType* Home(uint32_t where) { return lines_ + HomeNumber(where); }
  const LineType* Home(uint32_t where) const { return lines_ + HomeNumber(where); }

  const LineType* Next(const LineType* line) const {
    return ++line == lines_ + count_ ? lines_ : line;
  }

  // Calls visit(line, slot) for each entry of that tag, from the home line on, until it returns
  // true; says whether it did.
  template <typename Visit>
  bool FindEach(uint32_t where, Word tag, Visit visit) const {
    const LineType* line = Home(where);
    for (uint32_t lines = 0; lines < count_; ++lines, line = Next(line)) {
      for (uint32_t mask = line->Match(tag); mask != 0; mask &= mask - 1) {
        if (visit(*line, static_cast<uint32_t>(__builtin_ctz(mask)))) return true;
      }
      if (!line->MayHavePassed(tag)) return false;
    }
    return false;
  }

  // Stores an entry in one of the first `lines_max` lines from its home on; false if they are full.
  // With lines_max at its default it succeeds unless the table has no empty slot at all.
  bool Insert(uint32_t where, Word tag, Word value, uint32_t lines_max = UINT32_MAX) {
    LineType* line = Home(where);
    uint32_t lines = 0;
    uint32_t empty = line->Match(0);
    while (empty == 0) {
      if (++lines >= std::min(lines_max, count_)) return false;
      line = Following(line);
      empty = line->Match(0);
    }
    const int slot = __builtin_ctz(empty);
    line->tags[slot] = tag;
    line->values[slot] = value;
    for (LineType* on_the_way = Home(where); on_the_way != line;
         on_the_way = Following(on_the_way)) {
      on_the_way->passed |= LineType::PassedBit(tag);
    }
    ++size_;
    return true;
  }

  // Removes an entry that FindEach has shown.
  void Erase(const LineType& line, uint32_t slot) {
    Writable(line).tags[slot] = 0;
    --size_;
    ++erased_;
  }

  // Changes the value of an entry that FindEach has shown.
  void SetValue(const LineType& line, uint32_t slot, Word value) {
    Writable(line).values[slot] = value;
  }

  // Notes at the home line that more of its entries are kept elsewhere.
  void MarkMoreElsewhere(uint32_t where) { Home(where)->more_elsewhere = 1; }

  // Calls visit(tag, value) for all entries, in no order.
  template <typename Visit>
  void ForEach(Visit visit) const {
    for (const LineType* line = lines_; line != lines_ + count_; ++line) {
      for (uint32_t slot = 0; slot < LineType::kSlots; ++slot) {
        if (line->tags[slot] != 0) visit(line->tags[slot], line->values[slot]);
      }
    }
  }

  uint32_t size() const { return size_; }
  // Entries ever erased. What they left in `passed` stays until the owner builds a new table.
  uint32_t erased() const { return erased_; }
  // Entries that it should hold at most, so that few of them leave their home line.
  uint32_t capacity() const { return CapacityOf(count_); }
  size_t bytes_reserved() const { return count_ * sizeof(LineType); }

 private:
  // How full a table should be at most. The fewer slots a line has, the sooner it is full while
  // others are not, and an entry away from home costs its every question another access to memory.
  static constexpr uint32_t kFillPercent = LineType::kSlots > 7 ? 80 : 70;

  static constexpr uint32_t CapacityOf(uint32_t lines) {
    return lines * LineType::kSlots * kFillPercent / 100;
  }
  static constexpr uint32_t LinesFor(uint32_t entries) {
    return entries * 100 / (LineType::kSlots * kFillPercent) + 1;
  }

  uint32_t HomeNumber(uint32_t where) const {
    return static_cast<uint32_t>((uint64_t{where} * count_) >> 32);
  }
  LineType* Following(LineType* line) { return const_cast<LineType*>(Next(line)); }
  LineType& Writable(const LineType& line) { return lines_[&line - lines_]; }

  HeapAccount* heap_;
  uint32_t count_;
  uint32_t size_ = 0;
  uint32_t erased_ = 0;
  LineType* lines_;
};

}  // namespace xref
