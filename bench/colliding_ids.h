#pragma once

#include <xxhash.h>

#include <cstdint>
#include <string>
#include <vector>

namespace xref {

// IDs of 13 digits, as somebody would choose them who wants them to meet in an index whose hash has
// no secret: the top bits of XXH3, which would choose their segment, are all 0. They are found by
// trying 2^`bits` for each. `bits` 0 are IDs as they come.
inline std::vector<std::string> CollidingIds(size_t count, uint32_t bits) {
  std::vector<std::string> ids;
  for (uint64_t number = 1'000'000'000'000; ids.size() < count; ++number) {
    char id[13];
    uint64_t rest = number;
    for (int i = 13; i-- > 0; rest /= 10) id[i] = static_cast<char>('0' + rest % 10);
    const uint64_t hash = XXH3_64bits(id, sizeof id);
    if (bits == 0 || hash >> (64 - bits) == 0) ids.emplace_back(id, sizeof id);
  }
  return ids;
}

}  // namespace xref
