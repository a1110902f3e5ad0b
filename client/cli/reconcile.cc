// Comparing a place with the full list of IDs of one of its platforms.

#include <absl/container/flat_hash_set.h>
#include <fmt/format.h>

#include <boost/json.hpp>
#include <iostream>
#include <memory>
#include <optional>
#include <string>
#include <utility>

#include "client/cli/commands.h"
#include "client/cli/id_hashes.h"
#include "client/cli/listing.h"
#include "client/cli/progress.h"
#include "client/cli/question.h"
#include "client/cli/rows_file.h"

namespace xref::cli {
namespace {

namespace json = boost::json;
using protocol::ListedReference;

struct ReconcileOptions {
  std::string sources;  // files of IDs: exactly one is named
  std::string targets;
  std::string missing;  // files to write; empty for none
  std::string orphaned;
  std::string doubly;
  QuestionOptions question;
};

class Reconciliation {
 public:
  Reconciliation(const ReconcileOptions& options, Target& target)
      : options_(options), by_target_(!options.targets.empty()), target_(target) {}

  absl::Status OpenFiles() {
    absl::Status status;
    if (!options_.missing.empty()) {
      status = missing_rows_.Open(options_.missing, {by_target_ ? "target_id" : "source_id"});
    }
    for (const auto& [file, path] : {std::pair(&orphaned_rows_, &options_.orphaned),
                                     std::pair(&doubly_rows_, &options_.doubly)}) {
      if (status.ok() && !path->empty()) status = file->Open(*path, {"source_id", "target_id"});
    }
    return status;
  }

  // Asks for every ID of the file, and remembers it for what follows.
  absl::Status Ask(RecordReader& reader) {
    Question question(
        by_target_ ? Question::Kind::kReverse : Question::Kind::kLookup, target_, options_.question,
        "reconcile, 1 of 2",
        [this](std::string_view source, std::string_view target) { Take(source, target); });
    const absl::Status status = question.AskFile(reader);
    bad_rows_ = question.bad_rows();
    ids_.KeepEachOnce();
    return status;
  }

  // Compares every reference of the place with the file.
  absl::Status List() {
    Progress progress("reconcile, 2 of 2", "references");
    uint64_t references = 0;
    return ForEachReference(*target_.client, {.place = target_.place},
                            [&](const ListedReference& row) {
                              const std::string_view id = by_target_ ? row.target : row.source;
                              if (!ids_.Contains(id)) {
                                ++orphaned_;
                                orphaned_rows_.Add({row.source, row.target});
                              } else if (doubly_.contains(HashOf(id))) {
                                doubly_rows_.Add({row.source, row.target});
                              }
                              progress.Update(++references, 0, std::nullopt);
                              return true;
                            });
  }

  absl::Status CloseFiles() {
    absl::Status status = missing_rows_.Close();
    status.Update(orphaned_rows_.Close());
    status.Update(doubly_rows_.Close());
    return status;
  }

  ExitCode Summarise(bool as_json) const {
    if (as_json) {
      json::object counts{{"place", options_.question.place},
                          {"ids", ids_.size()},
                          {"missing", missing_.size()},
                          {"orphaned", orphaned_}};
      if (by_target_) counts["doubly_mapped"] = doubly_.size();
      counts["bad_rows"] = bad_rows_;
      std::cout << counts << "\n";
    } else {
      std::cerr << fmt::format("IDs in the file  {}\nmissing          {}\norphaned         {}\n",
                               ids_.size(), missing_.size(), orphaned_);
      if (by_target_) std::cerr << fmt::format("doubly mapped    {}\n", doubly_.size());
      if (bad_rows_ > 0) std::cerr << fmt::format("bad rows         {}\n", bad_rows_);
    }
    const bool agrees = missing_.empty() && orphaned_ == 0 && doubly_.empty() && bad_rows_ == 0;
    return agrees ? kDone : kSomeItems;
  }

