#include "bench/memcached_peer.h"

#include <fmt/format.h>

#include <iterator>

namespace xref::bench {
namespace {

constexpr uint8_t kRequest = 0x80;
constexpr uint8_t kReply = 0x81;
enum BinaryOpcode : uint8_t { kGet = 0x00, kNoop = 0x0A, kGetKQ = 0x0D, kSetQ = 0x11 };
constexpr uint8_t kNotFound = 1;
constexpr std::string_view kNoFlags("\0\0\0\0", 4);
constexpr std::string_view kNoFlagsNoExpiry("\0\0\0\0\0\0\0\0", 8);

void AppendBinary(uint8_t magic, uint8_t opcode, uint8_t status, std::string_view extras,
                  std::string_view key, std::string_view value, std::string& out) {
  const auto body = static_cast<uint32_t>(extras.size() + key.size() + value.size());
  // Keys are IDs, so their length fits into one byte; opaque and CAS are 0.
  const uint8_t header[24] = {magic,
                              opcode,
                              0,
                              static_cast<uint8_t>(key.size()),
                              static_cast<uint8_t>(extras.size()),
                              0,
                              0,
                              status,
                              static_cast<uint8_t>(body >> 24),
                              static_cast<uint8_t>(body >> 16),
                              static_cast<uint8_t>(body >> 8),
                              static_cast<uint8_t>(body)};
  out.append(reinterpret_cast<const char*>(header), sizeof header);
  out.append(extras).append(key).append(value);
}

std::string Noop(uint8_t magic) {
  std::string noop;
  AppendBinary(magic, kNoop, 0, "", "", "", noop);
  return noop;
}

}  // namespace

absl::StatusOr<std::unique_ptr<MemcachedPeer>> MemcachedPeer::Connect(const std::string& server,
                                                                      MemcachedProtocol protocol) {
  auto connection = Connection::Open(server);
  if (!connection.ok()) return connection.status();
  return std::unique_ptr<MemcachedPeer>(
      new MemcachedPeer(server, protocol, *std::move(connection)));
}

absl::Status MemcachedPeer::Use(const std::string&) { return absl::OkStatus(); }

std::string MemcachedPeer::EncodeAdd(const IdBatch& sources, const IdBatch& targets) const {
  std::string request;
  IdCursor source(sources);
  IdCursor target(targets);
  for (uint32_t i = 0; i < sources.count; ++i) {
    const std::string_view key = source.Next();
    AppendBinary(kRequest, kSetQ, 0, kNoFlagsNoExpiry, key, target.Next(), request);
  }
  return request + Noop(kRequest);
}

absl::StatusOr<size_t> MemcachedPeer::TakeLoaded(std::string_view received) const {
  return TakeExactly(received, Noop(kReply));
}

std::string MemcachedPeer::EncodeQuestion(const IdBatch& sources) const {
  IdCursor source(sources);
  std::string request;
  if (protocol_ == MemcachedProtocol::kText) {
    request = "get";
    for (uint32_t i = 0; i < sources.count; ++i) request.append(" ").append(source.Next());
    return request + "\r\n";
  }
  if (sources.count == 1) {
    AppendBinary(kRequest, kGet, 0, "", source.Next(), "", request);
    return request;
  }
  for (uint32_t i = 0; i < sources.count; ++i) {
    AppendBinary(kRequest, kGetKQ, 0, "", source.Next(), "", request);
  }
  return request + Noop(kRequest);
}

std::string MemcachedPeer::EncodeAnswer(const IdBatch& sources,
                                        std::span<const std::string> targets) const {
  IdCursor source(sources);
  std::string answer;
  const bool is_single = sources.count == 1;
  for (const std::string& target : targets) {
    const std::string_view key = source.Next();
    if (protocol_ == MemcachedProtocol::kText) {
      if (target.empty()) continue;
      fmt::format_to(std::back_inserter(answer), "VALUE {} 0 {}\r\n{}\r\n", key, target.size(),
                     target);
    } else if (!target.empty()) {
      AppendBinary(kReply, is_single ? kGet : kGetKQ, 0, kNoFlags, is_single ? "" : key, target,
                   answer);
    } else if (is_single) {
      AppendBinary(kReply, kGet, kNotFound, "", "", "Not found", answer);
    }
  }
  if (protocol_ == MemcachedProtocol::kText) return answer + "END\r\n";
  return is_single ? answer : answer + Noop(kReply);
}

}  // namespace xref::bench
