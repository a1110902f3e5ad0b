#pragma once

// Numbers as parts of LMDB keys: big-endian, so that the order of bytes is the order of numbers.

#include <concepts>
#include <string>
#include <string_view>

namespace xref {

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

}  // namespace xref
