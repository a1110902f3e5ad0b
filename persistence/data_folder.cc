#include "persistence/data_folder.h"

#include <fcntl.h>
#include <fmt/format.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <sys/vfs.h>
#include <unistd.h>

#include <cerrno>
#include <charconv>
#include <chrono>
#include <cstring>
#include <filesystem>
#include <random>
#include <thread>
#include <utility>

#include "persistence/arrival.h"
#include "persistence/durable_file.h"
#include "persistence/file_descriptor.h"

namespace xref {
namespace {

constexpr mode_t kFolderMode = 0700;
constexpr mode_t kFileMode = 0600;

absl::Status Failure(const std::string& path, const char* what, int error) {
  const std::string message = fmt::format(
      "cannot use the data folder: {} {}: {}; choose another with --data, or mend its rights", what,
      path, std::strerror(error));
  return error == EACCES || error == EPERM || error == EROFS ? absl::PermissionDeniedError(message)
                                                             : absl::NotFoundError(message);
}

absl::Status MakeFolder(const std::string& path) {
  if (mkdir(path.c_str(), kFolderMode) == 0 || errno == EEXIST) return absl::OkStatus();
  return Failure(path, "making", errno);
}

// File systems on which neither a lock nor a sync can be relied upon, by the number that statfs
// tells.
constexpr struct {
  uint64_t number;
  const char* name;
} kNetworkFileSystems[] = {{0x6969, "NFS"},        {0xFF534D42, "CIFS"}, {0xFE534D42, "SMB2"},
                           {0x517B, "SMB"},        {0x65735546, "FUSE"}, {0x01021997, "9P"},
                           {0x00C36400, "Ceph"},   {0x5346414F, "AFS"},  {0x47504653, "GPFS"},
                           {0x0BD00BD0, "Lustre"}, {0x73757245, "Coda"}, {0x013111A8, "IBRIX"}};

absl::Status RefuseNetwork(const std::string& path) {
  struct statfs file_system;
  if (statfs(path.c_str(), &file_system) != 0) return Failure(path, "examining", errno);
  for (const auto& [number, name] : kNetworkFileSystems) {
    // f_type is signed on some machines, and its upper half is then of no meaning.
    if (static_cast<uint32_t>(file_system.f_type) != number) continue;
    return absl::FailedPreconditionError(
        fmt::format("the data folder {} is on a network file system ({}), where a lock and a sync "
                    "cannot be relied upon; choose a local disk with --data",
                    path, name));
  }
  return absl::OkStatus();
}

// A daemon that was killed a moment ago may still be giving its memory back, and holds the lock.
constexpr std::chrono::seconds kLeavingTime{3};
constexpr std::chrono::milliseconds kLockPause{20};

bool LockWithin(int fd, std::chrono::seconds time) {
  const auto give_up = std::chrono::steady_clock::now() + time;
  while (flock(fd, LOCK_EX | LOCK_NB) != 0) {
    if (std::chrono::steady_clock::now() >= give_up) return false;
    std::this_thread::sleep_for(kLockPause);
  }
  return true;
}

// What the holder of the lock wrote about itself, for the message to the one who comes second.
std::string ReadHolder(int fd) {
  char text[32] = {};
  const ssize_t size = pread(fd, text, sizeof text - 1, 0);
  return size > 0 ? fmt::format("process {}", std::string_view(text, static_cast<size_t>(size)))
                  : std::string("another process");
}

uint64_t ReadNode(const std::string& path) {
  char text[17] = {};
  uint64_t node = 0;
  const FileDescriptor file(open(path.c_str(), O_RDONLY | O_CLOEXEC));
  if (file.ok() && pread(file.get(), text, 16, 0) == 16) std::from_chars(text, text + 16, node, 16);
  return node;
}

// Reads the folder's number, or draws one. One that cannot be read is lost for good: the folder is
// then taken for another, which is safe.
absl::StatusOr<uint64_t> ReadOrDrawNode(const std::string& folder) {
  const std::string path = folder + "/NODE";
  if (const uint64_t node = ReadNode(path); node != 0) return node;
  std::random_device random;
  const uint64_t node = (uint64_t{random()} << 32 | random()) | 1;
  const std::string part = path + ".part";
  auto status = WriteDurably(part, fmt::format("{:016x}\n", node));
  if (status.ok() && rename(part.c_str(), path.c_str()) != 0) status = FileFailure(path, "making");
  if (status.ok()) status = Sync(folder);
  if (!status.ok()) {
    return absl::FailedPreconditionError(fmt::format(
        "cannot use the data folder: {}; choose another with --data, or mend its rights",
        std::string(status.message())));
  }
  return node;
}

}  // namespace

absl::StatusOr<DataFolder> DataFolder::Lock(const std::string& path) {
  std::error_code error;
  std::filesystem::create_directories(std::filesystem::path(path).parent_path(), error);
  if (auto status = MakeFolder(path); !status.ok()) return status;
  if (auto status = RefuseNetwork(path); !status.ok()) return status;
  const std::string lock_path = path + "/LOCK";
  const int fd = open(lock_path.c_str(), O_RDWR | O_CREAT | O_CLOEXEC, kFileMode);
  if (fd < 0) return Failure(lock_path, "opening", errno);
  DataFolder folder(path, fd);
  if (!LockWithin(fd, kLeavingTime)) {
    return absl::FailedPreconditionError(
        fmt::format("the data folder {} is in use by {}; stop it first, or choose another folder "
                    "with --data",
                    path, ReadHolder(fd)));
  }
  const std::string holder = std::to_string(getpid());
  if (ftruncate(fd, 0) != 0 || pwrite(fd, holder.data(), holder.size(), 0) < 0) {
    return Failure(lock_path, "writing", errno);
  }
  const auto node = ReadOrDrawNode(path);
  if (!node.ok()) return node.status();
  folder.node_ = *node;
  if (auto status = InstallArrival(path); !status.ok()) return status;
  for (const std::string& part : {folder.journal_path(), folder.snapshot_path()}) {
    if (auto status = MakeFolder(part); !status.ok()) return status;
  }
  return folder;
}

DataFolder::DataFolder(DataFolder&& other) noexcept
    : path_(std::move(other.path_)),
      node_(other.node_),
      lock_fd_(std::exchange(other.lock_fd_, -1)) {}

DataFolder::~DataFolder() {
  if (lock_fd_ >= 0) close(lock_fd_);
}

}  // namespace xref