 private:
  // One answer: a source ID and its target, or a target and one of its first two sources, of which
  // the second follows the first.
  void Take(std::string_view source, std::string_view target) {
    const std::string_view id = by_target_ ? target : source;
    const std::string_view other = by_target_ ? source : target;
    ids_.Add(id);
    if (other.empty()) {
      if (missing_.insert(HashOf(id)).second) missing_rows_.Add({id});
    } else if (by_target_) {
      if (target == last_target_ && source != last_source_) doubly_.insert(HashOf(target));
      last_source_ = source;
      last_target_ = target;
    }
  }

  const ReconcileOptions& options_;
  const bool by_target_;
  Target& target_;
  IdHashes ids_;
  // IDs of the file, as hashes, since the file may have them several times.
  absl::flat_hash_set<uint64_t> missing_;
  absl::flat_hash_set<uint64_t> doubly_;
  std::string last_source_;
  std::string last_target_;
  uint64_t orphaned_ = 0;
  uint64_t bad_rows_ = 0;
  RowsFile missing_rows_;
  RowsFile orphaned_rows_;
  RowsFile doubly_rows_;
};

absl::StatusOr<ExitCode> RunReconcile(const Globals& globals, const ReconcileOptions& options) {
  if (options.sources.empty() == options.targets.empty()) {
    return absl::InvalidArgumentError(
        "name the full list of one platform's IDs: --source FILE or --target FILE");
  }
  const bool by_target = !options.targets.empty();
  auto reader = RecordReader::Open(
      by_target ? options.targets : options.sources,
      by_target ? RecordReader::Columns::kTarget : RecordReader::Columns::kSource);
  if (!reader.ok()) return reader.status();
  auto target = Reach(globals, options.question.place);
  if (!target.ok()) return target.status();
  Reconciliation reconciliation(options, *target);
  if (auto status = reconciliation.OpenFiles(); !status.ok()) return status;
  if (auto status = reconciliation.Ask(**reader); !status.ok()) return status;
  const auto listed = AwaitListing(*target->client, target->place, globals.client.answer_timeout);
  if (!listed.ok()) return listed;
  if (auto status = reconciliation.List(); !status.ok()) return status;
  if (auto status = reconciliation.CloseFiles(); !status.ok()) return status;
  return reconciliation.Summarise(globals.json);
}

}  // namespace

void AddReconcile(CommandLine& line) {
  const auto [app, options] = line.Add<ReconcileOptions>(
      line.root(), "reconcile", "Compare the references with all IDs of one platform",
      "Examples:\n"
      "  xref reconcile shop-erp/orders --source shop.csv --missing new.csv --orphaned gone.csv\n"
      "  xref reconcile shop-erp/orders --target erp.csv --doubly twice.csv\n"
      "Counts the IDs that are missing (in the file, but not linked), the references that are "
      "orphaned (linked, but not in the file) and, with --target, the targets of the file that are "
      "doubly mapped (several sources are linked to them). The counts go to standard error, or "
      "with "
      "--json to standard output; rows are only written to the files that are named, which must "
      "not exist yet. The exit code is 1 if anything was found, or a row of the file was bad.\n"
      "It takes 8 bytes of memory for each ID of the file (16 where several sources are linked to "
      "it), and up to 20 for each that is missing or doubly mapped. An ID that the file has twice "
      "counts once.",
      RunReconcile);
  // Two sources tell that a target has several; the rows come from the listing.
  options.question.sources_max = 2;
  AddPlace(app, options.question.place);
  auto* sources = app.add_option("--source", options.sources,
                                 "All IDs of the source platform: CSV or NDJSON with source_id; "
                                 "'-' is standard input")
                      ->type_name("FILE");
  auto* targets = app.add_option("--target", options.targets,
                                 "All IDs of the target platform: CSV or NDJSON with target_id; "
                                 "'-' is standard input")
                      ->type_name("FILE")
                      ->excludes(sources);
  app.add_option("--missing", options.missing, "Write the IDs that are missing to a new CSV file")
      ->type_name("FILE");
  app.add_option("--orphaned", options.orphaned,
                 "Write the references that are orphaned to a new CSV file")
      ->type_name("FILE");
  app.add_option("--doubly", options.doubly,
                 "Write the references to doubly mapped targets to a new CSV file")
      ->type_name("FILE")
      ->needs(targets);
  AddBatching(app, options.question.batch, options.question.in_flight);
}

}  // namespace xref::cli
