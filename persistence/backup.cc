#include "persistence/backup.h"

#include <fcntl.h>
#include <fmt/format.h>
#include <sys/stat.h>
#include <unistd.h>
#include <xxhash.h>

#include <algorithm>
#include <cerrno>
#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <filesystem>
#include <string_view>
#include <utility>
#include <vector>

#include "persistence/data_files.h"
#include "persistence/durable_file.h"
#include "persistence/examination.h"
#include "persistence/failpoint.h"
#include "persistence/snapshot_writer.h"
#include "protocol/wire.h"

namespace xref {
namespace {

// A backup is the data.mdb of a snapshot, compacted, and after it the seal:
//
//   8 bytes   "XREFBAK1"
//   u64       XXH3-64 of everything before the seal
//
// LMDB has no checksums of its own, and trusts its pages: so nothing of the file is given to it
// before the seal is verified. At the end, because only then the checksum is known.
constexpr std::string_view kMark = "XREFBAK1";
constexpr size_t kSealBytes = kMark.size() + sizeof(uint64_t);

// What is read and written at a time.
constexpr size_t kPieceBytes = 1 << 20;

absl::Status ReadAll(int fd, uint64_t offset, std::span<char> to, const std::string& path) {
  while (!to.empty()) {
    const ssize_t size = pread(fd, to.data(), to.size(), static_cast<off_t>(offset));
    if (size < 0 && errno == EINTR) continue;
    if (size < 0) return FileFailure(path, "reading");
    if (size == 0) return absl::DataLossError(fmt::format("{} has become shorter", path));
    offset += static_cast<uint64_t>(size);
    to = to.subspan(static_cast<size_t>(size));
  }
  return absl::OkStatus();
}

// Hands out the first `bytes` of a file, some at a time.
absl::Status ForEachPiece(int fd, uint64_t bytes, const std::string& path,
                          absl::FunctionRef<absl::Status(std::string_view piece)> take) {
  std::vector<char> buffer(kPieceBytes);
  for (uint64_t offset = 0; offset < bytes; offset += buffer.size()) {
    buffer.resize(std::min<uint64_t>(kPieceBytes, bytes - offset));
    if (auto status = ReadAll(fd, offset, buffer, path); !status.ok()) return status;
    if (auto status = take({buffer.data(), buffer.size()}); !status.ok()) return status;
  }
  return absl::OkStatus();
}

// The seal that belongs behind the first `bytes` of a file.
absl::StatusOr<std::string> SealOf(int fd, uint64_t bytes, const std::string& path) {
  XXH3_state_t hash;
  XXH3_64bits_reset(&hash);
  const auto status = ForEachPiece(fd, bytes, path, [&](std::string_view piece) {
    XXH3_64bits_update(&hash, piece.data(), piece.size());
    return absl::OkStatus();
  });
  if (!status.ok()) return status;
  std::string seal(kMark);
  protocol::Writer(seal).U64(XXH3_64bits_digest(&hash));
  return seal;
}

absl::StatusOr<uint64_t> SizeOf(int fd, const std::string& path) {
  struct stat file;
  if (fstat(fd, &file) != 0) return FileFailure(path, "examining");
  if (!S_ISREG(file.st_mode)) {
    return absl::InvalidArgumentError(fmt::format("{} is not a file", path));
  }
  return static_cast<uint64_t>(file.st_size);
}

// ---- Restoring ----

absl::Status NotABackup(const std::string& path) {
  return absl::InvalidArgumentError(
      fmt::format("{} is not a backup of xrefd, or its end is missing: take the file that \"xref "
                  "backup\" wrote, whole",
                  path));
}

absl::Status Damaged(const std::string& path, std::string_view how) {
  return absl::DataLossError(fmt::format(
      "the backup {} is damaged: {}; nothing was restored, take another one", path, how));
}

// A backup that was opened to be restored.
struct Source {
  std::string path;
  FileDescriptor file;
  uint64_t bytes;  // before the seal
  std::string seal;
};

absl::StatusOr<Source> OpenSource(const std::string& path) {
  // Not waiting for a writer, should it be a pipe.
  FileDescriptor file(open(path.c_str(), O_RDONLY | O_NONBLOCK | O_CLOEXEC));
  if (!file.ok()) {
    return absl::NotFoundError(
        fmt::format("cannot open the backup {}: {}", path, std::strerror(errno)));
  }
  const auto size = SizeOf(file.get(), path);
  if (!size.ok()) return size.status();
  if (*size < kSealBytes) return NotABackup(path);
  const uint64_t bytes = *size - kSealBytes;
  std::string seal(kSealBytes, '\0');
  if (auto status = ReadAll(file.get(), bytes, seal, path); !status.ok()) return status;
  if (!seal.starts_with(kMark)) return NotABackup(path);
  return Source{path, std::move(file), bytes, std::move(seal)};
}

// Where the new data folder will stand: a full path, so that it has a parent and no trailing slash.
absl::StatusOr<std::filesystem::path> FindPlace(const std::string& folder) {
  namespace fs = std::filesystem;
  std::error_code error;
  fs::path place = fs::absolute(folder, error).lexically_normal();
  if (!place.has_filename()) place = place.parent_path();
  const auto there = fs::symlink_status(place, error);
  if (!fs::exists(there)) return place;
  if (fs::is_directory(there) && fs::is_empty(place, error)) return place;
  return absl::FailedPreconditionError(
      fmt::format("{} exists and is not an empty folder: nothing was changed; name a new folder "
                  "with --data, or move that one away",
                  place.string()));
}

// The folder in which a data folder is built, beside its place. Removed unless it is put there.
class BuildingSite {
 public:
  static absl::StatusOr<BuildingSite> Make(const std::filesystem::path& place) {
    std::error_code ignored;  // making what is in it will tell
    std::filesystem::create_directories(place.parent_path(), ignored);
    std::string path = place.string() + ".restoring-XXXXXX";
    if (mkdtemp(path.data()) == nullptr) {
      return absl::NotFoundError(
          fmt::format("cannot make a folder beside {}: {}; choose another place with --data",
                      place.string(), std::strerror(errno)));
    }
    return BuildingSite(std::move(path));
  }
  BuildingSite(BuildingSite&& other) noexcept : path_(std::exchange(other.path_, {})) {}
  BuildingSite& operator=(BuildingSite&&) = delete;
  ~BuildingSite() {
    std::error_code ignored;
    if (!path_.empty()) std::filesystem::remove_all(path_, ignored);
  }

