#include "persistence/arrival.h"

#include <fmt/format.h>

#include <filesystem>
#include <string_view>

#include "persistence/durable_file.h"
#include "persistence/failpoint.h"

namespace xref {

namespace fs = std::filesystem;

std::string ArrivalPath(const std::string& folder) { return folder + "/arrived"; }

absl::Status InstallArrival(const std::string& folder) {
  const fs::path arrived = ArrivalPath(folder);
  std::error_code error;
  if (!fs::exists(arrived, error)) return absl::OkStatus();
  const auto failure = [&](std::string_view why) {
    return absl::InternalError(
        fmt::format("cannot put the copy that waits in {} in its place: {}; mend the folder's "
                    "rights, and start again",
                    arrived.string(), why));
  };
  for (const char* part : {"snapshot", "journal"}) {
    if (!fs::exists(arrived / part, error)) continue;  // it was put there before a crash
    fs::remove_all(fs::path(folder) / part, error);
    if (!error) fs::rename(arrived / part, fs::path(folder) / part, error);
    if (error) return failure(error.message());
    Pass(Failpoint::kArrivalPart);
  }
  if (const auto synced = Sync(folder); !synced.ok()) return failure(std::string(synced.message()));
  fs::remove_all(arrived, error);
  return error ? failure(error.message()) : absl::OkStatus();
}

}  // namespace xref
