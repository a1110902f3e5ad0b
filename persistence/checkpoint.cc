#include "persistence/checkpoint.h"

#include <fmt/format.h>

#include <algorithm>
#include <string>
#include <utility>
#include <vector>

#include "persistence/failpoint.h"
#include "protocol/change_codec.h"

namespace xref {
namespace {

// One run is sorted in memory: the more it holds, the fewer pages are touched twice.
constexpr size_t kRunBytesMax = 128 << 20;
// One transaction of the snapshot; bounds what LMDB keeps as dirty pages.
constexpr size_t kTransactionRowsMax = 32'768;

// The effect of consecutive changes, gathered until it is worth writing.
class Run {
 public:
  bool full() const { return bytes_.size() >= kRunBytesMax; }
  bool empty() const { return applied_.lsn == 0; }

  absl::Status Gather(const JournalRecord& record) {
    Change change;
    if (const auto fault = protocol::DecodeChange(record.bytes, change)) {
      return absl::DataLossError(fmt::format("journal: change {}: {}", record.lsn, *fault));
    }
    applied_ = {change.lsn, change.epoch};
    if (const auto* added = std::get_if<AddReferences>(&change.what)) {
      GatherReferences(change, *added);
    } else if (const auto* created = std::get_if<CreateIntegration>(&change.what)) {
      catalog_.emplace_back(created->integration, record.bytes);
    }
    return absl::OkStatus();
  }

  absl::Status WriteTo(Snapshot& snapshot) const {
    std::vector<Snapshot::CatalogRecord> catalog;
    for (const auto& [integration, record] : catalog_) catalog.push_back({integration, record});
    Pass(Failpoint::kCheckpointBefore);
    if (auto status = snapshot.WriteCatalog(catalog); !status.ok()) return status;
    Pass(Failpoint::kCheckpointCatalog);
    if (auto status = WriteReferencesTo(snapshot); !status.ok()) return status;
    if (auto status = snapshot.WriteApplied(applied_); !status.ok()) return status;
    Pass(Failpoint::kCheckpointApplied);
    return absl::OkStatus();
  }

 private:
  struct RowPosition {
    size_t start;
    size_t key_bytes;
    size_t value_bytes;
  };

  absl::Status WriteReferencesTo(Snapshot& snapshot) const {
    std::vector<Snapshot::Row> rows;
    rows.reserve(rows_.size());
    for (const auto& [start, key_bytes, value_bytes] : rows_) {
      const std::string_view whole =
          std::string_view(bytes_).substr(start, key_bytes + value_bytes);
      rows.push_back({whole.substr(0, key_bytes), whole.substr(key_bytes)});
    }
    std::sort(rows.begin(), rows.end(), [](const auto& a, const auto& b) { return a.key < b.key; });
    for (size_t done = 0; done < rows.size(); done += kTransactionRowsMax) {
      const size_t count = std::min(kTransactionRowsMax, rows.size() - done);
      if (auto status = snapshot.WriteReferences(std::span(rows).subspan(done, count));
          !status.ok()) {
        return status;
      }
      Pass(Failpoint::kCheckpointReferences);
    }
    return absl::OkStatus();
  }

  void GatherReferences(const Change& change, const AddReferences& added) {
    IdCursor sources(added.sources);
    IdCursor targets(added.targets);
    for (uint32_t i = 0; i < added.sources.count; ++i) {
      const StoredReference reference{.place = added.place,
                                      .source = sources.Next(),
                                      .target = targets.Next(),
                                      .origin = added.origin,
                                      .created_us = change.time_us,
                                      .actor = change.actor};
      const size_t start = bytes_.size();
      const size_t key_bytes = AppendReference(reference, bytes_);
      rows_.push_back({start, key_bytes, bytes_.size() - start - key_bytes});
    }
  }

  std::string bytes_;
  std::vector<RowPosition> rows_;
  std::vector<std::pair<IntegrationId, std::string>> catalog_;
  Snapshot::Applied applied_;
};

}  // namespace

absl::StatusOr<Lsn> Checkpoint(Journal& journal, Snapshot& snapshot) {
  const auto reached = snapshot.ReadApplied();
  if (!reached.ok()) return reached.status();
  Lsn applied = reached->lsn;
  for (bool more = true; more;) {
    // The journal's read transaction ends with each run: a long one makes its file grow.
    Run run;
    more = false;
    const absl::Status read = journal.Read(applied + 1, [&](const JournalRecord& record) {
      more = run.full();
      if (more) return absl::CancelledError();
      applied = record.lsn;
      return run.Gather(record);
    });
    if (!read.ok() && !absl::IsCancelled(read)) return read;
    if (run.empty()) break;
    if (auto status = run.WriteTo(snapshot); !status.ok()) return status;
    if (auto status = journal.Trim(applied); !status.ok()) return status;
  }
  return applied;
}

}  // namespace xref
