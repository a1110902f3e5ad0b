// Taking in a file of references.

#include <fmt/format.h>

#include <boost/json.hpp>
#include <chrono>
#include <iostream>
#include <optional>
#include <utility>
#include <vector>

#include "client/cli/commands.h"
#include "client/cli/import_rehearsal.h"
#include "client/cli/import_report.h"
#include "client/cli/import_run.h"
#include "client/cli/import_undo.h"
#include "client/cli/repeated_rows.h"
#include "client/record_reader.h"

namespace xref::cli {
namespace {

// The runs over the file that one import takes, and what it says at the end.
class ImportCommand {
 public:
  ImportCommand(const Globals& globals, const ImportOptions& options, Target& target,
                RecordReader& reader)
      : globals_(globals), options_(options), target_(target), reader_(reader) {}

  absl::StatusOr<ExitCode> Run() {
    if (!options_.rejects.empty()) {
      const auto status =
          rejects_.Open(options_.rejects, {"source_id", "target_id", "line", "reason"});
      if (!status.ok()) return status;
    }
    if (rehearses()) {
      const absl::Status status = Rehearse();
      if (!status.ok()) return BrokenOff(status, "nothing was changed");
      const bool refused = options_.all_or_nothing && report_->totals().rejected() > 0;
      if (options_.dry_run || refused) {
        Print(refused, options_.dry_run ? "a dry run: nothing was changed"
                                        : "not every row can be taken: nothing was changed");
        return End();
      }
    }
    absl::Status status = Change();
    if (options_.all_or_nothing && status.ok() && report_->totals().rejected() > 0) {
      return Undo();
    }
    if (!status.ok()) {
      const ImportReport::Totals& totals = report_->totals();
      return BrokenOff(status, fmt::format("at least {} rows were acknowledged before that and are "
                                           "kept: run the import again to complete it",
                                           report_->standing() + totals.conflicts));
    }
    Print(false, "");
    return End();
  }

 private:
  bool rehearses() const { return options_.dry_run || options_.all_or_nothing; }

  ImportRun Begin(ImportRun::How how) {
    report_.emplace(reader_.input().name(), rejects_);
    how.repeated = &repeated_;
    return ImportRun(options_, target_, reader_, *report_, how);
  }

  absl::Status FindRepeated(bool by_target_too) {
    auto found = FindRepeatedRows(reader_, by_target_too);
    if (!found.ok()) return found.status();
    repeated_ = *std::move(found);
    return reader_.Restart();
  }

  absl::Status Rehearse() {
    const auto unique_targets = HasUniqueTargets(target_);
    if (!unique_targets.ok()) return unique_targets.status();
    if (auto status = FindRepeated(*unique_targets); !status.ok()) return status;
    ImportRehearsal rehearsal(repeated_, *unique_targets);
    absl::Status status = Begin({.rehearsal = &rehearsal}).Run();
    status.Update(report_->Close());
    return status;
  }

  absl::Status Change() {
    absl::Status status;
    if (rehearses()) {
      status = reader_.Restart();
    } else if (options_.on_conflict == OnConflict::kOverwrite) {
      status = FindRepeated(false);
    }
    ImportRun run = Begin({.added = options_.all_or_nothing ? &added_ : nullptr});
    if (status.ok()) status = run.Run();
    status.Update(report_->Close());
    return status;
  }

  // Somebody changed something between the rehearsal and the import.
  absl::StatusOr<ExitCode> Undo() {
    const absl::Status status =
        TakeBack(target_, ActorOr(options_.actor), reader_, added_, taken_back_);
    const uint64_t added = report_->totals().added;
    if (!status.ok()) {
      return BrokenOff(
          status,
          fmt::format("a row could not be taken any more, and of {} references that were added by "
                      "then {} were taken back; the others are kept: run the import again to "
                      "complete it",
                      added, taken_back_.references));
    }
    Print(true, fmt::format("a row could not be taken any more, since something was changed after "
                            "the rehearsal: the {} references that were added by then were taken "
                            "back{}",
                            taken_back_.references,
                            taken_back_.left == 0
                                ? ""
                                : fmt::format(", but for {} that somebody else has changed since",
                                              taken_back_.left)));
    return End();
  }

  absl::Status BrokenOff(const absl::Status& status, std::string_view what_is_left) {
    rejects_.Close().IgnoreError();
    return {status.code(), fmt::format("{}; {}", std::string(status.message()), what_is_left)};
  }

