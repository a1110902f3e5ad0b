#include "tests/fuzz/allocated.h"

#include <gtest/gtest.h>

#include <cstdlib>
#include <new>

namespace {

thread_local size_t allocated = 0;

}  // namespace

// ThreadSanitizer has operators of its own, and allows no others: there nothing is counted.
#ifndef XREF_TEST_THREAD_SANITIZED

namespace {

void* Allocate(size_t size) {
  allocated += size;
  return std::malloc(size);
}

void* AllocateOrThrow(size_t size) {
  if (void* const taken = Allocate(size)) return taken;
  throw std::bad_alloc();
}

}  // namespace

// All forms but those for more than the usual alignment: a sanitizer has others in the place of
// those that are not here, and expects what they allocate to be freed by their like.
void* operator new(size_t size) { return AllocateOrThrow(size); }
void* operator new[](size_t size) { return AllocateOrThrow(size); }
void* operator new(size_t size, const std::nothrow_t&) noexcept { return Allocate(size); }
void* operator new[](size_t size, const std::nothrow_t&) noexcept { return Allocate(size); }
void operator delete(void* taken) noexcept { std::free(taken); }
void operator delete[](void* taken) noexcept { std::free(taken); }
void operator delete(void* taken, size_t) noexcept { std::free(taken); }
void operator delete[](void* taken, size_t) noexcept { std::free(taken); }
void operator delete(void* taken, const std::nothrow_t&) noexcept { std::free(taken); }
void operator delete[](void* taken, const std::nothrow_t&) noexcept { std::free(taken); }

#endif

namespace xref::fuzz {

size_t BytesAllocated() { return allocated; }

AllocationBound::~AllocationBound() { EXPECT_LE(BytesAllocated() - before_, most_); }

}  // namespace xref::fuzz
