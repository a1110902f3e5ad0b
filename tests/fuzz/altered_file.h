#pragma once

#include <cstdint>
#include <string>

#include "tests/fuzz/fuzz_bytes.h"

namespace xref::fuzz {

// Alters a file's bytes as the input says: pieces of up to 8 bytes at any place, and sometimes its
// end is cut off. Small inputs so stand for whole files.
inline void Alter(FuzzBytes& input, std::string& file) {
  while (!input.empty() && !file.empty()) {
    const size_t at = (input.Number<uint16_t>() | size_t{input.Next()} << 16) % file.size();
    const uint8_t kind = input.Next();
    if (kind == 0xFF) {
      file.resize(at);
      continue;
    }
    const std::string_view piece = input.Take(1 + kind % 8).substr(0, file.size() - at);
    file.replace(at, piece.size(), piece);
  }
}

}  // namespace xref::fuzz
