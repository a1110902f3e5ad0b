#include "replication/divergence.h"

#include <fcntl.h>
#include <fmt/format.h>
#include <unistd.h>

#include <cerrno>
#include <cstdio>
#include <cstring>
#include <fstream>
#include <iterator>
#include <memory>

namespace xref {
namespace {

std::string PathIn(const std::string& folder) { return folder + "/diverged.txt"; }

}  // namespace

absl::Status KeepDivergence(const std::string& folder, const std::string& found) {
  const std::string path = PathIn(folder);
  const std::unique_ptr<std::FILE, int (*)(std::FILE*)> file(std::fopen(path.c_str(), "we"),
                                                             std::fclose);
  if (file == nullptr || std::fputs(found.c_str(), file.get()) < 0 ||
      std::fflush(file.get()) != 0 || fsync(fileno(file.get())) != 0) {
    return absl::InternalError(fmt::format("{}: writing: {}", path, std::strerror(errno)));
  }
  return absl::OkStatus();
}

absl::Status FindDivergence(const std::string& folder) {
  std::ifstream file(PathIn(folder));
  if (!file) return absl::OkStatus();
  const std::string found(std::istreambuf_iterator<char>(file), {});
  return absl::FailedPreconditionError(
      fmt::format("{} is the data folder of a standby that was stopped for good ({}): {}", folder,
                  PathIn(folder), found));
}

}  // namespace xref
