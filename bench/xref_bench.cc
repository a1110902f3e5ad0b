// xref-bench: generates references and measures a running xrefd.

#include <CLI/CLI.hpp>
#include <iostream>
#include <string>

#include "bench/commands.h"
#include "bench/id_shapes.h"

namespace {

using xref::bench::ExitCode;
using xref::bench::ParseShape;
using xref::bench::Shape;
using enum ExitCode;

constexpr const char* kFooter = R"(
Examples:
  xref-bench generate --references 1000000 --shape mixed > references.csv
  xref-bench check --references 10000000 --batch 100,1000,10000 --in-flight 4
  xref-bench check --rate 5000000 --batch 1000 --seconds 10 --html check.html
  xref-bench check --server localhost:7411 --tls-ca ca.pem
  xref-bench lookup --connections 4 --hit-percent 100 --json lookup.json
  xref-bench mixed --connections 2 --add-rate 200000
  xref-bench add --references 1000000 --batch 1000 --in-flight 1
  xref-bench add --rate 100000
  xref-bench durability --references 1000000
  xref-bench peers --references 1000000 --cells 1000/4,1/64 --hit-percent 50
  xref-bench claims --records 100000
  xref-bench initial-import --workers 8 --batch 1000 --create-ms 20
  taskset -c 0 xrefd --data DIR --threads 1 & taskset -c 1 xref-bench fairness)";

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

}  // namespace

xref::bench::ExitCode xref::bench::Fail(const absl::Status& status) {
  std::cerr << "xref-bench: " << std::string(status.message()) << "\n";
  if (absl::IsInternal(status)) return kWrongAnswers;
  if (absl::IsCancelled(status)) return kInterrupted;
  return absl::IsUnavailable(status) ? kUnreachable : kRefused;
}

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

  xref::bench::AddWorkloads(app, exit_code);
  xref::bench::AddComparisons(app, exit_code);

  try {
    app.parse(argc, argv);
  } catch (const CLI::ParseError& error) {
    return app.exit(error, std::cout, std::cerr) == 0 ? kDone : kRefused;
  }
  return exit_code;
}
