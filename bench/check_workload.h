#pragma once

#include <absl/status/status.h>
#include <absl/status/statusor.h>

#include <cstdint>
#include <string>
#include <vector>

#include "bench/id_shapes.h"
#include "bench/rounds.h"

namespace xref::bench {

struct CheckOptions {
  std::string server = "127.0.0.1:7411";
  uint64_t references = 1'000'000;
  Shape shape = Shape::kDigits;
  std::string shape_name = "digits";
  std::vector<uint32_t> batches = {100, 1'000, 10'000};
  uint32_t in_flight = 4;  // requests under way on each connection
  uint32_t connections = 1;
  uint32_t hit_percent = 50;
  uint64_t ids = 10'000'000;  // asked in one round
  uint32_t rounds = 5;
};

// One batch size, measured in several rounds.
struct CheckFigures {
  uint32_t batch = 0;
  uint64_t ids = 0;         // asked in each round
  uint64_t hits = 0;        // of these, truly synced
  uint64_t wrong = 0;       // answers that were not what is true, in all rounds
  Rounds server_ns_per_id;  // CPU time of the server process
  Rounds ids_per_second;
};

// Loads the references that are missing, then asks which of many random IDs are synced and holds
// every answer against what is true. Requests are encoded beforehand, so that the client is not
// what is measured.
absl::StatusOr<std::vector<CheckFigures>> RunCheckWorkload(const CheckOptions& options);

}  // namespace xref::bench
