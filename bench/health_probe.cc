#include "bench/health_probe.h"

#include <fmt/format.h>
#include <sys/socket.h>
#include <sys/time.h>
#include <unistd.h>

#include <algorithm>
#include <chrono>

#include "bench/crowd.h"
#include "bench/exchange.h"

namespace xref::bench {
namespace {

constexpr std::chrono::milliseconds kInterval{10};
constexpr timeval kPatience{.tv_sec = 5, .tv_usec = 0};
constexpr std::string_view kRequest =
    "GET /healthz HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\r\n";

// What came until the server closed; empty where it did not answer.
std::string Ask(const std::string& http) {
  const int fd = ConnectTo(http, "");
  if (fd < 0) return {};
  setsockopt(fd, SOL_SOCKET, SO_RCVTIMEO, &kPatience, sizeof kPatience);
  std::string answer;
  if (send(fd, kRequest.data(), kRequest.size(), MSG_NOSIGNAL) > 0) {
    char piece[1024];
    for (ssize_t size = 0; (size = recv(fd, piece, sizeof piece, 0)) > 0;) {
      answer.append(piece, static_cast<size_t>(size));
    }
  }
  close(fd);
  return answer;
}

}  // namespace

HealthProbe::HealthProbe(const std::string& http) : thread_([this, http] { Run(http); }) {}

HealthProbe::~HealthProbe() { Stop().IgnoreError(); }

absl::Status HealthProbe::Stop() {
  stopped_ = true;
  if (thread_.joinable()) thread_.join();
  return status_;
}

void HealthProbe::Run(const std::string& http) {
  for (auto due = Clock::now(); !stopped_; due += kInterval) {
    std::this_thread::sleep_until(due);
    const auto begun = Clock::now();
    const std::string answer = Ask(http);
    if (!answer.starts_with("HTTP/1.1 200 ")) {
      status_ = absl::InternalError(
          fmt::format("/healthz was answered \"{}\"", answer.substr(0, answer.find('\r'))));
      return;
    }
    latencies_.Record(static_cast<uint64_t>(
        std::chrono::duration_cast<std::chrono::nanoseconds>(Clock::now() - begun).count()));
    // Whoever watches does not hurry afterwards because it had to wait.
    due = std::max(due, Clock::now() - kInterval);
  }
}

}  // namespace xref::bench
