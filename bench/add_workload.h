#pragma once

#include <absl/status/status.h>
#include <absl/status/statusor.h>

#include <cstdint>
#include <span>
#include <string>
#include <vector>

#include "bench/exchange.h"
#include "bench/id_shapes.h"
#include "bench/peer.h"
#include "bench/rounds.h"

namespace xref::bench {

struct AddOptions {
  std::string server = "127.0.0.1:7411";
  uint64_t references = 1'000'000;  // added in one round
  Shape shape = Shape::kDigits;
  std::string shape_name = "digits";
  std::vector<uint32_t> batches = {1'000};
  uint32_t in_flight = 4;  // requests under way
  uint64_t rate = 0;       // references a second; 0 is as many as the server takes
  uint32_t rounds = 5;
};

// One batch size.
struct AddFigures {
  uint32_t batch = 0;
  Rounds adds_per_second;
  Rounds server_ns_per_add;  // CPU time of the server process
  // Of a batch: of each round its median, its 99th of 100, and its longest.
  Rounds p50_ms;
  Rounds p99_ms;
  Rounds max_ms;
};

// Adds references that are new, in random order, to a place of its own in each round. Fails unless
// every verdict is "added", and unless afterwards a sample looks up to the right targets.
absl::StatusOr<std::vector<AddFigures>> RunAddWorkload(const AddOptions& options);

// ---- Its parts, for other workloads ----

// The numbers 0 to `count` - 1, shuffled, always in the same way.
std::vector<uint32_t> RandomOrder(uint32_t count);

// Adds the references with these numbers to the set that the peer uses. Requests are encoded
// beforehand.
absl::StatusOr<Timing> AddReferences(Peer& peer, Shape shape, std::span<const uint32_t> numbers,
                                     uint32_t batch, const Pace& pace);

// Internal if one of some references below `count`, drawn at random, does not look up to its
// target.
absl::Status VerifySample(Peer& peer, Shape shape, uint32_t count);

struct AddRound {
  Timing timing;
  double adds_per_second = 0;
  double server_ns_per_add = 0;
};
// AddReferences of all numbers below the size of `numbers`, in that order, then VerifySample.
absl::StatusOr<AddRound> MeasureAdds(Peer& peer, int server_pid, Shape shape,
                                     std::span<const uint32_t> numbers, uint32_t batch,
                                     const Pace& pace);

}  // namespace xref::bench
