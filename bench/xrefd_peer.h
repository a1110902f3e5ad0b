#pragma once

#include <memory>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "bench/id_shapes.h"
#include "bench/peer.h"
#include "client/client.h"
#include "protocol/frame.h"

namespace xref::bench {

// The frame of a request, whose payload is the message.
template <typename Message>
std::string EncodeFrame(protocol::Opcode opcode, uint64_t request_id, const Message& message) {
  protocol::FrameHeader header;
  header.opcode = opcode;
  header.request_id = request_id;
  std::string frame;
  protocol::FrameWriter writer(frame, header);
  protocol::Encode(message, frame);
  writer.Close();
  return frame;
}

// Takes a reply that is OK from the front of what was received. Returns the size of the frame, or 0
// if it is not all there yet.
absl::StatusOr<size_t> TakeFrame(std::string_view received, protocol::Frame& frame);

// The same, and decodes its message.
template <typename Reply>
absl::StatusOr<size_t> TakeReply(std::string_view received, Reply& reply) {
  protocol::Frame frame;
  const auto taken = TakeFrame(received, frame);
  if (!taken.ok() || *taken == 0) return taken;
  if (const auto refusal = protocol::Decode(frame.payload, reply)) {
    return absl::InternalError(refusal->message);
  }
  return taken;
}

// A connection that has said HELLO. Here and below `tls` is null where none is spoken.
absl::StatusOr<std::unique_ptr<Connection>> OpenGreeted(const std::string& server,
                                                        const Channel::Tls& tls);

// A number that STATUS tells.
absl::StatusOr<uint64_t> StatusFact(Client& client, std::string_view name);

class XrefdPeer : public Peer {
 public:
  static absl::StatusOr<std::unique_ptr<XrefdPeer>> Connect(const std::string& server,
                                                            const Channel::Tls& tls = nullptr);

  absl::Status Make(const std::string& set) override;
  absl::Status Use(const std::string& set) override;
  absl::StatusOr<std::vector<std::string>> Lookup(const IdBatch& sources) override;
  std::string EncodeAdd(const IdBatch& sources, const IdBatch& targets) const override;
  absl::StatusOr<size_t> TakeAdded(std::string_view received, uint32_t items) const override;
  absl::StatusOr<size_t> TakeLoaded(std::string_view received) const override;
  std::string EncodeQuestion(const IdBatch& sources) const override;
  std::string EncodeAnswer(const IdBatch& sources,
                           std::span<const std::string> targets) const override;
  absl::StatusOr<size_t> TakeAnswer(std::string_view received,
                                    std::string_view answer) const override;
  Connection& connection() override { return *connection_; }
  absl::StatusOr<std::unique_ptr<Connection>> Open() const override {
    return OpenGreeted(server_, tls_);
  }

  // What questions ask: CHECK, or LOOKUP.
  void set_question(protocol::Opcode question) { question_ = question; }
  Client& client() { return *client_; }
  PlaceId place() const { return place_; }

 private:
  XrefdPeer(std::string server, Channel::Tls tls, std::unique_ptr<Client> client,
            std::unique_ptr<Connection> connection)
      : server_(std::move(server)),
        tls_(std::move(tls)),
        client_(std::move(client)),
        connection_(std::move(connection)) {}

  const std::string server_;
  const Channel::Tls tls_;
  const std::unique_ptr<Client> client_;
  const std::unique_ptr<Connection> connection_;
  PlaceId place_ = 0;
  protocol::Opcode question_ = protocol::Opcode::kCheck;
};

// Connects, makes a set of its own for each shape and size, so that what is held is known exactly,
// and loads what is missing of it.
absl::StatusOr<std::unique_ptr<XrefdPeer>> ConnectLoaded(const std::string& server,
                                                         const Channel::Tls& tls, Shape shape,
                                                         const std::string& shape_name,
                                                         uint64_t references);

}  // namespace xref::bench
