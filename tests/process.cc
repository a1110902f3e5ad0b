#include "tests/process.h"

#include <fcntl.h>
#include <signal.h>
#include <sys/prctl.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cerrno>
#include <cstdio>
#include <cstdlib>

namespace xref::test {
namespace {

struct Pipe {
  int read_end;
  int write_end;
};

// Without O_CLOEXEC another child would inherit the ends, and no reader would ever see the last
// writer close.
Pipe MakePipe() {
  int ends[2];
  if (pipe2(ends, O_CLOEXEC) != 0) {
    std::perror("pipe2");
    std::abort();
  }
  return {ends[0], ends[1]};
}

}  // namespace

std::unique_ptr<Process> Process::Start(const std::vector<std::string>& argv) {
  signal(SIGPIPE, SIG_IGN);  // writing to a process that has ended is an outcome, not an accident
  std::vector<char*> arguments;
  for (const std::string& argument : argv) arguments.push_back(const_cast<char*>(argument.c_str()));
  arguments.push_back(nullptr);
  const Pipe in = MakePipe();
  const Pipe out = MakePipe();
  const Pipe err = MakePipe();
  const pid_t pid = fork();
  if (pid < 0) {
    std::perror("fork");
    std::abort();
  }
  if (pid == 0) {
    // Only calls that are safe after fork in a process with threads.
    prctl(PR_SET_PDEATHSIG, SIGKILL);
    signal(SIGPIPE, SIG_DFL);
    dup2(in.read_end, STDIN_FILENO);
    dup2(out.write_end, STDOUT_FILENO);
    dup2(err.write_end, STDERR_FILENO);
    execv(arguments[0], arguments.data());
    _exit(127);
  }
  close(in.read_end);
  close(out.write_end);
  close(err.write_end);
  return std::unique_ptr<Process>(new Process(pid, in.write_end, out.read_end, err.read_end));
}

Process::Process(pid_t pid, int in, int out, int err) : pid_(pid), in_(in) {
  collect_out_ = std::thread([this, out] { Collect(out, out_); });
  collect_err_ = std::thread([this, err] { Collect(err, err_); });
  reap_ = std::thread([this] { Reap(); });
}

Process::~Process() {
  Signal(SIGKILL);
  CloseInput();
  reap_.join();
  collect_out_.join();
  collect_err_.join();
}

void Process::Collect(int fd, std::string& text) {
  char piece[64 << 10];
  for (;;) {
    const ssize_t size = read(fd, piece, sizeof piece);
    if (size < 0 && errno == EINTR) continue;
    const std::lock_guard lock(mutex_);
    if (size <= 0) break;
    text.append(piece, static_cast<size_t>(size));
    changed_.notify_all();
  }
  close(fd);
  const std::lock_guard lock(mutex_);
  --streams_open_;
  changed_.notify_all();
}

void Process::Reap() {
  // Seen first and reaped under the lock, so that nobody signals a pid that is free again.
  siginfo_t info;
  while (waitid(P_PID, static_cast<id_t>(pid_), &info, WEXITED | WNOWAIT) != 0 && errno == EINTR) {
  }
  const std::lock_guard lock(mutex_);
  int status = 0;
  waitpid(pid_, &status, 0);
  exit_code_ = WIFSIGNALED(status) ? 128 + WTERMSIG(status) : WEXITSTATUS(status);
  ended_ = true;
  changed_.notify_all();
}

void Process::Write(std::string_view input) {
  while (!input.empty() && in_ >= 0) {
    const ssize_t size = write(in_, input.data(), input.size());
    if (size < 0 && errno == EINTR) continue;
    if (size < 0) return;
    input.remove_prefix(static_cast<size_t>(size));
  }
}

void Process::CloseInput() {
  if (in_ >= 0) close(in_);
  in_ = -1;
}

std::string Process::AwaitErrorLine(std::string_view text) {
  std::unique_lock lock(mutex_);
  size_t found = std::string::npos;
  size_t line_end = std::string::npos;
  changed_.wait_for(lock, kDeadline, [&] {
    found = err_.find(text);
    line_end = found == std::string::npos ? found : err_.find('\n', found);
    return line_end != std::string::npos || streams_open_ == 0;
  });
  if (line_end == std::string::npos) return {};
  const size_t before = err_.rfind('\n', found);
  const size_t line_begin = before == std::string::npos ? 0 : before + 1;
  return err_.substr(line_begin, line_end - line_begin);
}

void Process::Signal(int signal) {
  const std::lock_guard lock(mutex_);
  if (!ended_) kill(pid_, signal);
}

Outcome Process::Wait() {
  CloseInput();
  std::unique_lock lock(mutex_);
  const auto over = [this] { return ended_ && streams_open_ == 0; };
  const bool in_time = changed_.wait_for(lock, kDeadline, over);
  if (!in_time) {
    if (!ended_) kill(pid_, SIGKILL);
    changed_.wait(lock, over);
  }
  return {in_time ? exit_code_ : -1, out_, err_};
}

Outcome RunProgram(const std::vector<std::string>& argv, std::string_view input) {
  const auto process = Process::Start(argv);
  process->Write(input);
  return process->Wait();
}

}  // namespace xref::test
