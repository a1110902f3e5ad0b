#pragma once

#include <absl/status/statusor.h>

#include <cstdint>
#include <string>

#include "bench/import_workers.h"
#include "client/channel.h"

namespace xref::bench {

struct InitialImportOptions {
  std::string server = "127.0.0.1:7411";
  Channel::Tls tls;   // null: without TLS
  std::string xrefd;  // the program, to be started for this run; "" takes the server
  std::string shape_name = "digits";
  ImportOptions workers;
  uint32_t synced_percent = 0;  // of the records, before the import begins
  uint32_t sample = 2'000;      // records that are imported one by one
  std::string json;             // a file for the figures; "-" returns them in place of the table
};

// Imports the records of a simulated platform: first a sample of others one by one, then all of
// them in batches, each into an integration of its own, and returns the figures as a table.
// Internal if any answer was wrong, a record was created twice, or a reference is not there
// afterwards. Cancelled by SIGINT and SIGTERM, which do nothing else from this call on; what was
// created is linked then, and nothing claimed. README.md has the method. Call it on the main
// thread, before there are others.
absl::StatusOr<std::string> RunInitialImport(const InitialImportOptions& options);

}  // namespace xref::bench
