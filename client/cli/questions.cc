// Questions about many IDs: which are synced, to what, and from what.

#include <fmt/format.h>

#include <boost/json.hpp>
#include <iostream>
#include <memory>
#include <utility>

#include "client/cli/commands.h"
#include "client/cli/progress.h"
#include "client/csv.h"
#include "client/record_reader.h"

namespace xref::cli {
namespace {

constexpr uint64_t kReportedMax = 100;
constexpr size_t kPrintBytes = 64 << 10;

// IDs to ask about: a file of them, or those on the command line.
struct QuestionOptions {
  std::string place;
  std::string file;  // empty where `ids` are given
  std::vector<std::string> ids;
  uint32_t batch = 10'000;       // IDs in one request
  uint32_t in_flight = 4;        // requests under way
  uint16_t sources_max = 1'000;  // of one target; reverse only
};

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

// Asks about all IDs, batch by batch. The server answers the questions of one connection in order,
// so the results come in the order of the IDs.
class Question {
 public:
  enum class Kind { kCheck, kLookup, kReverse };
  Question(Kind kind, const Globals& globals, const QuestionOptions& options, Target target)
      : kind_(kind),
        options_(options),
        target_(std::move(target)),
        printer_(globals.json, kind != Kind::kCheck),
        progress_(kind == Kind::kCheck    ? "check"
                  : kind == Kind::kLookup ? "lookup"
                                          : "reverse") {}

  absl::Status AskArguments() {
    for (const std::string& id : options_.ids) {
      if (const auto fault = FindIdFault(id)) {
        return absl::InvalidArgumentError(fmt::format("the ID \"{}\" {}", id, Describe(*fault)));
      }
      if (auto status = Take(id); !status.ok()) return status;
    }
    return Finish();
  }

  absl::Status AskFile(RecordReader& reader) {
    Record record;
    for (;;) {
      const auto found = reader.Next(record);
      if (!found.ok()) return found.status();
      if (*found == RecordReader::Found::kEnd) return Finish();
      if (*found == RecordReader::Found::kBadRow) {
        if (++bad_rows_ <= kReportedMax) {
          std::cerr << fmt::format("{}, line {}: {}\n", reader.input().name(), reader.line(),
                                   reader.fault());
        }
        continue;
      }
      const bool by_target = kind_ == Kind::kReverse;
      if (auto status = Take(by_target ? record.target_id : record.source_id); !status.ok()) {
        return status;
      }
      progress_.Update(asked_, reader.input().bytes_read(), reader.input().bytes_total());
    }
  }

  ExitCode Summarise() const {
    const double seconds = progress_.seconds();
    std::cerr << fmt::format("{} IDs: {} synced, {} not synced; {:.2f} s, {:.0f} IDs/s\n", asked_,
                             synced_, asked_ - synced_, seconds,
                             static_cast<double>(asked_) / seconds);
    if (bad_rows_ > 0) std::cerr << fmt::format("{} bad rows were left out\n", bad_rows_);
    return synced_ < asked_ || bad_rows_ > 0 ? kSomeItems : kDone;
  }

 private:
  absl::Status Take(std::string_view id) {
    const bool full = batch_->size() >= options_.batch ||
                      batch_->bytes_size() + batch_->size() + kIdBytesMax + 64 >=
                          target_.client->request_bytes_max();
    if (full) {
      if (auto status = Send(); !status.ok()) return status;
    }
    batch_->Add(id);
    ++asked_;
    return absl::OkStatus();
  }

  absl::Status Send() {
    if (batch_->size() == 0) return failure_;
    const absl::Status status = Start(std::exchange(batch_, std::make_shared<IdList>()));
    return status.ok() ? failure_ : status;
  }

