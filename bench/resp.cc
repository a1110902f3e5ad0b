#include "bench/resp.h"

#include <absl/status/status.h>
#include <fmt/format.h>

#include <charconv>
#include <iterator>

namespace xref::bench {
namespace {

constexpr std::string_view kLineEnd = "\r\n";

}  // namespace

void AppendCommand(std::span<const std::string_view> words, std::string& out) {
  fmt::format_to(std::back_inserter(out), "*{}\r\n", words.size());
  for (const std::string_view word : words) {
    fmt::format_to(std::back_inserter(out), "${}\r\n{}\r\n", word.size(), word);
  }
}

absl::StatusOr<size_t> TakeReply(std::string_view received, RespReply& reply) {
  const size_t line_end = received.find(kLineEnd);
  if (line_end == std::string_view::npos) return 0;
  const std::string_view line = received.substr(1, line_end - 1);
  size_t taken = line_end + kLineEnd.size();
  reply = {};
  if (received[0] == '+' || received[0] == '-') {
    reply.kind = received[0] == '+' ? RespReply::Kind::kText : RespReply::Kind::kError;
    reply.text = line;
    return taken;
  }
  const char* const end = line.data() + line.size();
  if (std::from_chars(line.data(), end, reply.integer) != std::from_chars_result{end, {}}) {
    return absl::InternalError(fmt::format("\"{}\" is no number in a reply of Redis", line));
  }
  switch (received[0]) {
    case ':':
      reply.kind = RespReply::Kind::kInteger;
      return taken;
    case '$': {
      if (reply.integer < 0) {
        reply.kind = RespReply::Kind::kNil;
        return taken;
      }
      const auto size = static_cast<size_t>(reply.integer);
      if (received.size() < taken + size + kLineEnd.size()) return 0;
      reply.kind = RespReply::Kind::kText;
      reply.text = received.substr(taken, size);
      return taken + size + kLineEnd.size();
    }
    case '*':
      reply.kind = RespReply::Kind::kArray;
      for (int64_t i = 0; i < reply.integer; ++i) {
        const auto item = TakeReply(received.substr(taken), reply.items.emplace_back());
        if (!item.ok() || *item == 0) return item;
        taken += *item;
      }
      return taken;
  }
  return absl::InternalError(fmt::format("a reply of Redis begins with \"{}\"", received[0]));
}

}  // namespace xref::bench
