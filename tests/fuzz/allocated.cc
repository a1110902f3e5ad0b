#include "tests/fuzz/allocated.h"

#include <gtest/gtest.h>

#include <cstdlib>
#include <new>

namespace {

thread_local size_t allocated = 0;

}  // namespace

// All other forms of new and delete come down to these.
void* operator new(size_t size) {
  allocated += size;
  if (void* const taken = std::malloc(size)) return taken;
  throw std::bad_alloc();
}
void operator delete(void* taken) noexcept { std::free(taken); }
void operator delete(void* taken, size_t) noexcept { std::free(taken); }

namespace xref::fuzz {

size_t BytesAllocated() { return allocated; }

AllocationBound::~AllocationBound() { EXPECT_LE(BytesAllocated() - before_, most_); }

}  // namespace xref::fuzz
