#pragma once

#include <absl/status/statusor.h>

#include <cstdint>
#include <string>
#include <vector>

namespace xref::bench {

struct FloodsOptions {
  std::string xrefd = "build/bin/xrefd";
  uint64_t references = 1'000'000;
  uint32_t batch = 1'000;  // IDs in a request of the established clients
  uint32_t clients = 2;    // of them, each with a connection
  uint32_t in_flight = 4;  // requests under way on each
  double seconds = 5;      // of one phase
  uint32_t rounds = 7;
  uint32_t attackers = 5'000;       // connections that a flood opens
  std::vector<std::string> floods;  // of FloodNames(); empty for all
};

// The floods that there are, in order.
const std::vector<std::string>& FloodNames();

// What established clients get of a daemon while it is flooded, and while it is not, by turns; and
// how long whoever watches its health waits. Starts the daemon itself. Returns a table for each
// flood. Internal if an answer was wrong, Unavailable if an established client was cut off.
absl::StatusOr<std::string> MeasureFloods(const FloodsOptions& options);

}  // namespace xref::bench
