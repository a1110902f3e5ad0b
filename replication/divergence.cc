#include "replication/divergence.h"

#include <fmt/format.h>

#include <fstream>
#include <iterator>

#include "persistence/durable_file.h"

namespace xref {
namespace {

std::string PathIn(const std::string& folder) { return folder + "/diverged.txt"; }

}  // namespace

absl::Status KeepDivergence(const std::string& folder, const std::string& found) {
  const auto status = WriteDurably(PathIn(folder), found);
  return status.ok() ? Sync(folder) : status;
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
