#include "persistence/snapshot_folder.h"

#include <fcntl.h>
#include <fmt/format.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cerrno>
#include <cinttypes>
#include <cstdio>
#include <cstring>
#include <filesystem>
#include <fstream>
#include <iterator>
#include <optional>
#include <utility>

#include "persistence/durable_file.h"
#include "persistence/failpoint.h"
#include "persistence/meta_table.h"

namespace xref {
namespace {

constexpr uint64_t kFirstNumber = 1;

// ---- The file CURRENT ----

constexpr uint32_t kCurrentFormat = 1;

std::string CurrentText(uint64_t number) {
  const std::string text = fmt::format("format {} snapshot {}", kCurrentFormat, number);
  return fmt::format("{} checksum {:016x}\n", text, Checksum("CURRENT", text));
}

// The number that the file holds; nothing where there is no file.
absl::StatusOr<std::optional<uint64_t>> ReadCurrent(const std::string& path) {
  std::ifstream file(path);
  if (!file.is_open()) return std::nullopt;
  const std::string text(std::istreambuf_iterator<char>(file), {});
  uint32_t format = 0;
  uint64_t number = 0;
  const int found =
      std::sscanf(text.c_str(), "format %" SCNu32 " snapshot %" SCNu64, &format, &number);
  if (found > 0 && format > kCurrentFormat) {
    if (auto status = ExpectFormat(format, kCurrentFormat, path); !status.ok()) return status;
  }
  if (text != CurrentText(number)) {
    return absl::DataLossError(
        fmt::format("{} is damaged: its content does not match its checksum", path));
  }
  return number;
}

}  // namespace

absl::StatusOr<std::unique_ptr<SnapshotFolder>> SnapshotFolder::Open(const std::string& path,
                                                                     uint64_t map_bytes) {
  const auto current = ReadCurrent(path + "/CURRENT");
  if (!current.ok()) return current.status();
  const uint64_t number = current->value_or(kFirstNumber);
  std::unique_ptr<SnapshotFolder> folder(new SnapshotFolder(path, map_bytes, number));
  if (*current && !std::filesystem::exists(folder->PathOf(number) + "/data.mdb")) {
    return absl::DataLossError(
        fmt::format("{}/CURRENT names snapshot {}, which is missing", path, number));
  }
  auto opened = folder->OpenNumber(number);
  if (!opened.ok()) return opened.status();
  if (!*current) {
    // Before it was written for the first time there was nothing but one snapshot, empty.
    const auto applied = (*opened)->ReadApplied();
    if (!applied.ok()) return applied.status();
    if (applied->lsn != 0 || folder->HasOthers(number)) {
      return absl::DataLossError(fmt::format(
          "{0}/CURRENT is missing, and with it the number of the current snapshot", path));
    }
    if (auto status = folder->WriteCurrent(number); !status.ok()) return status;
  }
  folder->RemoveOthers(number);
  folder->current_ = *std::move(opened);
  return folder;
}

absl::StatusOr<std::shared_ptr<Snapshot>> SnapshotFolder::OpenNumber(uint64_t number) const {
  if (mkdir(PathOf(number).c_str(), 0700) != 0 && errno != EEXIST) {
    return FileFailure(PathOf(number), "making");
  }
  auto opened = Snapshot::Open(PathOf(number), map_bytes_);
  if (!opened.ok()) return opened.status();
  return std::shared_ptr<Snapshot>(*std::move(opened));
}

absl::Status SnapshotFolder::WriteCurrent(uint64_t number) const {
  const std::string path = path_ + "/CURRENT";
  if (auto status = WriteDurably(path + ".new", CurrentText(number)); !status.ok()) return status;
  Pass(Failpoint::kSwitchBefore);
  if (std::rename((path + ".new").c_str(), path.c_str()) != 0)
    return FileFailure(path, "replacing");
  Pass(Failpoint::kSwitchAfter);
  return Sync(path_);
}

bool SnapshotFolder::HasOthers(uint64_t number) const {
  for (const auto& entry : std::filesystem::directory_iterator(path_)) {
    if (entry.is_directory() && entry.path() != PathOf(number)) return true;
  }
  return false;
}

void SnapshotFolder::RemoveOthers(uint64_t number) const {
  std::error_code ignored;
  for (const auto& entry : std::filesystem::directory_iterator(path_, ignored)) {
    const bool other = entry.is_directory() && entry.path() != PathOf(number);
    if (other) std::filesystem::remove_all(entry.path(), ignored);
  }
}

absl::StatusOr<std::shared_ptr<Snapshot>> SnapshotFolder::MakeNext() {
  RemoveOthers(number_);
  auto next = OpenNumber(number_ + 1);
  if (!next.ok()) return next.status();
  // The folder's name must be as durable as what is in it.
  if (auto status = Sync(path_); !status.ok()) return status;
  return next;
}

absl::Status SnapshotFolder::Switch(std::shared_ptr<Snapshot> next) {
  if (auto status = WriteCurrent(number_ + 1); !status.ok()) return status;
  ++number_;
  {
    const std::lock_guard lock(mutex_);
    current_.swap(next);
  }
  // Its readers may go on, since only its name is removed; the last of them frees its space.
  next->FreeOnClose();
  RemoveOthers(number_);
  return absl::OkStatus();
}

}  // namespace xref
