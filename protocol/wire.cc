#include "protocol/wire.h"

#include <algorithm>
#include <limits>

namespace xref::protocol {

Bytes Reader::Raw(size_t size) {
  if (size > bytes_.size()) {
    ok_ = false;
    bytes_ = {};
    return {};
  }
  const Bytes raw = bytes_.first(size);
  bytes_ = bytes_.subspan(size);
  return raw;
}

IdBatch Reader::Lengths(uint32_t count) {
  // More would have lengths whose sum does not fit.
  constexpr size_t kCountMax = std::numeric_limits<uint32_t>::max() / kIdBytesMax;
  const Bytes lengths = Raw(count <= kCountMax ? count : std::numeric_limits<size_t>::max());
  uint32_t sum = 0;
  for (const uint8_t length : lengths) sum += length;
  return {lengths.data(), nullptr, static_cast<uint32_t>(lengths.size()), sum};
}

std::string_view Reader::Text(size_t size) {
  const Bytes raw = Raw(size);
  return {reinterpret_cast<const char*>(raw.data()), raw.size()};
}

void Writer::Text8(std::string_view text) {
  text = text.substr(0, std::numeric_limits<uint8_t>::max());
  U8(static_cast<uint8_t>(text.size()));
  out_.append(text);
}

void Writer::Text16(std::string_view text) {
  text = text.substr(0, std::numeric_limits<uint16_t>::max());
  U16(static_cast<uint16_t>(text.size()));
  out_.append(text);
}

}  // namespace xref::protocol
