#include "client/cli/command_line.h"

#include <fmt/format.h>

#include <charconv>
#include <chrono>
#include <iostream>
#include <vector>

#include "client/cli/help_format.h"
#include "client/cli/nearest.h"

namespace xref::cli {
namespace {

constexpr const char* kFooter = R"(
Examples:
  xref integration create shop-erp --source Shopify --target "Business Central"
  xref import shop-erp/orders orders.csv
  xref check shop-erp/orders ids.csv > not-synced.csv
  xref lookup shop-erp/orders SO-000123
  xref edit shop-erp/orders SO-000123 INV-9982 --expect INV-9981
  xref backup xref-monday.backup
  xref --server 10.0.0.1:7411,10.0.0.2:7411 import shop-erp/orders orders.csv
  xref --server sync.example:7411 --tls-ca ca.pem check shop-erp/orders ids.csv

A place is INTEGRATION/TYPE. Files are CSV whose header names source_id and target_id, or NDJSON with these keys; '-' is standard input.
Exit codes: 0 done; 1 done, but some items conflicted, were bad or are not synced; 2 wrong usage, or refused; 3 the server cannot be reached, is not ready, or was lost before it said whether a change was done.)";
constexpr double kFailoverSeconds = 30;  // where there are servers to go on at

// What is wrong with a text that is to be seconds; empty where nothing is.
std::string FindSecondsFault(const std::string& text) {
  double seconds = -1;
  const auto read = std::from_chars(text.data(), text.data() + text.size(), seconds);
  const bool is_number = read.ec == std::errc() && read.ptr == text.data() + text.size();
  constexpr double kYear = 366.0 * 86'400;
  if (is_number && seconds >= 0 && seconds <= kYear) return {};
  return fmt::format("{} is no number of seconds from 0 to a year, such as 2.5", text);
}

int Fail(const absl::Status& status) {
  std::cerr << "xref: " << std::string(status.message()) << "\n";
  const bool unreachable =
      absl::IsUnavailable(status) || absl::IsDeadlineExceeded(status) || absl::IsUnknown(status);
  return unreachable ? kUnreachable : kRefused;
}

// What may stand where `word` stands: the options of a command and of those above it, or the
// commands below it.
std::vector<std::string> Candidates(const CLI::App& app, const std::string& word) {
  if (!word.starts_with('-')) return CommandNames(app);
  std::vector<std::string> names = OptionNames(app);
  if (app.get_parent() != nullptr) {
    for (auto& name : OptionNames(*app.get_parent())) names.push_back(std::move(name));
  }
  return names;
}

}  // namespace

CommandLine::CommandLine()
    : app_("xref asks and tells an xrefd which records are synced, and to what.", "xref") {
  app_.formatter(std::make_shared<HelpFormat>());
  app_.footer(kFooter);
  app_.set_version_flag("--version", "xref " XREF_VERSION);
  app_.require_subcommand(1);
  app_.add_option("--server", globals_.client.servers, "The servers, tried in order")
      ->type_name("HOST:PORT,...")
      ->delimiter(',')
      ->allow_extra_args(false)
      ->envname("XREF_SERVER")
      ->capture_default_str();
  app_.add_option("--token", globals_.client.token, "Access token, where the server asks for one")
      ->type_name("T")
      ->envname("XREF_TOKEN");
  tls_.AddTo(app_);
  app_.add_flag("--json", globals_.json, "Print results as JSON, one object a line");
  app_.add_option("--wait", wait_seconds_, "Keep trying this long to reach a server that is ready")
      ->type_name("SECONDS")
      ->check(FindSecondsFault);
  app_.add_option("--timeout", timeout_seconds_, "Give up when the server is silent this long")
      ->type_name("SECONDS")
      ->check([](const std::string& text) {
        std::string fault = FindSecondsFault(text);
        if (fault.empty() && std::stod(text) == 0) fault = "0 would give up at once";
        return fault;
      })
      ->capture_default_str();
  app_.add_option("--max-lag", max_lag_seconds_,
                  "Take no answer of a standby that may be older than this")
      ->type_name("SECONDS")
      ->check(FindSecondsFault);
  app_.add_option("--failover", failover_seconds_,
                  "When the server is lost, go on at another one that is the primary within this "
                  "time; 30 where several servers are named, else 0")
      ->type_name("SECONDS")
      ->check(FindSecondsFault);
  app_.fallthrough();
}

