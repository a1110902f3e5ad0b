#include "bench/server_process.h"

#include <fcntl.h>
#include <fmt/format.h>
#include <signal.h>
#include <sys/prctl.h>
#include <sys/wait.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <cstdio>
#include <cstring>
#include <fstream>
#include <iterator>
#include <utility>

namespace xref::bench {
namespace {

constexpr std::chrono::milliseconds kWatchInterval{5};

}  // namespace

absl::StatusOr<std::unique_ptr<ServerProcess>> ServerProcess::Start(
    const std::vector<std::string>& argv) {
  std::vector<char*> arguments;
  for (const std::string& argument : argv) arguments.push_back(const_cast<char*>(argument.c_str()));
  arguments.push_back(nullptr);
  int ends[2];
  if (pipe2(ends, O_CLOEXEC) != 0) return absl::InternalError(std::strerror(errno));
  const pid_t pid = fork();
  if (pid < 0) return absl::InternalError(std::strerror(errno));
  if (pid == 0) {
    // Only calls that are safe after fork in a process with threads.
    prctl(PR_SET_PDEATHSIG, SIGKILL);
    dup2(ends[1], STDOUT_FILENO);
    dup2(ends[1], STDERR_FILENO);
    execvp(arguments[0], arguments.data());
    _exit(127);
  }
  close(ends[1]);
  return std::unique_ptr<ServerProcess>(new ServerProcess(argv[0], pid, ends[0]));
}

ServerProcess::ServerProcess(std::string program, pid_t pid, int log)
    : program_(std::move(program)), pid_(pid), collect_([this, log] { Collect(log); }) {}

void ServerProcess::Collect(int log) {
  std::FILE* const stream = fdopen(log, "r");
  char line[4096];
  while (std::fgets(line, sizeof line, stream) != nullptr) {
    const std::lock_guard lock(mutex_);
    lines_.push_back({Clock::now(), line});
    changed_.notify_all();
  }
  std::fclose(stream);
  const std::lock_guard lock(mutex_);
  ended_ = true;
  changed_.notify_all();
}

void ServerProcess::Kill() {
  if (!collect_.joinable()) return;
  kill(pid_, SIGKILL);
  waitpid(pid_, nullptr, 0);
  collect_.join();
}

absl::StatusOr<LogLine> ServerProcess::AwaitLine(std::string_view text, size_t count) {
  std::unique_lock lock(mutex_);
  const LogLine* found = nullptr;
  changed_.wait_for(lock, kPatience, [&] {
    size_t left = count;
    for (const LogLine& line : lines_) {
      if (line.text.find(text) == std::string::npos || --left > 0) continue;
      found = &line;
      break;
    }
    return found != nullptr || ended_;
  });
  if (found != nullptr) return *found;
  return absl::UnavailableError(
      fmt::format("{} did not start, or did not log \"{}\"; its last line is \"{}\"", program_,
                  text, lines_.empty() ? "" : lines_.back().text));
}

std::vector<LogLine> ServerProcess::Lines(std::string_view text) {
  std::vector<LogLine> found;
  const std::lock_guard lock(mutex_);
  std::copy_if(lines_.begin(), lines_.end(), std::back_inserter(found),
               [&](const LogLine& line) { return line.text.find(text) != std::string::npos; });
  return found;
}

uint64_t PrivateBytesOf(pid_t pid) {
  std::ifstream status(fmt::format("/proc/{}/status", pid));
  for (std::string word; status >> word;) {
    uint64_t kib = 0;
    if (word == "RssAnon:" && status >> kib) return kib << 10;
  }
  return 0;
}

PeakMemory::PeakMemory(const ServerProcess& process)
    : process_(process), before_(process.PrivateBytes()), peak_(before_), watch_([this] {
        while (!stopping_) {
          peak_ = std::max(peak_, process_.PrivateBytes());
          std::this_thread::sleep_for(kWatchInterval);
        }
      }) {}

uint64_t PeakMemory::Stop() {
  stopping_ = true;
  if (watch_.joinable()) watch_.join();
  return peak_ - before_;
}

}  // namespace xref::bench
