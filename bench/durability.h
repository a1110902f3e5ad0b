#pragma once

#include <absl/status/statusor.h>

#include <cstdint>
#include <string>

namespace xref::bench {

struct DurabilityOptions {
  std::string xrefd;                   // the program
  std::string redis = "redis-server";  // "" leaves the comparison out
  std::string folder;                  // where a temporary folder is made
  uint32_t references = 10'000'000;    // to checkpoint and to restart with
  uint32_t adds = 1'000'000;           // added in one measurement
  uint32_t rate = 100'000;             // references a second, while checkpoints run
  uint32_t seconds = 10;               // for so long
  uint32_t rounds = 5;
};

// Measures what durability costs, xrefd and Redis by turns on the same data, and returns the tables
// with the medians. README.md has the method. It starts and ends the servers itself.
absl::StatusOr<std::string> CompareDurability(const DurabilityOptions& options);

}  // namespace xref::bench
