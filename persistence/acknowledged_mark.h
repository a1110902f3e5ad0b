#pragma once

#include <absl/status/status.h>
#include <absl/status/statusor.h>

#include <atomic>
#include <memory>
#include <string>

#include "index/vocabulary.h"

namespace xref {

// A small file beside the journal that tells the LSN up to which changes were acknowledged, at
// least. A damaged meta page could let LMDB take up an earlier state of the journal, sound in
// itself: it would then lack changes that the mark knows of.
//
// Thread-compatible.
class AcknowledgedMark {
 public:
  // Opens or makes the file. FailedPrecondition: another version of xrefd wrote it. A mark that is
  // damaged knows nothing, which takes nothing from what the journal itself holds.
  static absl::StatusOr<std::unique_ptr<AcknowledgedMark>> Open(const std::string& path);
  ~AcknowledgedMark();
  AcknowledgedMark(const AcknowledgedMark&) = delete;
  AcknowledgedMark& operator=(const AcknowledgedMark&) = delete;

  // As of when it was opened; 0 if it knows nothing.
  Lsn lsn() const { return lsn_; }
  // The file had content when it was opened, and not what was written to it; until it is Set. From
  // any thread.
  bool damaged() const { return damaged_; }

  // Remembers that everything up to `lsn` is durable. Not synced: after a loss of power the mark
  // may be an earlier one, which is as true.
  void Set(Lsn lsn);

 private:
  explicit AcknowledgedMark(int fd) : fd_(fd) {}

  const int fd_;
  Lsn lsn_ = 0;
  std::atomic<bool> damaged_ = false;
};

}  // namespace xref
