// Taking in a file of references.

#include <absl/container/flat_hash_set.h>
#include <fmt/format.h>
#include <xxhash.h>

#include <boost/json.hpp>
#include <deque>
#include <iostream>
#include <memory>
#include <utility>
#include <vector>

#include "client/cli/commands.h"
#include "client/cli/import_rehearsal.h"
#include "client/cli/import_report.h"
#include "client/cli/mutation_batch.h"
#include "client/cli/progress.h"
#include "client/record_reader.h"

namespace xref::cli {
namespace {

using protocol::Mutation;
using protocol::Outcome;
using protocol::Verdict;

// What to do with a row where another target stands: tell, say nothing, or take the row's target.
enum class OnConflict { kFail, kSkip, kOverwrite };

struct ImportOptions {
  std::string place;
  std::string file;
  std::string actor;
  OnConflict on_conflict = OnConflict::kFail;
  bool dry_run = false;
  std::string rejects;     // empty for none
  uint32_t batch = 5'000;  // rows in one request
  uint32_t in_flight = 4;  // requests under way
};

// The rows of one request, kept until its answer is there.
struct Rows {
  explicit Rows(Mutation made_by) : mutation(made_by), items(made_by) {}

  void Add(const Item& item, uint64_t line, bool repeat) {
    items.Add(item);
    lines.push_back(line);
    repeats.push_back(repeat);
  }

  const Mutation mutation;
  MutationBatch items;
  std::vector<uint64_t> lines;
  std::vector<bool> repeats;  // whether the source ID stood in the file before
};

// Rows are added. With kOverwrite, those that conflict are put in a second request, and rows that
// repeat a source ID wait until that was sent, so that they meet what the first such row left.
class Import {
 public:
  Import(const ImportOptions& options, Target target, RecordReader& reader, ImportReport& report)
      : options_(options),
        actor_(ActorOr(options.actor)),
        target_(std::move(target)),
        reader_(reader),
        report_(report),
        progress_("import") {}

  absl::Status Run() {
    Record record;
    for (;;) {
      const auto found = reader_.Next(record);
      if (!found.ok()) return found.status();
      if (*found == RecordReader::Found::kEnd) break;
      const uint64_t rows = ++report_.totals().rows;
      if (*found == RecordReader::Found::kBadRow) {
        ++report_.totals().bad_rows;
        report_.Reject(reader_.line(), record.source_id, record.target_id, reader_.fault(), true);
        continue;
      }
      if (auto status = Take(record); !status.ok()) return status;
      progress_.Update(rows, reader_.input().bytes_read(), reader_.input().bytes_total());
    }
    if (auto status = SendWaiting(); !status.ok()) return status;
    if (auto status = target_.client->Finish(); !status.ok()) return status;
    return failure_;
  }

  double seconds() const { return progress_.seconds(); }

 private:
  bool overwrites() const { return options_.on_conflict == OnConflict::kOverwrite; }

  absl::Status Take(const Record& record) {
    const Item item{.source = record.source_id, .target = record.target_id};
    const uint64_t fingerprint = XXH3_64bits(item.source.data(), item.source.size());
    const bool repeat = !seen_.insert(fingerprint).second;
    const bool waits = repeat && overwrites();
    std::unique_ptr<Rows>& rows = waits ? repeated_ : rows_;
    const Client& client = *target_.client;
    if (!rows->items.HasRoomFor(item, options_.batch, client.request_bytes_max())) {
      if (auto status = waits ? SendWaiting() : SendFirsts(); !status.ok()) return status;
    }
    rows->Add(item, reader_.line(), repeat);
    return absl::OkStatus();
  }

  // Everything that was taken so far, in an order in which the first row of a source ID wins.
  absl::Status SendWaiting() {
    if (auto status = SendFirsts(); !status.ok()) return status;
    // All conflicts must be known before they are put, and put before the repeated rows.
    if (auto status = target_.client->Finish(); !status.ok()) return status;
    if (auto status = SendFirsts(); !status.ok()) return status;
    return Send(repeated_);
  }

  // The rows that need not wait, and the conflicts that are known so far.
  absl::Status SendFirsts() {
    if (auto status = Send(rows_); !status.ok()) return status;
    while (!conflicting_.empty()) {
      std::unique_ptr<Rows> rows = std::move(conflicting_.front());
      conflicting_.pop_front();
      if (auto status = Send(rows); !status.ok()) return status;
    }
    return failure_;
  }

