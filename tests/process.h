#pragma once

// Real processes for tests: a program is run with arguments and input, what it prints is collected,
// and every wait has a deadline, so that a test that hangs fails and says why.

#include <sys/types.h>

#include <chrono>
#include <condition_variable>
#include <memory>
#include <mutex>
#include <string>
#include <string_view>
#include <thread>
#include <vector>

namespace xref::test {

// How long anything may take before a test gives up: far more than the slowest machine needs.
inline constexpr std::chrono::seconds kDeadline{60};

// How a process ended.
struct Outcome {
  int exit_code = -1;  // 128 + the signal's number where a signal ended it; -1 if it had to be
                       // killed at the deadline
  std::string out;
  std::string err;
};

// A child process. It dies with the test, whatever becomes of the test. Start it on the main
// thread; the methods may be called from any thread.
class Process {
 public:
  // Starts the program argv[0], found by its path.
  static std::unique_ptr<Process> Start(const std::vector<std::string>& argv);
  ~Process();
  Process(const Process&) = delete;
  Process& operator=(const Process&) = delete;

  pid_t pid() const { return pid_; }

  // Writes to its standard input; returns once all is in the pipe, or the process has gone.
  void Write(std::string_view input);
  void CloseInput();

  // Waits until a line on its standard error contains `text` and returns that line; an empty one if
  // the process ends first, or at the deadline.
  std::string AwaitErrorLine(std::string_view text);

  // Does nothing to a process that has ended.
  void Signal(int signal);

  // Waits for its end; kills it at the deadline.
  Outcome Wait();

 private:
  Process(pid_t pid, int in, int out, int err);
  void Collect(int fd, std::string& text);
  void Reap();

  const pid_t pid_;
  int in_;  // -1 once closed

  std::mutex mutex_;
  std::condition_variable changed_;
  std::string out_;       // guarded by mutex_
  std::string err_;       // guarded by mutex_
  int exit_code_ = -1;    // guarded by mutex_
  bool ended_ = false;    // guarded by mutex_: the pid is no longer ours to signal
  int streams_open_ = 2;  // guarded by mutex_

  std::thread collect_out_;
  std::thread collect_err_;
  std::thread reap_;
};

// Runs a program to its end.
Outcome RunProgram(const std::vector<std::string>& argv, std::string_view input = {});

}  // namespace xref::test
