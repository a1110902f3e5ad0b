#pragma once

#include <absl/status/statusor.h>

#include <string>

#include "bench/claim_workers.h"

namespace xref::bench {

struct ClaimComparison {
  std::string xrefd;                   // the program
  std::string redis = "redis-server";  // "" leaves the comparison out
  std::string folder;                  // where a temporary folder is made
  ClaimOptions workers;
};

// Has workers that die create records, held apart by xrefd and then by Redis, and returns a table
// of what they created. Internal if a record was created twice, or a reference was lost, with
// xrefd. README.md has the method. It starts and ends the servers itself.
absl::StatusOr<std::string> CompareClaims(const ClaimComparison& comparison);

}  // namespace xref::bench
