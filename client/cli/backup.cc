// A copy of everything that the server holds, in one file that appears when it is whole and
// durable.

#include <fcntl.h>
#include <fmt/format.h>
#include <sys/stat.h>
#include <unistd.h>

#include <boost/json.hpp>
#include <cerrno>
#include <chrono>
#include <cstdio>
#include <cstring>
#include <filesystem>
#include <iostream>
#include <thread>
#include <utility>

#include "client/cli/commands.h"
#include "client/cli/progress.h"

namespace xref::cli {
namespace {

using protocol::BackupState;

struct BackupOptions {
  std::string file;
  bool force = false;  // replace the file if it exists
};

absl::Status Failure(const char* what, const std::string& path) {
  return absl::FailedPreconditionError(fmt::format("{} {}: {}", what, path, std::strerror(errno)));
}

absl::Status RefuseUnlessFree(const BackupOptions& options) {
  if (options.file == "-") {
    return absl::InvalidArgumentError(
        "a backup is not written to standard output, where nobody could tell whether it is whole; "
        "name a file");
  }
  std::error_code error;
  const auto there = std::filesystem::status(options.file, error);
  if (!std::filesystem::exists(there)) return absl::OkStatus();
  if (!std::filesystem::is_regular_file(there)) {
    return absl::InvalidArgumentError(fmt::format("{} is not a file", options.file));
  }
  if (options.force) return absl::OkStatus();
  return absl::AlreadyExistsError(
      fmt::format("{} exists; name another file, or replace it with --force", options.file));
}

// FILE.part, in which the backup grows: made FILE in the end, or removed. Private to the user.
class PartFile {
 public:
  static absl::StatusOr<std::unique_ptr<PartFile>> Make(const std::string& file) {
    const std::string path = file + ".part";
    // What an interrupted backup has left is not written into: somebody might have it open.
    unlink(path.c_str());
    const int fd = open(path.c_str(), O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0600);
    if (fd < 0) return Failure("cannot make", path);
    return std::unique_ptr<PartFile>(new PartFile(path, fd));
  }
  ~PartFile() {
    close(fd_);
    if (!kept_) unlink(path_.c_str());
  }
  PartFile(const PartFile&) = delete;
  PartFile& operator=(const PartFile&) = delete;

  absl::Status Append(protocol::Bytes bytes) {
    while (!bytes.empty()) {
      const ssize_t size = write(fd_, bytes.data(), bytes.size());
      if (size < 0 && errno == EINTR) continue;
      if (size < 0) return Failure("cannot write", path_);
      bytes = bytes.subspan(static_cast<size_t>(size));
    }
    return absl::OkStatus();
  }

  // Makes it `file`, durably.
  absl::Status MoveTo(const std::string& file) {
    if (fsync(fd_) != 0) return Failure("cannot sync", path_);
    if (std::rename(path_.c_str(), file.c_str()) != 0) return Failure("cannot make", file);
    kept_ = true;
    const std::string folder = std::filesystem::absolute(file).parent_path();
    const int folder_fd = open(folder.c_str(), O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    if (folder_fd < 0) return Failure("cannot sync", folder);
    const absl::Status synced =
        fsync(folder_fd) == 0 ? absl::OkStatus() : Failure("cannot sync", folder);
    close(folder_fd);
    return synced;
  }

 private:
  PartFile(std::string path, int fd) : path_(std::move(path)), fd_(fd) {}

  const std::string path_;
  const int fd_;
  bool kept_ = false;
};

struct Saved {
  Lsn lsn = 0;
  uint64_t references = 0;
  uint64_t bytes = 0;
};

absl::StatusOr<Saved> Save(Client& client, const BackupOptions& options, Progress& progress) {
  std::unique_ptr<PartFile> part;
  Saved saved;
  uint64_t fetched = 0;
  std::string payload;
  for (protocol::BackupRequest request{.begin = true}; part == nullptr || fetched < saved.bytes;
       request = {.begin = false, .offset = fetched}) {
    const auto reply = client.Backup(request, payload);
    if (!reply.ok()) return reply.status();
    if (reply->state == BackupState::kPreparing) {
      progress.Update(0, 0, std::nullopt);
      std::this_thread::sleep_for(kPollPause);
      continue;
    }
    if (part == nullptr) {
      auto made = PartFile::Make(options.file);
      if (!made.ok()) return made.status();
      part = *std::move(made);
      saved = {.lsn = reply->lsn, .references = reply->references, .bytes = reply->bytes};
    }
    if (reply->piece.empty()) return absl::InternalError("the server's backup ends early");
    if (auto status = part->Append(reply->piece); !status.ok()) return status;
    fetched += reply->piece.size();
    progress.Update(fetched >> 20, fetched, saved.bytes);
  }
  // It may have come into being meanwhile.
  if (auto status = RefuseUnlessFree(options); !status.ok()) return status;
  if (auto status = part->MoveTo(options.file); !status.ok()) return status;
  return saved;
}

absl::StatusOr<ExitCode> RunBackup(const Globals& globals, const BackupOptions& options) {
  if (auto status = RefuseUnlessFree(options); !status.ok()) return status;
  auto client = Client::Connect(globals.client);
  if (!client.ok()) return client.status();
  Progress progress("backup", "MiB");
  const auto saved = Save(**client, options, progress);
  if (!saved.ok()) {
    return absl::Status(saved.status().code(), fmt::format("{}; no backup was written",
                                                           std::string(saved.status().message())));
  }
  if (globals.json) {
    std::cout << boost::json::object{{"file", options.file},
                                     {"lsn", saved->lsn},
                                     {"references", saved->references},
                                     {"bytes", saved->bytes},
                                     {"seconds", progress.seconds()}}
              << "\n";
  } else {
    std::cout << fmt::format("{}: {} references at LSN {}, {} bytes\n", options.file,
                             saved->references, saved->lsn, saved->bytes);
  }
  return kDone;
}

}  // namespace

void AddBackup(CommandLine& line) {
  const auto [app, options] = line.Add<BackupOptions>(
      line.root(), "backup", "Save all integrations and references in one file",
      "Examples:\n"
      "  xref backup xref-monday.backup\n"
      "  xref --json backup --force latest.backup\n"
      "The server goes on serving. The file holds everything that was acknowledged before, and "
      "appears only when it is whole: until then it is FILE.part.\n"
      "To restore it: xrefd --restore FILE --data NEW-FOLDER",
      RunBackup);
  app.add_option("file", options.file, "Where to save it; must not exist")
      ->required()
      ->type_name("FILE");
  app.add_flag("--force", options.force, "Replace FILE if it exists");
}

}  // namespace xref::cli
