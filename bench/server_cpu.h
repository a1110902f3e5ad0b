#pragma once

#include <absl/status/statusor.h>

#include <cstdint>

namespace xref::bench {

// The CPU time that a process on this machine has used so far, all threads, in nanoseconds.
// NotFound: there is no such process here, or the kernel does not tell.
absl::StatusOr<uint64_t> ProcessCpuNs(int pid);

}  // namespace xref::bench
