#pragma once

#include <absl/status/statusor.h>

#include <boost/asio/ip/tcp.hpp>
#include <chrono>
#include <memory>
#include <string>
#include <vector>

#include "console/gateway.h"

namespace xref {
class TlsServerContext;
}

namespace xref::console {

struct ServerOptions {
  boost::asio::ip::tcp::endpoint address;
  // Names that requests may call this server by, beside addresses and "localhost": a page of
  // another name would be one that has pointed its name here to be let in.
  std::vector<std::string> host_names;
  std::chrono::milliseconds request_timeout{30'000};  // for the rest of a begun request
  const TlsServerContext* tls = nullptr;  // that clients must speak; null for none. Outlives it
};

// The HTTP port: one thread with everything on it. It shares nothing with the threads of the binary
// protocol but what the gateway does.
class Server {
 public:
  // Binds and listens at once. Errors name the address. The gateway must outlive the server.
  static absl::StatusOr<std::unique_ptr<Server>> Bind(ServerOptions options, Gateway& gateway);
  // Ends what Stop has not.
  ~Server();
  Server(const Server&) = delete;
  Server& operator=(const Server&) = delete;

  // With the port that was taken where 0 was asked for.
  boost::asio::ip::tcp::endpoint address() const;

  void Start();
  // Accepts nothing more, lets requests that were begun end for a moment, then drops them. Call it
  // while the gateway still answers.
  void Stop();

 private:
  class Impl;
  explicit Server(std::unique_ptr<Impl> impl);
  std::unique_ptr<Impl> impl_;
};

}  // namespace xref::console
