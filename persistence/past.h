#pragma once

#include <absl/status/statusor.h>

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "index/vocabulary.h"
#include "persistence/snapshot.h"

namespace xref {

// The numbers under which the references of a place have been stored, up to what a snapshot shows.
struct PastPartition {
  PlaceId partition;
  // What ended it; of the last one, which is the place's now, LSN 0.
  Lsn purged_lsn = 0;
  int64_t purged_us = 0;
  std::string purged_by;
};
// The oldest first; those whose trash was emptied are among them.
absl::StatusOr<std::vector<PastPartition>> PastPartitionsOf(Snapshot& snapshot, PlaceId place);

// What a source ID was linked to at a time (microseconds since 1970), in the partition that its
// place had then; empty if it was not linked. Right only where nothing is missing in the history
// from that time on.
absl::StatusOr<std::string> TargetAt(Snapshot& snapshot, PlaceId partition, std::string_view source,
                                     int64_t time_us);

}  // namespace xref
