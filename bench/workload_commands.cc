#include <fmt/format.h>

#include <boost/json/serialize.hpp>
#include <cerrno>
#include <cstring>
#include <fstream>
#include <iostream>
#include <memory>
#include <string>

#include "bench/commands.h"
#include "bench/fairness.h"
#include "bench/initial_import.h"
#include "bench/progress.h"
#include "bench/report.h"
#include "bench/servers.h"
#include "bench/workload.h"
#include "client/cli/tls_options.h"
#include "index/vocabulary.h"

namespace xref::bench {
namespace {

// Where the figures go beside the table.
struct ReportFiles {
  std::string json;
  std::string html;
};

bool Write(const std::string& path, const std::string& text) {
  if (path.empty()) return true;
  std::ofstream file(path);
  file << text << std::flush;
  if (file.good()) return true;
  std::cerr << "xref-bench: cannot write " << path << ": " << std::strerror(errno) << "\n";
  return false;
}

// Where a program is named, it is the server.
template <typename ServerOptions>
absl::Status StartOwn(ServerOptions& options, std::unique_ptr<TemporaryXrefd>& own) {
  if (options.xrefd.empty()) return absl::OkStatus();
  auto started = TemporaryXrefd::Start(options.xrefd);
  if (!started.ok()) return started.status();
  own = *std::move(started);
  options.server = own->address();
  return absl::OkStatus();
}

using RunWorkload = WorkloadResults (*)(const WorkloadOptions& options);

ExitCode Measure(const char* name, RunWorkload run, WorkloadOptions& options,
                 const ReportFiles& files) {
  // Before the work, not after it.
  for (const std::string& path : {files.json, files.html}) {
    if (!Write(path, "")) return kRefused;
  }
  std::unique_ptr<TemporaryXrefd> own;
  if (auto status = StartOwn(options, own); !status.ok()) return Fail(status);
  auto results = run(options);
  if (!results.ok()) {
    EndProgress();
    return Fail(results.status());
  }
  Report report{
      .title = fmt::format("{}, {} references ({}), {} connection(s), {} in flight, {}, medians of "
                           "{} rounds",
                           name, options.references, options.shape_name, options.connections,
                           options.in_flight,
                           options.rate == 0 ? "as many as the server takes"
                                             : fmt::format("{} IDs a second", options.rate),
                           options.rounds),
      .setting = {{"server", options.server},
                  {"references", std::to_string(options.references)},
                  {"ids", options.shape_name},
                  {"connections", std::to_string(options.connections)},
                  {"in flight on each", std::to_string(options.in_flight)},
                  {"hit percent", std::to_string(options.hit_percent)},
                  {"IDs a second", options.rate == 0 ? "unlimited" : std::to_string(options.rate)},
                  {"rounds", std::to_string(options.rounds)}},
      .results = *std::move(results)};
  std::cout << PrintTable(report);
  const bool written =
      (files.json.empty() || Write(files.json, boost::json::serialize(ToJson(report)) + "\n")) &&
      (files.html.empty() || Write(files.html, ToHtml(report)));
  return written ? kDone : kRefused;
}

ExitCode Fairness(FairnessOptions& options) {
  std::unique_ptr<TemporaryXrefd> own;
  if (auto status = StartOwn(options, own); !status.ok()) return Fail(status);
  const auto table = MeasureFairness(options);
  if (!table.ok()) return Fail(table.status());
  std::cout << *table;
  return kDone;
}

ExitCode InitialImport(const InitialImportOptions& options) {
  const auto report = RunInitialImport(options);
  if (!report.ok()) return Fail(report.status());
  std::cout << *report << std::flush;
  return std::cout.good() ? kDone : kRefused;
}

// Options that everything against a running server has.
template <typename ServerOptions>
void AddServerOptions(CLI::App& sub, ServerOptions& options) {
  sub.add_option("--server", options.server, "HOST:PORT; its CPU is told if it is on this machine")
      ->envname("XREF_SERVER")
      ->capture_default_str();
  sub.add_option(
         "--xrefd", options.xrefd,
         "The program: starts one for this run, in place of --server; on a folder in TMPDIR, "
         "which goes")
      ->type_name("PATH");
  const auto tls = std::make_shared<cli::TlsOptions>();
  tls->AddTo(sub);
  sub.parse_complete_callback([&options, tls] {
    auto made = tls->Make();
    if (!made.ok()) throw CLI::ValidationError("--tls", std::string(made.status().message()));
    if (*made && !options.xrefd.empty()) {
      throw CLI::ValidationError("--xrefd", "it starts a server without TLS");
    }
    options.tls = *std::move(made);
  });
  sub.add_option("--shape", options.shape_name, "What IDs look like")
      ->check(CLI::IsMember(ShapeNames()))
      ->capture_default_str();
}

// A workload against a running server, and the options that all of those have.
CLI::App* AddWorkload(CLI::App& app, const char* name, const char* description, RunWorkload run,
                      WorkloadOptions& options, ReportFiles& files, ExitCode& exit_code) {
  CLI::App* sub = app.add_subcommand(name, description);
  AddServerOptions(*sub, options);
  sub->add_option("--references", options.references, "References to ask for, or to add in a round")
      ->check(CLI::Range(uint64_t{1}, uint64_t{1'000'000'000}))
      ->capture_default_str();
  sub->add_option("--batch", options.batches, "IDs in one request, one or more sizes")
      ->delimiter(',')
      ->check(CLI::Range(1U, static_cast<uint32_t>(kBatchIdsMax)))
      ->capture_default_str();
  sub->add_option("--in-flight", options.in_flight, "Requests under way on a connection")
      ->check(CLI::Range(1, 1024))
      ->capture_default_str();
  sub->add_option(
         "--rate", options.rate,
         "IDs a second, whether or not the server keeps up; latencies then count from when a "
         "request is due. 0 is as many as the server takes")
      ->capture_default_str();
  sub->add_option("--rounds", options.rounds, "Rounds; the median is shown")
      ->check(CLI::Range(1, 100))
      ->capture_default_str();
  sub->add_option("--json", files.json, "Write the figures to this file as well")
      ->type_name("FILE");
  sub->add_option("--html", files.html, "Write a page with plots to this file as well")
      ->type_name("FILE");
  sub->callback([=, &options, &files, &exit_code] {
    options.shape = ParseShape(options.shape_name);
    exit_code = Measure(name, run, options, files);
  });
  return sub;
}

// Options of workloads that ask.
void AddQuestionOptions(CLI::App& sub, WorkloadOptions& options) {
  sub.add_option("--connections", options.connections, "Connections that ask, each in a thread")
      ->check(CLI::Range(1, 256))
      ->capture_default_str();
  sub.add_option("--hit-percent", options.hit_percent, "Share of IDs that are synced")
      ->check(CLI::Range(0, 100))
      ->capture_default_str();
  sub.add_option("--seconds", options.seconds, "How long a round takes at most; 0 is no limit")
      ->check(CLI::Range(0.0, 3'600.0))
      ->capture_default_str();
}

void AddQuestionsAndChanges(CLI::App& app, ExitCode& exit_code) {
  static ReportFiles files;
  static WorkloadOptions questions{.batches = {100, 1'000, 10'000}, .seconds = 2};
  const auto add_questions = [&](const char* name, const char* description, RunWorkload run) {
    CLI::App* sub = AddWorkload(app, name, description, run, questions, files, exit_code);
    AddQuestionOptions(*sub, questions);
    sub->add_option("--ids", questions.ids, "IDs asked in one round at most; 0 is no limit")
        ->check(CLI::Range(uint64_t{0}, uint64_t{10'000'000'000}))
        ->capture_default_str();
  };
  add_questions("check", "Ask which IDs are synced; every answer is held against what is true",
                RunChecks);
  add_questions("lookup", "Ask what IDs are linked to; every answer is held against what is true",
                RunLookups);

  static WorkloadOptions mixed{.seconds = 3, .add_rate = 100'000};
  CLI::App* mixed_sub = AddWorkload(
      app, "mixed",
      "Check while another connection adds; every answer is verified. What is added stays",
      RunMixed, mixed, files, exit_code);
  AddQuestionOptions(*mixed_sub, mixed);
  mixed_sub
      ->add_option("--add-rate", mixed.add_rate,
                   "References added in a second; 0 is as many as the "
                   "server takes")
      ->check(CLI::Range(0, 1'000'000))
      ->capture_default_str();

  static WorkloadOptions add;
  AddWorkload(app, "add", "Add references, durably; every verdict is verified. They stay", RunAdds,
              add, files, exit_code);
}

void AddInitialImport(CLI::App& app, ExitCode& exit_code) {
  static InitialImportOptions import;
  auto* import_sub = app.add_subcommand(
      "initial-import",
      "Measure workers that check, claim, create and settle records of a simulated platform; every "
      "answer is verified. They go into two new integrations, import-TIME and "
      "import-TIME-one-by-one, which stay; nothing else is touched");
  AddServerOptions(*import_sub, import);
  import_sub->add_option("--records", import.workers.records, "Of the source platform")
      ->check(CLI::Range(1, 100'000'000))
      ->capture_default_str();
  import_sub->add_option("--workers", import.workers.workers, "Each with a connection")
      ->check(CLI::Range(1, 256))
      ->capture_default_str();
  import_sub->add_option("--batch", import.workers.batch, "Records in a page, and in a request")
      ->check(CLI::Range(1U, static_cast<uint32_t>(kBatchIdsMax)))
      ->capture_default_str();
  import_sub
      ->add_option("--overlap-percent", import.workers.overlap_percent,
                   "Share of pages that are given to two workers")
      ->check(CLI::Range(0, 100))
      ->capture_default_str();
  import_sub
      ->add_option("--create-ms", import.workers.create_ms,
                   "That the target platform takes for a request that creates records")
      ->check(CLI::Range(0, 60'000))
      ->capture_default_str();
  import_sub
      ->add_option("--create-batch", import.workers.create_batch,
                   "Records that such a request may hold")
      ->check(CLI::Range(1U, static_cast<uint32_t>(kBatchIdsMax)))
      ->capture_default_str();
  import_sub
      ->add_option("--synced-percent", import.synced_percent,
                   "Share of records that are linked before the import begins")
      ->check(CLI::Range(0, 100))
      ->capture_default_str();
  import_sub
      ->add_option("--sample", import.sample,
                   "Other records, imported first with batches of 1, to compare with")
      ->check(CLI::Range(1, 10'000'000))
      ->capture_default_str();
  import_sub->add_option("--json", import.json,
                         "Writes the figures to this file too, as a JSON object; - prints it in "
                         "place of the table");
  import_sub->callback([&] {
    import.workers.shape = ParseShape(import.shape_name);
    exit_code = InitialImport(import);
  });
}

void AddFairness(CLI::App& app, ExitCode& exit_code) {
  static FairnessOptions fairness;
  auto* fairness_sub = app.add_subcommand(
      "fairness",
      "Measure how long small batches wait beside a client with large ones. Pin server and clients "
      "to a core each, with taskset, so that they do not wait for one another's core");
  AddServerOptions(*fairness_sub, fairness);
  fairness_sub->add_option("--references", fairness.references, "To check against")
      ->check(CLI::Range(uint64_t{1}, uint64_t{1'000'000'000}))
      ->capture_default_str();
  fairness_sub->add_option("--clients", fairness.clients, "With small batches, one in flight each")
      ->check(CLI::Range(1, 256))
      ->capture_default_str();
  fairness_sub->add_option("--batch", fairness.batch, "IDs in a small request")
      ->check(CLI::Range(1U, static_cast<uint32_t>(kBatchIdsMax)))
      ->capture_default_str();
  fairness_sub
      ->add_option("--rate", fairness.rate, "Requests a second that are due on each small client")
      ->check(CLI::Range(1, 100'000))
      ->capture_default_str();
  fairness_sub->add_option("--requests", fairness.requests, "Of each small client, in one phase")
      ->check(CLI::Range(1, 10'000'000))
      ->capture_default_str();
  fairness_sub->add_option("--large-batch", fairness.large_batch, "IDs in a large request")
      ->check(CLI::Range(1U, static_cast<uint32_t>(kBatchIdsMax)))
      ->capture_default_str();
  fairness_sub->add_option("--large-in-flight", fairness.large_in_flight, "Of the large client")
      ->check(CLI::Range(1, 1024))
      ->capture_default_str();
  fairness_sub->add_option("--rounds", fairness.rounds, "Rounds; the median is shown")
      ->check(CLI::Range(1, 100))
      ->capture_default_str();
  fairness_sub->callback([&] { exit_code = Fairness(fairness); });
}

}  // namespace

void AddWorkloads(CLI::App& app, ExitCode& exit_code) {
  AddQuestionsAndChanges(app, exit_code);
  AddInitialImport(app, exit_code);
  AddFairness(app, exit_code);
}

}  // namespace xref::bench
