#include "bench/server_cpu.h"

#include <fmt/format.h>

#include <filesystem>
#include <fstream>

namespace xref::bench {

absl::StatusOr<uint64_t> ProcessCpuNs(int pid) {
  // utime and stime of /proc/PID/stat count in ticks of 10 ms; schedstat counts in nanoseconds, but
  // for each thread apart. A thread that ends takes its time along: xrefd's live as long as it
  // does.
  uint64_t total = 0;
  std::error_code error;
  for (const auto& task :
       std::filesystem::directory_iterator(fmt::format("/proc/{}/task", pid), error)) {
    uint64_t on_cpu_ns = 0;
    std::ifstream(task.path() / "schedstat") >> on_cpu_ns;
    total += on_cpu_ns;
  }
  if (error || total == 0) {
    return absl::NotFoundError(
        fmt::format("cannot read the CPU time of process {}; is the server on this machine?", pid));
  }
  return total;
}

}  // namespace xref::bench
