#include "daemon/backups.h"

#include <fmt/format.h>
#include <spdlog/spdlog.h>

#include <utility>

#include "daemon/limits.h"

namespace xref {

Backup::~Backup() { spdlog::info("backup: its copy is let go"); }

void Backup::Finish(absl::StatusOr<BackupFile> made) {
  if (made.ok()) {
    spdlog::info("backup: ready, {} references at LSN {}, {} bytes", made->references(),
                 made->lsn(), made->bytes());
  } else {
    spdlog::error("backup: it failed: {}", made.status().ToString());
  }
  made_ = std::move(made);
  is_made_ = true;
}

absl::StatusOr<std::shared_ptr<const Backup>> Backups::Begin() {
  const std::lock_guard lock(mutex_);
  if (!last_.expired()) {
    return absl::ResourceExhaustedError(
        "another backup is under way, and there can be one at a time; try again when it is over");
  }
  const auto backup = std::make_shared<Backup>();
  const bool asked = maintenance_.Ask([this, mine = backup]() mutable {
    auto made = Make();
    // Whoever sees that it is made, lets it go and begins another must find it gone.
    const std::lock_guard in_one_step(mutex_);
    mine->Finish(std::move(made));
    mine.reset();
  });
  if (!asked) {
    return absl::UnavailableError("the daemon is shutting down and makes no more backups");
  }
  last_ = backup;
  return backup;
}

absl::StatusOr<BackupFile> Backups::Make() {
  if (const auto reached = maintenance_.Fold(); !reached.ok()) return reached.status();
  const auto snapshot = files_.snapshots->current();
  const uint64_t needed = snapshot->BytesUsed() + kBackupDiskBytesLeft;
  if (const uint64_t room = files_.journal->DiskBytesFree(); room < needed) {
    return absl::ResourceExhaustedError(fmt::format(
        "the data folder's disk has {} MiB free, and a backup needs {} MiB of it, of which {} stay "
        "free for changes; make room and try again",
        room >> 20, needed >> 20, kBackupDiskBytesLeft >> 20));
  }
  return BackupFile::Make(*snapshot, folder_);
}

}  // namespace xref
