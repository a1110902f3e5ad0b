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
    if (options_.dry_run) {
      const absl::Status status = Rehearse();
      if (!status.ok()) return BrokenOff(status, "nothing was changed");
      Print("a dry run: nothing was changed");
      return End();
    }
    const absl::Status status = Change();
    if (!status.ok()) {
      const ImportReport::Totals& totals = report_->totals();
      return BrokenOff(status, fmt::format("at least {} rows were acknowledged before that and are "
                                           "kept: run the import again to complete it",
                                           report_->standing() + totals.conflicts));
    }
    Print("");
    return End();
  }

 private:
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
    if (options_.on_conflict == OnConflict::kOverwrite) status = FindRepeated(false);
    ImportRun run = Begin({});
    if (status.ok()) status = run.Run();
    status.Update(report_->Close());
    return status;
  }

  absl::Status BrokenOff(const absl::Status& status, std::string_view what_is_left) {
    rejects_.Close().IgnoreError();
    return {status.code(), fmt::format("{}; {}", std::string(status.message()), what_is_left)};
  }

  void Print(std::string_view remark) const {
    const ImportReport::Totals& totals = report_->totals();
    const double seconds =
        std::chrono::duration<double>(std::chrono::steady_clock::now() - begun_).count();
    if (globals_.json) {
      std::cout << boost::json::object{{"rows", totals.rows},
                                       {"added", totals.added},
                                       {"unchanged", totals.unchanged},
                                       {"overwritten", totals.overwritten},
                                       {"conflicts", totals.conflicts},
                                       {"duplicates", totals.duplicates},
                                       {"bad_rows", totals.bad_rows},
                                       {"dry_run", options_.dry_run},
                                       {"seconds", seconds}}
                << "\n";
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
};

absl::StatusOr<ExitCode> RunImport(const Globals& globals, const ImportOptions& options) {
  const bool several = options.dry_run || options.on_conflict == OnConflict::kOverwrite;
  auto reader =
      RecordReader::Open(options.file, RecordReader::Columns::kBoth,
                         several ? LineInput::Readings::kSeveral : LineInput::Readings::kOne);
  if (!reader.ok()) return reader.status();
  auto target = Reach(globals, options.place);
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
      "  xref import shop-erp/orders orders.csv --on-conflict skip --rejects rejects.csv\n"
      "A row conflicts where its source ID is linked to another target, is ignored, or its target "
      "has another source where only one is allowed. Unless conflicts are to be overwritten, "
      "existing references are never changed. Of several rows with one source ID, the first wins. "
      "Importing a file again is safe. Rejects can be mended and imported again.\n"
      "--dry-run and '--on-conflict overwrite' read the file several times; it "
      "must not change meanwhile. What can be read only once, such as standard input, is first "
      "copied into a temporary file (in TMPDIR).\n"
      "A dry run is decided by the server as the import would be, and reports the same, unless "
      "somebody changes something in between. It may differ where unique targets meet "
      "'--on-conflict "
      "overwrite': whether a target that another row frees can be taken depends on which is "
      "first.",
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
