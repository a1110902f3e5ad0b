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

class TlsClientContext;

// Frames to and from one server. Sending never waits for the server to read, so that two sides that
// both send a lot cannot block one another. Thread-compatible.
class Channel {
 public:
  // What TLS is spoken with; null where none is.
  using Tls = std::shared_ptr<const TlsClientContext>;

  // Connects to HOST:PORT. Unavailable names the address and the reason, which may be that the
  // server cannot be trusted, or does not trust us.
  static absl::StatusOr<std::unique_ptr<Channel>> Open(const std::string& server,
                                                       std::chrono::milliseconds timeout,
                                                       Tls tls = nullptr);

  ~Channel();

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
  // A stream of TLS over the socket.
  struct Secure;

  Channel(std::string server, Tls tls);

  // Waits for what was begun, until the deadline; then what came of it is in `error`, which says
  // so if that was not done in time.
  void Await(std::chrono::steady_clock::time_point deadline, boost::system::error_code& error);
  // Calls `use` with what bytes are read from and written to.
  template <typename Use>
  void WithStream(Use use);
  void StartRead();
  void StartWrite();
  absl::Status Gone(const boost::system::error_code& error);

  boost::asio::io_context io_{1};
  boost::asio::ip::tcp::socket socket_;
  const std::string server_;
  const Tls tls_;
  std::unique_ptr<Secure> secure_;   // null without TLS
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
