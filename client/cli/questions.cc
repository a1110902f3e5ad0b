// Questions about many IDs: which are synced, to what, and from what.

#include <fmt/format.h>

#include <boost/json.hpp>
#include <iostream>
#include <memory>
#include <optional>
#include <utility>

#include "client/cli/commands.h"
#include "client/cli/question.h"
#include "client/cli/times.h"
#include "client/csv.h"

namespace xref::cli {
namespace {

constexpr size_t kPrintBytes = 64 << 10;

// Results on standard output: CSV with a header, or NDJSON.
class Printer {
 public:
  Printer(bool json, bool with_target) : json_(json), with_target_(with_target) {
    if (!json_) text_ = with_target ? "source_id,target_id\n" : "source_id\n";
  }
  ~Printer() { Flush(); }
  Printer(const Printer&) = delete;
  Printer& operator=(const Printer&) = delete;

  void Print(std::string_view source, std::string_view target) {
    if (json_) {
      boost::json::object row{{"source_id", TextOrNull(source)}};
      if (with_target_) row["target_id"] = TextOrNull(target);
      text_ += boost::json::serialize(row);
    } else {
      AppendCsvField(source, text_);
      if (with_target_) {
        text_.push_back(',');
        AppendCsvField(target, text_);
      }
    }
    text_.push_back('\n');
    if (text_.size() >= kPrintBytes) Flush();
  }

 private:
  static boost::json::value TextOrNull(std::string_view id) {
    if (id.empty()) return nullptr;
    return boost::json::string(id.data(), id.size());
  }

  void Flush() {
    std::cout << text_ << std::flush;
    text_.clear();
  }

  const bool json_;
  const bool with_target_;
  std::string text_;
};

ExitCode Summarise(const Question& question) {
  std::cerr << fmt::format("{} IDs: {} synced, {} not synced; {:.2f} s, {:.0f} IDs/s\n",
                           question.asked(), question.synced(),
                           question.asked() - question.synced(), question.seconds(),
                           static_cast<double>(question.asked()) / question.seconds());
  if (question.bad_rows() > 0) {
    std::cerr << fmt::format("{} bad rows were left out\n", question.bad_rows());
  }
  return question.synced() < question.asked() || question.bad_rows() > 0 ? kSomeItems : kDone;
}

std::string_view Name(Question::Kind kind) {
  switch (kind) {
    case Question::Kind::kCheck:
      return "check";
    case Question::Kind::kLookup:
      return "lookup";
    case Question::Kind::kReverse:
      return "reverse";
  }
  return {};
}

absl::StatusOr<ExitCode> Run(Question::Kind kind, const Globals& globals,
                             const QuestionOptions& options) {
  std::unique_ptr<RecordReader> reader;
  if (options.ids.empty()) {
    if (options.file.empty()) {
      return absl::InvalidArgumentError("name a file of IDs ('-' is standard input), or IDs");
    }
    auto opened = RecordReader::Open(options.file, Question::ColumnOf(kind));
    if (!opened.ok()) return opened.status();
    reader = *std::move(opened);
  }
  std::optional<int64_t> at_us;
  if (!options.at.empty()) {
    const auto time = ParseTime(options.at);
    if (!time.ok()) return time.status();
    at_us = *time;
  }
  auto target = Reach(globals, options.place);
  if (!target.ok()) return target.status();
  Printer printer(globals.json, kind != Question::Kind::kCheck);
  Question question(
      kind, *target, options, std::string(Name(kind)),
      [&printer](std::string_view source_id, std::string_view target_id) {
        printer.Print(source_id, target_id);
      },
      at_us);
  const absl::Status status = reader ? question.AskFile(*reader) : question.AskArguments();
  if (!status.ok()) return status;
  return Summarise(question);
}

RunCommand<QuestionOptions> Asking(Question::Kind kind) {
  return [kind](const Globals& globals, const QuestionOptions& options) {
    return Run(kind, globals, options);
  };
}

}  // namespace

void AddQuestions(CommandLine& line) {
  {
    const auto [app, options] = line.Add<QuestionOptions>(
        line.root(), "check", "Print the IDs of a file that are not synced",
        "Examples:\n"
        "  xref check shop-erp/orders ids.csv\n"
        "  xref check shop-erp/orders --id SO-000123 --id SO-000124",
        Asking(Question::Kind::kCheck));
    AddPlace(app, options.place);
    auto* file =
        app.add_option("file", options.file, "CSV or NDJSON with source_id; '-' is standard input");
    AddIds(app, "--id", options.ids, "An ID to check, in place of a file; may be repeated")
        ->excludes(file);
    AddBatching(app, options.batch, options.in_flight);
  }
  {
    const auto [app, options] =
        line.Add<QuestionOptions>(line.root(), "lookup", "Print the target IDs of source IDs",
                                  "Examples:\n"
                                  "  xref lookup shop-erp/orders SO-000123 SO-000124\n"
                                  "  xref lookup shop-erp/orders --file ids.csv\n"
                                  "  xref lookup shop-erp/orders --file ids.csv --at "
                                  "2026-11-20T08:00\n"
                                  "A TIME is 2026-11-23, 2026-11-23T21:07 (UTC), or so long ago: "
                                  "90s, 15m, 2h, 7d.",
                                  Asking(Question::Kind::kLookup));
    AddPlace(app, options.place);
    auto* ids = AddIds(app, "ids", options.ids, "Source IDs");
    app.add_option("--file", options.file, "CSV or NDJSON with source_id, in place of IDs")
        ->excludes(ids);
    app.add_option("--at", options.at,
                   "The target IDs that they had at that time, as far as history reaches back")
        ->type_name("TIME");
    AddBatching(app, options.batch, options.in_flight);
  }
  {
    const auto [app, options] =
        line.Add<QuestionOptions>(line.root(), "reverse", "Print the source IDs of target IDs",
                                  "Examples:\n"
                                  "  xref reverse shop-erp/orders INV-9981\n"
                                  "  xref reverse shop-erp/orders --file targets.csv",
                                  Asking(Question::Kind::kReverse));
    AddPlace(app, options.place);
    auto* ids = AddIds(app, "ids", options.ids, "Target IDs");
    app.add_option("--file", options.file, "CSV or NDJSON with target_id, in place of IDs")
        ->excludes(ids);
    app.add_option("--sources-max", options.sources_max, "Source IDs shown of one target")
        ->type_name("N")
        ->check(CLI::Range(1, 65'535))
        ->capture_default_str();
    AddBatching(app, options.batch, options.in_flight);
  }
}

}  // namespace xref::cli
