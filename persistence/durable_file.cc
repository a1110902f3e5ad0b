#include "persistence/durable_file.h"

#include <fcntl.h>
#include <fmt/format.h>
#include <unistd.h>

#include <cerrno>
#include <cstring>

#include "persistence/file_descriptor.h"

namespace xref {

absl::Status FileFailure(const std::string& path, const char* what) {
  const std::string message = fmt::format("{}: {}: {}", path, what, std::strerror(errno));
  return errno == ENOSPC || errno == EDQUOT ? absl::ResourceExhaustedError(message)
                                            : absl::InternalError(message);
}

absl::Status WriteAll(int fd, std::string_view bytes, const std::string& path) {
  while (!bytes.empty()) {
    const ssize_t size = write(fd, bytes.data(), bytes.size());
    if (size < 0 && errno == EINTR) continue;
    if (size < 0) return FileFailure(path, "writing");
    bytes.remove_prefix(static_cast<size_t>(size));
  }
  return absl::OkStatus();
}

absl::Status WriteDurably(const std::string& path, std::string_view text) {
  const FileDescriptor file(open(path.c_str(), O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0600));
  if (!file.ok()) return FileFailure(path, "opening");
  if (auto status = WriteAll(file.get(), text, path); !status.ok()) return status;
  return fsync(file.get()) == 0 ? absl::OkStatus() : FileFailure(path, "syncing");
}

absl::Status Sync(const std::string& path) {
  const FileDescriptor file(open(path.c_str(), O_RDONLY | O_CLOEXEC));
  if (!file.ok()) return FileFailure(path, "opening");
  return fsync(file.get()) == 0 ? absl::OkStatus() : FileFailure(path, "syncing");
}

}  // namespace xref
