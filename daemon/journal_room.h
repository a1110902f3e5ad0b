#pragma once

#include <cstdint>

#include "daemon/maintenance.h"
#include "persistence/journal.h"

namespace xref {

// How much the journal may hold. From three quarters of that on folds are hurried along, so that
// what it holds is dropped; at all of it changes are refused until a fold has made room.
//
// Standbys, which the journal keeps changes for, must not be able to fill it, nor keep folds going:
// so what is kept for them is a quarter at most, counted as records, which take less than twice as
// much as pages. Thread-safe.
class JournalRoom {
 public:
  JournalRoom(Maintenance& maintenance, uint64_t limit)
      : maintenance_(maintenance), limit_(limit) {}

  uint64_t limit() const { return limit_; }
  // The most of it that may be kept for standbys.
  static uint64_t KeptForStandbys(uint64_t limit) { return limit / 4; }

  // Whether it is full. To be asked before or after each commit: hurries folds along where it is
  // time.
  bool IsFull(const Journal& journal) {
    const uint64_t held = journal.BytesHeld();
    if (held >= limit_ / 4 * 3) maintenance_.Hurry();
    return held >= limit_;
  }

 private:
  Maintenance& maintenance_;
  const uint64_t limit_;
};

}  // namespace xref
