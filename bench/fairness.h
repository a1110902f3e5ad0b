#pragma once

#include <absl/status/statusor.h>

#include <cstdint>
#include <string>

#include "bench/id_shapes.h"
#include "client/channel.h"

namespace xref::bench {

struct FairnessOptions {
  std::string server = "127.0.0.1:7411";
  Channel::Tls tls;   // null: without TLS
  std::string xrefd;  // the program, to be started for this; "" takes the server
  uint64_t references = 1'000'000;
  Shape shape = Shape::kDigits;
  std::string shape_name = "digits";
  uint32_t batch = 100;     // IDs in a request of the small clients
  uint32_t clients = 4;     // small ones, each with one request under way
  double rate = 500;        // requests a second of each of them, whatever becomes of those before
  uint32_t requests = 300;  // of each of them, in one phase
  uint32_t large_batch = 10'000;
  uint32_t large_in_flight = 4;
  uint32_t rounds = 15;
};

// How long clients with small batches wait while one client asks large batches back to back, and
// how long without it, by turns. Returns a table. Internal if an answer was wrong.
absl::StatusOr<std::string> MeasureFairness(const FairnessOptions& options);

}  // namespace xref::bench
