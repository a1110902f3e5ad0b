#pragma once

#include <absl/status/statusor.h>

#include <cstdint>
#include <string>

#include "client/cli/commands.h"

namespace xref::cli {

struct ImportOptions {
  std::string place;
  std::string file;
  std::string actor;
  uint32_t batch = 5'000;  // rows in one request
  uint32_t in_flight = 4;  // requests under way
};

// Adds every row of a file as a reference and reports what became of them: no existing reference is
// ever changed. Safe to repeat: rows that are there already count as unchanged.
absl::StatusOr<ExitCode> RunImport(const Globals& globals, const ImportOptions& options);

}  // namespace xref::cli
