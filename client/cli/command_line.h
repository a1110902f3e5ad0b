#pragma once

// The command line of xref: its commands, the options that all of them have, and what happens to
// those who use it wrongly.

#include <CLI/CLI.hpp>
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "client/cli/command.h"
#include "client/cli/tls_options.h"

namespace xref::cli {

template <typename Options>
using RunCommand = std::function<absl::StatusOr<ExitCode>(const Globals&, const Options&)>;

// A command that was added: where its options are declared, and where their values will be.
template <typename Options>
struct Added {
  CLI::App& app;
  Options& options;
};

class CommandLine {
 public:
  CommandLine();
  CommandLine(const CommandLine&) = delete;
  CommandLine& operator=(const CommandLine&) = delete;

  CLI::App& root() { return app_; }

  // A word that only has commands below it, such as "integration".
  CLI::App& AddGroup(const std::string& name, const std::string& description);

  // A command below `parent`. Its options live as long as this does.
  template <typename Options>
  Added<Options> Add(CLI::App& parent, const std::string& name, const std::string& description,
                     const std::string& footer, RunCommand<Options> run) {
    const auto options = std::make_shared<Options>();
    CLI::App* app = parent.add_subcommand(name, description);
    app->footer(footer);
    app->callback([this, options, run = std::move(run)] {
      chosen_ = [this, options, run] { return run(globals_, *options); };
    });
    return {*app, *options};
  }

  // Runs the command that is named, and returns the exit code.
  int Run(int argc, char** argv);

 private:
  int Refuse(const CLI::ParseError& error) const;

  CLI::App app_;
  Globals globals_;
  TlsOptions tls_;
  double wait_seconds_ = 0;
  double timeout_seconds_ = 60;
  std::optional<double> max_lag_seconds_;
  std::optional<double> failover_seconds_;
  std::function<absl::StatusOr<ExitCode>()> chosen_;
};

// ---- Options that several commands have ----

void AddPlace(CLI::App& app, std::string& place);
// Any number of IDs: positional, or an option that may be repeated. They are taken as they are.
CLI::Option* AddIds(CLI::App& app, const std::string& name, std::vector<std::string>& ids,
                    const std::string& description);
void AddActor(CLI::App& app, std::string& actor);
void AddBatching(CLI::App& app, uint32_t& batch, uint32_t& in_flight);

}  // namespace xref::cli
