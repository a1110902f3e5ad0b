#include "persistence/recovery.h"

#include <fmt/format.h>

#include "persistence/failpoint.h"
#include "protocol/change_codec.h"

namespace xref {
namespace {

// References applied at a time while the snapshot is read.
constexpr size_t kBatch = 4096;

// Applies a change if the store has what it needs.
absl::Status ApplyVerified(const Change& change, ReferenceStore& store) {
  if (const auto* added = std::get_if<AddReferences>(&change.what)) {
    if (store.WriterIndex(added->place) == nullptr) {
      return absl::DataLossError(fmt::format(
          "change {} adds references to place {}, which does not exist", change.lsn, added->place));
    }
  }
  store.Apply(change);
  return absl::OkStatus();
}

absl::Status LoadCatalog(Snapshot& snapshot, ReferenceStore& store) {
  return snapshot.ReadCatalog([&](std::string_view record) {
    Change change;
    if (const auto fault = protocol::DecodeChange(record, change)) {
      return absl::DataLossError(fmt::format("snapshot: an entry of the catalog: {}", *fault));
    }
    return ApplyVerified(change, store);
  });
}

absl::StatusOr<uint64_t> LoadReferences(Snapshot& snapshot, ReferenceStore& store,
                                        absl::FunctionRef<bool(const RecoveryProgress&)> progress) {
  // Tables that have their final size from the start are filled several times faster.
  const auto counts = snapshot.CountReferences();
  if (!counts.ok()) return counts.status();
  uint64_t expected = 0;
  for (const auto& [place, references] : *counts) {
    if (store.WriterIndex(place) != nullptr) store.Reserve(place, references);
    expected += references;
  }

  PlaceId place = 0;
  IdList sources;
  IdList targets;
  uint64_t loaded = 0;
  const auto flush = [&] {
    if (sources.size() == 0) return absl::OkStatus();
    Change change;
    change.what = AddReferences{place, Origin::kSync, sources.View(), targets.View()};
    if (auto status = ApplyVerified(change, store); !status.ok()) return status;
    loaded += sources.size();
    sources.Clear();
    targets.Clear();
    return progress({loaded, expected}) ? absl::OkStatus()
                                        : absl::CancelledError("recovery was told to stop");
  };
  auto status = snapshot.ReadReferences([&](const StoredReference& reference) {
    if (reference.place != place || sources.size() == kBatch) {
      if (auto flushed = flush(); !flushed.ok()) return flushed;
      place = reference.place;
    }
    sources.Add(reference.source);
    targets.Add(reference.target);
    return absl::OkStatus();
  });
  if (status.ok()) status = flush();
  if (!status.ok()) return status;
  return loaded;
}

}  // namespace

absl::StatusOr<Recovered> Recover(Journal& journal, Snapshot& snapshot, ReferenceStore& store,
                                  absl::FunctionRef<bool(const RecoveryProgress&)> progress) {
  const auto applied = snapshot.ReadApplied();
  if (!applied.ok()) return applied.status();
  if (auto status = LoadCatalog(snapshot, store); !status.ok()) return status;
  Pass(Failpoint::kRecoveryCatalog);
  const auto loaded = LoadReferences(snapshot, store, progress);
  if (!loaded.ok()) return loaded.status();
  Pass(Failpoint::kRecoveryReferences);

  Recovered recovered{
      .lsn = applied->lsn, .epoch = applied->epoch, .from_snapshot = *loaded, .from_journal = 0};
  const auto status = journal.Read(applied->lsn + 1, [&](const JournalRecord& record) {
    Change change;
    if (const auto fault = protocol::DecodeChange(record.bytes, change)) {
      return absl::DataLossError(fmt::format("journal: change {}: {}", record.lsn, *fault));
    }
    if (change.lsn != recovered.lsn + 1 || record.lsn != change.lsn) {
      return absl::DataLossError(
          fmt::format("journal: after change {} comes change {}: changes are missing",
                      recovered.lsn, record.lsn));
    }
    recovered.lsn = change.lsn;
    recovered.epoch = change.epoch;
    ++recovered.from_journal;
    return ApplyVerified(change, store);
  });
  if (!status.ok()) return status;
  Pass(Failpoint::kRecoveryJournal);
  return recovered;
}

}  // namespace xref
