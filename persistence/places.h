#pragma once

// What the catalog says about the numbers that changes and keys name.

#include <absl/status/status.h>

#include <vector>

#include "index/catalog.h"
#include "index/vocabulary.h"

namespace xref {

// DataLoss: no primary makes such a change, although its record is whole. It is about a place or an
// integration that does not exist, gives a number that is taken or far from the next free one, or
// links what are no IDs. Whoever applies a change that comes from elsewhere checks it before.
[[nodiscard]] absl::Status CheckChange(const Change& change, const Catalog& catalog);

// Whose references are stored under which partition. Thread-compatible.
class Partitions {
 public:
  explicit Partitions(const Catalog& catalog);

  // The place that has its references there now; 0, which is none, for any other partition.
  PlaceId PlaceOf(PlaceId partition) const {
    return partition < places_.size() ? places_[partition] : 0;
  }
  // Whether it is a place's, or in the trash.
  bool IsKept(PlaceId partition) const {
    return partition < places_.size() && (places_[partition] != 0 || trash_[partition]);
  }
  // DataLoss: a snapshot that is as far as the catalog has no such partition. It may have some that
  // are not numbered yet, since a fold that was cut short may have gone further.
  [[nodiscard]] absl::Status Check(PlaceId partition) const;

 private:
  std::vector<PlaceId> places_;  // by partition
  std::vector<bool> trash_;      // by partition
};

}  // namespace xref
