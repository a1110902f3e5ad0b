#include "bench/exchange.h"

#include <fcntl.h>
#include <fmt/format.h>
#include <netdb.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <poll.h>
#include <sys/socket.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <cstring>
#include <deque>
#include <utility>

#include "tls/client_context.h"
#include "tls/filter.h"

namespace xref::bench {
namespace {

// A server that is silent for this long is given up.
constexpr std::chrono::seconds kSilenceMax{60};
constexpr size_t kReceiveBytes = 256 << 10;
constexpr size_t kSentAtOnce = 4 << 10;
// Room for so many latencies is made before the clock starts.
constexpr uint64_t kReservedMax = 1 << 20;

absl::Status Gone(const char* why) {
  return absl::UnavailableError(fmt::format("the connection to the server is lost: {}", why));
}

double Milliseconds(Clock::duration time) {
  return std::chrono::duration<double, std::milli>(time).count();
}

}  // namespace

absl::StatusOr<std::unique_ptr<Connection>> Connection::Open(const std::string& server,
                                                             const Channel::Tls& tls) {
  const size_t colon = server.rfind(':');
  if (colon == std::string::npos) {
    return absl::InvalidArgumentError(fmt::format("server \"{}\": this is not HOST:PORT", server));
  }
  std::string host = server.substr(0, colon);
  if (host.starts_with('[') && host.ends_with(']')) host = host.substr(1, host.size() - 2);
  addrinfo wanted{};
  wanted.ai_socktype = SOCK_STREAM;
  addrinfo* found = nullptr;
  if (const int error = getaddrinfo(host.c_str(), server.c_str() + colon + 1, &wanted, &found);
      error != 0) {
    return absl::UnavailableError(fmt::format("server \"{}\": {}", server, gai_strerror(error)));
  }
  const int fd = socket(found->ai_family, found->ai_socktype | SOCK_CLOEXEC, found->ai_protocol);
  std::unique_ptr<Connection> connection(new Connection(fd));
  const bool connected = fd >= 0 && connect(fd, found->ai_addr, found->ai_addrlen) == 0;
  freeaddrinfo(found);
  if (!connected) {
    return absl::UnavailableError(
        fmt::format("the server {} cannot be reached: {}", server, std::strerror(errno)));
  }
  const int on = 1;
  setsockopt(fd, IPPROTO_TCP, TCP_NODELAY, &on, sizeof on);
  fcntl(fd, F_SETFL, O_NONBLOCK);
  if (tls) {
    connection->tls_ = std::make_unique<TlsFilter>(tls->current(), TlsFilter::Side::kClient);
    if (auto status = connection->ShakeHands(*tls, host); !status.ok()) return status;
  }
  return connection;
}

absl::Status Connection::ShakeHands(const TlsClientContext& tls, const std::string& host) {
  tls.Expect(tls_->handle(), host);
  tls_->Begin();
  const auto give_up = Clock::now() + kSilenceMax;
  while (tls_->state() == TlsFilter::State::kHandshake) {
    absl::Status status = SendSealed();
    const auto left =
        std::chrono::duration_cast<std::chrono::milliseconds>(give_up - Clock::now()).count();
    if (left <= 0) status = absl::DeadlineExceededError("the server does not answer");
    pollfd events{fd_, static_cast<short>(has_queued() ? POLLIN | POLLOUT : POLLIN), 0};
    if (status.ok() && poll(&events, 1, static_cast<int>(left)) < 0 && errno != EINTR) {
      status = Gone(std::strerror(errno));
    }
    if (status.ok() && (events.revents & ~POLLOUT) != 0) status = ReceiveSealed();
    if (!status.ok()) return status;
  }
  if (tls_->state() == TlsFilter::State::kOpen) return SendSealed();
  return absl::UnavailableError(
      fmt::format("no TLS with the server: {}", tls.Explain(tls_->handle(), tls_->error())));
}

Connection::Connection(int fd) : fd_(fd) {}

Connection::~Connection() {
  if (fd_ >= 0) close(fd_);
}

bool Connection::IsLocal() const {
  sockaddr_storage ends[2]{};
  socklen_t sizes[2] = {sizeof ends[0], sizeof ends[1]};
  if (getsockname(fd_, reinterpret_cast<sockaddr*>(&ends[0]), &sizes[0]) != 0) return false;
  if (getpeername(fd_, reinterpret_cast<sockaddr*>(&ends[1]), &sizes[1]) != 0) return false;
  if (ends[0].ss_family == AF_INET6) {
    const auto* v6 = reinterpret_cast<const sockaddr_in6*>(ends);
    return std::memcmp(&v6->sin6_addr, &reinterpret_cast<const sockaddr_in6*>(&ends[1])->sin6_addr,
                       sizeof v6->sin6_addr) == 0;
  }
  return reinterpret_cast<const sockaddr_in*>(&ends[0])->sin_addr.s_addr ==
         reinterpret_cast<const sockaddr_in*>(&ends[1])->sin_addr.s_addr;
}

bool Connection::has_queued() const {
  return !queued_.empty() || (tls_ && !tls_->Sealed().empty());
}

absl::Status Connection::SendSealed() {
  while (!tls_->Sealed().empty()) {
    const std::string_view sealed = tls_->Sealed();
    const ssize_t size = send(fd_, sealed.data(), sealed.size(), MSG_NOSIGNAL);
    if (size < 0) return errno == EAGAIN ? absl::OkStatus() : Gone(std::strerror(errno));
    tls_->Sent(static_cast<size_t>(size));
  }
  return absl::OkStatus();
}

absl::Status Connection::ReceiveSealed() {
  const std::span<uint8_t> room = tls_->Room();
  const ssize_t size = recv(fd_, room.data(), room.size(), 0);
  if (size == 0) return Gone("the server closed it");
  if (size < 0) return errno == EAGAIN ? absl::OkStatus() : Gone(std::strerror(errno));
  tls_->Received(static_cast<size_t>(size));
  for (;;) {
    if (received_.size() - end_ < kReceiveBytes) received_.resize(end_ + kReceiveBytes);
    const size_t made =
        tls_->Open({reinterpret_cast<uint8_t*>(received_.data()) + end_, received_.size() - end_});
    if (made == 0) break;
    end_ += made;
  }
  return absl::OkStatus();
}

absl::Status Connection::SendQueued() {
  if (tls_) {
    // What is sealed already goes first, so that no more is sealed than the server takes.
    if (auto status = SendSealed(); !status.ok() || !tls_->Sealed().empty()) return status;
    if (!queued_.empty() && !tls_->Seal(queued_)) return Gone(tls_->failure().c_str());
    queued_.clear();
    return SendSealed();
  }
  while (sent_ < queued_.size()) {
    const ssize_t size = send(fd_, queued_.data() + sent_, queued_.size() - sent_, MSG_NOSIGNAL);
    if (size < 0) return errno == EAGAIN ? absl::OkStatus() : Gone(std::strerror(errno));
    sent_ += static_cast<size_t>(size);
  }
  queued_.clear();
  sent_ = 0;
  return absl::OkStatus();
}

absl::Status Connection::Receive() {
  if (begin_ == end_) begin_ = end_ = 0;
  if (tls_) {
    const size_t had = end_;
    if (auto status = ReceiveSealed(); !status.ok()) return status;
    if (end_ > had || tls_->state() == TlsFilter::State::kOpen) return absl::OkStatus();
    return Gone(tls_->state() == TlsFilter::State::kFailed ? tls_->failure().c_str()
                                                           : "the server closed it");
  }
  if (received_.size() - end_ < kReceiveBytes) received_.resize(end_ + kReceiveBytes);
  const ssize_t size = recv(fd_, received_.data() + end_, received_.size() - end_, 0);
  if (size == 0) return Gone("the server closed it");
  if (size < 0) return errno == EAGAIN ? absl::OkStatus() : Gone(std::strerror(errno));
  end_ += static_cast<size_t>(size);
  return absl::OkStatus();
}

absl::StatusOr<Timing> Connection::Exchange(uint64_t count, const Pace& pace, Request request,
                                            TakeReply take_reply) {
  Timing timing;
  timing.latency_ms.reserve(std::min(count, kReservedMax));
  timing.begun = Clock::now();
  const auto due = [&](uint64_t i) {
    const std::chrono::duration<double> after(static_cast<double>(i) / pace.requests_per_second);
    return timing.begun + std::chrono::duration_cast<Clock::duration>(after);
  };
  const bool rated = pace.requests_per_second > 0;
  std::deque<Clock::time_point> waiting_since;  // of the requests that are not answered yet
  uint64_t started = 0;
  auto heard = timing.begun;  // when the server was last heard of, or first waited for
  while (timing.latency_ms.size() < count) {
    auto now = Clock::now();
    if (now - timing.begun >= pace.time) count = started;
    if (timing.latency_ms.size() == count) break;
    const auto may_start = [&] { return started < count && waiting_since.size() < pace.in_flight; };
    while (may_start() && (!rated || due(started) <= now)) {
      if (waiting_since.empty()) heard = now;
      waiting_since.push_back(rated ? due(started) : now);
      queued_.append(request(started++));
      // Small requests go together, as with every client that has several under way; large ones do
      // not wait for one another.
      if (queued_.size() - sent_ < kSentAtOnce) continue;
      if (auto status = SendQueued(); !status.ok()) return status;
      now = Clock::now();
    }
    if (auto status = SendQueued(); !status.ok()) return status;

    auto until = waiting_since.empty() ? Clock::time_point::max() : heard + kSilenceMax;
    if (now >= until) return absl::DeadlineExceededError("the server does not answer");
    if (may_start()) until = std::min(until, due(started));
    const auto wait = std::max(Clock::duration::zero(), until - now);
    const auto seconds = std::chrono::duration_cast<std::chrono::seconds>(wait);
    const timespec timeout{seconds.count(), (wait - seconds).count()};
    pollfd events{fd_, static_cast<short>(has_queued() ? POLLIN | POLLOUT : POLLIN), 0};
    if (ppoll(&events, 1, &timeout, nullptr) < 0 && errno != EINTR) {
      return Gone(std::strerror(errno));
    }
    if (auto status = SendQueued(); !status.ok()) return status;
    if (events.revents == 0) continue;

    if (auto status = Receive(); !status.ok()) return status;
    heard = Clock::now();
    while (begin_ < end_ && !waiting_since.empty()) {
      const auto taken =
          take_reply(timing.latency_ms.size(), {received_.data() + begin_, end_ - begin_});
      if (!taken.ok()) {
        begin_ = end_;
        return taken.status();
      }
      if (*taken == 0) break;
      begin_ += *taken;
      timing.latency_ms.push_back(Milliseconds(heard - waiting_since.front()));
      waiting_since.pop_front();
    }
  }
  timing.seconds = std::chrono::duration<double>(Clock::now() - timing.begun).count();
  return timing;
}

}  // namespace xref::bench
