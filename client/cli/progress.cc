#include "client/cli/progress.h"

#include <fmt/format.h>
#include <unistd.h>

#include <algorithm>
#include <cstdio>
#include <utility>

namespace xref::cli {
namespace {

constexpr std::chrono::milliseconds kInterval{100};
constexpr int kBarWidth = 24;

}  // namespace

Progress::Progress(std::string what, std::string unit)
    : what_(std::move(what)),
      unit_(std::move(unit)),
      shown_(isatty(STDERR_FILENO) == 1),
      begun_(Clock::now()),
      next_(begun_ + kInterval) {}

Progress::~Progress() {
  if (shown_) std::fputs("\r\x1b[K", stderr);
}

double Progress::seconds() const {
  return std::chrono::duration<double>(Clock::now() - begun_).count();
}

void Progress::Update(uint64_t count, uint64_t bytes, std::optional<uint64_t> bytes_total) {
  if (!shown_ || Clock::now() < next_) return;
  next_ = Clock::now() + kInterval;
  const double rate = static_cast<double>(count) / std::max(seconds(), 1e-9);
  std::string line = fmt::format("\r{} ", what_);
  if (bytes_total && *bytes_total > 0) {
    const double share =
        std::min(1.0, static_cast<double>(bytes) / static_cast<double>(*bytes_total));
    const int full = static_cast<int>(share * kBarWidth);
    line += fmt::format("[{:=<{}}{: <{}}] {:3.0f} % ", "", full, "", kBarWidth - full, share * 100);
    if (share > 0.01) line += fmt::format("{:.0f} s left, ", seconds() * (1 - share) / share);
  }
  line += fmt::format("{0} {1}, {2:.0f} {1}/s\x1b[K", count, unit_, rate);
  std::fputs(line.c_str(), stderr);
}

}  // namespace xref::cli
