#include "persistence/data_files.h"

#include <fmt/format.h>

#include <filesystem>
#include <utility>

namespace xref {

absl::StatusOr<DataFiles> OpenDataFiles(const DataFolder& folder, uint64_t map_bytes) {
  // The journal is made first.
  const std::string journal_file = folder.journal_path() + "/data.mdb";
  if (std::filesystem::exists(folder.snapshot_path() + "/CURRENT") &&
      !std::filesystem::exists(journal_file)) {
    return absl::DataLossError(fmt::format("{} is missing", journal_file));
  }
  DataFiles files;
  auto journal = Journal::Open(folder.journal_path(), map_bytes);
  if (!journal.ok()) return journal.status();
  files.journal = *std::move(journal);
  auto snapshots = SnapshotFolder::Open(folder.snapshot_path(), map_bytes);
  if (!snapshots.ok()) return snapshots.status();
  files.snapshots = *std::move(snapshots);
  return files;
}

}  // namespace xref
