#include "client/cli/import.h"

#include <absl/container/flat_hash_set.h>
#include <fmt/format.h>
#include <xxhash.h>

#include <boost/json.hpp>
#include <deque>
#include <iostream>
#include <memory>
#include <utility>
#include <vector>

#include "client/cli/progress.h"
#include "client/record_reader.h"

namespace xref::cli {
namespace {

using protocol::Outcome;
using protocol::Verdict;

// Rows that are reported one by one; of further ones, only the number.
constexpr uint64_t kReportedMax = 100;

struct Totals {
  uint64_t rows = 0;
  uint64_t added = 0;
  uint64_t unchanged = 0;
  uint64_t conflicts = 0;   // the row's target was not taken: another one stands
  uint64_t duplicates = 0;  // the row says again what an earlier row of the file says
  uint64_t bad_rows = 0;
};

// The rows of one request, kept until its answer is there.
struct Batch {
  IdList sources;
  IdList targets;
  std::vector<uint64_t> lines;
  std::vector<bool> repeats;  // whether the source ID stood in the file before
};

class Import {
 public:
  Import(const ImportOptions& options, Target target, RecordReader& reader)
      : options_(options),
        actor_(ActorOr(options.actor)),
        target_(std::move(target)),
        reader_(reader),
        progress_("import") {}

  absl::Status Run() {
    Record record;
    for (;;) {
      const auto found = reader_.Next(record);
      if (!found.ok()) return found.status();
      if (*found == RecordReader::Found::kEnd) break;
      ++totals_.rows;
      if (*found == RecordReader::Found::kBadRow) {
        ++totals_.bad_rows;
        Report(reader_.line(), reader_.fault());
        continue;
      }
      if (auto status = Take(record); !status.ok()) return status;
      progress_.Update(totals_.rows, reader_.input().bytes_read(), reader_.input().bytes_total());
    }
    if (auto status = Send(); !status.ok()) return status;
    if (auto status = target_.client->Finish(); !status.ok()) return status;
    return failure_;
  }

  const Totals& totals() const { return totals_; }
  double seconds() const { return progress_.seconds(); }
  uint64_t acknowledged() const {
    return totals_.added + totals_.unchanged + totals_.conflicts + totals_.duplicates;
  }
  void ReportRest() const {
    if (reported_ > kReportedMax) {
      std::cerr << fmt::format("... and {} more rows\n", reported_ - kReportedMax);
    }
  }

 private:
  // An item's lengths and bytes, and what precedes them in the request.
  bool HasRoomFor(const Record& record) const {
    const size_t bytes = batch_->sources.bytes_size() + batch_->targets.bytes_size() +
                         2 * batch_->lines.size() + record.source_id.size() +
                         record.target_id.size() + kActorBytesMax + 64;
    return batch_->lines.size() < options_.batch && bytes < target_.client->request_bytes_max();
  }

  absl::Status Take(const Record& record) {
    if (!HasRoomFor(record)) {
      if (auto status = Send(); !status.ok()) return status;
    }
    batch_->sources.Add(record.source_id);
    batch_->targets.Add(record.target_id);
    batch_->lines.push_back(reader_.line());
    const uint64_t fingerprint = XXH3_64bits(record.source_id.data(), record.source_id.size());
    batch_->repeats.push_back(!seen_.insert(fingerprint).second);
    return absl::OkStatus();
  }

  absl::Status Send() {
    if (batch_->lines.empty()) return failure_;
    const auto batch = std::exchange(batch_, std::make_shared<Batch>());
    const protocol::MutationRequest request{.place = target_.place,
                                            .origin = Origin::kImport,
                                            .actor = actor_,
                                            .sources = batch->sources.View(),
                                            .targets = batch->targets.View()};
    const auto status = target_.client->StartMutation(
        request, options_.in_flight, [this, batch](absl::StatusOr<protocol::MutationReply> reply) {
          if (reply.ok()) {
            Settle(*batch, *reply);
          } else {
            failure_.Update(reply.status());
          }
        });
    return status.ok() ? failure_ : status;
  }

