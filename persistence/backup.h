#pragma once

// Backups: everything that a snapshot holds in one file that can be carried away, and a new data
// folder made from such a file. README.md beside this file has the format.

#include <absl/status/status.h>
#include <absl/status/statusor.h>

#include <cstdint>
#include <span>
#include <string>

#include "index/vocabulary.h"
#include "persistence/file_descriptor.h"
#include "persistence/snapshot.h"

namespace xref {

// A backup in a file that has no name: it goes with the object, or with the process. Thread-safe,
// since nothing changes once it is made.
class BackupFile {
 public:
  // Writes a backup of `snapshot`, into which no fold may be under way, to the disk of `folder`.
  // Takes as long as writing that much. ResourceExhausted: the disk is full. DataLoss, Internal:
  // it cannot be read or written.
  static absl::StatusOr<BackupFile> Make(Snapshot& snapshot, const std::string& folder);

  Lsn lsn() const { return lsn_; }  // it holds all changes up to this one, and none after it
  uint64_t references() const { return references_; }
  uint64_t bytes() const { return bytes_; }

  // Fills `to` from `offset` on; all of it must be within bytes().
  absl::Status Read(uint64_t offset, std::span<char> to) const;

 private:
  BackupFile(FileDescriptor file, Lsn lsn, uint64_t references, uint64_t bytes)
      : file_(std::move(file)), lsn_(lsn), references_(references), bytes_(bytes) {}

  FileDescriptor file_;
  Lsn lsn_;
  uint64_t references_;
  uint64_t bytes_;
};

struct Restored {
  uint64_t references = 0;
  Lsn lsn = 0;
  Epoch epoch = 0;  // of a branch one above that of the backup
};

// Whether what is made from a backup goes on with the history that the backup is of.
enum class Restoring : uint8_t {
  kBranch,  // no: in an epoch of its own
  kCopy,    // yes: as a standby of the daemon that was backed up
};

// Makes the data folder `folder` from the backup `file`. `map_bytes` is as for Snapshot::Open.
//
// `folder` must not exist or be empty. It appears in one step, when everything in it is verified
// and durable; until then it is built beside that place, in FOLDER.restoring-XXXXXX, which goes if
// anything fails. FailedPrecondition: the folder is not empty, or cannot be put there. NotFound: no
// such file, or no place for the folder. InvalidArgument: the file is no backup, or was cut off.
// DataLoss: it is damaged.
[[nodiscard]] absl::StatusOr<Restored> Restore(const std::string& file, const std::string& folder,
                                               uint64_t map_bytes,
                                               Restoring as = Restoring::kBranch);

}  // namespace xref
