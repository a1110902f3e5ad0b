#pragma once

// The commands of xref-bench, and what they have in common.

#include <absl/status/status.h>

#include <CLI/CLI.hpp>

#include "bench/id_shapes.h"

namespace xref::bench {

enum ExitCode : int {
  kDone = 0,
  kWrongAnswers = 1,
  kRefused = 2,
  kUnreachable = 3,
  kInterrupted = 130
};

// Tells why on standard error.
ExitCode Fail(const absl::Status& status);

// Each adds commands whose options live as long as the program, and which set `exit_code`.
// check, lookup, mixed, add, initial-import, fairness: against a server that runs.
void AddWorkloads(CLI::App& app, ExitCode& exit_code);
// durability, peers, claims, floods: with or against others, which they start themselves.
void AddComparisons(CLI::App& app, ExitCode& exit_code);

}  // namespace xref::bench
