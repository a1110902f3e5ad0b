#pragma once

// What changes do to one source ID each: operations, as they wait in SortedRuns to be made in the
// order of keys, and within a key in that of their LSNs.

#include <absl/status/status.h>

#include <cstdint>
#include <string>
#include <string_view>

#include "index/catalog.h"
#include "index/vocabulary.h"
#include "persistence/history.h"
#include "persistence/keys.h"
#include "persistence/sorted_runs.h"
#include "persistence/stored_reference.h"

namespace xref {

// Adds what the change does to the references and the history of its place, which must be in the
// catalog, to `operations`. Their keys are those of references, in the partition that the place has
// there.
[[nodiscard]] absl::Status AddOperations(const Change& change, const Catalog& catalog,
                                         SortedRuns& operations);

// Sorted operations, one source ID after another. Thread-compatible.
class Operations {
 public:
  explicit Operations(SortedRuns& sorted) : sorted_(sorted) {}

  // To the next one; at_end() tells whether there was one.
  absl::Status Move() {
    const auto found = sorted_.Next(row_);
    at_end_ = !found.ok() || !*found;
    return found.status();
  }
  bool at_end() const { return at_end_; }
  // Valid until Move.
  std::string_view key() const { return row_.key; }
  PlaceId partition() const { return ReadBigEndian<PlaceId>(row_.key); }
  std::string_view operation() const { return row_.value; }

 private:
  SortedRuns& sorted_;
  SortedRuns::Row row_;
  bool at_end_ = false;
};

// What becomes of the stored reference of one source ID, and of its history, as operations are made
// on it. Thread-compatible.
//
// An operation that the reference has seen already alters nothing: a fold that was cut short is
// made again, on whatever it had written by then. Of one change only the first operation counts.
class SourceFold {
 public:
  // `stored` is the value of the reference under this key, or empty where there is none. DataLoss:
  // it is damaged.
  [[nodiscard]] absl::Status Begin(std::string_view key, std::string_view stored);
  // DataLoss: the operation is damaged.
  [[nodiscard]] absl::Status Make(std::string_view operation);

  const std::string& key() const { return key_; }
  // The value that is to be stored from now on; empty for none.
  const std::string& reference() const { return reference_; }
  // The target that it has now; empty for none.
  std::string_view target() const;
  PlaceId partition() const;
  // What the operation that was made last leaves as history; an empty key for nothing.
  const std::string& event_key() const { return event_key_; }
  const std::string& event() const { return event_; }

 private:
  absl::Status MakeEvent(HistoryEvent event);
  void Link(const HistoryEvent& event, const StoredReference* before);
  std::string_view source() const;

  std::string key_;
  Lsn seen_ = 0;  // of the operation before
  std::string reference_;
  std::string event_key_;
  std::string event_;
  std::string next_;  // the value that takes the reference's place
};

}  // namespace xref
