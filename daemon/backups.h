#pragma once

#include <absl/status/statusor.h>

#include <atomic>
#include <memory>
#include <mutex>
#include <string>

#include "daemon/maintenance.h"
#include "persistence/backup.h"
#include "persistence/data_files.h"

namespace xref {

// A backup that a client asked for: made on the maintenance thread, read by the client's session.
// Its disk space is free again when both have let it go. Thread-safe.
class Backup {
 public:
  Backup() = default;
  ~Backup();
  Backup(const Backup&) = delete;
  Backup& operator=(const Backup&) = delete;

  // The backup, or why there is none; null while it is being made.
  const absl::StatusOr<BackupFile>* made() const { return is_made_ ? &made_ : nullptr; }

 private:
  friend class Backups;
  void Finish(absl::StatusOr<BackupFile> made);

  absl::StatusOr<BackupFile> made_ = absl::UnknownError("");  // written before is_made_ is set
  std::atomic<bool> is_made_ = false;
};

// Makes backups, one at a time. Thread-safe.
class Backups {
 public:
  // The copies are written to the disk of `folder`, which is the journal's as well.
  Backups(Maintenance& maintenance, const DataFiles& files, std::string folder)
      : maintenance_(maintenance), files_(files), folder_(std::move(folder)) {}

  // Has a backup made of at least everything that is in the journal now. ResourceExhausted: another
  // one is not over yet. Unavailable: the daemon is shutting down.
  absl::StatusOr<std::shared_ptr<const Backup>> Begin();

 private:
  absl::StatusOr<BackupFile> Make();

  Maintenance& maintenance_;
  const DataFiles& files_;
  const std::string folder_;
  std::mutex mutex_;
  std::weak_ptr<Backup> last_;  // guarded by mutex_
};

}  // namespace xref
