#include "daemon/http_port.h"

#include <chrono>
#include <utility>

#include "console/limits.h"
#include "console/server.h"
#include "daemon/console_gateway.h"

namespace xref {
namespace {

using boost::asio::ip::tcp;

class ConsolePort : public HttpPort {
 public:
  ConsolePort(Service& service, size_t slot) : gateway_(service, slot) {}

  absl::Status Bind(console::ServerOptions options) {
    auto server = console::Server::Bind(std::move(options), gateway_);
    if (!server.ok()) return server.status();
    server_ = *std::move(server);
    return absl::OkStatus();
  }

  tcp::endpoint address() const override { return server_->address(); }
  void Start() override { server_->Start(); }
  void Stop() override { server_->Stop(); }

 private:
  ConsoleGateway gateway_;
  std::unique_ptr<console::Server> server_;
};

}  // namespace

HttpLimits LimitsOfHttp() {
  return {.connections = console::kConnectionsMax,
          .connections_per_address = console::kConnectionsPerAddressMax,
          .bodies_bytes = console::kBodiesBytesMax,
          .descriptors = console::kConnectionsMax + console::kProbesMax};
}

absl::StatusOr<std::unique_ptr<HttpPort>> BindHttpPort(const tcp::endpoint& address,
                                                       const Options& options, Service& service,
                                                       size_t slot) {
  auto port = std::make_unique<ConsolePort>(service, slot);
  auto bound = port->Bind({.address = address,
                           .host_names = options.http_names,
                           .request_timeout = std::chrono::milliseconds(options.frame_timeout_ms),
                           .tls = service.tls});
  if (!bound.ok()) return bound;
  return port;
}

}  // namespace xref
