#pragma once

#include <absl/status/statusor.h>

#include <cstdint>
#include <span>
#include <string>
#include <string_view>
#include <vector>

namespace xref::bench {

// RESP, the protocol of Redis: pure functions on bytes.

struct RespReply {
  enum class Kind { kText, kError, kInteger, kNil, kArray };
  Kind kind{};
  std::string text;  // kText, kError
  int64_t integer = 0;
  std::vector<RespReply> items;  // kArray
};

void AppendCommand(std::span<const std::string_view> words, std::string& out);

// Takes one reply from the front of `received` and returns its size, or 0 if it is not all there
// yet.
absl::StatusOr<size_t> TakeReply(std::string_view received, RespReply& reply);

}  // namespace xref::bench
