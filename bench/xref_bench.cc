// xref-bench: generates references and measures a running xrefd.

#include <fmt/format.h>

#include <CLI/CLI.hpp>
#include <cstdio>
#include <filesystem>
#include <iostream>
#include <string>

#include "bench/add_workload.h"
#include "bench/check_workload.h"
#include "bench/claims_workload.h"
#include "bench/durability.h"
#include "bench/id_shapes.h"
#include "bench/initial_import.h"
#include "index/vocabulary.h"

namespace {

using xref::bench::AddFigures;
using xref::bench::AddOptions;
using xref::bench::CheckFigures;
using xref::bench::CheckOptions;
using xref::bench::ClaimComparison;
using xref::bench::DurabilityOptions;
using xref::bench::InitialImportOptions;
using xref::bench::ParseShape;
using xref::bench::Shape;

enum ExitCode : int {
  kDone = 0,
  kWrongAnswers = 1,
  kRefused = 2,
  kUnreachable = 3,
  kInterrupted = 130
};

constexpr const char* kFooter = R"(
Examples:
  xref-bench generate --references 1000000 --shape mixed > references.csv
  xref-bench check --references 10000000 --batch 100,1000,10000 --in-flight 4
  xref-bench add --references 1000000 --batch 1000 --in-flight 1
  xref-bench add --rate 100000
  xref-bench durability --references 1000000
  xref-bench claims --records 100000
  xref-bench initial-import --workers 8 --batch 1000 --create-ms 20)";

struct GenerateOptions {
  uint64_t references = 1'000'000;
  uint64_t first = 0;
  std::string shape = "mixed";
  bool ids_only = false;
};

ExitCode Generate(const GenerateOptions& options) {
  const Shape shape = ParseShape(options.shape);
  std::string rows = options.ids_only ? "source_id\n" : "source_id,target_id\n";
  for (uint64_t i = options.first; i < options.first + options.references; ++i) {
    rows += xref::bench::SourceId(shape, i);
    if (!options.ids_only) rows += ',' + xref::bench::TargetId(i);
    rows += '\n';
    if (rows.size() >= 1 << 16) {
      std::cout << rows;
      rows.clear();
    }
  }
  std::cout << rows << std::flush;
  return std::cout.good() ? kDone : kRefused;
}

ExitCode Fail(const absl::Status& status) {
  std::cerr << "xref-bench: " << std::string(status.message()) << "\n";
  if (absl::IsInternal(status)) return kWrongAnswers;
  if (absl::IsCancelled(status)) return kInterrupted;
  return absl::IsUnavailable(status) ? kUnreachable : kRefused;
}

ExitCode Check(const CheckOptions& options) {
  const auto figures = xref::bench::RunCheckWorkload(options);
  if (!figures.ok()) return Fail(figures.status());
  std::cout << fmt::format(
      "check, {} references ({}), {} connection(s), {} in flight, medians of {}\n"
      "{:>7} {:>11} {:>11} {:>11} {:>6} {:>17} {:>15} {:>14}\n",
      options.references, options.shape_name, options.connections, options.in_flight,
      options.rounds, "batch", "IDs a round", "hits", "misses", "wrong", "server CPU ns/ID",
      "(min..max)", "IDs/s");
  uint64_t wrong = 0;
  for (const CheckFigures& f : *figures) {
    wrong += f.wrong;
    std::cout << fmt::format("{:>7} {:>11} {:>11} {:>11} {:>6} {:>17.1f} {:>15} {:>14.0f}\n",
                             f.batch, f.ids, f.hits, f.ids - f.hits, f.wrong,
                             f.server_ns_per_id.Median(), f.server_ns_per_id.Range(1),
                             f.ids_per_second.Median());
  }
  return wrong == 0 ? kDone : kWrongAnswers;
}

ExitCode Add(const AddOptions& options) {
  const auto figures = xref::bench::RunAddWorkload(options);
  if (!figures.ok()) return Fail(figures.status());
  std::cout << fmt::format(
      "add, {} references a round ({}), 1 connection, {} in flight, {}, medians of {}\n"
      "{:>7} {:>9} {:>19} {:>18} {:>9} {:>9} {:>13} {:>9}\n",
      options.references, options.shape_name, options.in_flight,
      options.rate == 0 ? "at once" : fmt::format("{} a second", options.rate), options.rounds,
      "batch", "adds/s", "(min..max)", "server CPU ns/add", "p50 ms", "p99 ms", "(min..max)",
      "max ms");
  for (const AddFigures& f : *figures) {
    std::cout << fmt::format("{:>7} {:>9.0f} {:>19} {:>18.1f} {:>9.2f} {:>9.2f} {:>13} {:>9.2f}\n",
                             f.batch, f.adds_per_second.Median(), f.adds_per_second.Range(0),
                             f.server_ns_per_add.Median(), f.p50_ms.Median(), f.p99_ms.Median(),
                             f.p99_ms.Range(2), f.max_ms.Median());
  }
  return kDone;
}

