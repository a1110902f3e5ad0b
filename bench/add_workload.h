#pragma once

#include <absl/status/status.h>
#include <absl/status/statusor.h>

#include <cstdint>
#include <span>
#include <vector>

#include "bench/exchange.h"
#include "bench/id_shapes.h"
#include "bench/peer.h"

namespace xref::bench {

// The parts of RunAdds (bench/workload.h), for other workloads.

// The numbers 0 to `count` - 1, shuffled, always in the same way.
std::vector<uint32_t> RandomOrder(uint32_t count);

// Adds the references with these numbers to the set that the peer uses. Requests are encoded
// beforehand.
absl::StatusOr<Timing> AddReferences(Peer& peer, Shape shape, std::span<const uint32_t> numbers,
                                     uint32_t batch, const Pace& pace);

// Internal if one of some of the `count` references from `first` on, drawn at random, does not look
// up to its target.
absl::Status VerifySample(Peer& peer, Shape shape, uint64_t first, uint64_t count);

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
