#include "persistence/examination.h"

#include <fmt/format.h>

#include <algorithm>
#include <map>
#include <utility>

#include "index/catalog.h"
#include "index/reservations.h"
#include "persistence/keys.h"
#include "persistence/places.h"
#include "persistence/recent.h"
#include "persistence/recovery.h"
#include "persistence/stored_reservation.h"
#include "persistence/target_blocks.h"
#include "protocol/change_codec.h"

namespace xref {
namespace {

constexpr uint64_t kPageBytes = 4096;
constexpr uint64_t kPaceBytes = 1 << 20;

class Examiner {
 public:
  Examiner(Journal& journal, Snapshot& snapshot,
           absl::FunctionRef<absl::Status(const ExaminationProgress&)> pace)
      : journal_(journal),
        snapshot_(snapshot),
        pace_(pace),
        // Once as pages, once as values.
        progress_{0, 2 * (journal.BytesUsed() + snapshot.BytesUsed())} {}

  Examination Run() {
    if (journal_.acknowledged().damaged()) {
      Note(absl::DataLossError(
          "journal/acknowledged is damaged; it is made anew by the next change"));
    }
    // Values of pages that are damaged cannot be read.
    if (CheckPages(journal_) && Going()) ReadJournal();
    if (CheckPages(snapshot_) && Going()) ReadSnapshot();
    return std::move(found_);
  }

 private:
  bool Going() const {
    return found_.interrupted.ok() && found_.damages.size() < Examination::kDamagesMax;
  }

  // Keeps what is damage, and ends the examination for anything else that is wrong.
  void Note(const absl::Status& status) {
    if (absl::IsDataLoss(status)) {
      found_.damages.emplace_back(status.message());
    } else {
      found_.interrupted.Update(status);
    }
  }

  absl::Status Advance(uint64_t bytes) {
    progress_.done += bytes;
    if (progress_.done < next_pace_) return absl::OkStatus();
    next_pace_ = progress_.done + kPaceBytes;
    return pace_(progress_);
  }

  template <typename Environment>
  bool CheckPages(Environment& environment) {
    uint64_t seen = 0;
    const auto pages = environment.CheckPages([&](uint64_t examined) {
      const uint64_t more = examined - std::exchange(seen, examined);
      return Advance(more * kPageBytes);
    });
    Note(pages.status());
    if (pages.ok()) found_.pages += *pages;
    return pages.ok();
  }

  void ReadJournal() {
    Lsn before = 0;
    Note(journal_.Read(0, [&](const JournalRecord& record) {
      ++found_.changes;
      found_.lsn = record.lsn;
      Change change;
      if (const auto fault = protocol::DecodeChange(record.bytes, change)) {
        Note(absl::DataLossError(fmt::format("journal: change {}: {}", record.lsn, *fault)));
      } else if (change.lsn != record.lsn || (before != 0 && record.lsn != before + 1)) {
        Note(absl::DataLossError(fmt::format(
            "journal: after change {} comes change {}: changes are missing", before, record.lsn)));
      }
      before = record.lsn;
      if (!Going()) return absl::CancelledError("enough damage is known");
      return Advance(record.bytes.size());
    }));
  }

  void ReadSnapshot() {
    const auto applied = snapshot_.ReadApplied();
    Note(applied.status());
    if (applied.ok()) {
      found_.lsn = std::max(found_.lsn, applied->lsn);
      Note(CheckBelongTogether(journal_, *applied));
    }
    Catalog catalog;
    ReadTable(Snapshot::Table::kCatalog, [&](std::string_view key, std::string_view value) {
      Change change;
      auto status = ParseCatalogEntry(key, value, change);
      if (status.ok()) status = CheckChange(change, catalog);
      if (status.ok()) catalog.Apply(change);
      return status;
    });
    const Partitions partitions(catalog);
    PlaceId partition = 0;
    // How many references each partition has, by its targets; and then, how many of them there are.
    std::map<PlaceId, int64_t> untold;
    ReadTable(Snapshot::Table::kTargets, [&](std::string_view key, std::string_view value) {
      auto block = TargetBlock::Open(key, value);
      auto found = block.ok() ? block->Next() : block.status();
      for (; found.ok() && *found; found = block->Next()) {
        untold[ReadBigEndian<PlaceId>(key)] += static_cast<int64_t>(block->sources());
      }
      return found.status();
    });
    ReadTable(Snapshot::Table::kRecent, [](std::string_view key, std::string_view value) {
      return RecentBlock::Open(key, value).status();
    });
    const bool sound = found_.damages.empty();
    ReadTable(Snapshot::Table::kReferences, [&](std::string_view key, std::string_view value) {
      ++found_.references;
      const auto reference = ParseReference(key, value);
      if (!reference.ok()) return reference.status();
      --untold[reference->partition];
      const PlaceId before = std::exchange(partition, reference->partition);
      return before == partition ? absl::OkStatus() : partitions.Check(partition);
    });
    for (const auto& [number, difference] : untold) {
      // What is dropped, as the trash is emptied, goes table by table.
      const bool whole = partitions.PlaceOf(number) != 0;
      if (difference == 0 || !whole || !sound || !Going()) continue;
      Note(absl::DataLossError(fmt::format(
          "snapshot: the targets of partition {} are not those of its references", number)));
    }
    ReadTable(Snapshot::Table::kHistory, [](std::string_view key, std::string_view value) {
      return ParseEvent(key, value).status();
    });
    Reservations reservations;
    ReadTable(Snapshot::Table::kReservations, [&](std::string_view key, std::string_view value) {
      return LoadEntry(key, value, catalog.next_place(), reservations);
    });
  }

  // Goes on after an entry that is damaged.
  void ReadTable(Snapshot::Table table,
                 absl::FunctionRef<absl::Status(std::string_view, std::string_view)> verify) {
    auto scan = snapshot_.Scan(table);
    if (!scan.ok()) return Note(scan.status());
    while (Going()) {
      const auto found = scan->Next();
      Note(found.status());
      if (!found.ok() || !*found) return;
      Note(verify(scan->key(), scan->value()));
      Note(Advance(scan->key().size() + scan->value().size()));
    }
  }

  Journal& journal_;
  Snapshot& snapshot_;
  const absl::FunctionRef<absl::Status(const ExaminationProgress&)> pace_;
  ExaminationProgress progress_;
  uint64_t next_pace_ = 0;
  Examination found_;
};

}  // namespace

Examination Examine(Journal& journal, Snapshot& snapshot,
                    absl::FunctionRef<absl::Status(const ExaminationProgress&)> pace) {
  return Examiner(journal, snapshot, pace).Run();
}

}  // namespace xref
