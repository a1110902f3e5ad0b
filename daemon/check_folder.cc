#include "daemon/check_folder.h"

#include <fmt/format.h>
#include <unistd.h>

#include <cstdio>
#include <filesystem>
#include <vector>

#include "daemon/limits.h"
#include "persistence/data_files.h"
#include "persistence/examination.h"

namespace xref {
const char* const kDamageRemedy =
    "xrefd does not start on a damaged folder. Keep it as it is, and either\n"
    "  - restore a backup into a new folder: xrefd --restore FILE --data NEW, or\n"
    "  - put back a whole copy of the folder; a part of it does not fit the rest.\n";

namespace {

bool OnTerminal() { return isatty(STDERR_FILENO) == 1; }

absl::Status ShowProgress(const ExaminationProgress& progress) {
  if (OnTerminal()) {
    std::fprintf(stderr, "\rexamining: %llu of about %llu MB\x1b[K",
                 static_cast<unsigned long long>(progress.done >> 20),
                 static_cast<unsigned long long>(progress.total >> 20));
  }
  return absl::OkStatus();
}

void PrintDamages(const std::string& path, const std::vector<std::string>& damages) {
  fmt::print("{}: DAMAGED\n", path);
  for (const std::string& damage : damages) fmt::print("  {}\n", damage);
  fmt::print("{}", kDamageRemedy);
}

}  // namespace

absl::StatusOr<bool> CheckFolder(const std::string& path) {
  if (!std::filesystem::exists(path + "/LOCK")) {
    return absl::NotFoundError(
        fmt::format("--check {}: this is not a data folder of xrefd; name the one that xrefd is "
                    "run with as --data",
                    path));
  }
  const auto folder = DataFolder::Lock(path);
  if (!folder.ok()) return folder.status();
  const auto files = OpenDataFiles(*folder, kMapBytes);
  if (absl::IsDataLoss(files.status())) {
    PrintDamages(path, {std::string(files.status().message())});
    return false;
  }
  if (!files.ok()) return files.status();
  const Examination found = Examine(*files->journal, *files->snapshots->current(), ShowProgress);
  if (OnTerminal()) std::fputs("\r\x1b[K", stderr);
  if (!found.damages.empty()) {
    PrintDamages(path, found.damages);
    return false;
  }
  if (!found.interrupted.ok()) return found.interrupted;
  fmt::print(
      "{}: sound: {} pages, {} references in the snapshot, {} changes in the journal, LSN {}\n",
      path, found.pages, found.references, found.changes, found.lsn);
  return true;
}

}  // namespace xref
