// Files of references, taken in while they are uploaded.

#include <fcntl.h>
#include <fmt/format.h>
#include <unistd.h>

#include <algorithm>
#include <boost/asio/as_tuple.hpp>
#include <boost/asio/posix/stream_descriptor.hpp>
#include <boost/asio/post.hpp>
#include <boost/asio/steady_timer.hpp>
#include <boost/asio/use_awaitable.hpp>
#include <boost/asio/write.hpp>
#include <boost/json/array.hpp>

#include "console/api/handlers.h"
#include "console/facts.h"
#include "console/imports.h"

namespace xref::console {

namespace asio = boost::asio;
namespace json = boost::json;

namespace {

constexpr auto kTuple = asio::as_tuple(asio::use_awaitable);

json::object ProblemObject(const ImportProblem& problem) {
  return {{"line", problem.line},
          {"source_id", TextOrNull(problem.source)},
          {"target_id", TextOrNull(problem.target)},
          {"verdict", problem.verdict ? Json(protocol::Name(*problem.verdict)) : "bad_row"},
          {"detail", problem.detail}};
}

json::object ImportObject(const ImportRun& run) {
  const ImportProgress progress = run.progress();
  const ImportOptions& options = run.options();
  json::object totals;
  for (size_t i = 0; i < progress.verdicts.size(); ++i) {
    if (progress.verdicts[i] == 0) continue;
    totals[Json(protocol::Name(static_cast<protocol::Verdict>(i)))] = progress.verdicts[i];
  }
  if (progress.bad_rows > 0) totals["bad_row"] = progress.bad_rows;
  json::array problems;
  for (const ImportProblem& problem : progress.problems) problems.push_back(ProblemObject(problem));
  json::value bytes_total;
  if (options.bytes_total) bytes_total = *options.bytes_total;
  const char* const state = progress.state == ImportProgress::State::kRunning ? "running"
                            : progress.state == ImportProgress::State::kDone  ? "done"
                                                                              : "failed";
  return {{"id", options.id},
          {"integration", options.integration},
          {"type", options.type},
          {"dry_run", options.dry_run},
          {"state", state},
          {"rows", progress.rows},
          {"bytes", progress.bytes},
          {"bytes_total", std::move(bytes_total)},
          {"totals", std::move(totals)},
          {"problems", std::move(problems)},
          {"problems_left_out", progress.problems_left_out},
          {"error", TextOrNull(progress.error)}};
}

std::string ImportIdIn(const Call& call) {
  const std::string id = call.Param("import_id").value_or("");
  const bool is_good = id.size() <= 64 && std::all_of(id.begin(), id.end(), [](char c) {
                         return (c >= '0' && c <= '9') || (c >= 'a' && c <= 'z') ||
                                (c >= 'A' && c <= 'Z') || c == '-';
                       });
  if (!is_good) throw BadRequest("import_id is not 1 to 64 letters, digits and hyphens");
  return id;
}

// A file on its way from the connection to the thread that reads it. What ends before it is whole,
// however that comes, is abandoned.
class Upload {
 public:
  explicit Upload(const asio::any_io_executor& executor) : input_(executor) {
    int ends[2];
    if (pipe2(ends, O_CLOEXEC) != 0) {
      throw Problem{429, "overloaded", "too many files are open: try again soon"};
    }
    output_ = ends[0];
    input_.assign(ends[1]);
    input_.non_blocking(true);
  }
  ~Upload() {
    if (run_ && input_.is_open()) run_->Abandon();
    if (!run_) close(output_);
  }
  Upload(const Upload&) = delete;
  Upload& operator=(const Upload&) = delete;

  void Start(Call& call, ImportOptions options, std::function<void()> on_end) {
    run_ = call.imports().Start(std::move(options), call.asker().visitor(), output_,
                                std::move(on_end));
  }
  // False: the thread has seen enough of it.
  asio::awaitable<bool> Write(std::string_view piece) {
    const auto [error, size] =
        co_await asio::async_write(input_, asio::buffer(piece.data(), piece.size()), kTuple);
    co_return !error;
  }
  void Finish() { input_.close(); }

  const ImportRun& run() const { return *run_; }

 private:
  asio::posix::stream_descriptor input_;
  int output_ = -1;  // of the run, once there is one
  std::shared_ptr<ImportRun> run_;
};

// Throws where no row could be added, by whoever asks or at present: before the file is sent, since
// what comes of its rows is told in the report, with status 200.
asio::awaitable<void> RequireChanges(Call& call, PlaceId place) {
  const protocol::MutationRequest nothing{
      .mutation = protocol::Mutation::kAdd, .rehearsal = true, .place = place};
  co_await call.asker().Mutate(nothing);
}

// The reports are here, and not at the daemon, which would refuse who may not ask for references.
asio::awaitable<void> RequireReader(Call& call) {
  co_await call.Ask<protocol::IntegrationListReply>(protocol::Opcode::kIntegrationList);
}

}  // namespace

asio::awaitable<void> Import(Call& call, BodyStream& stream) {
  if (call.request.content_type != "text/csv" &&
      call.request.content_type != "application/x-ndjson") {
    throw Problem{415, "unsupported-media-type",
                  "send a file with Content-Type text/csv or application/x-ndjson"};
  }
  ImportOptions options{.id = ImportIdIn(call),
                        .integration = call.integration(),
                        .type = call.type(),
                        .actor = call.request.actor,
                        .dry_run = call.Flag("dry_run"),
                        .overwrite = call.Flag("overwrite"),
                        .bytes_total = call.request.content_bytes};
  options.place = co_await call.Place();
  co_await RequireChanges(call, options.place);

  const auto executor = call.asker().executor();
  Upload upload(executor);
  // Never expires by itself: it is set back to wake up whoever waits for the end.
  const auto ended =
      std::make_shared<asio::steady_timer>(executor, asio::steady_timer::time_point::max());
  upload.Start(call, std::move(options), [executor, ended] {
    asio::post(executor, [ended] { ended->expires_at(asio::steady_timer::time_point::min()); });
  });
  // A client reads no answer before it has sent everything, wanted or not.
  bool wanted = true;
  for (;;) {
    const std::string_view piece = co_await stream.Read();
    if (piece.empty()) break;
    if (wanted) wanted = co_await upload.Write(piece);
  }
  upload.Finish();
  while (!upload.run().is_over()) co_await ended->async_wait(kTuple);
  const Response answer = JsonResponse(ImportObject(upload.run()));
  if (co_await stream.Begin(answer)) co_await stream.Write(answer.body);
}

namespace {

bool MaySee(Call& call, const ImportRun& run) {
  return call.asker().visitor()->Reads(run.options().integration);
}

}  // namespace

Reply ListImports(Call& call) {
  co_await RequireReader(call);
  json::array imports;
  for (const auto& run : call.imports().all()) {
    if (MaySee(call, *run)) imports.push_back(ImportObject(*run));
  }
  co_return JsonResponse({{"imports", std::move(imports)}});
}

Reply GetImport(Call& call) {
  co_await RequireReader(call);
  const std::string& id = call.request.in_path.at("import");
  const auto run = call.imports().Find(id);
  if (!run || !MaySee(call, *run))
    throw NotFound("missing", fmt::format("there is no import {}", id));
  co_return JsonResponse(ImportObject(*run));
}

}  // namespace xref::console
