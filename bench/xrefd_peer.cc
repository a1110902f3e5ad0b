#include "bench/xrefd_peer.h"

#include <fmt/format.h>

#include <algorithm>
#include <cstring>

namespace xref::bench {
namespace {

constexpr std::string_view kActor = "xref-bench";

}  // namespace

absl::StatusOr<size_t> TakeFrame(std::string_view received, protocol::Frame& frame) {
  const protocol::Bytes stream(reinterpret_cast<const uint8_t*>(received.data()), received.size());
  const auto result = protocol::ParseFrame(stream, protocol::kReplyBytesMax);
  if (std::holds_alternative<protocol::NeedMore>(result)) return 0;
  const auto* parsed = std::get_if<protocol::Parsed>(&result);
  if (parsed == nullptr) return absl::InternalError(std::get<protocol::Malformed>(result).message);
  frame = parsed->frame;
  if (frame.header.status != protocol::StatusCode::kOk) {
    return absl::InternalError(protocol::DecodeRefusal(frame.header.status, frame.payload).message);
  }
  return parsed->consumed;
}

absl::StatusOr<std::unique_ptr<Connection>> OpenGreeted(const std::string& server,
                                                        const Channel::Tls& tls) {
  auto connection = Connection::Open(server, tls);
  if (!connection.ok()) return connection;
  const std::string hello =
      EncodeFrame(protocol::Opcode::kHello, 0, protocol::HelloRequest{.client = kActor});
  const auto greeted = (*connection)
                           ->Exchange(
                               1, {}, [&](uint64_t) { return std::string_view(hello); },
                               [](uint64_t, std::string_view received) {
                                 protocol::HelloReply reply;
                                 return TakeReply(received, reply);
                               });
  if (!greeted.ok()) return greeted.status();
  return connection;
}

absl::StatusOr<uint64_t> StatusFact(Client& client, std::string_view name) {
  std::string payload;
  const auto status = client.Status(payload);
  if (!status.ok()) return status.status();
  const std::string value = status->Fact(name);
  if (!value.empty()) return std::stoull(value);
  return absl::InternalError(fmt::format("the server does not tell its {}", name));
}

absl::StatusOr<std::unique_ptr<XrefdPeer>> XrefdPeer::Connect(const std::string& server,
                                                              const Channel::Tls& tls) {
  auto client = Client::Connect({.servers = {server}, .tls = tls});
  if (!client.ok()) return client.status();
  auto connection = OpenGreeted(server, tls);
  if (!connection.ok()) return connection.status();
  return std::unique_ptr<XrefdPeer>(
      new XrefdPeer(server, tls, *std::move(client), *std::move(connection)));
}

absl::Status XrefdPeer::Make(const std::string& set) {
  const auto created = client_->CreateIntegration(
      {.name = set, .source_platform = "source", .target_platform = "target", .actor = kActor});
  return created.ok() ? Use(set) : created.status();
}

absl::Status XrefdPeer::Use(const std::string& set) {
  const auto place = client_->Resolve(set, "orders");
  if (!place.ok()) return place.status();
  place_ = *place;
  return absl::OkStatus();
}

absl::StatusOr<std::vector<std::string>> XrefdPeer::Lookup(const IdBatch& sources) {
  return client_->Lookup(place_, sources);
}

std::string XrefdPeer::EncodeAdd(const IdBatch& sources, const IdBatch& targets) const {
  return EncodeFrame(protocol::Opcode::kAdd, 0,
                     protocol::MutationRequest{.place = place_,
                                               .origin = Origin::kSync,
                                               .actor = kActor,
                                               .sources = sources,
                                               .targets = targets});
}

absl::StatusOr<size_t> XrefdPeer::TakeAdded(std::string_view received, uint32_t items) const {
  protocol::MutationReply reply;
  const auto taken = TakeReply(received, reply);
  if (!taken.ok() || *taken == 0) return taken;
  const auto added = std::count_if(
      reply.outcomes.begin(), reply.outcomes.end(),
      [](const auto& outcome) { return outcome.verdict == protocol::Verdict::kDone; });
  if (added != items) {
    return absl::InternalError(fmt::format("of {} new references {} were added", items, added));
  }
  return taken;
}

absl::StatusOr<size_t> XrefdPeer::TakeLoaded(std::string_view received) const {
  protocol::MutationReply reply;
  return TakeReply(received, reply);
}

std::string XrefdPeer::EncodeQuestion(const IdBatch& sources) const {
  return EncodeFrame(question_, 0, protocol::IdsRequest{.place = place_, .ids = sources});
}

std::string XrefdPeer::EncodeAnswer(const IdBatch& sources,
                                    std::span<const std::string> targets) const {
  std::string payload;
  if (question_ == protocol::Opcode::kLookup) {
    const std::vector<std::string_view> all(targets.begin(), targets.end());
    protocol::LookupReplyWriter(sources.count, payload).Append(all);
    return payload;
  }
  uint8_t* const bitmap = protocol::BeginCheckReply(sources.count, payload);
  for (size_t i = 0; i < targets.size(); ++i) {
    bitmap[i / 8] |= static_cast<uint8_t>(!targets[i].empty() << (i % 8));
  }
  return payload;
}

absl::StatusOr<size_t> XrefdPeer::TakeAnswer(std::string_view received,
                                             std::string_view answer) const {
  protocol::Frame frame;
  const auto taken = TakeFrame(received, frame);
  if (!taken.ok() || *taken == 0) return taken;
  if (frame.payload.size() != answer.size()) {
    return absl::InternalError(fmt::format("a wrong answer: {} bytes, and {} are right",
                                           frame.payload.size(), answer.size()));
  }
  if (std::memcmp(frame.payload.data(), answer.data(), answer.size()) != 0) {
    size_t at = 0;
    while (frame.payload[at] == static_cast<uint8_t>(answer[at])) ++at;
    return absl::InternalError(
        fmt::format("a wrong answer: byte {} is {:#04x}, and {:#04x} is right", at,
                    frame.payload[at], static_cast<uint8_t>(answer[at])));
  }
  return taken;
}

}  // namespace xref::bench