  const std::string& path() const { return path_; }

  // Makes it `place`, durably.
  absl::Status MoveTo(const std::filesystem::path& place) {
    if (std::rename(path_.c_str(), place.c_str()) != 0) {
      return absl::FailedPreconditionError(
          fmt::format("cannot put the restored folder at {}: {}; name a folder with --data that "
                      "does not exist yet, and is not a mount point",
                      place.string(), std::strerror(errno)));
    }
    path_.clear();
    Pass(Failpoint::kRestoreVisible);
    return Sync(place.parent_path());
  }

 private:
  explicit BuildingSite(std::string path) : path_(std::move(path)) {}

  std::string path_;
};

// Copies the backup, and verifies what arrived against its seal.
absl::Status CopyVerified(const Source& source, const std::string& path) {
  const FileDescriptor copy(open(path.c_str(), O_RDWR | O_TRUNC | O_CLOEXEC));
  if (!copy.ok()) return FileFailure(path, "opening");
  const auto copied =
      ForEachPiece(source.file.get(), source.bytes, source.path,
                   [&](std::string_view piece) { return WriteAll(copy.get(), piece, path); });
  if (!copied.ok()) return copied;
  const auto seal = SealOf(copy.get(), source.bytes, path);
  if (!seal.ok()) return seal.status();
  if (*seal != source.seal) return Damaged(source.path, "its checksum does not match its content");
  return fsync(copy.get()) == 0 ? absl::OkStatus() : FileFailure(path, "syncing");
}

// Reads everything that the daemon will read, and returns how many references there are.
absl::StatusOr<uint64_t> Verify(Journal& journal, Snapshot& snapshot) {
  const Examination found =
      Examine(journal, snapshot, [](const ExaminationProgress&) { return absl::OkStatus(); });
  if (!found.damages.empty()) return absl::DataLossError(found.damages.front());
  if (!found.interrupted.ok()) return found.interrupted;
  return found.references;
}

// Has the folder go on from the backup's LSN. A branch does so in an epoch of its own, so that what
// it will do is never taken for what the daemon that was backed up does.
absl::StatusOr<Restored> GoOn(Journal& journal, Snapshot& snapshot, Restoring as) {
  auto applied = snapshot.ReadApplied();
  if (!applied.ok()) return applied.status();
  if (as == Restoring::kBranch) ++applied->epoch;
  auto writer = SnapshotWriter::Begin(snapshot);
  if (!writer.ok()) return writer.status();
  if (auto status = writer->SetApplied(*applied); !status.ok()) return status;
  if (auto status = writer->Commit(); !status.ok()) return status;
  if (as == Restoring::kCopy) {
    if (auto status = journal.NoteCopied(applied->lsn); !status.ok()) return status;
  }
  if (auto status = journal.Trim(applied->lsn); !status.ok()) return status;
  return Restored{.references = 0, .lsn = applied->lsn, .epoch = applied->epoch};
}

absl::StatusOr<Restored> Build(const Source& source, const std::string& path, uint64_t map_bytes,
                               Restoring as) {
  const auto folder = DataFolder::Lock(path);
  if (!folder.ok()) return folder.status();
  const std::string snapshot_path = folder->snapshot_path() + "/1";
  // An empty folder first, whose snapshot's data then gives way to the backup's.
  if (const auto empty = OpenDataFiles(*folder, map_bytes); !empty.ok()) return empty.status();
  if (auto status = CopyVerified(source, snapshot_path + "/data.mdb"); !status.ok()) return status;
  Pass(Failpoint::kRestoreCopied);
  const auto files = OpenDataFiles(*folder, map_bytes);
  if (!files.ok()) return files.status();
  Snapshot& snapshot = *files->snapshots->current();
  auto restored = GoOn(*files->journal, snapshot, as);
  if (!restored.ok()) return restored;
  const auto references = Verify(*files->journal, snapshot);
  if (!references.ok()) {
    return Damaged(source.path, std::string(references.status().message()));
  }
  restored->references = *references;
  for (const std::string& made :
       {snapshot_path, folder->snapshot_path(), folder->journal_path(), path}) {
    if (auto status = Sync(made); !status.ok()) return status;
  }
  return restored;
}

}  // namespace

absl::StatusOr<BackupFile> BackupFile::Make(Snapshot& snapshot, const std::string& folder) {
  const auto applied = snapshot.ReadApplied();
  if (!applied.ok()) return applied.status();
  const auto references = snapshot.Size();
  if (!references.ok()) return references.status();
  std::string path = folder + "/backup-XXXXXX";
  FileDescriptor file(mkostemp(path.data(), O_CLOEXEC));
  if (!file.ok()) return FileFailure(path, "making");
  unlink(path.c_str());
  if (auto status = snapshot.CopyTo(file.get()); !status.ok()) return status;
  const auto bytes = SizeOf(file.get(), path);
  if (!bytes.ok()) return bytes.status();
  const auto seal = SealOf(file.get(), *bytes, path);
  if (!seal.ok()) return seal.status();
  if (auto status = WriteAll(file.get(), *seal, path); !status.ok()) return status;
  Pass(Failpoint::kBackupMade);
  return BackupFile(std::move(file), applied->lsn, *references, *bytes + seal->size());
}

absl::Status BackupFile::Read(uint64_t offset, std::span<char> to) const {
  return ReadAll(file_.get(), offset, to, "the backup");
}

absl::StatusOr<Restored> Restore(const std::string& file, const std::string& folder,
                                 uint64_t map_bytes, Restoring as) {
  const auto place = FindPlace(folder);
  if (!place.ok()) return place.status();
  const auto source = OpenSource(file);
  if (!source.ok()) return source.status();
  auto site = BuildingSite::Make(*place);
  if (!site.ok()) return site.status();
  const auto restored = Build(*source, site->path(), map_bytes, as);
  if (!restored.ok()) return restored.status();
  Pass(Failpoint::kRestoreBuilt);
  if (auto status = site->MoveTo(*place); !status.ok()) return status;
  return restored;
}

}  // namespace xref
