#include "daemon/listener.h"

#include <fmt/format.h>
#include <spdlog/spdlog.h>

#include <boost/asio/as_tuple.hpp>
#include <boost/asio/co_spawn.hpp>
#include <boost/asio/detached.hpp>
#include <boost/asio/post.hpp>
#include <boost/asio/steady_timer.hpp>
#include <boost/asio/use_awaitable.hpp>
#include <utility>

#include "daemon/limits.h"

namespace xref {

namespace asio = boost::asio;
using asio::ip::tcp;

std::string ToString(const tcp::endpoint& address) {
  const auto host = address.address();
  return host.is_v6() ? fmt::format("[{}]:{}", host.to_string(), address.port())
                      : fmt::format("{}:{}", host.to_string(), address.port());
}

Listener::Listener(size_t connections_max, ServerState& state,
                   const std::vector<std::unique_ptr<IoThread>>& threads)
    : connections_max_(connections_max),
      state_(state),
      threads_(threads),
      acceptor_(threads.front()->context()) {}

absl::StatusOr<std::unique_ptr<Listener>> Listener::Bind(
    const tcp::endpoint& address, size_t connections_max, ServerState& state,
    const std::vector<std::unique_ptr<IoThread>>& threads) {
  std::unique_ptr<Listener> listener(new Listener(connections_max, state, threads));
  tcp::acceptor& acceptor = listener->acceptor_;
  boost::system::error_code error;
  acceptor.open(address.protocol(), error);
  if (!error) acceptor.set_option(tcp::acceptor::reuse_address(true), error);
  if (!error) acceptor.bind(address, error);
  if (!error) acceptor.listen(asio::socket_base::max_listen_connections, error);
  if (error) {
    return absl::UnavailableError(
        fmt::format("cannot listen on {}: {}; is another daemon running there? Choose another "
                    "address with --listen",
                    ToString(address), error.message()));
  }
  return listener;
}

std::string Listener::address() const { return ToString(acceptor_.local_endpoint()); }

void Listener::Start() { asio::co_spawn(acceptor_.get_executor(), Run(), asio::detached); }

void Listener::Stop() {
  asio::post(acceptor_.get_executor(), [this] {
    boost::system::error_code ignored;
    acceptor_.close(ignored);
  });
}

size_t Listener::ConnectionsOpen() const {
  size_t open = 0;
  for (const IoCounters& io : state_.io) open += io.connections;
  return open;
}

asio::awaitable<void> Listener::Run() {
  constexpr auto kTuple = asio::as_tuple(asio::use_awaitable);
  for (size_t next = 0; acceptor_.is_open(); next = (next + 1) % threads_.size()) {
    IoThread& thread = *threads_[next];
    auto [error, socket] = co_await acceptor_.async_accept(thread.context(), kTuple);
    if (!acceptor_.is_open()) co_return;
    if (error) {
      spdlog::warn("cannot accept a connection: {}", error.message());
      asio::steady_timer pause(acceptor_.get_executor(), kAcceptPause);
      co_await pause.async_wait(kTuple);
    } else if (ConnectionsOpen() >= connections_max_) {
      spdlog::warn("a connection was closed at once: {} are open already (--connections-max)",
                   connections_max_);
    } else {
      thread.Adopt(std::move(socket));
    }
  }
}

}  // namespace xref
