#pragma once

#include <absl/status/status.h>
#include <absl/status/statusor.h>

#include <cstddef>
#include <cstdint>
#include <string_view>

namespace xref {

// What does not fit into memory: a file without a name in the folder for temporary files ($TMPDIR,
// or /tmp). It goes with the process, however that ends. Made when first written to.
class UnnamedFile {
 public:
  UnnamedFile() = default;
  UnnamedFile(const UnnamedFile&) = delete;
  UnnamedFile& operator=(const UnnamedFile&) = delete;
  ~UnnamedFile();

  // ResourceExhausted: it cannot be made, or the disk is full.
  absl::Status Append(std::string_view bytes);
  // Reads `size` bytes, all of which must have been written.
  absl::Status Read(uint64_t offset, void* into, size_t size) const;
  uint64_t size() const { return size_; }

  // The file descriptor, from now on the caller's, to read from the beginning.
  absl::StatusOr<int> Release();

 private:
  absl::Status Make();

  int fd_ = -1;
  uint64_t size_ = 0;
};

}  // namespace xref
