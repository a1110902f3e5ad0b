#pragma once

#include <absl/functional/function_ref.h>
#include <absl/status/status.h>
#include <absl/status/statusor.h>

#include <chrono>
#include <cstdint>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "client/channel.h"

namespace xref {
class TlsFilter;
}

namespace xref::bench {

using Clock = std::chrono::steady_clock;

constexpr Clock::duration kNoEnd = Clock::duration::max();

// How requests follow one another.
struct Pace {
  uint32_t in_flight = 1;          // at most this many are not answered yet
  double requests_per_second = 0;  // when each is due, whatever became of those before; 0: at once
  Clock::duration time = kNoEnd;   // after that none is sent any more
};

struct Timing {
  Clock::time_point begun;
  double seconds = 0;
  // Of each request, from when it was sent, or where there is a rate, from when it was due: a
  // server that holds up a request has held up those that wait behind it.
  std::vector<double> latency_ms;
};

// One connection, on which a benchmark sends requests that it has encoded itself and takes in
// replies in their order. One thread, and no clock coarser than the kernel's: what the client
// library's event loop adds to a latency would be seen here. Thread-compatible.
class Connection {
 public:
  // Connects to HOST:PORT, and speaks TLS unless `tls` is null. Unavailable if nobody listens
  // there.
  static absl::StatusOr<std::unique_ptr<Connection>> Open(const std::string& server,
                                                          const Channel::Tls& tls = nullptr);
  ~Connection();
  Connection(const Connection&) = delete;
  Connection& operator=(const Connection&) = delete;

  // Whether the server is on this machine.
  bool IsLocal() const;

  // The bytes of request i; they are copied before the call after it.
  using Request = absl::FunctionRef<std::string_view(uint64_t i)>;
  // Takes the reply to request i from the front of what was received and returns its size, or 0 if
  // it is not all there yet. An error ends the exchange.
  using TakeReply =
      absl::FunctionRef<absl::StatusOr<size_t>(uint64_t i, std::string_view received)>;

  // Sends requests 0 to `count` - 1, or as many as there is time for, and takes in all replies.
  // After an error the connection is of no use any more, unless the error is TakeReply's and it was
  // the only request.
  absl::StatusOr<Timing> Exchange(uint64_t count, const Pace& pace, Request request,
                                  TakeReply take_reply);

 private:
  explicit Connection(int fd);

  absl::Status ShakeHands(const TlsClientContext& tls, const std::string& host);
  // Each does as much as is possible without waiting.
  absl::Status SendQueued();
  absl::Status Receive();
  absl::Status SendSealed();
  absl::Status ReceiveSealed();
  bool has_queued() const;

  const int fd_;
  std::unique_ptr<TlsFilter> tls_;  // null where none is spoken
  std::string queued_;              // from sent_ on, still to be sent
  size_t sent_ = 0;
  std::vector<char> received_;  // [begin_, end_) is not taken yet
  size_t begin_ = 0;
  size_t end_ = 0;
};

}  // namespace xref::bench
