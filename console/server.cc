#include "console/server.h"

#include <fmt/format.h>
#include <spdlog/spdlog.h>

#include <algorithm>
#include <boost/asio/as_tuple.hpp>
#include <boost/asio/co_spawn.hpp>
#include <boost/asio/detached.hpp>
#include <boost/asio/io_context.hpp>
#include <boost/asio/post.hpp>
#include <boost/asio/steady_timer.hpp>
#include <boost/asio/use_awaitable.hpp>
#include <map>
#include <thread>
#include <unordered_map>

#include "console/connection.h"
#include "console/limits.h"
#include "console/site.h"
#include "tls/server_context.h"

namespace xref::console {

namespace asio = boost::asio;
using asio::ip::tcp;

namespace {

// While no file descriptor is free, how long to wait before the next try to accept.
constexpr std::chrono::milliseconds kAcceptPause{100};
// For coroutines to end once their sockets are closed.
constexpr std::chrono::milliseconds kDropTimeout{500};

}  // namespace

class Server::Impl {
 public:
  Impl(ServerOptions options, Gateway& gateway)
      : options_(std::move(options)),
        gateway_(gateway),
        site_(gateway, context_.get_executor(), options_.host_names),
        acceptor_(context_),
        stop_timer_(context_) {}

  boost::system::error_code Bind() {
    boost::system::error_code error;
    acceptor_.open(options_.address.protocol(), error);
    if (!error) acceptor_.set_option(tcp::acceptor::reuse_address(true), error);
    if (!error) acceptor_.bind(options_.address, error);
    if (!error) acceptor_.listen(asio::socket_base::max_listen_connections, error);
    return error;
  }

  tcp::endpoint address() const { return acceptor_.local_endpoint(); }

  void Start() {
    asio::co_spawn(context_, Accept(), asio::detached);
    thread_ = std::thread([this] { context_.run(); });
  }

  void Stop() {
    if (!thread_.joinable()) return;
    asio::post(context_, [this] { BeginToStop(); });
    thread_.join();
  }

 private:
  using Address = asio::ip::address;

  asio::awaitable<void> Accept() {
    constexpr auto kTuple = asio::as_tuple(asio::use_awaitable);
    asio::steady_timer pause(context_);
    for (;;) {
      auto [error, socket] = co_await acceptor_.async_accept(kTuple);
      if (error == asio::error::operation_aborted || !acceptor_.is_open()) co_return;
      if (error) {
        const bool is_out = error == asio::error::no_descriptors;
        if (is_out && EndOneOf([](const Connection&, const Address&) { return true; })) continue;
        pause.expires_after(kAcceptPause);
        co_await pause.async_wait(kTuple);
        continue;
      }
      boost::system::error_code ignored;
      socket.set_option(tcp::no_delay(true), ignored);
      const tcp::endpoint peer = socket.remote_endpoint(ignored);
      const bool for_probes = !MakeRoom(peer.address());
      const auto connection = std::make_shared<Connection>(
          std::move(socket), options_.tls == nullptr ? nullptr : options_.tls->current(), site_,
          for_probes ? kProbeTimeout : options_.request_timeout, for_probes);
      connections_.emplace(connection, peer.address());
      asio::co_spawn(context_, Serve(connection), asio::detached);
    }
  }

  // Room for one more from that address that may ask anything; false where there is only room to
  // ask it whether it is a probe.
  bool MakeRoom(const Address& address) {
    if (connections_.size() < kConnectionsPerAddressMax) return true;
    std::map<Address, size_t> of_address;
    size_t probes = 0;
    for (const auto& [connection, from] : connections_) {
      ++of_address[from];
      probes += connection->for_probes() ? 1 : 0;
    }
    if (of_address[address] >= kConnectionsPerAddressMax) {
      gateway_.CountRefused(HttpLimit::kConnectionsPerAddress);
      if (EndOneOf([&](const Connection& one, const Address& from) {
            return from == address && !one.for_probes();
          })) {
        return true;
      }
    } else if (connections_.size() - probes < kConnectionsMax) {
      return true;
    } else {
      gateway_.CountRefused(HttpLimit::kConnections);
      size_t most = 0;
      for (const auto& [connection, from] : connections_) {
        if (connection->has_request() || connection->for_probes()) continue;
        most = std::max(most, of_address[from]);
      }
      if (EndOneOf([&](const Connection& one, const Address& from) {
            return of_address[from] == most && !one.for_probes();
          })) {
        return true;
      }
    }
    if (probes >= kProbesMax)
      EndOneOf([](const Connection& one, const Address&) { return one.for_probes(); });
    return false;
  }

  // Ends the connection that has waited for a request for the longest, of those that `may_end` is
  // true of; false where there is none.
  template <typename MayEnd>
  bool EndOneOf(MayEnd may_end) {
    auto longest = connections_.end();
    for (auto at = connections_.begin(); at != connections_.end(); ++at) {
      const auto& [connection, from] = *at;
      if (connection->has_request() || !may_end(*connection, from)) continue;
      if (longest == connections_.end() ||
          connection->waiting_since() < longest->first->waiting_since()) {
        longest = at;
      }
    }
    if (longest == connections_.end()) return false;
    longest->first->Drop();
    connections_.erase(longest);
    return true;
  }

  asio::awaitable<void> Serve(std::shared_ptr<Connection> connection) {
    co_await connection->Run();
    connections_.erase(connection);
    if (is_stopping_ && connections_.empty()) context_.stop();
  }

  void BeginToStop() {
    is_stopping_ = true;
    boost::system::error_code ignored;
    acceptor_.close(ignored);
    for (const auto& [connection, from] : connections_) connection->Stop();
    if (connections_.empty()) context_.stop();
    stop_timer_.expires_after(kStopTimeout);
    stop_timer_.async_wait([this](boost::system::error_code error) {
      if (!error) DropWhatIsLeft();
    });
  }

  // Files that are still uploaded end by that, and their imports with them. What waits for the
  // daemon holds neither, and goes with the context.
  void DropWhatIsLeft() {
    spdlog::warn("http: {} requests were not answered in time", connections_.size());
    site_.imports().Close();
    for (const auto& [connection, from] : connections_) connection->Drop();
    stop_timer_.expires_after(kDropTimeout);
    stop_timer_.async_wait([this](boost::system::error_code) { context_.stop(); });
  }

  const ServerOptions options_;
  asio::io_context context_{1};
  Gateway& gateway_;
  Site site_;
  tcp::acceptor acceptor_;
  asio::steady_timer stop_timer_;
  std::unordered_map<std::shared_ptr<Connection>, Address> connections_;
  bool is_stopping_ = false;
  std::thread thread_;
};

absl::StatusOr<std::unique_ptr<Server>> Server::Bind(ServerOptions options, Gateway& gateway) {
  const std::string address =
      fmt::format("{}:{}", options.address.address().to_string(), options.address.port());
  auto impl = std::make_unique<Impl>(std::move(options), gateway);
  if (const auto error = impl->Bind()) {
    return absl::UnavailableError(fmt::format(
        "cannot listen for HTTP on {}: {}; choose another address with --http, or --http off",
        address, error.message()));
  }
  return std::unique_ptr<Server>(new Server(std::move(impl)));
}

Server::Server(std::unique_ptr<Impl> impl) : impl_(std::move(impl)) {}
Server::~Server() { Stop(); }
tcp::endpoint Server::address() const { return impl_->address(); }
void Server::Start() { impl_->Start(); }
void Server::Stop() { impl_->Stop(); }

}  // namespace xref::console
