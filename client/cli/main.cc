#include <CLI/CLI.hpp>
#include <chrono>
#include <csignal>
#include <functional>
#include <iostream>
#include <string>

#include "client/cli/backup.h"
#include "client/cli/commands.h"
#include "client/cli/import.h"
#include "client/cli/questions.h"
#include "client/cli/verify.h"

namespace {

using xref::cli::ExitCode;
using Command = std::function<absl::StatusOr<ExitCode>()>;

constexpr const char* kFooter = R"(
Examples:
  xref integration create shop-erp --source Shopify --target "Business Central"
  xref import shop-erp/orders orders.csv
  xref check shop-erp/orders ids.csv > not-synced.csv
  xref lookup shop-erp/orders SO-000123
  xref backup xref-monday.backup

A place is INTEGRATION/TYPE. Files are CSV whose header names source_id and target_id, or NDJSON with
these keys; '-' is standard input.
Exit codes: 0 done; 1 done, but some items conflicted, were bad or are not synced; 2 wrong usage, or
refused; 3 the server cannot be reached or is not ready.)";

int Fail(const absl::Status& status) {
  std::cerr << "xref: " << std::string(status.message()) << "\n";
  const bool unreachable = absl::IsUnavailable(status) || absl::IsDeadlineExceeded(status);
  return unreachable ? xref::cli::kUnreachable : xref::cli::kRefused;
}

}  // namespace

