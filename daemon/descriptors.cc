#include "daemon/descriptors.h"

#include <fmt/format.h>
#include <sys/resource.h>

#include <cerrno>
#include <cstring>

#include "daemon/http_port.h"
#include "daemon/limits.h"

namespace xref {

absl::Status AllowDescriptors(const Options& options) {
  const size_t http = options.http == "off" ? 0 : LimitsOfHttp().descriptors;
  const size_t needed = options.connections_max + http + kDescriptorsReserved;
  rlimit limit{};
  if (getrlimit(RLIMIT_NOFILE, &limit) != 0) return absl::OkStatus();
  if (limit.rlim_cur >= needed) return absl::OkStatus();
  if (limit.rlim_max < needed) {
    const size_t beside = http + kDescriptorsReserved;
    return absl::InvalidArgumentError(fmt::format(
        "--connections-max {}: this process may have {} file descriptors (ulimit -Hn) and needs "
        "{}: {} beside those of connections. {}",
        options.connections_max, limit.rlim_max, needed, beside,
        limit.rlim_max > beside
            ? fmt::format("Raise that limit, or use --connections-max {}", limit.rlim_max - beside)
            : "Raise that limit"));
  }
  limit.rlim_cur = needed;
  if (setrlimit(RLIMIT_NOFILE, &limit) != 0) {
    return absl::InternalError(
        fmt::format("cannot allow {} file descriptors: {}", needed, std::strerror(errno)));
  }
  return absl::OkStatus();
}

size_t DescriptorsAllowed() {
  rlimit limit{};
  return getrlimit(RLIMIT_NOFILE, &limit) == 0 ? limit.rlim_cur : 0;
}

}  // namespace xref
