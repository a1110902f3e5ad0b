#pragma once

#include <absl/status/statusor.h>

#include <cstdint>
#include <memory>

#include "persistence/data_folder.h"
#include "persistence/journal.h"
#include "persistence/snapshot_folder.h"

namespace xref {

// What a data folder holds.
struct DataFiles {
  std::unique_ptr<Journal> journal;
  std::unique_ptr<SnapshotFolder> snapshots;
};

// Opens both, or makes them in a new folder; examines every page first, which takes about 0.3 s a
// gigabyte. `map_bytes` is the address space that each starts with. DataLoss names what is damaged
// or missing; FailedPrecondition: another version of xrefd wrote it.
absl::StatusOr<DataFiles> OpenDataFiles(const DataFolder& folder, uint64_t map_bytes);

}  // namespace xref
