#include "persistence/recovery.h"

#include <fmt/format.h>

#include <algorithm>
#include <optional>
#include <thread>
#include <utility>

#include "persistence/failpoint.h"
#include "persistence/places.h"
#include "persistence/work_queue.h"
#include "protocol/change_codec.h"

namespace xref {
namespace {

// References applied at a time while the snapshot is read.
constexpr size_t kBatch = 4096;

// Applies a change if what it is about exists. Sums of the state are not compared: a snapshot whose
// fold was cut short is ahead of where the replay begins, until the replay has caught up with it.
absl::Status ApplyVerified(const Change& change, ReferenceStore& store) {
  auto status = CheckChange(change, store.WriterCatalog());
  if (status.ok()) store.Apply(change);
  return status;
}

absl::Status LoadCatalog(Snapshot& snapshot, ReferenceStore& store) {
  return snapshot.ReadCatalog(
      [&](const Change& change, std::string_view) { return ApplyVerified(change, store); });
}

// Some references of one place, on their way from the thread that reads to the one that applies.
struct Batch {
  PlaceId place = 0;
  IdList sources;
  IdList targets;
};

using BatchQueue = WorkQueue<Batch>;

// The ways back from targets of a batch's references.
struct BackLinks {
  PlaceId place = 0;
  ReferenceStore::BackLinks links;
};

// Reads and verifies all references of the snapshot, and puts those of places into the queue: the
// others are trash, or of places that the journal's changes will make.
absl::Status ReadInto(BatchQueue& queue, Snapshot& snapshot, const Partitions& partitions) {
  Batch batch;
  PlaceId partition = 0;
  const auto put = [&](PlaceId next_place) {
    const bool taken = batch.sources.size() == 0 || queue.Put(std::exchange(batch, Batch()));
    batch.place = next_place;
    return taken ? absl::OkStatus() : absl::CancelledError("nobody takes the references");
  };
  auto status = snapshot.ReadReferences([&](const StoredReference& reference) {
    if (reference.partition != partition || batch.sources.size() == kBatch) {
      partition = reference.partition;
      if (auto taken = put(partitions.PlaceOf(partition)); !taken.ok()) return taken;
    }
    if (batch.place == 0) return absl::OkStatus();
    batch.sources.Add(reference.source);
    batch.targets.Add(reference.target);
    return absl::OkStatus();
  });
  if (status.ok()) status = put(0);
  queue.End();
  return status;
}

// One thread reads and verifies, this one builds one direction of the index, a third one the other:
// each waits for memory most of the time.
absl::StatusOr<uint64_t> LoadReferences(Snapshot& snapshot, ReferenceStore& store,
                                        absl::FunctionRef<bool(const RecoveryProgress&)> progress) {
  // Tables that have their final size from the start are filled several times faster.
  const auto counts = snapshot.CountReferences();
  if (!counts.ok()) return counts.status();
  const Partitions partitions(store.WriterCatalog());
  RecoveryProgress reached{};
  for (const auto& [partition, references] : *counts) {
    if (auto status = partitions.Check(partition); !status.ok()) return status;
    const PlaceId place = partitions.PlaceOf(partition);
    if (place == 0) continue;
    store.Reserve(place, references);
    reached.expected += references;
  }

  BatchQueue queue;
  absl::Status read;
  std::thread reader([&] { read = ReadInto(queue, snapshot, partitions); });
  WorkQueue<BackLinks> ways_back;
  std::thread linker([&] {
    while (const auto batch = ways_back.Take()) store.LoadBackLinks(batch->place, batch->links);
  });
  bool stopped = false;
  for (std::optional<Batch> batch; !stopped && (batch = queue.Take());) {
    BackLinks back{.place = batch->place, .links = {}};
    back.links.reserve(batch->sources.size());
    store.LoadSources(batch->place, batch->sources.View(), batch->targets.View(), back.links);
    ways_back.Put(std::move(back));
    reached.loaded += batch->sources.size();
    stopped = !progress(reached);
  }
  queue.End();
  ways_back.End();
  reader.join();
  linker.join();
  store.FinishLoading();
  if (stopped) return absl::CancelledError("recovery was told to stop");
  if (!read.ok()) return read;
  return reached.loaded;
}

}  // namespace

absl::Status CheckBelongTogether(Journal& journal, const Snapshot::Applied& applied) {
  const auto trimmed = journal.Trimmed();
  if (!trimmed.ok()) return trimmed.status();
  const auto extent = journal.Extent();
  if (!extent.ok()) return extent.status();
  if (*trimmed > applied.lsn) {
    return absl::DataLossError(
        fmt::format("the snapshot reaches change {}, but the journal was trimmed up to change {}: "
                    "this is not the snapshot that belongs to it",
                    applied.lsn, *trimmed));
  }
  const Lsn reached = std::max(*trimmed, extent->last);
  const Lsn needed = std::max(applied.lsn, journal.acknowledged().lsn());
  if (reached < needed) {
    return absl::DataLossError(
        fmt::format("the journal reaches change {}, but change {} was acknowledged: the end of the "
                    "journal is missing",
                    reached, needed));
  }
  return absl::OkStatus();
}

absl::Status GatherFor(const Change& change, Snapshot& snapshot, ReferenceStore& store) {
  const auto* restored = std::get_if<RestoreIntegration>(&change.what);
  if (restored == nullptr) return absl::OkStatus();
  const Trash* trash = store.WriterCatalog().FindTrash(restored->trash);
  if (trash == nullptr || !trash->integration) return absl::OkStatus();  // CheckChange's to tell
  const auto applied = snapshot.ReadApplied();
  if (!applied.ok()) return applied.status();
  if (applied->lsn < trash->lsn) return absl::OkStatus();
  for (const CatalogType& type : trash->integration->types) {
    IdList sources;
    IdList targets;
    const auto gather = [&] {
      store.Gather(type.place, sources.View(), targets.View());
      sources.Clear();
      targets.Clear();
    };
    const auto status = snapshot.List(type.partition, {.after = {}, .prefix = {}},
                                      [&](const StoredReference& reference) {
                                        sources.Add(reference.source);
                                        targets.Add(reference.target);
                                        if (sources.size() == kBatch) gather();
                                        return true;
                                      });
    if (!status.ok()) return status;
    gather();
  }
  return absl::OkStatus();
}

absl::Status CheckState(const Change& change, const ReferenceStore& store) {
  const auto* compared = std::get_if<CompareState>(&change.what);
  if (compared == nullptr) return absl::OkStatus();
  const StateSum own = store.Sum();
  if (own == compared->sum) return absl::OkStatus();
  return absl::DataLossError(
      fmt::format("the state as of change {} is not what it was at the primary: they differ in {}. "
                  "The sum here is {}, and that of the primary {}",
                  change.lsn - 1, DescribeDifference(own, compared->sum), Describe(own),
                  Describe(compared->sum)));
}

absl::StatusOr<Recovered> Recover(Journal& journal, Snapshot& snapshot, ReferenceStore& store,
                                  absl::FunctionRef<bool(const RecoveryProgress&)> progress) {
  const auto applied = snapshot.ReadApplied();
  if (!applied.ok()) return applied.status();
  if (auto status = CheckBelongTogether(journal, *applied); !status.ok()) return status;
  if (auto status = LoadCatalog(snapshot, store); !status.ok()) return status;
  const PlaceId places_end = store.WriterCatalog().next_place();
  if (auto status = snapshot.ReadReservations(places_end, store.WriterReservations());
      !status.ok()) {
    return status;
  }
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
    const auto gathered = GatherFor(change, snapshot, store);
    return gathered.ok() ? ApplyVerified(change, store) : gathered;
  });
  if (!status.ok()) return status;
  Pass(Failpoint::kRecoveryJournal);
  return recovered;
}

}  // namespace xref
