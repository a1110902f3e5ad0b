#pragma once

#include <absl/container/btree_map.h>

#include <atomic>
#include <bitset>
#include <cstddef>
#include <cstdint>
#include <mutex>
#include <vector>

namespace xref {

// Memory for the index: runs of 4 KiB pages, cut from 2 MiB regions that the system is asked to
// back with one huge page each, so that a random access seldom misses the TLB. Pieces smaller than
// a page come from operator new, so that small entity types cost what they use.
//
// Runs come from the lowest region with room, so that memory given back gathers in whole regions,
// which return to the system.
//
// Thread-safe.
class PageHeap {
 public:
  static constexpr size_t kPageBytes = size_t{4} << 10;
  static constexpr size_t kRegionBytes = size_t{2} << 20;

  PageHeap() = default;
  PageHeap(const PageHeap&) = delete;
  PageHeap& operator=(const PageHeap&) = delete;
  // Everything allocated must have been freed.
  ~PageHeap();

  // What a request for `bytes` really takes: use it all.
  static constexpr size_t RoundUp(size_t bytes) {
    const size_t unit = bytes < kPageBytes ? 64 : kPageBytes;
    return (bytes + unit - 1) / unit * unit;
  }

  // `bytes` is as RoundUp returns it and at most kRegionBytes. The memory is aligned to 64 bytes
  // and holds anything. Throws std::bad_alloc if the system has no more.
  [[nodiscard]] void* Allocate(size_t bytes);
  // `bytes` as in Allocate.
  void Free(void* memory, size_t bytes);

  // Has `regions` regions lie ready, so that the next allocations need not wait until the system
  // has found and cleared a huge page: 0.2 ms, on a virtual machine whose host has to find it first
  // 5 ms. Call it where nobody waits. Does nothing as long as no region has been needed.
  void Prepare(size_t regions);

  // Bytes taken from the system, free pages in regions included.
  uint64_t bytes_reserved() const { return bytes_reserved_.load(std::memory_order_relaxed); }

 private:
  static constexpr size_t kPages = kRegionBytes / kPageBytes;

  struct Region {
    std::bitset<kPages> taken;
    size_t longest_run = kPages;  // no run of free pages is longer
  };
  using Regions = absl::btree_map<char*, Region>;

  static void* Take(char* base, Region& region, size_t first, size_t pages);
  char* MapRegion();
  void UnmapRegion(char* base);
  // Under mutex_:
  void AddRegion();
  void DropRegion(Regions::iterator region);
  void Count(int64_t bytes) {
    bytes_reserved_.fetch_add(static_cast<uint64_t>(bytes), std::memory_order_relaxed);
  }

  std::atomic<uint64_t> bytes_reserved_ = 0;
  std::atomic<bool> regions_needed_ = false;

  std::mutex mutex_;
  // Guarded by mutex_:
  Regions regions_;
  size_t spare_regions_ = 0;     // regions with no page taken
  std::vector<char*> prepared_;  // regions not in use yet
};

// What one owner has taken from a PageHeap. Thread-compatible; outlives what it allocates.
class HeapAccount {
 public:
  explicit HeapAccount(PageHeap& heap) : heap_(heap) {}
  HeapAccount(const HeapAccount&) = delete;
  HeapAccount& operator=(const HeapAccount&) = delete;

  // As in PageHeap.
  [[nodiscard]] void* Allocate(size_t bytes) {
    bytes_reserved_ += bytes;
    return heap_.Allocate(bytes);
  }
  void Free(void* memory, size_t bytes) {
    bytes_reserved_ -= bytes;
    heap_.Free(memory, bytes);
  }

  uint64_t bytes_reserved() const { return bytes_reserved_; }

 private:
  PageHeap& heap_;
  uint64_t bytes_reserved_ = 0;
};

}  // namespace xref
