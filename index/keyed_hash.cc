#include "index/keyed_hash.h"

#include <cstring>
#include <random>

namespace xref {
namespace {

template <typename Random>
void Fill(unsigned char* bytes, size_t size, Random draw) {
  for (size_t i = 0; i < size; i += sizeof(uint32_t)) {
    const auto word = static_cast<uint32_t>(draw());
    std::memcpy(bytes + i, &word, sizeof word);
  }
}

}  // namespace

KeyedHash::KeyedHash() {
  std::random_device device;
  Fill(secret_, sizeof secret_, [&] { return device(); });
}

KeyedHash::KeyedHash(uint64_t seed) {
  std::mt19937_64 random(seed);
  Fill(secret_, sizeof secret_, [&] { return random(); });
}

}  // namespace xref
