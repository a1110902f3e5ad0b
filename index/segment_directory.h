#pragma once

#include <cassert>
#include <cstdint>
#include <memory>
#include <utility>
#include <vector>

namespace xref {

// Extendible hashing: finds the segment of a hash by the hash's top bits. A segment that has become
// too large splits in two by its next bit; nothing but the two and some pointers here is touched,
// so that growth never stops the world. Small directories have one segment.
//
// Segment is movable and has `uint32_t depth`, the number of top bits that all its hashes share.
// Thread-compatible.
template <typename Segment>
class SegmentDirectory {
 public:
  // Begins with 2^depth segments; make() returns a new one of that depth.
  template <typename Make>
  SegmentDirectory(uint32_t depth, Make make) : depth_(depth) {
    assert(depth <= kDepthMax);
    for (size_t i = 0; i < size_t{1} << depth; ++i) {
      segments_.push_back(std::make_unique<Segment>(make()));
      slots_.push_back(segments_.back().get());
    }
  }

  Segment& At(uint32_t hash) { return *slots_[SlotOf(hash)]; }
  const Segment& At(uint32_t hash) const { return *slots_[SlotOf(hash)]; }

  // Puts two segments in the place of the one that `hash` is in: they are deeper by one, and
  // `lower` has the hashes whose next bit is 0.
  void Split(uint32_t hash, Segment lower, Segment upper) {
    Segment& split = At(hash);
    const uint32_t depth = split.depth;
    assert(depth < kDepthMax && lower.depth == depth + 1 && upper.depth == depth + 1);
    if (depth == depth_) Double();
    split = std::move(lower);
    segments_.push_back(std::make_unique<Segment>(std::move(upper)));
    // The slots of the old segment are a run; its upper half now leads to the new one.
    const size_t run = size_t{1} << (depth_ - depth);
    const size_t first = SlotOf(hash) / run * run;
    for (size_t slot = first + run / 2; slot < first + run; ++slot) {
      slots_[slot] = segments_.back().get();
    }
  }

  // Calls visit(segment) for each, in no order.
  template <typename Visit>
  void ForEach(Visit visit) const {
    for (const auto& segment : segments_) visit(*segment);
  }

  size_t segment_count() const { return segments_.size(); }

  // Frees one segment; false if none is left. After the first call the directory may only be freed
  // further or destroyed.
  bool FreeOne() {
    if (segments_.empty()) return false;
    segments_.pop_back();
    return true;
  }

  size_t bytes_reserved() const {
    return slots_.capacity() * sizeof(slots_[0]) +
           segments_.capacity() * (sizeof(segments_[0]) + sizeof(Segment));
  }

 private:
  // Hashes have 32 bits. With thousands of entries in a segment, the memory of the largest machines
  // ends long before this depth.
  static constexpr uint32_t kDepthMax = 28;

  size_t SlotOf(uint32_t hash) const { return (uint64_t{hash} << depth_) >> 32; }

  void Double() {
    std::vector<Segment*> doubled;
    doubled.reserve(2 * slots_.size());
    for (Segment* segment : slots_) doubled.insert(doubled.end(), 2, segment);
    slots_ = std::move(doubled);
    ++depth_;
  }

  std::vector<Segment*> slots_;  // 2^depth_, by the top bits of the hash; runs of equal pointers
  uint32_t depth_;
  std::vector<std::unique_ptr<Segment>> segments_;
};

}  // namespace xref
