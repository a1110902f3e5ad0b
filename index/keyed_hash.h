#pragma once

#include <xxhash.h>

#include <cstddef>
#include <cstdint>
#include <string_view>

namespace xref {

// The hash of an ID, keyed with a secret so that nobody outside the process can choose IDs that
// collide. 32 bits are all that the index keeps of it: the top bits choose a segment, those below
// them a line in it, and the low 16 are the tag in that line (the ranges may overlap).
//
// Thread-safe: immutable after construction. Neither the secret nor a hash may leave the process.
class KeyedHash {
 public:
  // Draws the secret from the system's source of randomness.
  KeyedHash();
  // A fixed secret, for tests that want the same layout in every run.
  explicit KeyedHash(uint64_t seed);

  // Never 0 in the low 16 bits: a tag of 0 marks an empty slot.
  uint32_t operator()(std::string_view id) const {
    const auto hash = static_cast<uint32_t>(
        XXH3_64bits_withSecret(id.data(), id.size(), secret_, sizeof secret_) >> 32);
    return hash | static_cast<uint32_t>((hash & 0xFFFF) == 0);
  }

 private:
  static constexpr size_t kSecretBytes = 192;
  static_assert(kSecretBytes >= XXH3_SECRET_SIZE_MIN, "XXH3 demands it");

  alignas(64) unsigned char secret_[kSecretBytes];
};

}  // namespace xref
