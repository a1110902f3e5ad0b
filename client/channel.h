#pragma once

#include <absl/status/status.h>
#include <absl/status/statusor.h>

#include <boost/asio/io_context.hpp>
#include <boost/asio/ip/tcp.hpp>
#include <chrono>
#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "protocol/frame.h"

namespace xref {

// Frames to and from one server. Sending never waits for the server to read, so that two sides that
// both send a lot cannot block one another. Thread-compatible.
class Channel {
 public:
  // Connects to HOST:PORT. Unavailable names the address and the reason.
  static absl::StatusOr<std::unique_ptr<Channel>> Open(const std::string& server,
                                                       std::chrono::milliseconds timeout);

  // Queues bytes (whole frames); they travel while Receive waits, or now if the server takes them.
  absl::Status Send(std::string_view frames);

  // Waits for the next frame, and takes a standby's mark out of it. It is valid until the next call
  // of Receive. DeadlineExceeded after `timeout` without a byte; Unavailable when the server has
  // gone. After either, and after a frame that cannot be understood (Internal), the channel is of
  // no use any more.
  absl::StatusOr<protocol::Frame> Receive(std::chrono::milliseconds timeout);
  // Of the frame that was received last; nothing where it is not from a standby.
  const std::optional<protocol::StandbyMark>& mark() const { return mark_; }

  const std::string& server() const { return server_; }

 private:
  explicit Channel(std::string server) : socket_(io_), server_(std::move(server)) {}

  void StartRead();
  void StartWrite();
  absl::Status Gone(const boost::system::error_code& error) const;

  boost::asio::io_context io_{1};
  boost::asio::ip::tcp::socket socket_;
  const std::string server_;
  boost::system::error_code error_;  // the first that happened

  // Bytes [begin_, end_) are received and not handed out yet.
  std::vector<uint8_t> input_;
  size_t begin_ = 0;
  size_t end_ = 0;
  bool reading_ = false;
  std::optional<protocol::StandbyMark> mark_;
  std::string queued_;   // to be sent next
  std::string sending_;  // on its way
};

}  // namespace xref
