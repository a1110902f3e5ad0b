#pragma once

#include <absl/status/statusor.h>

#include <boost/asio/awaitable.hpp>
#include <boost/asio/io_context.hpp>
#include <boost/asio/ip/tcp.hpp>
#include <functional>
#include <memory>
#include <string>
#include <vector>

#include "daemon/io_thread.h"

namespace xref {

// HOST:PORT.
std::string ToString(const boost::asio::ip::tcp::endpoint& address);

// Accepts connections and deals them out to the I/O threads in turn. Runs on the first I/O thread.
class Listener {
 public:
  // Binds and listens at once, so that a port that is taken is found out before anything else
  // starts. `connections_max` peers at a time; further ones are closed as they come. Errors name
  // the address.
  static absl::StatusOr<std::unique_ptr<Listener>> Bind(
      const boost::asio::ip::tcp::endpoint& address, size_t connections_max, ServerState& state,
      const std::vector<std::unique_ptr<IoThread>>& threads);

  // The address that is listened on; tells the port where 0 was asked for.
  std::string address() const;

  void Start();
  // Accepts nothing more. From any thread.
  void Stop();

 private:
  Listener(size_t connections_max, ServerState& state,
           const std::vector<std::unique_ptr<IoThread>>& threads);

  boost::asio::awaitable<void> Run();
  size_t ConnectionsOpen() const;

  const size_t connections_max_;
  ServerState& state_;
  const std::vector<std::unique_ptr<IoThread>>& threads_;
  boost::asio::ip::tcp::acceptor acceptor_;
};

}  // namespace xref
