#pragma once

#include <array>
#include <atomic>
#include <cstddef>
#include <cstdint>

#include "index/vocabulary.h"

namespace xref {

// kCounters counters for every place. One thread counts, any may read. Takes memory for the places
// that were counted of, and never gives it back: numbers of places are used once, and few.
template <size_t kCounters>
class PlaceCounters {
 public:
  PlaceCounters() = default;
  PlaceCounters(const PlaceCounters&) = delete;
  PlaceCounters& operator=(const PlaceCounters&) = delete;
  ~PlaceCounters() {
    for (auto& chunk : chunks_) delete chunk.load(std::memory_order_relaxed);
  }

  // Of places beyond the last one that there is room for, nothing is counted.
  void Count(PlaceId place, size_t counter, uint64_t more) {
    if (place >= kPlacesMax) return;
    std::atomic<Chunk*>& chunk = chunks_[place / kChunkPlaces];
    Chunk* counters = chunk.load(std::memory_order_relaxed);
    if (counters == nullptr) {
      counters = new Chunk();
      chunk.store(counters, std::memory_order_release);
    }
    std::atomic<uint64_t>& counted = (*counters)[place % kChunkPlaces][counter];
    counted.store(counted.load(std::memory_order_relaxed) + more, std::memory_order_relaxed);
  }

  uint64_t Of(PlaceId place, size_t counter) const {
    if (place >= kPlacesMax) return 0;
    const Chunk* counters = chunks_[place / kChunkPlaces].load(std::memory_order_acquire);
    if (counters == nullptr) return 0;
    return (*counters)[place % kChunkPlaces][counter].load(std::memory_order_relaxed);
  }

 private:
  static constexpr size_t kChunkPlaces = 256;
  static constexpr size_t kChunks = 8'192;
  static constexpr size_t kPlacesMax = kChunkPlaces * kChunks;
  static_assert(kPlacesMax >= kIntegrationsMax * kTypesPerIntegrationMax);
  using Chunk = std::array<std::array<std::atomic<uint64_t>, kCounters>, kChunkPlaces>;

  std::array<std::atomic<Chunk*>, kChunks> chunks_{};
};

}  // namespace xref
