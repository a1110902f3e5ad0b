#pragma once

#include <absl/status/status.h>

#include <cstdint>
#include <string>

#include "persistence/places.h"
#include "persistence/snapshot.h"
#include "persistence/sorted_runs.h"

namespace xref {

// What became of the events that there were.
struct CopiedHistory {
  int64_t oldest_us = Snapshot::Applied::kNoEvent;  // of those that were copied
  bool dropped = false;                             // some of them
};

// Writes the references of `current`, their history and their targets, as the sorted operations
// leave them, to the empty snapshot `next`: but for partitions that are not kept, and events from
// before `history_from_us`. `folder` is for what does not fit into memory.
absl::Status MergeSources(Snapshot& next, Snapshot& current, SortedRuns& operations,
                          const Partitions& partitions, const std::string& folder,
                          int64_t history_from_us, CopiedHistory& copied);

}  // namespace xref
