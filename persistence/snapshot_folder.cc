#include "persistence/snapshot_folder.h"

#include <fcntl.h>
#include <fmt/format.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cerrno>
#include <charconv>
#include <cstdio>
#include <cstring>
#include <filesystem>
#include <fstream>
#include <utility>

#include "persistence/failpoint.h"

namespace xref {
namespace {

absl::Status Failure(const std::string& path, const char* what) {
  const std::string message = fmt::format("{}: {}: {}", path, what, std::strerror(errno));
  return errno == ENOSPC ? absl::ResourceExhaustedError(message) : absl::InternalError(message);
}

// Writes and syncs a small file, or the entries of a folder.
absl::Status WriteDurably(const std::string& path, std::string_view text) {
  const int fd = open(path.c_str(), O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0600);
  if (fd < 0) return Failure(path, "opening");
  const bool written = write(fd, text.data(), text.size()) == static_cast<ssize_t>(text.size());
  const bool durable = written && fsync(fd) == 0;
  const absl::Status status = durable ? absl::OkStatus() : Failure(path, "writing");
  close(fd);
  return status;
}

absl::Status SyncFolder(const std::string& path) {
  const int fd = open(path.c_str(), O_RDONLY | O_DIRECTORY | O_CLOEXEC);
  if (fd < 0) return Failure(path, "opening");
  const absl::Status status = fsync(fd) == 0 ? absl::OkStatus() : Failure(path, "syncing");
  close(fd);
  return status;
}

}  // namespace

absl::StatusOr<std::unique_ptr<SnapshotFolder>> SnapshotFolder::Open(const std::string& path,
                                                                     uint64_t map_bytes) {
  uint64_t number = 1;
  std::ifstream file(path + "/CURRENT");
  const bool exists = file.is_open();
  if (exists) {
    std::string text;
    std::getline(file, text);
    const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), number);
    if (error != std::errc() || end != text.data() + text.size()) {
      return absl::DataLossError(fmt::format("{}/CURRENT is damaged: it holds no number", path));
    }
  }
  std::unique_ptr<SnapshotFolder> folder(new SnapshotFolder(path, map_bytes, number));
  if (exists && !std::filesystem::exists(folder->PathOf(number) + "/data.mdb")) {
    return absl::DataLossError(
        fmt::format("{}/CURRENT names snapshot {}, which is missing", path, number));
  }
  folder->RemoveOthers(number);
  auto current = folder->OpenNumber(number);
  if (!current.ok()) return current.status();
  if (!exists) {
    if (auto status = folder->WriteCurrent(number); !status.ok()) return status;
  }
  folder->current_ = *std::move(current);
  return folder;
}

absl::StatusOr<std::shared_ptr<Snapshot>> SnapshotFolder::OpenNumber(uint64_t number) const {
  if (mkdir(PathOf(number).c_str(), 0700) != 0 && errno != EEXIST) {
    return Failure(PathOf(number), "making");
  }
  auto opened = Snapshot::Open(PathOf(number), map_bytes_);
  if (!opened.ok()) return opened.status();
  return std::shared_ptr<Snapshot>(*std::move(opened));
}

absl::Status SnapshotFolder::WriteCurrent(uint64_t number) const {
  const std::string path = path_ + "/CURRENT";
  if (auto status = WriteDurably(path + ".new", std::to_string(number)); !status.ok())
    return status;
  Pass(Failpoint::kSwitchBefore);
  if (std::rename((path + ".new").c_str(), path.c_str()) != 0) return Failure(path, "replacing");
  Pass(Failpoint::kSwitchAfter);
  return SyncFolder(path_);
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
  if (auto status = SyncFolder(path_); !status.ok()) return status;
  return next;
}

absl::Status SnapshotFolder::Switch(std::shared_ptr<Snapshot> next) {
  if (auto status = WriteCurrent(number_ + 1); !status.ok()) return status;
  ++number_;
  {
    const std::lock_guard lock(mutex_);
    current_ = std::move(next);
  }
  RemoveOthers(number_);
  return absl::OkStatus();
}

}  // namespace xref
