#include "bench/crowd.h"

#include <arpa/inet.h>
#include <fcntl.h>
#include <netinet/in.h>
#include <poll.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <sys/time.h>
#include <unistd.h>

#include <algorithm>

namespace xref::bench {
namespace {

// A server that is flooded may let newcomers wait; this is how long they do.
constexpr timeval kPatience{.tv_sec = 5, .tv_usec = 0};
// What nobody reads is the server's to keep.
constexpr int kReceiveBuffer = 4096;

sockaddr_in AddressOf(const std::string& host, int port) {
  sockaddr_in address{};
  address.sin_family = AF_INET;
  address.sin_port = htons(static_cast<uint16_t>(port));
  inet_pton(AF_INET, host.c_str(), &address.sin_addr);
  return address;
}

void Reset(int fd) {
  const linger at_once{.l_onoff = 1, .l_linger = 0};
  setsockopt(fd, SOL_SOCKET, SO_LINGER, &at_once, sizeof at_once);
  close(fd);
}

bool IsClosedByServer(int fd) {
  pollfd events{.fd = fd, .events = POLLRDHUP, .revents = 0};
  return poll(&events, 1, 0) > 0;
}

}  // namespace

int ConnectTo(const std::string& server, const std::string& source, int receive_buffer) {
  const int fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
  if (fd < 0) return -1;
  setsockopt(fd, SOL_SOCKET, SO_SNDTIMEO, &kPatience, sizeof kPatience);
  if (receive_buffer > 0) {
    setsockopt(fd, SOL_SOCKET, SO_RCVBUF, &receive_buffer, sizeof receive_buffer);
  }
  if (!source.empty()) {
    // The port is left to connect, which finds one that is free for this server.
    const int later = 1;
    setsockopt(fd, IPPROTO_IP, IP_BIND_ADDRESS_NO_PORT, &later, sizeof later);
    const sockaddr_in from = AddressOf(source, 0);
    bind(fd, reinterpret_cast<const sockaddr*>(&from), sizeof from);
  }
  const size_t colon = server.rfind(':');
  const sockaddr_in to = AddressOf(server.substr(0, colon), std::stoi(server.substr(colon + 1)));
  if (connect(fd, reinterpret_cast<const sockaddr*>(&to), sizeof to) == 0) return fd;
  close(fd);
  return -1;
}

size_t Crowd::Open(size_t count) {
  size_t opened = 0;
  for (; count > 0; --count) {
    const int fd = ConnectTo(server_, source_, kReceiveBuffer);
    if (fd < 0) continue;
    sockets_.push_back(fd);
    ++opened;
  }
  opened_ += opened;
  return opened;
}

void Crowd::Send(std::string_view bytes, size_t last) {
  for (size_t i = sockets_.size() - std::min(last, sockets_.size()); i < sockets_.size(); ++i) {
    send(sockets_[i], bytes.data(), bytes.size(), MSG_NOSIGNAL | MSG_DONTWAIT);
  }
}

size_t Crowd::CountOpen() {
  const auto closed = std::partition(sockets_.begin(), sockets_.end(),
                                     [](int fd) { return !IsClosedByServer(fd); });
  std::for_each(closed, sockets_.end(), Reset);
  sockets_.erase(closed, sockets_.end());
  return sockets_.size();
}

void Crowd::Leave() {
  for (const int fd : sockets_) Reset(fd);
  sockets_.clear();
}

bool Crowd::AllowDescriptors(size_t count) {
  rlimit limit{};
  getrlimit(RLIMIT_NOFILE, &limit);
  limit.rlim_cur = limit.rlim_max;
  setrlimit(RLIMIT_NOFILE, &limit);
  return limit.rlim_cur >= count;
}

}  // namespace xref::bench
