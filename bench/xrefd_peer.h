#pragma once

#include <memory>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

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

// Takes a frame from the front of what was received and decodes the message of a reply that is OK.
// Returns the size of the frame, or 0 if it is not all there yet.
template <typename Reply>
absl::StatusOr<size_t> TakeFrame(std::string_view received, Reply& reply,
                                 protocol::FrameHeader& header) {
  const protocol::Bytes stream(reinterpret_cast<const uint8_t*>(received.data()), received.size());
  const auto result = protocol::ParseFrame(stream, protocol::kReplyBytesMax);
  if (std::holds_alternative<protocol::NeedMore>(result)) return 0;
  const auto* parsed = std::get_if<protocol::Parsed>(&result);
  if (parsed == nullptr) return absl::InternalError(std::get<protocol::Malformed>(result).message);
  header = parsed->frame.header;
  if (header.status != protocol::StatusCode::kOk) {
    return absl::InternalError(
        protocol::DecodeRefusal(header.status, parsed->frame.payload).message);
  }
  if (const auto refusal = protocol::Decode(parsed->frame.payload, reply)) {
    return absl::InternalError(refusal->message);
  }
  return parsed->consumed;
}

// A connection that has said HELLO.
absl::StatusOr<std::unique_ptr<Connection>> OpenGreeted(const std::string& server);

// A number that STATUS tells.
absl::StatusOr<uint64_t> StatusFact(Client& client, std::string_view name);

class XrefdPeer : public Peer {
 public:
  static absl::StatusOr<std::unique_ptr<XrefdPeer>> Connect(const std::string& server);

  absl::Status Make(const std::string& set) override;
  absl::Status Use(const std::string& set) override;
  absl::StatusOr<std::vector<std::string>> Lookup(const IdBatch& sources) override;
  std::string EncodeAdd(const IdBatch& sources, const IdBatch& targets) const override;
  absl::StatusOr<size_t> TakeAdded(std::string_view received, uint32_t items) const override;
  Connection& connection() override { return *connection_; }

  Client& client() { return *client_; }
  PlaceId place() const { return place_; }

 private:
  XrefdPeer(std::unique_ptr<Client> client, std::unique_ptr<Connection> connection)
      : client_(std::move(client)), connection_(std::move(connection)) {}

  const std::unique_ptr<Client> client_;
  const std::unique_ptr<Connection> connection_;
  PlaceId place_ = 0;
};

}  // namespace xref::bench