CLI::App& CommandLine::AddGroup(const std::string& name, const std::string& description) {
  CLI::App* group = app_.add_subcommand(name, description);
  group->require_subcommand(1);
  return *group;
}

int CommandLine::Run(int argc, char** argv) {
  globals_.arguments.assign(argv, argv + argc);
  try {
    app_.parse(argc, argv);
  } catch (const CLI::ParseError& error) {
    if (error.get_exit_code() == 0) return app_.exit(error, std::cout, std::cerr);
    return Refuse(error);
  }
  using Seconds = std::chrono::duration<double>;
  using std::chrono::milliseconds;
  globals_.client.ready_wait = std::chrono::duration_cast<milliseconds>(Seconds(wait_seconds_));
  globals_.client.answer_timeout =
      std::chrono::duration_cast<milliseconds>(Seconds(timeout_seconds_));
  const double failover =
      failover_seconds_.value_or(globals_.client.servers.size() > 1 ? kFailoverSeconds : 0);
  globals_.client.failover_wait = std::chrono::duration_cast<milliseconds>(Seconds(failover));
  if (max_lag_seconds_) {
    globals_.client.max_lag = std::chrono::duration_cast<milliseconds>(Seconds(*max_lag_seconds_));
  }
  globals_.client.name = "xref " XREF_VERSION;
  auto tls = tls_.Make();
  if (!tls.ok()) return Fail(tls.status());
  globals_.client.tls = *std::move(tls);
  const auto exit_code = chosen_();
  return exit_code.ok() ? *exit_code : Fail(exit_code.status());
}

int CommandLine::Refuse(const CLI::ParseError& error) const {
  const CLI::App* app = &app_;
  std::string path = "xref";
  while (!app->get_subcommands().empty()) {
    app = app->get_subcommands().front();
    path += " " + app->get_name();
  }
  std::string message = error.what();
  const auto unknown = app_.remaining(true);
  const bool wants_command = app->get_require_subcommand_min() > 0;
  if (!unknown.empty() && (wants_command || unknown.front().starts_with('-'))) {
    const std::string& word = unknown.front();
    message = fmt::format("there is no {} {}", word.starts_with('-') ? "option" : "command", word);
    const std::string nearest = Nearest(word, Candidates(*app, word));
    if (!nearest.empty()) message += fmt::format("; did you mean {}?", nearest);
  }
  std::cerr << fmt::format("xref: {}\nxref: for help: {} --help\n", message, path);
  return kRefused;
}

void AddPlace(CLI::App& app, std::string& place) {
  app.add_option("place", place, "Which references")->required()->type_name("INTEGRATION/TYPE");
}

CLI::Option* AddIds(CLI::App& app, const std::string& name, std::vector<std::string>& ids,
                    const std::string& description) {
  // A vector that CLI11 converts by itself takes "[A,B]" for two IDs and "{}" for none.
  const auto take = [&ids](const CLI::results_t& words) {
    ids = words;
    return true;
  };
  CLI::Option* option =
      app.add_option(name, take, description)->multi_option_policy(CLI::MultiOptionPolicy::TakeAll);
  if (name.starts_with('-')) return option->type_name("ID");
  constexpr int kAny = CLI::detail::expected_max_vector_size;
  return option->expected(kAny, kAny)->option_text("ID ...");
}

void AddActor(CLI::App& app, std::string& actor) {
  app.add_option("--actor", actor, "Who makes the change; you, unless named")->type_name("NAME");
}

void AddBatching(CLI::App& app, uint32_t& batch, uint32_t& in_flight) {
  app.add_option("--batch", batch, "Rows in one request")
      ->type_name("N")
      ->check(CLI::Range(1U, static_cast<uint32_t>(kBatchIdsMax)))
      ->capture_default_str();
  app.add_option("--in-flight", in_flight, "Requests sent before the first is answered")
      ->type_name("N")
      ->check(CLI::Range(1, 64))
      ->capture_default_str();
}

}  // namespace xref::cli
