#include "index/page_heap.h"

#include <sys/mman.h>

#include <algorithm>
#include <cassert>
#include <new>

namespace xref {
namespace {

constexpr std::align_val_t kSmallAlignment{64};

// The first of `count` free pages in a row, or the number of pages if there are none.
template <size_t kPages>
size_t FindRun(const std::bitset<kPages>& taken, size_t count) {
  size_t run = 0;
  for (size_t page = 0; page < kPages; ++page) {
    run = taken[page] ? 0 : run + 1;
    if (run == count) return page + 1 - count;
  }
  return kPages;
}

char* MapAligned(size_t bytes) {
  // Twice the size surely holds an aligned part; the rest goes back.
  void* mapped = mmap(nullptr, 2 * bytes, PROT_READ | PROT_WRITE,
                      MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0);
  if (mapped == MAP_FAILED) throw std::bad_alloc();
  char* begin = static_cast<char*>(mapped);
  const size_t head = -reinterpret_cast<uintptr_t>(begin) % bytes;
  if (head > 0) munmap(begin, head);
  munmap(begin + head + bytes, bytes - head);
  // Advice only: without huge pages everything works, slower.
  madvise(begin + head, bytes, MADV_HUGEPAGE);
  return begin + head;
}

}  // namespace

PageHeap::~PageHeap() {
  while (!regions_.empty()) {
    assert(regions_.begin()->second.taken.none());
    DropRegion(regions_.begin());
  }
  for (char* base : prepared_) UnmapRegion(base);
}

void* PageHeap::Allocate(size_t bytes) {
  assert(bytes == RoundUp(bytes) && bytes <= kRegionBytes);
  if (bytes < kPageBytes) {
    Count(static_cast<int64_t>(bytes));
    return ::operator new(bytes, kSmallAlignment);
  }
  const size_t pages = bytes / kPageBytes;
  const std::lock_guard lock(mutex_);
  for (auto& [base, region] : regions_) {
    // Spare regions come last.
    if (region.taken.none() || region.longest_run < pages) continue;
    const size_t first = FindRun(region.taken, pages);
    if (first < kPages) return Take(base, region, first, pages);
    region.longest_run = pages - 1;
  }
  if (spare_regions_ == 0) AddRegion();
  const auto spare = std::find_if(regions_.begin(), regions_.end(),
                                  [](const auto& region) { return region.second.taken.none(); });
  --spare_regions_;
  return Take(spare->first, spare->second, 0, pages);
}

void* PageHeap::Take(char* base, Region& region, size_t first, size_t pages) {
  for (size_t page = first; page < first + pages; ++page) region.taken.set(page);
  return base + first * kPageBytes;
}

void PageHeap::Free(void* memory, size_t bytes) {
  if (bytes < kPageBytes) {
    Count(-static_cast<int64_t>(bytes));
    ::operator delete(memory, kSmallAlignment);
    return;
  }
  char* at = static_cast<char*>(memory);
  const std::lock_guard lock(mutex_);
  const auto region = regions_.find(at - reinterpret_cast<uintptr_t>(at) % kRegionBytes);
  const size_t first = static_cast<size_t>(at - region->first) / kPageBytes;
  for (size_t page = first; page < first + bytes / kPageBytes; ++page) {
    region->second.taken.reset(page);
  }
  region->second.longest_run = kPages;
  if (region->second.taken.none()) {
    // One spare stays, so that a run allocated and freed in turn does not map and unmap.
    if (++spare_regions_ > 1) DropRegion(region);
  }
}

void PageHeap::Prepare(size_t regions) {
  if (!regions_needed_.load(std::memory_order_relaxed)) return;
  for (;;) {
    {
      const std::lock_guard lock(mutex_);
      if (prepared_.size() >= regions) return;
    }
    char* base = MapRegion();
    const std::lock_guard lock(mutex_);
    prepared_.push_back(base);
  }
}

char* PageHeap::MapRegion() {
  char* base = MapAligned(kRegionBytes);
  base[0] = 0;  // has the system find the memory now
  Count(kRegionBytes);
  return base;
}

void PageHeap::UnmapRegion(char* base) {
  munmap(base, kRegionBytes);
  Count(-static_cast<int64_t>(kRegionBytes));
}

void PageHeap::AddRegion() {
  regions_needed_.store(true, std::memory_order_relaxed);
  char* base = nullptr;
  if (!prepared_.empty()) {
    base = prepared_.back();
    prepared_.pop_back();
  }
  regions_.emplace(base != nullptr ? base : MapRegion(), Region());
  ++spare_regions_;
}

void PageHeap::DropRegion(Regions::iterator region) {
  UnmapRegion(region->first);
  regions_.erase(region);
  --spare_regions_;
}

}  // namespace xref