int main(int argc, char** argv) {
  std::signal(SIGPIPE, SIG_IGN);
  xref::cli::Globals globals;
  Command command;
  double wait_seconds = 0;
  double timeout_seconds = 60;

  CLI::App app("xref asks and tells an xrefd which records are synced, and to what.");
  app.footer(kFooter);
  app.set_version_flag("--version", "xref " XREF_VERSION);
  app.require_subcommand(1);
  app.add_option("--server", globals.client.servers, "The servers, tried in order")
      ->type_name("HOST:PORT,...")
      ->delimiter(',')
      ->envname("XREF_SERVER")
      ->capture_default_str();
  app.add_option("--token", globals.client.token, "Access token, where the server asks for one")
      ->type_name("T")
      ->envname("XREF_TOKEN");
  app.add_flag("--json", globals.json, "Print results as JSON, one object a line");
  app.add_option("--wait", wait_seconds, "Keep trying this long to reach a server that is ready")
      ->type_name("SECONDS")
      ->check(CLI::NonNegativeNumber);
  app.add_option("--timeout", timeout_seconds, "Give up when the server is silent this long")
      ->type_name("SECONDS")
      ->check(CLI::PositiveNumber)
      ->capture_default_str();
  app.fallthrough();

  const auto add_place = [](CLI::App* sub, std::string& place) {
    sub->add_option("place", place, "Which references")->required()->type_name("INTEGRATION/TYPE");
  };
  const auto add_actor = [](CLI::App* sub, std::string& actor) {
    sub->add_option("--actor", actor, "Who makes the change; you, unless named")->type_name("NAME");
  };
  const auto add_batching = [](CLI::App* sub, uint32_t& batch, uint32_t& in_flight) {
    sub->add_option("--batch", batch, "Rows in one request")
        ->type_name("N")
        ->check(CLI::Range(1U, static_cast<uint32_t>(xref::kBatchIdsMax)))
        ->capture_default_str();
    sub->add_option("--in-flight", in_flight, "Requests sent before the first is answered")
        ->type_name("N")
        ->check(CLI::Range(1, 64))
        ->capture_default_str();
  };

  auto* integration = app.add_subcommand("integration", "Create and list integrations");
  integration->require_subcommand(1);

  xref::cli::CreateOptions create;
  auto* create_sub = integration->add_subcommand(
      "create", "Make an integration with the entity types articles, customers, orders and stock");
  create_sub->footer(
      "Example: xref integration create shop-erp --source Shopify --target \"Business Central\"");
  create_sub->add_option("name", create.name, "Its name, e.g. shop-erp")->required();
  create_sub->add_option("--source", create.source, "Name of the source platform")
      ->capture_default_str();
  create_sub->add_option("--target", create.target, "Name of the target platform")
      ->capture_default_str();
  add_actor(create_sub, create.actor);
  create_sub->callback([&] { command = [&] { return RunIntegrationCreate(globals, create); }; });

  auto* list_sub =
      integration->add_subcommand("list", "List the integrations and their numbers of references");
  list_sub->footer("Example: xref --json integration list");
  list_sub->callback([&] { command = [&] { return RunIntegrationList(globals); }; });

  xref::cli::ImportOptions import;
  auto* import_sub = app.add_subcommand("import", "Add the references of a file");
  import_sub->footer(
      "Example: xref import shop-erp/orders orders.csv\n"
      "Existing references are never changed; a row that says otherwise is a conflict. Importing a "
      "file again is safe.");
  add_place(import_sub, import.place);
  import_sub->add_option("file", import.file, "CSV or NDJSON; '-' is standard input")->required();
  add_actor(import_sub, import.actor);
  add_batching(import_sub, import.batch, import.in_flight);
  import_sub->callback([&] { command = [&] { return RunImport(globals, import); }; });

  xref::cli::QuestionOptions check;
  auto* check_sub = app.add_subcommand("check", "Print the IDs of a file that are not synced");
  check_sub->footer(
      "Examples: xref check shop-erp/orders ids.csv\n"
      "          xref check shop-erp/orders --id SO-000123 --id SO-000124");
  add_place(check_sub, check.place);
  auto* check_file = check_sub->add_option("file", check.file,
                                           "CSV or NDJSON with source_id; '-' is standard input");
  check_sub->add_option("--id", check.ids, "An ID to check, in place of a file; may be repeated")
      ->excludes(check_file);
  add_batching(check_sub, check.batch, check.in_flight);
  check_sub->callback([&] { command = [&] { return RunCheck(globals, check); }; });

  xref::cli::QuestionOptions lookup;
  auto* lookup_sub = app.add_subcommand("lookup", "Print the target IDs of source IDs");
  lookup_sub->footer(
      "Examples: xref lookup shop-erp/orders SO-000123 SO-000124\n"
      "          xref lookup shop-erp/orders --file ids.csv");
  add_place(lookup_sub, lookup.place);
  auto* lookup_ids = lookup_sub->add_option("ids", lookup.ids, "Source IDs");
  lookup_sub->add_option("--file", lookup.file, "CSV or NDJSON with source_id, in place of IDs")
      ->excludes(lookup_ids);
  add_batching(lookup_sub, lookup.batch, lookup.in_flight);
  lookup_sub->callback([&] { command = [&] { return RunLookup(globals, lookup); }; });

  xref::cli::QuestionOptions reverse;
  auto* reverse_sub = app.add_subcommand("reverse", "Print the source IDs of target IDs");
  reverse_sub->footer(
      "Examples: xref reverse shop-erp/orders INV-9981\n"
      "          xref reverse shop-erp/orders --file targets.csv");
  add_place(reverse_sub, reverse.place);
  auto* reverse_ids = reverse_sub->add_option("ids", reverse.ids, "Target IDs");
  reverse_sub->add_option("--file", reverse.file, "CSV or NDJSON with target_id, in place of IDs")
      ->excludes(reverse_ids);
  reverse_sub->add_option("--sources-max", reverse.sources_max, "Source IDs shown of one target")
      ->type_name("N")
      ->check(CLI::Range(1, 65'535))
      ->capture_default_str();
  add_batching(reverse_sub, reverse.batch, reverse.in_flight);
  reverse_sub->callback([&] { command = [&] { return RunReverse(globals, reverse); }; });

  xref::cli::AddOptions add;
  auto* add_sub = app.add_subcommand("add", "Link one source ID to one target ID");
  add_sub->footer("Example: xref add shop-erp/orders SO-000123 INV-9981");
  add_place(add_sub, add.place);
  add_sub->add_option("source", add.source, "Source ID")->required();
  add_sub->add_option("target", add.target, "Target ID")->required();
  add_actor(add_sub, add.actor);
  add_sub->callback([&] { command = [&] { return RunAdd(globals, add); }; });

  xref::cli::BackupOptions backup;
  auto* backup_sub =
      app.add_subcommand("backup", "Save all integrations and references in one file");
  backup_sub->footer(
      "Examples: xref backup xref-monday.backup\n"
      "          xref --json backup --force latest.backup\n"
      "The server goes on serving. The file holds everything that was acknowledged before, and "
      "appears only when it is whole: until then it is FILE.part.\n"
      "To restore it: xrefd --restore FILE --data NEW-FOLDER");
  backup_sub->add_option("file", backup.file, "Where to save it; must not exist")
      ->required()
      ->type_name("FILE");
  backup_sub->add_flag("--force", backup.force, "Replace FILE if it exists");
  backup_sub->callback([&] { command = [&] { return RunBackup(globals, backup); }; });

  auto* status_sub = app.add_subcommand("status", "Show how the server is and what it holds");
  bool verify = false;
  status_sub->footer(
      "Examples: xref --json status\n"
      "          xref status --verify\n"
      "--verify reads all that the server has on its disk, while it goes on serving, and prints "
      "whether it is sound; the exit code is 1 if it is not.");
  status_sub->add_flag("--verify", verify, "Verify the server's files");
  status_sub->callback(
      [&] { command = [&] { return verify ? RunVerify(globals) : RunStatus(globals); }; });

  try {
    app.parse(argc, argv);
  } catch (const CLI::ParseError& error) {
    return app.exit(error, std::cout, std::cerr) == 0 ? xref::cli::kDone : xref::cli::kRefused;
  }
  using Seconds = std::chrono::duration<double>;
  using std::chrono::milliseconds;
  globals.client.ready_wait = std::chrono::duration_cast<milliseconds>(Seconds(wait_seconds));
  globals.client.answer_timeout =
      std::chrono::duration_cast<milliseconds>(Seconds(timeout_seconds));
  globals.client.name = "xref " XREF_VERSION;
  const auto exit_code = command();
  return exit_code.ok() ? *exit_code : Fail(exit_code.status());
}
