#include "tests/raw_peer.h"

#include <arpa/inet.h>
#include <gtest/gtest.h>
#include <netinet/in.h>
#include <poll.h>
#include <sys/socket.h>
#include <unistd.h>

#include <cerrno>
#include <cstring>
#include <utility>

#include "tests/process.h"

namespace xref::test {

RawPeer::RawPeer(const std::string& address, int receive_buffer)
    : fd_(socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0)) {
  if (receive_buffer > 0) {
    setsockopt(fd_, SOL_SOCKET, SO_RCVBUF, &receive_buffer, sizeof receive_buffer);
  }
  const timeval deadline{.tv_sec = kDeadline.count(), .tv_usec = 0};
  setsockopt(fd_, SOL_SOCKET, SO_RCVTIMEO, &deadline, sizeof deadline);
  setsockopt(fd_, SOL_SOCKET, SO_SNDTIMEO, &deadline, sizeof deadline);
  const size_t colon = address.rfind(':');
  sockaddr_in to{};
  to.sin_family = AF_INET;
  to.sin_port = htons(static_cast<uint16_t>(std::stoi(address.substr(colon + 1))));
  inet_pton(AF_INET, address.substr(0, colon).c_str(), &to.sin_addr);
  if (connect(fd_, reinterpret_cast<const sockaddr*>(&to), sizeof to) != 0) {
    ADD_FAILURE() << "cannot connect to " << address << ": " << std::strerror(errno);
  }
}

RawPeer::~RawPeer() {
  if (fd_ >= 0) close(fd_);
}

bool RawPeer::Send(std::string_view bytes) {
  while (!bytes.empty()) {
    const ssize_t size = send(fd_, bytes.data(), bytes.size(), MSG_NOSIGNAL);
    if (size < 0 && errno == EINTR) continue;
    if (size < 0) return false;
    bytes.remove_prefix(static_cast<size_t>(size));
  }
  return true;
}

size_t RawPeer::SendUntilStalled(std::string_view bytes, size_t most) {
  // A machine that is only slow makes this stop early, which no test minds.
  constexpr int kStalledMs = 500;
  size_t sent = 0;
  pollfd writable{.fd = fd_, .events = POLLOUT, .revents = 0};
  while (sent < most && poll(&writable, 1, kStalledMs) == 1) {
    const std::string_view rest = bytes.substr(sent % bytes.size());
    const ssize_t size = send(fd_, rest.data(), rest.size(), MSG_NOSIGNAL | MSG_DONTWAIT);
    if (size < 0) break;
    sent += static_cast<size_t>(size);
  }
  return sent;
}

void RawPeer::FinishSending() { shutdown(fd_, SHUT_WR); }

void RawPeer::Reset() {
  const linger at_once{.l_onoff = 1, .l_linger = 0};
  setsockopt(fd_, SOL_SOCKET, SO_LINGER, &at_once, sizeof at_once);
  close(fd_);
  fd_ = -1;
}

bool RawPeer::Fill() {
  char piece[64 << 10];
  ssize_t size = 0;
  do {
    size = recv(fd_, piece, sizeof piece, 0);
  } while (size < 0 && errno == EINTR);
  if (size <= 0) return false;
  input_.append(piece, static_cast<size_t>(size));
  return true;
}

std::optional<RawPeer::Reply> RawPeer::Take(std::string& received) {
  const protocol::Bytes stream(reinterpret_cast<const uint8_t*>(received.data()), received.size());
  const auto result = protocol::ParseFrame(stream, protocol::kReplyBytesMax);
  if (const auto* parsed = std::get_if<protocol::Parsed>(&result)) {
    const auto& payload = parsed->frame.payload;
    Reply reply{parsed->frame.header,
                std::string(reinterpret_cast<const char*>(payload.data()), payload.size())};
    received.erase(0, parsed->consumed);
    return reply;
  }
  if (const auto* malformed = std::get_if<protocol::Malformed>(&result)) {
    ADD_FAILURE() << "the server sent no frame: " << malformed->message;
    received.clear();
  }
  return std::nullopt;
}

std::optional<RawPeer::Reply> RawPeer::Receive() {
  for (;;) {
    auto reply = Take(input_);
    if (reply || !Fill()) return reply;
  }
}

std::string RawPeer::ReceiveAll() {
  while (Fill()) continue;
  return std::exchange(input_, {});
}

std::string RawPeer::ReceiveBytes() {
  if (input_.empty()) Fill();
  return std::exchange(input_, {});
}

bool RawPeer::AwaitClose() {
  do {
    input_.clear();
    errno = 0;
  } while (Fill());
  return errno != EAGAIN && errno != EWOULDBLOCK;
}

void RawPeer::Greet() {
  Send(HelloFrame());
  const auto reply = Receive();
  ASSERT_TRUE(reply.has_value());
  ASSERT_EQ(reply->header.status, protocol::StatusCode::kOk);
}

std::string FrameWith(protocol::Opcode opcode, uint64_t request_id, std::string_view payload) {
  protocol::FrameHeader header;
  header.opcode = opcode;
  header.request_id = request_id;
  std::string frame;
  protocol::FrameWriter writer(frame, header);
  frame.append(payload);
  writer.Close();
  return frame;
}

std::string HelloFrame() {
  return FrameOf(protocol::Opcode::kHello, 1,
                 protocol::HelloRequest{.client = "raw peer", .token = {}});
}

protocol::Refusal RefusalOf(const RawPeer::Reply& reply) {
  return protocol::DecodeRefusal(
      reply.header.status, protocol::Bytes(reinterpret_cast<const uint8_t*>(reply.payload.data()),
                                           reply.payload.size()));
}

}  // namespace xref::test