  void Print(bool refused, std::string_view remark) const {
    const ImportReport::Totals& totals = report_->totals();
    const double seconds =
        std::chrono::duration<double>(std::chrono::steady_clock::now() - begun_).count();
    if (globals_.json) {
      boost::json::object object{{"rows", totals.rows},
                                 {"added", totals.added},
                                 {"unchanged", totals.unchanged},
                                 {"overwritten", totals.overwritten},
                                 {"conflicts", totals.conflicts},
                                 {"duplicates", totals.duplicates},
                                 {"bad_rows", totals.bad_rows},
                                 {"dry_run", options_.dry_run},
                                 {"seconds", seconds}};
      if (options_.all_or_nothing) {
        object["refused"] = refused;
        object["taken_back"] = taken_back_.references;
      }
      std::cout << object << "\n";
      if (refused) std::cerr << fmt::format("{}\n", remark);
      return;
    }
    const bool overwrites = options_.on_conflict == OnConflict::kOverwrite;
    std::cout << fmt::format(
        "rows        {}\nadded       {}\nunchanged   {}\n{}conflicts   {}\nduplicates  {}\n"
        "bad rows    {}\n",
        totals.rows, totals.added, totals.unchanged,
        overwrites ? fmt::format("overwritten {}\n", totals.overwritten) : "", totals.conflicts,
        totals.duplicates, totals.bad_rows);
    std::cerr << fmt::format("{:.2f} s, {:.0f} rows/s{}{}\n", seconds,
                             static_cast<double>(totals.rows) / seconds, remark.empty() ? "" : "; ",
                             remark);
  }

  absl::StatusOr<ExitCode> End() {
    if (auto status = rejects_.Close(); !status.ok()) return status;
    const ImportReport::Totals& totals = report_->totals();
    const bool skips = options_.on_conflict == OnConflict::kSkip;
    return totals.bad_rows + (skips ? 0 : totals.conflicts) > 0 ? kSomeItems : kDone;
  }

  const Globals& globals_;
  const ImportOptions& options_;
  Target& target_;
  RecordReader& reader_;
  RowsFile rejects_;
  const std::chrono::steady_clock::time_point begun_ = std::chrono::steady_clock::now();
  RepeatedRows repeated_;
  std::optional<ImportReport> report_;  // of the latest run
  LineSet added_;
  TakenBack taken_back_;
};

absl::StatusOr<ExitCode> RunImport(const Globals& globals, const ImportOptions& options) {
  const bool several =
      options.dry_run || options.all_or_nothing || options.on_conflict == OnConflict::kOverwrite;
  auto reader =
      RecordReader::Open(options.file, RecordReader::Columns::kBoth,
                         several ? LineInput::Readings::kSeveral : LineInput::Readings::kOne);
  if (!reader.ok()) return reader.status();
  Globals reaching = globals;
  // What is added again after a failover is told as unchanged, and so could not be taken back.
  if (options.all_or_nothing) reaching.client.failover_wait = {};
  auto target = ReachPrimary(reaching, options.place);
  if (!target.ok()) return target.status();
  return ImportCommand(globals, options, *target, **reader).Run();
}

}  // namespace

void AddImport(CommandLine& line) {
  const auto [app, options] = line.Add<ImportOptions>(
      line.root(), "import", "Add the references of a file",
      "Examples:\n"
      "  xref import shop-erp/orders orders.csv\n"
      "  xref import shop-erp/orders orders.csv --dry-run\n"
      "  xref import shop-erp/orders orders.csv --all-or-nothing\n"
      "  xref import shop-erp/orders orders.csv --on-conflict skip --rejects rejects.csv\n"
      "A row conflicts where its source ID is linked to another target, is ignored, or its target "
      "has another source where only one is allowed. Unless conflicts are to be overwritten, "
      "existing references are never changed. Of several rows with one source ID, the first wins. "
      "Importing a file again is safe. Rejects can be mended and imported again.\n"
      "--dry-run, --all-or-nothing and '--on-conflict overwrite' read the file several times; it "
      "must not change meanwhile. What can be read only once, such as standard input, is first "
      "copied into a temporary file (in TMPDIR).\n"
      "A dry run is decided by the server as the import would be, and reports the same, unless "
      "somebody changes something in between. It may differ where unique targets meet "
      "'--on-conflict "
      "overwrite': whether a target that another row frees can be taken depends on which is "
      "first.\n"
      "With --all-or-nothing the whole file is rehearsed, and nothing is changed if any row is bad "
      "or conflicts. Then it is imported. If somebody makes a row conflict in between, the "
      "references that were added by then are taken back; until then others see them, and their "
      "history keeps that. If xref or the server ends in the middle, what was added stays: import "
      "the file again to complete it.",
      RunImport);
  AddPlace(app, options.place);
  app.add_option("file", options.file, "CSV or NDJSON; '-' is standard input")->required();
  const std::vector<std::pair<std::string, OnConflict>> kinds = {
      {"fail", OnConflict::kFail},
      {"skip", OnConflict::kSkip},
      {"overwrite", OnConflict::kOverwrite}};
  auto* on_conflict =
      app.add_option("--on-conflict", options.on_conflict,
                     "Report conflicts and exit with 1; only count them; or take the row's target")
          ->type_name("fail|skip|overwrite")
          ->transform(CLI::CheckedTransformer(kinds).description(""));
  app.add_flag("--dry-run", options.dry_run, "Report what would happen, and change nothing");
  app.add_flag("--all-or-nothing", options.all_or_nothing,
               "Change nothing unless every row can be taken")
      ->excludes(on_conflict);
  app.add_option("--rejects", options.rejects,
                 "Write the rows that are not taken to a new CSV file, with the reason")
      ->type_name("FILE");
  AddActor(app, options.actor);
  AddBatching(app, options.batch, options.in_flight);
}

}  // namespace xref::cli
