#pragma once

#include <absl/status/status.h>
#include <absl/status/statusor.h>
#include <sys/stat.h>

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace xref {

// The longest line, and the longest row of several lines.
inline constexpr size_t kLineBytesMax = 1 << 20;

// The lines of a file or of standard input, read in large pieces and never held as a whole.
class LineInput {
 public:
  // How often it will be read. What cannot be read again, such as a pipe, is first copied into a
  // temporary file where it has to be.
  enum class Readings { kOne, kSeveral };
  // "-" is standard input. NotFound or PermissionDenied names the file; ResourceExhausted: there is
  // no room for the copy.
  static absl::StatusOr<LineInput> Open(const std::string& path, Readings readings);
  LineInput(LineInput&& other) noexcept;
  LineInput& operator=(LineInput&&) = delete;
  ~LineInput();

  // The next line without its line break (LF or CRLF), or nothing at the end. Valid until the next
  // call. A byte order mark at the very start is skipped. Errors: the file cannot be read, or has a
  // line that is too long.
  absl::StatusOr<std::optional<std::string_view>> Next();
  // Back to the first line; only where several readings were announced. FailedPrecondition: the
  // file has changed since it was opened. That is also what Next says at the end of such a file.
  absl::Status Restart();

  uint64_t line() const { return line_; }  // number of the last line, from 1
  uint64_t bytes_read() const { return bytes_read_; }
  // The size of a plain file; nothing for a pipe.
  std::optional<uint64_t> bytes_total() const { return bytes_total_; }
  const std::string& name() const { return name_; }

 private:
  LineInput(int fd, std::string name, Readings readings);
  absl::Status Fill();
  absl::Status CheckUnchanged() const;

  int fd_;
  std::string name_;
  Readings readings_;
  struct stat opened_ {};  // the file as it was then
  std::optional<uint64_t> bytes_total_;
  std::vector<char> buffer_;
  size_t begin_ = 0;  // bytes [begin_, end_) are read and not handed out
  size_t end_ = 0;
  bool at_end_ = false;
  uint64_t line_ = 0;
  uint64_t bytes_read_ = 0;
};

}  // namespace xref
