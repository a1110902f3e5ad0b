#pragma once

// The parts of LMDB keys and values that the protocol has no words for.

#include <algorithm>
#include <concepts>
#include <cstdint>
#include <string>
#include <string_view>

#include "protocol/wire.h"

namespace xref {

// A number as a part of a key: big-endian, so that the order of bytes is the order of numbers.
template <std::unsigned_integral T>
void AppendBigEndian(T number, std::string& key) {
  for (int shift = 8 * (static_cast<int>(sizeof(T)) - 1); shift >= 0; shift -= 8) {
    key.push_back(static_cast<char>(number >> shift));
  }
}

// `key` must hold at least sizeof(T) bytes.
template <std::unsigned_integral T>
T ReadBigEndian(std::string_view key) {
  T number = 0;
  for (size_t i = 0; i < sizeof(T); ++i) {
    number = static_cast<T>(number << 8 | static_cast<unsigned char>(key[i]));
  }
  return number;
}

// How many bytes two keys have in common.
inline size_t SharedBytes(std::string_view a, std::string_view b) {
  return static_cast<size_t>(std::mismatch(a.begin(), a.end(), b.begin(), b.end()).first -
                             a.begin());
}

// A value of at most this size shares its page with three others. For what is kept in blocks.
inline constexpr size_t kPackedValueBytes = 960;

// A number in as few bytes as it needs: seven bits each, the lowest first, the highest bit set in
// all but the last.
inline void PutVarint(uint64_t number, protocol::Writer& writer) {
  for (; number >= 0x80; number >>= 7) writer.U8(static_cast<uint8_t>(number | 0x80));
  writer.U8(static_cast<uint8_t>(number));
}

inline uint64_t TakeVarint(protocol::Reader& reader) {
  uint64_t number = 0;
  for (int shift = 0; shift < 64; shift += 7) {
    const uint8_t byte = reader.U8();
    number |= uint64_t{byte & 0x7FU} << shift;
    if (byte < 0x80) break;
  }
  return number;
}

}  // namespace xref
