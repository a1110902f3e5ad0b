#include "persistence/acknowledged_mark.h"

#include <fcntl.h>
#include <fmt/format.h>
#include <unistd.h>

#include <cerrno>
#include <cstring>

#include "persistence/meta_table.h"

namespace xref {
namespace {

// u32 format version, u64 LSN, u64 checksum
constexpr uint32_t kFormat = 1;
constexpr std::string_view kKey = "acknowledged";

}  // namespace

absl::StatusOr<std::unique_ptr<AcknowledgedMark>> AcknowledgedMark::Open(const std::string& path) {
  const int fd = open(path.c_str(), O_RDWR | O_CREAT | O_CLOEXEC, 0600);
  if (fd < 0) {
    return absl::InternalError(fmt::format("{}: opening: {}", path, std::strerror(errno)));
  }
  std::unique_ptr<AcknowledgedMark> mark(new AcknowledgedMark(fd));
  char bytes[64];
  const ssize_t size = pread(fd, bytes, sizeof bytes, 0);
  if (size == 0) return mark;
  auto content = OpenMeta(kKey, {bytes, static_cast<size_t>(std::max<ssize_t>(size, 0))});
  if (!content.ok()) {
    mark->damaged_ = true;
    return mark;
  }
  if (auto status = ExpectFormat(content->U32(), kFormat, path); !status.ok()) return status;
  mark->lsn_ = content->U64();
  return mark;
}

AcknowledgedMark::~AcknowledgedMark() { close(fd_); }

void AcknowledgedMark::Set(Lsn lsn) {
  std::string bytes;
  protocol::Writer writer(bytes);
  writer.U32(kFormat);
  writer.U64(lsn);
  SealMeta(kKey, bytes);
  // Where it fails the file holds an earlier mark, or a damaged one: both promise less, no more.
  const ssize_t written = pwrite(fd_, bytes.data(), bytes.size(), 0);
  if (written == static_cast<ssize_t>(bytes.size())) damaged_ = false;
}

}  // namespace xref
