#include "persistence/examination.h"

#include <fmt/format.h>

#include <algorithm>

#include "persistence/recovery.h"
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
    Note(snapshot_.ReadCatalog([&](std::string_view record) {
      Change change;
      if (const auto fault = protocol::DecodeChange(record, change)) {
        Note(absl::DataLossError(fmt::format("snapshot: an entry of the catalog: {}", *fault)));
      }
      return absl::OkStatus();
    }));
    auto scan = snapshot_.Scan();
    if (!scan.ok()) return Note(scan.status());
    Snapshot::Row row;
    while (Going()) {
      const auto found = scan->Next(row);
      if (!found.ok()) {
        Note(found.status());
        continue;
      }
      if (!*found) return;
      ++found_.references;
      Note(Advance(row.key.size() + row.value.size()));
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