  void Settle(const Batch& batch, const protocol::MutationReply& reply) {
    IdCursor sources(batch.sources.View());
    IdCursor targets(batch.targets.View());
    std::vector<std::string_view> standing(reply.outcomes.size());
    for (size_t i = 0; i < reply.outcomes.size(); ++i) {
      const Outcome& outcome = reply.outcomes[i];
      const std::string_view source = sources.Next();
      const std::string_view target = targets.Next();
      switch (outcome.verdict) {
        case Verdict::kDone:
        case Verdict::kUnchanged:
          standing[i] = target;
          break;
        case Verdict::kConflict:
          standing[i] = outcome.other;
          break;
        case Verdict::kDuplicate:
          standing[i] = standing[outcome.number];
          break;
        default:  // refused, and there is nothing that stands
          break;
      }
      // Whether a repeated row travelled in the same request as the first must make no difference.
      if (outcome.verdict == Verdict::kDone) {
        ++totals_.added;
      } else if (standing[i].empty()) {
        ++totals_.conflicts;
        Report(batch.lines[i],
               fmt::format("{}: {} was not linked to {}", Name(outcome.verdict), source, target));
      } else if (standing[i] != target) {
        ++totals_.conflicts;
        Report(batch.lines[i], fmt::format("conflict: {} is linked to {}, this row says {}", source,
                                           standing[i], target));
      } else if (outcome.verdict == Verdict::kDuplicate || batch.repeats[i]) {
        ++totals_.duplicates;
      } else {
        ++totals_.unchanged;
      }
    }
  }

  void Report(uint64_t line, std::string_view what) {
    if (++reported_ <= kReportedMax) {
      std::cerr << fmt::format("{}, line {}: {}\n", reader_.input().name(), line, what);
    }
  }

  const ImportOptions& options_;
  const std::string actor_;
  Target target_;
  RecordReader& reader_;
  Progress progress_;
  std::shared_ptr<Batch> batch_ = std::make_shared<Batch>();
  // Fingerprints of the source IDs read so far, to tell a repeated row from one that was there
  // before the import. Only the totals rest on it, never what is added.
  absl::flat_hash_set<uint64_t> seen_;
  Totals totals_;
  uint64_t reported_ = 0;
  absl::Status failure_;  // the first reply that was a refusal
};

}  // namespace

absl::StatusOr<ExitCode> RunImport(const Globals& globals, const ImportOptions& options) {
  auto reader = RecordReader::Open(options.file, RecordReader::Columns::kBoth);
  if (!reader.ok()) return reader.status();
  auto target = Reach(globals, options.place);
  if (!target.ok()) return target.status();
  Import import(options, *std::move(target), **reader);
  const absl::Status status = import.Run();
  import.ReportRest();
  const Totals& totals = import.totals();
  if (!status.ok()) {
    return absl::Status(
        status.code(),
        fmt::format("{}; at least {} rows were acknowledged before that and are kept: run "
                    "the import again to complete it",
                    std::string(status.message()), import.acknowledged()));
  }
  if (globals.json) {
    std::cout << boost::json::object{{"rows", totals.rows},
                                     {"added", totals.added},
                                     {"unchanged", totals.unchanged},
                                     {"conflicts", totals.conflicts},
                                     {"duplicates", totals.duplicates},
                                     {"bad_rows", totals.bad_rows},
                                     {"seconds", import.seconds()}}
              << "\n";
  } else {
    std::cout << fmt::format(
        "rows        {}\nadded       {}\nunchanged   {}\nconflicts   {}\nduplicates  {}\n"
        "bad rows    {}\n",
        totals.rows, totals.added, totals.unchanged, totals.conflicts, totals.duplicates,
        totals.bad_rows);
    std::cerr << fmt::format("{:.2f} s, {:.0f} rows/s\n", import.seconds(),
                             static_cast<double>(totals.rows) / import.seconds());
  }
  return totals.conflicts + totals.bad_rows > 0 ? kSomeItems : kDone;
}

}  // namespace xref::cli