ExitCode Durability(const DurabilityOptions& options) {
  const auto tables = xref::bench::CompareDurability(options);
  if (!tables.ok()) return Fail(tables.status());
  std::cout << *tables;
  return kDone;
}

ExitCode Claims(const ClaimComparison& comparison) {
  const auto table = xref::bench::CompareClaims(comparison);
  if (!table.ok()) return Fail(table.status());
  std::cout << *table;
  return kDone;
}

ExitCode InitialImport(const InitialImportOptions& options) {
  const auto report = xref::bench::RunInitialImport(options);
  if (!report.ok()) return Fail(report.status());
  std::cout << *report << std::flush;
  return std::cout.good() ? kDone : kRefused;
}

// Options that every comparison has.
template <typename Comparison>
void AddComparisonOptions(CLI::App& sub, Comparison& comparison) {
  comparison.xrefd = std::filesystem::read_symlink("/proc/self/exe").replace_filename("xrefd");
  comparison.folder = std::filesystem::temp_directory_path();
  sub.add_option("--xrefd", comparison.xrefd, "The program")->type_name("PATH");
  sub.add_option("--redis", comparison.redis, "The program; \"\" measures xrefd only")
      ->type_name("PATH")
      ->capture_default_str();
  sub.add_option("--folder", comparison.folder, "On the disk to measure")->capture_default_str();
}

// Options that everything against a running server has.
template <typename ServerOptions>
void AddServerOptions(CLI::App& sub, ServerOptions& options) {
  sub.add_option("--server", options.server, "HOST:PORT, on this machine")
      ->envname("XREF_SERVER")
      ->capture_default_str();
  sub.add_option("--shape", options.shape_name, "What IDs look like")
      ->check(CLI::IsMember(xref::bench::ShapeNames()))
      ->capture_default_str();
}

// Options that the workloads against a running server have in common.
template <typename WorkloadOptions>
void AddWorkloadOptions(CLI::App& sub, WorkloadOptions& options) {
  AddServerOptions(sub, options);
  sub.add_option("--batch", options.batches, "IDs in one request, one or more sizes")
      ->delimiter(',')
      ->check(CLI::Range(1U, static_cast<uint32_t>(xref::kBatchIdsMax)))
      ->capture_default_str();
  sub.add_option("--in-flight", options.in_flight, "Requests under way on a connection")
      ->check(CLI::Range(1, 1024))
      ->capture_default_str();
  sub.add_option("--rounds", options.rounds, "Rounds; the median is shown")
      ->check(CLI::Range(1, 100))
      ->capture_default_str();
}

}  // namespace

