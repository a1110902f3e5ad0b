#pragma once

#include <cstddef>

namespace xref::fuzz {

// Bytes that this thread has asked for by `new` since it began, those that it gave back included.
size_t BytesAllocated();

// Expects of a decoder that what it asks for, in the life of this object, is in proportion to what
// it was given: a count or a length that the input does not make good must cost nothing.
class AllocationBound {
 public:
  // `multiple` covers the largest item that a few bytes of input stand for, and a vector's growing.
  AllocationBound(size_t input_bytes, size_t multiple)
      : most_(input_bytes * multiple + kFixedBytes), before_(BytesAllocated()) {}
  ~AllocationBound();
  AllocationBound(const AllocationBound&) = delete;
  AllocationBound& operator=(const AllocationBound&) = delete;

 private:
  // For the texts of refusals.
  static constexpr size_t kFixedBytes = 2048;

  const size_t most_;
  const size_t before_;
};

}  // namespace xref::fuzz
