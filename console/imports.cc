#include "console/imports.h"

#include <fmt/format.h>
#include <unistd.h>

#include <algorithm>
#include <boost/asio/post.hpp>
#include <condition_variable>
#include <utility>

#include "console/asker.h"
#include "console/limits.h"
#include "console/problem.h"

namespace xref::console {

using protocol::MutationReply;
using protocol::MutationRequest;

namespace {

constexpr size_t kRowsPerRequest = 5'000;

}  // namespace

// The rows of one request.
struct ImportRun::Rows {
  IdList sources;
  IdList targets;
  std::vector<uint64_t> lines;
};

ImportRun::ImportRun(ImportOptions options, int pipe, AskAndWait ask, std::function<void()> on_end)
    : options_(std::move(options)),
      pipe_(pipe),
      ask_(std::move(ask)),
      on_end_(std::move(on_end)),
      thread_([this] { Run(); }) {}

ImportRun::~ImportRun() { thread_.join(); }

ImportProgress ImportRun::progress() const {
  const std::lock_guard lock(mutex_);
  ImportProgress progress = progress_;
  progress.bytes = bytes_;
  return progress;
}

bool ImportRun::is_over() const {
  const std::lock_guard lock(mutex_);
  return progress_.state != ImportProgress::State::kRunning;
}

void ImportRun::Run() {
  absl::Status status = ReadAll();
  close(pipe_);
  {
    const std::lock_guard lock(mutex_);
    // A row that cannot be read is told before those of its request.
    std::stable_sort(progress_.problems.begin(), progress_.problems.end(),
                     [](const auto& a, const auto& b) { return a.line < b.line; });
    progress_.state = status.ok() ? ImportProgress::State::kDone : ImportProgress::State::kFailed;
    progress_.error = std::string(status.message());
  }
  on_end_();
}

absl::Status ImportRun::ReadAll() {
  const std::string path = fmt::format("/dev/fd/{}", pipe_);
  auto opened = RecordReader::Open(path, RecordReader::Columns::kBoth);
  if (!opened.ok()) {
    std::string message(opened.status().message());
    if (const size_t at = message.find(path); at != std::string::npos) {
      message.replace(at, path.size(), "the file");
    }
    return absl::InvalidArgumentError(message);
  }
  RecordReader& reader = **opened;
  Rows rows;
  Record record;
  for (;;) {
    const auto found = reader.Next(record);
    if (!found.ok()) return found.status();
    bytes_ = reader.input().bytes_read();
    if (*found == RecordReader::Found::kEnd) return Send(rows);
    if (*found == RecordReader::Found::kBadRow) {
      const std::lock_guard lock(mutex_);
      ++progress_.rows;
      ++progress_.bad_rows;
      Tell({reader.line(), std::string(record.source_id), std::string(record.target_id),
            std::nullopt, reader.fault()});
    } else if (auto status = Take(rows, record, reader.line()); !status.ok()) {
      return status;
    }
  }
}

absl::Status ImportRun::Take(Rows& rows, const Record& record, uint64_t line) {
  // The first row of a source ID counts, however far apart they are. Without overwriting, and where
  // it is not rehearsed, a row that is forgotten does no harm: it changes nothing.
  const bool remembers = seen_.size() < kRowsRememberedMax;
  if (!remembers && (options_.dry_run || options_.overwrite)) {
    return absl::InvalidArgumentError(fmt::format(
        "the file has more than {} rows: split it, or use xref import", kRowsRememberedMax));
  }
  if (remembers && !seen_.insert(std::hash<std::string_view>()(record.source_id)).second) {
    const std::lock_guard lock(mutex_);
    ++progress_.rows;
    ++progress_.verdicts[static_cast<size_t>(protocol::Verdict::kDuplicate)];
    Tell({line, std::string(record.source_id), std::string(record.target_id),
          protocol::Verdict::kDuplicate,
          "an earlier row has the same source ID, and that one counts"});
    return absl::OkStatus();
  }
  rows.sources.Add(record.source_id);
  rows.targets.Add(record.target_id);
  rows.lines.push_back(line);
  return rows.lines.size() < kRowsPerRequest ? absl::OkStatus() : Send(rows);
}

absl::Status ImportRun::Send(Rows& rows) {
  if (is_abandoned_) {
    return absl::FailedPreconditionError(
        "the upload ended early; rows that were counted were answered, and importing the file once "
        "more is safe");
  }
  if (rows.lines.empty()) return absl::OkStatus();
  const MutationRequest request{
      .mutation = options_.overwrite ? protocol::Mutation::kPut : protocol::Mutation::kAdd,
      .rehearsal = options_.dry_run,
      .place = options_.place,
      .origin = Origin::kImport,
      .actor = options_.actor,
      .sources = rows.sources.View(),
      .targets = rows.targets.View()};
  try {
    const std::string reply = ask_(FrameOf(protocol::OpcodeOf(request), request));
    Tell(rows, ReplyIn<MutationReply>(reply));
  } catch (const Problem& problem) {
    return absl::FailedPreconditionError(
        fmt::format("from line {} on: {}. Rows before it were answered; importing the file once "
                    "more is safe",
                    rows.lines.front(), problem.detail));
  }
  rows = Rows();
  return absl::OkStatus();
}

void ImportRun::Tell(const Rows& rows, const MutationReply& reply) {
  const std::lock_guard lock(mutex_);
  IdCursor sources(rows.sources.View());
  IdCursor targets(rows.targets.View());
  for (size_t i = 0; i < reply.outcomes.size(); ++i) {
    const protocol::Outcome& outcome = reply.outcomes[i];
    const std::string_view source = sources.Next();
    const std::string_view target = targets.Next();
    ++progress_.rows;
    ++progress_.verdicts[static_cast<size_t>(outcome.verdict)];
    if (outcome.verdict == protocol::Verdict::kDone ||
        outcome.verdict == protocol::Verdict::kUnchanged) {
      continue;
    }
    const auto problem = ProblemOf(outcome);
    Tell({rows.lines[i], std::string(source), std::string(target), outcome.verdict,
          problem ? problem->detail : std::string(protocol::Name(outcome.verdict))});
  }
}

void ImportRun::Tell(ImportProblem problem) {
  if (progress_.problems.size() < kImportProblemsMax) {
    progress_.problems.push_back(std::move(problem));
  } else {
    ++progress_.problems_left_out;
  }
}

struct Imports::Mailbox {
  std::mutex mutex;
  std::condition_variable changed;
  bool is_closed = false;
};

Imports::Imports(boost::asio::any_io_executor executor)
    : executor_(std::move(executor)), mailbox_(std::make_shared<Mailbox>()) {}

Imports::~Imports() { Close(); }

void Imports::Close() {
  const std::lock_guard lock(mailbox_->mutex);
  mailbox_->is_closed = true;
  mailbox_->changed.notify_all();
}

std::string Imports::AskAndWait(const std::shared_ptr<Visitor>& visitor, std::string frame) {
  const auto reply = std::make_shared<std::optional<std::string>>();  // guarded by the mailbox
  boost::asio::post(executor_,
                    [visitor, frame = std::move(frame), mailbox = mailbox_, reply]() mutable {
                      visitor->Ask(std::move(frame), [mailbox, reply](std::string bytes) {
                        const std::lock_guard lock(mailbox->mutex);
                        *reply = std::move(bytes);
                        mailbox->changed.notify_all();
                      });
                    });
  std::unique_lock lock(mailbox_->mutex);
  mailbox_->changed.wait(lock, [&] { return reply->has_value() || mailbox_->is_closed; });
  return std::move(*reply).value_or(std::string());
}

std::shared_ptr<ImportRun> Imports::Find(const std::string& id) const {
  const auto at = std::find_if(runs_.begin(), runs_.end(),
                               [&](const auto& run) { return run->options().id == id; });
  return at == runs_.end() ? nullptr : *at;
}

std::shared_ptr<ImportRun> Imports::Start(ImportOptions options, std::shared_ptr<Visitor> visitor,
                                          int pipe, std::function<void()> on_end) {
  const auto running =
      std::count_if(runs_.begin(), runs_.end(), [](const auto& run) { return !run->is_over(); });
  if (static_cast<size_t>(running) >= kImportsRunningMax) {
    throw Problem{
        429, "overloaded",
        fmt::format("{} imports run already: try again when one of them is over", running)};
  }
  ++last_number_;
  if (options.id.empty()) options.id = fmt::format("{}", last_number_);
  if (Find(options.id)) {
    throw Problem{409, "exists", fmt::format("there was an import {} already", options.id)};
  }
  auto run = std::make_shared<ImportRun>(
      std::move(options), pipe,
      [this, visitor = std::move(visitor)](std::string frame) {
        return AskAndWait(visitor, std::move(frame));
      },
      std::move(on_end));
  runs_.push_front(run);
  while (runs_.size() > kImportsKept && runs_.back()->is_over()) runs_.pop_back();
  return run;
}

}  // namespace xref::console