  absl::Status Start(const std::shared_ptr<IdList>& batch) {
    Client& client = *target_.client;
    switch (kind_) {
      case Kind::kCheck:
        return client.StartCheck(target_.place, batch->View(), options_.in_flight,
                                 [this, batch](absl::StatusOr<protocol::CheckReply> reply) {
                                   if (!reply.ok()) return failure_.Update(reply.status());
                                   Take(*batch, *reply);
                                 });
      case Kind::kLookup:
        return client.StartLookup(target_.place, batch->View(), options_.in_flight,
                                  [this, batch](absl::StatusOr<protocol::LookupReply> reply) {
                                    if (!reply.ok()) return failure_.Update(reply.status());
                                    Take(*batch, *reply);
                                  });
      case Kind::kReverse:
        return client.StartReverse(
            {.place = target_.place, .sources_max = options_.sources_max, .targets = batch->View()},
            options_.in_flight, [this, batch](absl::StatusOr<protocol::ReverseReply> reply) {
              if (!reply.ok()) return failure_.Update(reply.status());
              Take(*batch, *reply);
            });
    }
    return absl::InternalError("unknown question");
  }

  void Take(const IdList& batch, const protocol::CheckReply& reply) {
    IdCursor ids(batch.View());
    for (uint32_t i = 0; i < reply.count; ++i) {
      const std::string_view id = ids.Next();
      synced_ += reply.synced(i);
      if (!reply.synced(i)) printer_.Print(id, {});
    }
  }

  void Take(const IdList& batch, const protocol::LookupReply& reply) {
    IdCursor ids(batch.View());
    IdCursor targets(reply.targets);
    for (uint32_t i = 0; i < reply.targets.count; ++i) {
      const std::string_view target = targets.Next();
      synced_ += !target.empty();
      printer_.Print(ids.Next(), target);
    }
  }

  void Take(const IdList& batch, const protocol::ReverseReply& reply) {
    IdCursor ids(batch.View());
    IdCursor sources(reply.sources);
    for (uint32_t i = 0; i < reply.count; ++i) {
      const std::string_view target = ids.Next();
      const uint16_t count = reply.sources_of(i);
      synced_ += count > 0;
      if (count == 0) printer_.Print({}, target);
      for (uint16_t left = count; left > 0; --left) printer_.Print(sources.Next(), target);
    }
  }

  absl::Status Finish() {
    if (auto status = Send(); !status.ok()) return status;
    if (auto status = target_.client->Finish(); !status.ok()) return status;
    return failure_;
  }

  const Kind kind_;
  const QuestionOptions& options_;
  Target target_;
  Printer printer_;
  Progress progress_;
  std::shared_ptr<IdList> batch_ = std::make_shared<IdList>();
  uint64_t asked_ = 0;
  uint64_t synced_ = 0;
  uint64_t bad_rows_ = 0;
  absl::Status failure_;  // the first reply that was a refusal
};

absl::StatusOr<ExitCode> Run(Question::Kind kind, const Globals& globals,
                             const QuestionOptions& options) {
  std::unique_ptr<RecordReader> reader;
  if (options.ids.empty()) {
    if (options.file.empty()) {
      return absl::InvalidArgumentError("name a file of IDs ('-' is standard input), or IDs");
    }
    const bool by_target = kind == Question::Kind::kReverse;
    auto opened = RecordReader::Open(
        options.file, by_target ? RecordReader::Columns::kTarget : RecordReader::Columns::kSource);
    if (!opened.ok()) return opened.status();
    reader = *std::move(opened);
  }
  auto target = Reach(globals, options.place);
  if (!target.ok()) return target.status();
  Question question(kind, globals, options, *std::move(target));
  const absl::Status status = reader ? question.AskFile(*reader) : question.AskArguments();
  if (!status.ok()) return status;
  return question.Summarise();
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
                                  "  xref lookup shop-erp/orders --file ids.csv",
                                  Asking(Question::Kind::kLookup));
    AddPlace(app, options.place);
    auto* ids = AddIds(app, "ids", options.ids, "Source IDs");
    app.add_option("--file", options.file, "CSV or NDJSON with source_id, in place of IDs")
        ->excludes(ids);
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
