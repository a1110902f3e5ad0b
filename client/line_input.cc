#include "client/line_input.h"

#include <fcntl.h>
#include <fmt/format.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cerrno>
#include <cstring>
#include <utility>

#include "client/unnamed_file.h"

namespace xref {
namespace {

constexpr std::string_view kByteOrderMark = "\xEF\xBB\xBF";

}  // namespace

absl::StatusOr<LineInput> LineInput::Open(const std::string& path, Readings readings) {
  const bool is_stdin = path == "-";
  const int fd = is_stdin ? dup(STDIN_FILENO) : open(path.c_str(), O_RDONLY | O_CLOEXEC);
  if (fd < 0) {
    const std::string message = fmt::format("cannot read {}: {}", path, std::strerror(errno));
    return errno == EACCES ? absl::PermissionDeniedError(message) : absl::NotFoundError(message);
  }
  LineInput input(fd, is_stdin ? "standard input" : path, Readings::kOne);
  if (readings == Readings::kOne) return input;
  // Standard input may be a file that another program has read half of, and reads on.
  if (!is_stdin && input.bytes_total_.has_value()) {
    input.readings_ = readings;
    return input;
  }
  UnnamedFile copy;
  while (!input.at_end_) {
    if (auto status = input.Fill(); !status.ok()) return status;
    if (auto status = copy.Append({input.buffer_.data(), input.end_}); !status.ok()) return status;
    input.end_ = 0;
  }
  const auto copied = copy.Release();
  if (!copied.ok()) return copied.status();
  return LineInput(*copied, input.name_, readings);
}

LineInput::LineInput(int fd, std::string name, Readings readings)
    : fd_(fd), name_(std::move(name)), readings_(readings), buffer_(2 * kLineBytesMax) {
  if (fstat(fd_, &opened_) == 0 && S_ISREG(opened_.st_mode)) {
    bytes_total_ = static_cast<uint64_t>(opened_.st_size);
  }
}

LineInput::LineInput(LineInput&& other) noexcept
    : fd_(std::exchange(other.fd_, -1)),
      name_(std::move(other.name_)),
      readings_(other.readings_),
      opened_(other.opened_),
      bytes_total_(other.bytes_total_),
      buffer_(std::move(other.buffer_)),
      begin_(other.begin_),
      end_(other.end_),
      at_end_(other.at_end_),
      line_(other.line_),
      bytes_read_(other.bytes_read_) {}

LineInput::~LineInput() {
  if (fd_ >= 0) close(fd_);
}

absl::Status LineInput::Fill() {
  if (begin_ > 0) {
    std::memmove(buffer_.data(), buffer_.data() + begin_, end_ - begin_);
    end_ -= begin_;
    begin_ = 0;
  }
  ssize_t size = 0;
  do {
    size = read(fd_, buffer_.data() + end_, buffer_.size() - end_);
  } while (size < 0 && errno == EINTR);
  if (size < 0) {
    return absl::NotFoundError(fmt::format("cannot read {}: {}", name_, std::strerror(errno)));
  }
  at_end_ = size == 0;
  if (at_end_ && readings_ == Readings::kSeveral) return CheckUnchanged();
  end_ += static_cast<size_t>(size);
  bytes_read_ += static_cast<uint64_t>(size);
  return absl::OkStatus();
}

absl::Status LineInput::CheckUnchanged() const {
  struct stat now;
  const bool same = fstat(fd_, &now) == 0 && now.st_size == opened_.st_size &&
                    now.st_mtim.tv_sec == opened_.st_mtim.tv_sec &&
                    now.st_mtim.tv_nsec == opened_.st_mtim.tv_nsec;
  if (same) return absl::OkStatus();
  return absl::FailedPreconditionError(fmt::format("{} was changed while it was read", name_));
}

absl::Status LineInput::Restart() {
  if (auto status = CheckUnchanged(); !status.ok()) return status;
  if (lseek(fd_, 0, SEEK_SET) != 0) {
    return absl::FailedPreconditionError(
        fmt::format("cannot read {} again: {}", name_, std::strerror(errno)));
  }
  begin_ = end_ = 0;
  at_end_ = false;
  line_ = bytes_read_ = 0;
  return absl::OkStatus();
}

absl::StatusOr<std::optional<std::string_view>> LineInput::Next() {
  const char* line_break = nullptr;
  for (size_t searched = begin_;;) {
    line_break =
        static_cast<const char*>(std::memchr(buffer_.data() + searched, '\n', end_ - searched));
    if (line_break != nullptr || at_end_) break;
    const size_t held = end_ - begin_;
    if (held >= kLineBytesMax) {
      return absl::InvalidArgumentError(
          fmt::format("{}, line {}: longer than {} bytes; is this the right file?", name_,
                      line_ + 1, kLineBytesMax));
    }
    if (auto status = Fill(); !status.ok()) return status;
    searched = begin_ + held;
  }
  if (line_break == nullptr && begin_ == end_) return std::nullopt;
  const char* start = buffer_.data() + begin_;
  const char* stop = line_break != nullptr ? line_break : buffer_.data() + end_;
  begin_ = static_cast<size_t>(stop - buffer_.data()) + (line_break != nullptr ? 1 : 0);
  ++line_;
  std::string_view line(start, static_cast<size_t>(stop - start));
  if (line_ == 1 && line.starts_with(kByteOrderMark)) line.remove_prefix(kByteOrderMark.size());
  if (line.ends_with('\r')) line.remove_suffix(1);
  return line;
}

}  // namespace xref
