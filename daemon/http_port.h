#pragma once

#include <absl/status/statusor.h>

#include <boost/asio/ip/tcp.hpp>
#include <cstddef>
#include <memory>

#include "daemon/options.h"
#include "daemon/session.h"

namespace xref {

// The HTTP port of a daemon: the room console/, on the daemon's side.
class HttpPort {
 public:
  virtual ~HttpPort() = default;
  // With the port that was taken where 0 was asked for.
  virtual boost::asio::ip::tcp::endpoint address() const = 0;
  virtual void Start() = 0;
  // Lets requests that were begun end, while the daemon still answers them.
  virtual void Stop() = 0;
};

// What it takes at a time; all 0 in a program that was built without it.
struct HttpLimits {
  size_t connections = 0;
  size_t connections_per_address = 0;
  size_t bodies_bytes = 0;
  size_t descriptors = 0;
};
HttpLimits LimitsOfHttp();

// Binds it; the service must outlive it. `slot` is its own in the store, and among the counters.
// Null in a program that was built without the console, unless a port was asked for: that is
// refused.
absl::StatusOr<std::unique_ptr<HttpPort>> BindHttpPort(
    const boost::asio::ip::tcp::endpoint& address, const Options& options, Service& service,
    size_t slot);

}  // namespace xref
