#include "client/unnamed_file.h"

#include <fcntl.h>
#include <fmt/format.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cerrno>
#include <cstring>
#include <filesystem>
#include <string>
#include <utility>

namespace xref {
namespace {

std::string Folder() {
  std::error_code ignored;
  const auto folder = std::filesystem::temp_directory_path(ignored);
  return ignored ? "/tmp" : folder.string();
}

absl::Status Fault(std::string_view what) {
  return absl::ResourceExhaustedError(
      fmt::format("cannot {} a temporary file in {}: {}; TMPDIR can name another folder", what,
                  Folder(), std::strerror(errno)));
}

}  // namespace

UnnamedFile::~UnnamedFile() {
  if (fd_ >= 0) close(fd_);
}

absl::Status UnnamedFile::Make() {
  const std::string folder = Folder();
  fd_ = open(folder.c_str(), O_TMPFILE | O_RDWR | O_CLOEXEC, S_IRUSR | S_IWUSR);
  if (fd_ >= 0) return absl::OkStatus();
  // Not every file system can make one that never had a name.
  std::string path = folder + "/xref-XXXXXX";
  fd_ = mkostemp(path.data(), O_CLOEXEC);
  if (fd_ < 0) return Fault("make");
  unlink(path.c_str());
  return absl::OkStatus();
}

absl::Status UnnamedFile::Append(std::string_view bytes) {
  if (fd_ < 0) {
    if (auto status = Make(); !status.ok()) return status;
  }
  while (!bytes.empty()) {
    const ssize_t written = pwrite(fd_, bytes.data(), bytes.size(), static_cast<off_t>(size_));
    if (written < 0 && errno == EINTR) continue;
    if (written < 0) return Fault("write to");
    size_ += static_cast<uint64_t>(written);
    bytes.remove_prefix(static_cast<size_t>(written));
  }
  return absl::OkStatus();
}

absl::Status UnnamedFile::Read(uint64_t offset, void* into, size_t size) const {
  for (char* at = static_cast<char*>(into); size > 0;) {
    const ssize_t got = pread(fd_, at, size, static_cast<off_t>(offset));
    if (got < 0 && errno == EINTR) continue;
    if (got <= 0) return Fault("read");
    at += got;
    offset += static_cast<uint64_t>(got);
    size -= static_cast<size_t>(got);
  }
  return absl::OkStatus();
}

absl::StatusOr<int> UnnamedFile::Release() {
  if (fd_ < 0) {
    if (auto status = Make(); !status.ok()) return status;
  }
  size_ = 0;
  return std::exchange(fd_, -1);
}

}  // namespace xref
