#pragma once

// A peer that may say anything: bytes on a socket, without the client library's good manners.

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

#include "protocol/frame.h"
#include "protocol/messages.h"

namespace xref::test {

class RawPeer {
 public:
  // Connects to HOST:PORT. `receive_buffer` bytes is what the kernel holds for us unread; 0 leaves
  // it as it is.
  explicit RawPeer(const std::string& address, int receive_buffer = 0);
  ~RawPeer();
  RawPeer(const RawPeer&) = delete;
  RawPeer& operator=(const RawPeer&) = delete;

  // False once the server has closed, or when it takes nothing more until the deadline.
  bool Send(std::string_view bytes);
  // Sends again and again, until the server takes no more; how many bytes it took, `most` at most.
  size_t SendUntilStalled(std::string_view bytes, size_t most);
  void FinishSending();  // half-closes
  void Reset();          // closes so that the server sees a reset, with whatever is under way lost

  struct Reply {
    protocol::FrameHeader header;
    std::string payload;
  };
  // The next whole frame; nothing if the server closes first.
  std::optional<Reply> Receive();
  // All bytes that come until the server has closed, of whatever protocol.
  std::string ReceiveAll();
  // Takes the first frame out of what was received; nothing if it is not all there yet.
  static std::optional<Reply> Take(std::string& received);
  // Whatever comes next; empty if the server closes first.
  std::string ReceiveBytes();
  // Waits until the server has closed; false at the deadline. Drops what arrives before.
  bool AwaitClose();

  // Says HELLO and takes the answer.
  void Greet();

 private:
  bool Fill();

  int fd_;
  std::string input_;
};

// A whole frame, around bytes or around a message.
std::string FrameWith(protocol::Opcode opcode, uint64_t request_id, std::string_view payload);
template <typename Message>
std::string FrameOf(protocol::Opcode opcode, uint64_t request_id, const Message& message) {
  std::string payload;
  protocol::Encode(message, payload);
  return FrameWith(opcode, request_id, payload);
}
std::string HelloFrame();

// What a reply that is a refusal says.
protocol::Refusal RefusalOf(const RawPeer::Reply& reply);

}  // namespace xref::test
