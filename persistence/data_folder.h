#pragma once

#include <absl/status/statusor.h>

#include <cstdint>
#include <string>

namespace xref {

// A daemon's data folder, held for this process alone as long as the object lives.
class DataFolder {
 public:
  // Makes the folder if it is missing (private to the user) and locks it. FailedPrecondition:
  // another process has it. PermissionDenied, NotFound: it cannot be made or written.
  static absl::StatusOr<DataFolder> Lock(const std::string& path);
  DataFolder(DataFolder&& other) noexcept;
  DataFolder& operator=(DataFolder&&) = delete;
  ~DataFolder();

  // The folders of the two environments; they exist.
  std::string journal_path() const { return path_ + "/journal"; }
  std::string snapshot_path() const { return path_ + "/snapshot"; }

  // Drawn at random when the folder was made: another one in its place is told apart. Never 0.
  uint64_t node() const { return node_; }

 private:
  DataFolder(std::string path, int lock_fd) : path_(std::move(path)), lock_fd_(lock_fd) {}

  std::string path_;
  uint64_t node_ = 0;
  int lock_fd_;
};

}  // namespace xref
