#include "persistence/arrival.h"

#include <fcntl.h>
#include <fmt/format.h>
#include <unistd.h>

#include <cerrno>
#include <filesystem>

#include "persistence/failpoint.h"
#include "persistence/file_descriptor.h"

namespace xref {

namespace fs = std::filesystem;

std::string ArrivalPath(const std::string& folder) { return folder + "/arrived"; }

absl::Status InstallArrival(const std::string& folder) {
  const fs::path arrived = ArrivalPath(folder);
  std::error_code error;
  if (!fs::exists(arrived, error)) return absl::OkStatus();
  for (const char* part : {"snapshot", "journal"}) {
    if (!fs::exists(arrived / part, error)) continue;  // it was put there before a crash
    fs::remove_all(fs::path(folder) / part, error);
    if (!error) fs::rename(arrived / part, fs::path(folder) / part, error);
    if (error) break;
    Pass(Failpoint::kArrivalPart);
  }
  if (!error) {
    const FileDescriptor changed(open(folder.c_str(), O_RDONLY | O_CLOEXEC));
    if (!changed.ok() || fsync(changed.get()) != 0) {
      error.assign(errno, std::generic_category());
    } else {
      fs::remove_all(arrived, error);
    }
  }
  if (!error) return absl::OkStatus();
  return absl::InternalError(fmt::format(
      "cannot put the copy that waits in {} in its place: {}; mend the folder's rights, and start "
      "again",
      arrived.string(), error.message()));
}

}  // namespace xref
