#include "client/channel.h"

#include <fmt/format.h>

#include <algorithm>
#include <boost/asio/connect.hpp>
#include <boost/asio/ssl/error.hpp>
#include <boost/asio/ssl/stream.hpp>
#include <boost/asio/write.hpp>
#include <cstring>
#include <variant>

#include "tls/client_context.h"
#include "tls/failures.h"

namespace xref {

namespace asio = boost::asio;
using asio::ip::tcp;
using std::chrono::steady_clock;

namespace {

constexpr size_t kReadBytes = 256 << 10;

}  // namespace

struct Channel::Secure {
  asio::ssl::stream<tcp::socket&> stream;
};

Channel::Channel(std::string server, Tls tls)
    : socket_(io_), server_(std::move(server)), tls_(std::move(tls)) {}

Channel::~Channel() = default;

template <typename Use>
void Channel::WithStream(Use use) {
  if (secure_) {
    use(secure_->stream);
  } else {
    use(socket_);
  }
}

absl::StatusOr<std::unique_ptr<Channel>> Channel::Open(const std::string& server,
                                                       std::chrono::milliseconds timeout, Tls tls) {
  const size_t colon = server.rfind(':');
  if (colon == std::string::npos || colon + 1 == server.size()) {
    return absl::InvalidArgumentError(
        fmt::format("server \"{}\": this is not HOST:PORT, such as 127.0.0.1:7411", server));
  }
  std::string host = server.substr(0, colon);
  if (host.size() > 2 && host.front() == '[' && host.back() == ']') {
    host = host.substr(1, host.size() - 2);
  }
  std::unique_ptr<Channel> channel(new Channel(server, std::move(tls)));
  boost::system::error_code error;
  tcp::resolver resolver(channel->io_);
  const auto addresses = resolver.resolve(host, server.substr(colon + 1), error);
  if (error) return channel->Gone(error);
  const auto deadline = steady_clock::now() + timeout;
  asio::async_connect(
      channel->socket_, addresses,
      [&](boost::system::error_code result, const tcp::endpoint&) { error = result; });
  channel->Await(deadline, error);
  if (error) return channel->Gone(error);
  channel->socket_.set_option(tcp::no_delay(true), error);
  if (!channel->tls_) return channel;

  channel->secure_.reset(new Secure{{channel->socket_, *channel->tls_->current()}});
  channel->tls_->Expect(channel->secure_->stream.native_handle(), host);
  channel->secure_->stream.async_handshake(
      asio::ssl::stream_base::client, [&](boost::system::error_code result) { error = result; });
  channel->Await(deadline, error);
  if (error) return channel->Gone(error);
  return channel;
}

void Channel::Await(steady_clock::time_point deadline, boost::system::error_code& error) {
  error = asio::error::timed_out;
  io_.restart();
  io_.run_until(deadline);
  if (!error) return;
  // The handler refers to frames of callers: let it run before they are left.
  const auto why = error;
  boost::system::error_code ignored;
  socket_.close(ignored);
  io_.restart();
  io_.run();
  error = why;
}

absl::Status Channel::Gone(const boost::system::error_code& error) {
  if (const unsigned long reason = SslErrorOf(error); reason != 0) {
    return absl::UnavailableError(
        fmt::format("no TLS with the server {}: {}", server_,
                    tls_->Explain(secure_->stream.native_handle(), reason)));
  }
  const bool closed = error == asio::ssl::error::stream_truncated || error == asio::error::eof ||
                      error == asio::error::connection_reset || error == asio::error::broken_pipe;
  return absl::UnavailableError(
      closed ? fmt::format("the server {} closed the connection", server_)
             : fmt::format("the server {} cannot be reached: {}; is xrefd running there?", server_,
                           error.message()));
}

absl::Status Channel::Send(std::string_view frames) {
  if (error_) return Gone(error_);
  queued_.append(frames);
  StartWrite();
  io_.restart();
  io_.poll();
  return absl::OkStatus();
}

void Channel::StartWrite() {
  if (!sending_.empty() || queued_.empty()) return;
  sending_.swap(queued_);
  WithStream([this](auto& stream) {
    asio::async_write(stream, asio::buffer(sending_),
                      [this](boost::system::error_code error, size_t) {
                        // A write fails before all replies are read: the read side says when it is
                        // over.
                        sending_.clear();
                        if (error) {
                          queued_.clear();
                        } else {
                          StartWrite();
                        }
                      });
  });
}

void Channel::StartRead() {
  if (reading_) return;
  reading_ = true;
  WithStream([this](auto& stream) {
    stream.async_read_some(asio::buffer(input_.data() + end_, input_.size() - end_),
                           [this](boost::system::error_code error, size_t size) {
                             reading_ = false;
                             end_ += size;
                             if (error) error_ = error;
                           });
  });
}

absl::StatusOr<protocol::Frame> Channel::Receive(std::chrono::milliseconds timeout) {
  auto deadline = steady_clock::now() + timeout;
  for (;;) {
    size_t needed = protocol::kHeaderBytes;
    if (!reading_) {
      const auto result =
          protocol::ParseFrame({input_.data() + begin_, end_ - begin_}, protocol::kReplyBytesMax);
      if (const auto* parsed = std::get_if<protocol::Parsed>(&result)) {
        begin_ += parsed->consumed;
        protocol::Frame frame = parsed->frame;
        if (protocol::TakeMark(frame, mark_)) return frame;
        return absl::InternalError(fmt::format(
            "the server {} sent the reply of a standby that does not say how old it is", server_));
      }
      if (const auto* malformed = std::get_if<protocol::Malformed>(&result)) {
        return absl::InternalError(fmt::format("the server {} sent something else than a reply: {}",
                                               server_, malformed->message));
      }
      needed = std::get<protocol::NeedMore>(result).bytes;
      if (error_) return Gone(error_);
      if (end_ > begin_) std::memmove(input_.data(), input_.data() + begin_, end_ - begin_);
      end_ -= begin_;
      begin_ = 0;
      input_.resize(std::max({input_.size(), needed, kReadBytes}));
      StartRead();
    }
    const size_t had = end_;
    io_.restart();
    while (reading_) {
      if (io_.run_one_until(deadline) == 0) {
        return absl::DeadlineExceededError(
            fmt::format("the server {} did not answer within {} s", server_,
                        std::chrono::duration_cast<std::chrono::seconds>(timeout).count()));
      }
    }
    if (end_ > had) deadline = steady_clock::now() + timeout;
  }
}

}  // namespace xref
