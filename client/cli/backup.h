#pragma once

#include <absl/status/statusor.h>

#include <string>

#include "client/cli/commands.h"

namespace xref::cli {

struct BackupOptions {
  std::string file;
  bool force = false;  // replace the file if it exists
};

// Saves everything that the server holds in a file, which appears in one step once it is whole and
// durable. If anything fails, no file is left.
absl::StatusOr<ExitCode> RunBackup(const Globals& globals, const BackupOptions& options);

}  // namespace xref::cli
