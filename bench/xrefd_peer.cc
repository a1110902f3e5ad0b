#include "bench/xrefd_peer.h"

#include <fmt/format.h>

#include <algorithm>

namespace xref::bench {
namespace {

constexpr std::string_view kActor = "xref-bench";

}  // namespace

absl::StatusOr<std::unique_ptr<Connection>> OpenGreeted(const std::string& server) {
  auto connection = Connection::Open(server);
  if (!connection.ok()) return connection;
  const std::string hello =
      EncodeFrame(protocol::Opcode::kHello, 0, protocol::HelloRequest{.client = kActor});
  const auto greeted = (*connection)
                           ->Exchange(
                               1, {}, [&](uint64_t) { return std::string_view(hello); },
                               [](uint64_t, std::string_view received) {
                                 protocol::HelloReply reply;
                                 protocol::FrameHeader header;
                                 return TakeFrame(received, reply, header);
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

absl::StatusOr<std::unique_ptr<XrefdPeer>> XrefdPeer::Connect(const std::string& server) {
  auto client = Client::Connect({.servers = {server}});
  if (!client.ok()) return client.status();
  auto connection = OpenGreeted(server);
  if (!connection.ok()) return connection.status();
  return std::unique_ptr<XrefdPeer>(new XrefdPeer(*std::move(client), *std::move(connection)));
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
  protocol::FrameHeader header;
  const auto taken = TakeFrame(received, reply, header);
  if (!taken.ok() || *taken == 0) return taken;
  const auto added = std::count_if(
      reply.outcomes.begin(), reply.outcomes.end(),
      [](const auto& outcome) { return outcome.verdict == protocol::Verdict::kDone; });
  if (added != items) {
    return absl::InternalError(fmt::format("of {} new references {} were added", items, added));
  }
  return taken;
}

}  // namespace xref::bench