  // Leaves `rows` empty, for further ones.
  absl::Status Send(std::unique_ptr<Rows>& rows) {
    if (rows->items.size() == 0) return failure_;
    const Mutation mutation = rows->mutation;
    const std::shared_ptr<Rows> sent = std::exchange(rows, std::make_unique<Rows>(mutation));
    const auto status = options_.dry_run ? Rehearse(sent) : Change(sent);
    return status.ok() ? failure_ : status;
  }

  absl::Status Change(const std::shared_ptr<Rows>& rows) {
    return target_.client->StartMutation(
        rows->items.Request({.mutation = rows->mutation,
                             .place = target_.place,
                             .origin = Origin::kImport,
                             .actor = actor_}),
        options_.in_flight, [this, rows](absl::StatusOr<protocol::MutationReply> reply) {
          if (!reply.ok()) return failure_.Update(reply.status());
          Settle(*rows, *reply);
        });
  }

  absl::Status Rehearse(const std::shared_ptr<Rows>& rows) {
    return target_.client->StartLookup(
        target_.place, rows->items.sources(), options_.in_flight,
        [this, rows](absl::StatusOr<protocol::LookupReply> reply) {
          if (!reply.ok()) return failure_.Update(reply.status());
          Settle(*rows, rehearsal_.Answer(rows->mutation, rows->items, *reply));
        });
  }

  void Settle(const Rows& rows, const protocol::MutationReply& reply) {
    ImportReport::Totals& totals = report_.totals();
    auto conflicting = std::make_unique<Rows>(Mutation::kPut);
    std::vector<std::string_view> standing(rows.items.size());
    rows.items.ForEach([&](uint32_t i, const Item& item) {
      const Outcome& outcome = reply.outcomes[i];
      standing[i] = Standing(item, outcome, standing);
      const bool another = !standing[i].empty() && standing[i] != item.target;
      // Whether a repeated row travelled in the same request as the first must make no difference.
      if (outcome.verdict == Verdict::kDone) {
        ++(rows.mutation == Mutation::kPut ? totals.overwritten : totals.added);
      } else if (another && overwrites() && !rows.repeats[i]) {
        conflicting->Add(item, rows.lines[i], false);
      } else if (another || standing[i].empty()) {
        Reject(rows.lines[i], item, outcome, standing[i]);
      } else if (outcome.verdict == Verdict::kDuplicate || rows.repeats[i]) {
        ++totals.duplicates;
      } else {
        ++totals.unchanged;
      }
    });
    if (conflicting->items.size() > 0) conflicting_.push_back(std::move(conflicting));
  }

  // What the item's source ID is linked to after the outcome; empty where it is not linked.
  static std::string_view Standing(const Item& item, const Outcome& outcome,
                                   const std::vector<std::string_view>& earlier) {
    switch (outcome.verdict) {
      case Verdict::kDone:
      case Verdict::kUnchanged:
        return item.target;
      case Verdict::kConflict:
        return outcome.other;
      case Verdict::kDuplicate:
        return earlier[outcome.number];
      default:  // refused, and there is nothing that stands
        return {};
    }
  }

  void Reject(uint64_t line, const Item& item, const Outcome& outcome, std::string_view standing) {
    ++report_.totals().conflicts;
    const std::string reason = standing.empty()
                                   ? fmt::format("{}: {} was not linked to {}",
                                                 Name(outcome.verdict), item.source, item.target)
                                   : fmt::format("conflict: {} is linked to {}, this row says {}",
                                                 item.source, standing, item.target);
    report_.Reject(line, item.source, item.target, reason,
                   options_.on_conflict != OnConflict::kSkip);
  }

