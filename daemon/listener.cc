#include "daemon/listener.h"

#include <fcntl.h>
#include <fmt/format.h>
#include <netinet/tcp.h>
#include <spdlog/spdlog.h>
#include <sys/socket.h>
#include <unistd.h>

#include <boost/asio/as_tuple.hpp>
#include <boost/asio/co_spawn.hpp>
#include <boost/asio/detached.hpp>
#include <boost/asio/post.hpp>
#include <boost/asio/steady_timer.hpp>
#include <boost/asio/use_awaitable.hpp>
#include <cerrno>
#include <chrono>
#include <cstring>
#include <utility>
#include <variant>

#include "daemon/addresses.h"
#include "daemon/limits.h"

namespace xref {

namespace asio = boost::asio;
using asio::ip::tcp;

namespace {

FileDescriptor OpenSpare() { return FileDescriptor(open("/dev/null", O_RDONLY | O_CLOEXEC)); }

// A peer whose machine is gone without a word is noticed by that. Connections have it from the
// socket that accepts them.
void SetKeepAlive(int fd) {
  const auto set = [fd](int level, int option, int value) {
    setsockopt(fd, level, option, &value, sizeof value);
  };
  set(SOL_SOCKET, SO_KEEPALIVE, 1);
  set(IPPROTO_TCP, TCP_KEEPIDLE, static_cast<int>(kKeepAliveIdle.count()));
  set(IPPROTO_TCP, TCP_KEEPINTVL, static_cast<int>(kKeepAliveInterval.count()));
  set(IPPROTO_TCP, TCP_KEEPCNT, kKeepAliveProbes);
}

// Closes it so that the kernel, too, keeps nothing of it.
void Reset(FileDescriptor newcomer) {
  const linger at_once{.l_onoff = 1, .l_linger = 0};
  setsockopt(newcomer.get(), SOL_SOCKET, SO_LINGER, &at_once, sizeof at_once);
}

}  // namespace

Listener::Listener(Admissions& admissions, ServerState& state,
                   const std::vector<std::unique_ptr<IoThread>>& threads)
    : admissions_(admissions),
      state_(state),
      threads_(threads),
      acceptor_(threads.front()->context()),
      spare_(OpenSpare()),
      log_timer_(threads.front()->context()) {}

absl::StatusOr<std::unique_ptr<Listener>> Listener::Bind(
    const tcp::endpoint& address, Admissions& admissions, ServerState& state,
    const std::vector<std::unique_ptr<IoThread>>& threads) {
  std::unique_ptr<Listener> listener(new Listener(admissions, state, threads));
  tcp::acceptor& acceptor = listener->acceptor_;
  listener->protocol_ = address.protocol();
  boost::system::error_code error;
  acceptor.open(address.protocol(), error);
  if (!error) acceptor.set_option(tcp::acceptor::reuse_address(true), error);
  if (!error) acceptor.bind(address, error);
  if (!error) acceptor.listen(asio::socket_base::max_listen_connections, error);
  if (!error) acceptor.native_non_blocking(true, error);
  if (error) {
    return absl::UnavailableError(
        fmt::format("cannot listen on {}: {}; is another daemon running there? Choose another "
                    "address with --listen",
                    ToString(address), error.message()));
  }
  SetKeepAlive(acceptor.native_handle());
  return listener;
}

std::string Listener::address() const { return ToString(acceptor_.local_endpoint()); }

void Listener::Start() { asio::co_spawn(acceptor_.get_executor(), Run(), asio::detached); }

void Listener::Stop() {
  asio::post(acceptor_.get_executor(), [this] {
    boost::system::error_code ignored;
    acceptor_.close(ignored);
    log_timer_.cancel();
  });
}

asio::awaitable<void> Listener::Run() {
  constexpr auto kTuple = asio::as_tuple(asio::use_awaitable);
  while (acceptor_.is_open()) {
    co_await acceptor_.async_wait(tcp::acceptor::wait_read, kTuple);
    if (!acceptor_.is_open()) co_return;
    if (AcceptSome()) continue;
    asio::steady_timer pause(acceptor_.get_executor(), kAcceptPause);
    co_await pause.async_wait(kTuple);
  }
}

bool Listener::AcceptSome() {
  for (int left = kAcceptsPerTurn; left > 0; --left) {
    tcp::endpoint peer;
    auto size = static_cast<socklen_t>(peer.capacity());
    FileDescriptor newcomer(
        accept4(acceptor_.native_handle(), peer.data(), &size, SOCK_NONBLOCK | SOCK_CLOEXEC));
    if (newcomer.ok()) {
      peer.resize(size);
      Admit(std::move(newcomer), peer);
      continue;
    }
    if (errno == EAGAIN) return true;
    if (errno == EINTR || errno == ECONNABORTED || errno == EPROTO) continue;
    const bool is_out = errno == EMFILE || errno == ENFILE;
    if (is_out && CloseOneUnmet()) continue;
    spdlog::warn("cannot accept connections for a moment: {}", std::strerror(errno));
    return false;
  }
  return true;
}

void Listener::Admit(FileDescriptor newcomer, const tcp::endpoint& peer) {
  auto entered = admissions_.TryEnter(KeyOf(peer.address()), std::chrono::steady_clock::now());
  if (const auto* limit = std::get_if<Limit>(&entered)) {
    Reset(std::move(newcomer));
    return Refuse(*limit);
  }
  IoThread& thread = *threads_[next_];
  tcp::socket socket(thread.context());
  boost::system::error_code error;
  const int fd = newcomer.Release();
  socket.assign(protocol_, fd, error);
  if (error) {
    close(fd);
    return;
  }
  next_ = (next_ + 1) % threads_.size();
  thread.Adopt(std::move(socket), std::get<Admission>(std::move(entered)));
}

// Who waits would wait for nothing, and the socket that accepts would stay ready, again and again.
bool Listener::CloseOneUnmet() {
  spare_ = FileDescriptor(-1);
  FileDescriptor newcomer(
      accept4(acceptor_.native_handle(), nullptr, nullptr, SOCK_NONBLOCK | SOCK_CLOEXEC));
  const bool was_there = newcomer.ok();
  if (was_there) {
    Reset(std::move(newcomer));
    Refuse(Limit::kDescriptors);
  }
  spare_ = OpenSpare();
  return was_there && spare_.ok();
}

void Listener::Refuse(Limit limit) {
  state_.refusals.Count(limit);
  ++not_logged_[static_cast<size_t>(limit)];
  if (log_is_due_) return;
  log_is_due_ = true;
  log_timer_.expires_after(kRefusedLogInterval);
  log_timer_.async_wait([this](boost::system::error_code error) {
    if (!error) LogRefused();
  });
}

void Listener::LogRefused() {
  log_is_due_ = false;
  uint64_t all = 0;
  std::string by;
  for (size_t i = 0; i < kLimits; ++i) {
    const uint64_t count = std::exchange(not_logged_[i], 0);
    if (count == 0) continue;
    all += count;
    by += fmt::format("{}{} by the limit {}", by.empty() ? "" : ", ", count,
                      NameOf(static_cast<Limit>(i)));
  }
  spdlog::warn("{} newcomers were closed at once: {}", all, by);
}

}  // namespace xref
