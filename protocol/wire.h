#pragma once

// Reading and writing the protocol's primitive values. Integers are little-endian; a text is its
// length (one or two bytes) and its bytes. README.md beside this file is the specification.

#include <cstdint>
#include <cstring>
#include <span>
#include <string>
#include <string_view>
#include <type_traits>

#include "index/vocabulary.h"

namespace xref::protocol {

static_assert(__BYTE_ORDER__ == __ORDER_LITTLE_ENDIAN__, "values are copied as they lie in memory");

using Bytes = std::span<const uint8_t>;

// Reads values from the front of borrowed bytes. After a read past the end, ok() is false and every
// further read gives zeros and empty views; so a message is read whole and ok() is asked once.
class Reader {
 public:
  explicit Reader(Bytes bytes) : bytes_(bytes) {}

  uint8_t U8() { return Fixed<uint8_t>(); }
  uint16_t U16() { return Fixed<uint16_t>(); }
  uint32_t U32() { return Fixed<uint32_t>(); }
  uint64_t U64() { return Fixed<uint64_t>(); }
  std::string_view Text8() { return Text(U8()); }
  std::string_view Text16() { return Text(U16()); }
  StateSum Sum() { return {U64(), U64(), U64(), U64()}; }
  Bytes Raw(size_t size);
  std::string_view Text(size_t size);
  // The lengths of `count` IDs, one byte each. The IDs' bytes stand where the message puts them:
  // take them with IdBytes when they are next.
  IdBatch Lengths(uint32_t count);
  void IdBytes(IdBatch& ids) { ids.bytes = Text(ids.bytes_size).data(); }

  bool ok() const { return ok_; }
  size_t left() const { return bytes_.size(); }

 private:
  template <typename T>
  T Fixed() {
    T value{};
    const Bytes raw = Raw(sizeof(T));
    if (!raw.empty()) std::memcpy(&value, raw.data(), sizeof(T));
    return value;
  }

  Bytes bytes_;
  bool ok_ = true;
};

// Appends values to a buffer that the caller owns.
class Writer {
 public:
  explicit Writer(std::string& out) : out_(out) {}

  void U8(uint8_t value) { out_.push_back(static_cast<char>(value)); }
  void U16(uint16_t value) { Fixed(value); }
  void U32(uint32_t value) { Fixed(value); }
  void U64(uint64_t value) { Fixed(value); }
  // Texts that are too long for their length field are cut: senders check their limits first.
  void Text8(std::string_view text);
  void Text16(std::string_view text);
  void Sum(const StateSum& sum) {
    for (const uint64_t part : {sum.catalog, sum.references, sum.claims, sum.ignored}) U64(part);
  }
  // The lengths of all IDs, one byte each; then the bytes of all IDs.
  void Lengths(const IdBatch& ids) { Raw(ids.lengths, ids.count); }
  void IdBytes(const IdBatch& ids) { Raw(ids.bytes, ids.bytes_size); }
  void Raw(const void* bytes, size_t size) { out_.append(static_cast<const char*>(bytes), size); }

 private:
  template <typename T>
  void Fixed(T value) {
    static_assert(std::is_unsigned_v<T>);
    Raw(&value, sizeof(T));
  }

  std::string& out_;
};

}  // namespace xref::protocol