int main(int argc, char** argv) {
  CLI::App app("xref-bench generates references and measures a running xrefd.");
  app.footer(kFooter);
  app.set_version_flag("--version", "xref-bench " XREF_VERSION);
  app.require_subcommand(1);
  ExitCode exit_code = kDone;

  GenerateOptions generate;
  auto* generate_sub = app.add_subcommand("generate", "Print references as CSV");
  generate_sub->add_option("--references", generate.references, "How many")->capture_default_str();
  generate_sub->add_option("--first", generate.first, "Number of the first: others, other IDs")
      ->capture_default_str();
  generate_sub->add_option("--shape", generate.shape, "What IDs look like")
      ->check(CLI::IsMember(xref::bench::ShapeNames()))
      ->capture_default_str();
  generate_sub->add_flag("--ids", generate.ids_only, "Source IDs only");
  generate_sub->callback([&] { exit_code = Generate(generate); });

  CheckOptions check;
  auto* check_sub = app.add_subcommand(
      "check", "Measure batches of checks; every answer is held against what is true");
  AddWorkloadOptions(*check_sub, check);
  check_sub->add_option("--references", check.references, "References to check against")
      ->check(CLI::Range(uint64_t{1}, uint64_t{1'000'000'000}))
      ->capture_default_str();
  check_sub->add_option("--connections", check.connections, "Connections")
      ->check(CLI::Range(1, 256))
      ->capture_default_str();
  check_sub->add_option("--hit-percent", check.hit_percent, "Share of IDs that are synced")
      ->check(CLI::Range(0, 100))
      ->capture_default_str();
  check_sub->add_option("--ids", check.ids, "IDs asked in one round")
      ->check(CLI::Range(uint64_t{1}, uint64_t{10'000'000'000}))
      ->capture_default_str();
  check_sub->callback([&] {
    check.shape = ParseShape(check.shape_name);
    exit_code = Check(check);
  });

  AddOptions add;
  auto* add_sub = app.add_subcommand(
      "add", "Measure durable adds; every verdict is verified. They stay in the server");
  AddWorkloadOptions(*add_sub, add);
  add_sub->add_option("--references", add.references, "References to add in one round")
      ->check(CLI::Range(uint64_t{1}, uint64_t{100'000'000}))
      ->capture_default_str();
  add_sub
      ->add_option("--rate", add.rate,
                   "References a second, whether or not the server keeps up; latencies then count "
                   "from when a batch is due. 0 is as many as the server takes")
      ->capture_default_str();
  add_sub->callback([&] {
    add.shape = ParseShape(add.shape_name);
    exit_code = Add(add);
  });

  DurabilityOptions durability;
  auto* durability_sub = app.add_subcommand(
      "durability", "Compare adds, checkpoints and restarts with Redis; starts both itself");
  AddComparisonOptions(*durability_sub, durability);
  durability_sub
      ->add_option("--references", durability.references, "To checkpoint and to restart with")
      ->check(CLI::Range(1, 1'000'000'000))
      ->capture_default_str();
  durability_sub->add_option("--adds", durability.adds, "To add in one measurement")
      ->check(CLI::Range(1, 100'000'000))
      ->capture_default_str();
  durability_sub->add_option("--rate", durability.rate, "References a second beside checkpoints")
      ->check(CLI::Range(1'000, 10'000'000))
      ->capture_default_str();
  durability_sub->add_option("--seconds", durability.seconds, "How long beside checkpoints")
      ->check(CLI::Range(1, 600))
      ->capture_default_str();
  durability_sub->add_option("--rounds", durability.rounds, "Rounds; the median is shown")
      ->check(CLI::Range(1, 100))
      ->capture_default_str();
  durability_sub->callback([&] { exit_code = Durability(durability); });

  ClaimComparison claims;
  auto* claims_sub = app.add_subcommand(
      "claims", "Count what workers that die create twice, beside Redis; starts both itself");
  AddComparisonOptions(*claims_sub, claims);
  claims_sub->add_option("--workers", claims.workers.workers, "Each with a connection")
      ->check(CLI::Range(1, 256))
      ->capture_default_str();
  claims_sub->add_option("--records", claims.workers.sources, "To create")
      ->check(CLI::Range(1, 100'000'000))
      ->capture_default_str();
  claims_sub->add_option("--batch", claims.workers.batch, "IDs in one claim")
      ->check(CLI::Range(1U, static_cast<uint32_t>(xref::kBatchIdsMax)))
      ->capture_default_str();
  claims_sub
      ->add_option("--crash-percent", claims.workers.crash_percent,
                   "Share of batches in which the worker dies, at any point before it settles")
      ->check(CLI::Range(0, 90))
      ->capture_default_str();
  claims_sub->add_option("--lease-ms", claims.workers.lease_ms, "Of a claim, or a lock")
      ->check(CLI::Range(xref::kLeaseMsMin, xref::kLeaseMsMax))
      ->capture_default_str();
  claims_sub->add_option("--seed", claims.workers.seed, "Of the workers' crashes")
      ->capture_default_str();
  claims_sub->callback([&] { exit_code = Claims(claims); });

  InitialImportOptions import;
  auto* import_sub = app.add_subcommand(
      "initial-import",
      "Measure workers that check, claim, create and settle records of a simulated platform; every "
      "answer is verified. They go into two new integrations, import-TIME and "
      "import-TIME-one-by-one, which stay; nothing else is touched");
  AddServerOptions(*import_sub, import);
  import_sub
      ->add_option("--xrefd", import.xrefd,
                   "The program: starts one for this run, in place of --server; on a folder in "
                   "TMPDIR, which goes")
      ->type_name("PATH");
  import_sub->add_option("--records", import.workers.records, "Of the source platform")
      ->check(CLI::Range(1, 100'000'000))
      ->capture_default_str();
  import_sub->add_option("--workers", import.workers.workers, "Each with a connection")
      ->check(CLI::Range(1, 256))
      ->capture_default_str();
  import_sub->add_option("--batch", import.workers.batch, "Records in a page, and in a request")
      ->check(CLI::Range(1U, static_cast<uint32_t>(xref::kBatchIdsMax)))
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
      ->check(CLI::Range(1U, static_cast<uint32_t>(xref::kBatchIdsMax)))
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

  try {
    app.parse(argc, argv);
  } catch (const CLI::ParseError& error) {
    return app.exit(error, std::cout, std::cerr) == 0 ? kDone : kRefused;
  }
  return exit_code;
}
