#pragma once

#include <concepts>
#include <cstdint>
#include <cstring>
#include <string>
#include <string_view>

namespace xref::fuzz {

// Bytes taken one after another; zeros once there are none left.
class FuzzBytes {
 public:
  explicit FuzzBytes(std::string_view bytes) : bytes_(bytes) {}

  bool empty() const { return bytes_.empty(); }
  size_t size() const { return bytes_.size(); }
  uint8_t Next() { return Number<uint8_t>(); }
  // Little-endian.
  template <std::unsigned_integral T>
  T Number() {
    T number{};
    const std::string_view taken = Take(sizeof(T));
    if (!taken.empty()) std::memcpy(&number, taken.data(), taken.size());
    return number;
  }
  // So many, or as many as there are.
  std::string_view Take(size_t size) {
    const std::string_view taken = bytes_.substr(0, size);
    bytes_.remove_prefix(taken.size());
    return taken;
  }
  std::string_view Rest() { return Take(bytes_.size()); }
  // Up to a byte, which is taken as well and left out, or to the end.
  std::string_view Until(char end) {
    const std::string_view taken = bytes_.substr(0, bytes_.find(end));
    bytes_.remove_prefix(taken.size() < bytes_.size() ? taken.size() + 1 : taken.size());
    return taken;
  }

 private:
  std::string_view bytes_;
};

}  // namespace xref::fuzz