  const ImportOptions& options_;
  const std::string actor_;
  Target target_;
  RecordReader& reader_;
  ImportReport& report_;
  Progress progress_;
  ImportRehearsal rehearsal_;
  std::unique_ptr<Rows> rows_ = std::make_unique<Rows>(Mutation::kAdd);
  std::unique_ptr<Rows> repeated_ = std::make_unique<Rows>(Mutation::kAdd);
  std::deque<std::unique_ptr<Rows>> conflicting_;  // to be put; one for each request of adds
  // Fingerprints of the source IDs read so far, to tell a repeated row from one that was there
  // before the import. Should two IDs have the same one, a total may be wrong, and the second is
  // reported as a conflict rather than overwritten; nothing else rests on it.
  absl::flat_hash_set<uint64_t> seen_;
  absl::Status failure_;  // the first reply that was a refusal
};

void PrintTotals(const Globals& globals, const ImportOptions& options,
                 const ImportReport::Totals& totals, double seconds) {
  if (globals.json) {
    std::cout << boost::json::object{{"rows", totals.rows},
                                     {"added", totals.added},
                                     {"unchanged", totals.unchanged},
                                     {"overwritten", totals.overwritten},
                                     {"conflicts", totals.conflicts},
                                     {"duplicates", totals.duplicates},
                                     {"bad_rows", totals.bad_rows},
                                     {"dry_run", options.dry_run},
                                     {"seconds", seconds}}
              << "\n";
    return;
  }
  const bool overwrites = options.on_conflict == OnConflict::kOverwrite;
  std::cout << fmt::format(
      "rows        {}\nadded       {}\nunchanged   {}\n{}conflicts   {}\nduplicates  {}\n"
      "bad rows    {}\n",
      totals.rows, totals.added, totals.unchanged,
      overwrites ? fmt::format("overwritten {}\n", totals.overwritten) : "", totals.conflicts,
      totals.duplicates, totals.bad_rows);
  std::cerr << fmt::format("{:.2f} s, {:.0f} rows/s{}\n", seconds,
                           static_cast<double>(totals.rows) / seconds,
                           options.dry_run ? "; a dry run: nothing was changed" : "");
}

absl::StatusOr<ExitCode> RunImport(const Globals& globals, const ImportOptions& options) {
  auto reader = RecordReader::Open(options.file, RecordReader::Columns::kBoth);
  if (!reader.ok()) return reader.status();
  auto target = Reach(globals, options.place);
  if (!target.ok()) return target.status();
  ImportReport report((*reader)->input().name());
  if (!options.rejects.empty()) {
    if (auto status = report.OpenRejects(options.rejects); !status.ok()) return status;
  }
  Import import(options, *std::move(target), **reader, report);
  const absl::Status status = import.Run();
  const absl::Status closed = report.Close();
  const ImportReport::Totals& totals = report.totals();
  if (!status.ok()) {
    const uint64_t acknowledged =
        totals.added + totals.unchanged + totals.overwritten + totals.conflicts + totals.duplicates;
    return absl::Status(
        status.code(),
        fmt::format("{}; {}", std::string(status.message()),
                    options.dry_run
                        ? "nothing was changed"
                        : fmt::format("at least {} rows were acknowledged before that and are "
                                      "kept: run the import again to complete it",
                                      acknowledged)));
  }
  PrintTotals(globals, options, totals, import.seconds());
  if (!closed.ok()) return closed;
  const bool skips = options.on_conflict == OnConflict::kSkip;
  return totals.bad_rows + (skips ? 0 : totals.conflicts) > 0 ? kSomeItems : kDone;
}

}  // namespace

void AddImport(CommandLine& line) {
  const auto [app, options] = line.Add<ImportOptions>(
      line.root(), "import", "Add the references of a file",
      "Examples:\n"
      "  xref import shop-erp/orders orders.csv\n"
      "  xref import shop-erp/orders orders.csv --dry-run\n"
      "  xref import shop-erp/orders orders.csv --on-conflict skip --rejects rejects.csv\n"
      "A row conflicts where its source ID is linked to another target. Unless conflicts are to be "
      "overwritten, existing references are never changed. Of several rows with one source ID, the "
      "first wins. Importing a file again is safe.\n"
      "A dry run does not know of ignored source IDs, nor of the rule of unique targets.",
      RunImport);
  AddPlace(app, options.place);
  app.add_option("file", options.file, "CSV or NDJSON; '-' is standard input")->required();
  const std::vector<std::pair<std::string, OnConflict>> kinds = {
      {"fail", OnConflict::kFail},
      {"skip", OnConflict::kSkip},
      {"overwrite", OnConflict::kOverwrite}};
  app.add_option("--on-conflict", options.on_conflict,
                 "Report conflicts and exit with 1; only count them; or take the row's target")
      ->type_name("fail|skip|overwrite")
      ->transform(CLI::CheckedTransformer(kinds).description(""));
  app.add_flag("--dry-run", options.dry_run, "Report what would happen, and change nothing");
  app.add_option("--rejects", options.rejects,
                 "Write the rows that are not taken to a new CSV file, with the reason")
      ->type_name("FILE");
  AddActor(app, options.actor);
  AddBatching(app, options.batch, options.in_flight);
}

}  // namespace xref::cli
