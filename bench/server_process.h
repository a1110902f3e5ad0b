#pragma once

#include <absl/status/status.h>
#include <absl/status/statusor.h>
#include <sys/types.h>

#include <atomic>
#include <chrono>
#include <condition_variable>
#include <cstdint>
#include <memory>
#include <mutex>
#include <string>
#include <string_view>
#include <thread>
#include <vector>

#include "bench/exchange.h"

namespace xref::bench {

// What a server may take for anything that is waited for: far more than the largest load needs.
inline constexpr std::chrono::minutes kPatience{10};

// A line that a server logged, and when it was read.
struct LogLine {
  Clock::time_point at;
  std::string text;
};

// Memory of a process that is its own: without what the system caches of files. 0 if there is none.
uint64_t PrivateBytesOf(pid_t pid);

// A server as a child process. It dies with this one, and with the object.
class ServerProcess {
 public:
  // The program argv[0] is found by its path or in PATH. Start it on the main thread.
  static absl::StatusOr<std::unique_ptr<ServerProcess>> Start(const std::vector<std::string>& argv);
  ~ServerProcess() { Kill(); }
  ServerProcess(const ServerProcess&) = delete;
  ServerProcess& operator=(const ServerProcess&) = delete;

  pid_t pid() const { return pid_; }
  Clock::time_point started() const { return started_; }

  // Kills it with -9 and returns once it is gone.
  void Kill();

  // Waits until there are `count` lines with this text, on standard output or error, and returns
  // the last of them. Unavailable if the process ends before, or takes too long.
  absl::StatusOr<LogLine> AwaitLine(std::string_view text, size_t count = 1);
  // Those that there are.
  std::vector<LogLine> Lines(std::string_view text);

  uint64_t PrivateBytes() const { return PrivateBytesOf(pid_); }

 private:
  ServerProcess(std::string program, pid_t pid, int log);
  void Collect(int log);

  const std::string program_;
  const Clock::time_point started_ = Clock::now();
  const pid_t pid_;
  std::mutex mutex_;
  std::condition_variable changed_;
  std::vector<LogLine> lines_;  // guarded by mutex_
  bool ended_ = false;          // guarded by mutex_
  std::thread collect_;
};

// The most private memory that a process has, from the object's creation on.
class PeakMemory {
 public:
  explicit PeakMemory(const ServerProcess& process);
  ~PeakMemory() { Stop(); }
  // Ends the watch. Bytes above those at its beginning.
  uint64_t Stop();

 private:
  const ServerProcess& process_;
  const uint64_t before_;
  uint64_t peak_;
  std::atomic<bool> stopping_ = false;
  std::thread watch_;
};

}  // namespace xref::bench
