#pragma once

// What a StateSum is made of. The hashes are known to everyone, unlike those that tables use: two
// daemons have to come to the same. They are in journals and on the wire, so whoever changes them
// must give CompareState a new kind.

#include <xxhash.h>

#include <cstdint>
#include <initializer_list>
#include <string_view>

namespace xref {

inline uint64_t HashOf(std::string_view text, uint64_t seed) {
  return XXH3_64bits_withSeed(text.data(), text.size(), seed);
}

inline uint64_t HashOf(std::initializer_list<uint64_t> numbers) {
  return XXH3_64bits(numbers.begin(), numbers.size() * sizeof(uint64_t));
}

// Of a reference within its place.
inline uint64_t HashOfReference(std::string_view source, std::string_view target) {
  return HashOf(target, HashOf(source, 0));
}

}  // namespace xref
