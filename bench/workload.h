#pragma once

#include <absl/status/statusor.h>

#include <chrono>
#include <cstdint>
#include <string>
#include <vector>

#include "bench/id_shapes.h"
#include "bench/latency_histogram.h"
#include "bench/questions.h"
#include "bench/rounds.h"
#include "client/channel.h"

namespace xref::bench {

// What the workloads against a running server have in common. Each looks at what concerns it.
struct WorkloadOptions {
  std::string server = "127.0.0.1:7411";
  Channel::Tls tls;                 // null: without TLS
  std::string xrefd;                // the program, to be started for this; "" takes the server
  uint64_t references = 1'000'000;  // held; for adds: to add in one round
  Shape shape = Shape::kDigits;
  std::string shape_name = "digits";
  std::vector<uint32_t> batches = {1'000};
  uint32_t in_flight = 4;  // requests under way on each connection
  uint32_t connections = 1;
  uint32_t hit_percent = 50;
  // One round ends with whichever comes first; 0 is no limit.
  uint64_t ids = 0;
  double seconds = 0;
  uint64_t rate = 0;      // IDs a second, over all connections; 0 is as many as the server takes
  uint64_t add_rate = 0;  // the same, of the connection that adds beside the questions
  uint32_t rounds = 5;

  Amount amount() const;
  // Of one of the connections that ask.
  Pace pace(uint32_t batch) const;
};

// One row of a report, measured in several rounds.
struct WorkloadResult {
  std::string name;  // what was asked
  uint32_t batch = 0;
  uint64_t ids = 0;         // in all rounds
  uint64_t hits = 0;        // of these
  Rounds server_ns_per_id;  // CPU time of the server process; empty where it is not known
  Rounds ids_per_second;
  LatencyHistogram latency;  // of a request, in all rounds

  void AddRound(const Asked& asked);
};

using WorkloadResults = absl::StatusOr<std::vector<WorkloadResult>>;

// Loads the references that are missing, then asks which of many random IDs are synced, or what
// they are linked to, and holds every answer against what is true.
WorkloadResults RunChecks(const WorkloadOptions& options);
WorkloadResults RunLookups(const WorkloadOptions& options);

// The same as RunChecks, while another connection adds references that are new, to the same entity
// type; every verdict must be "added", and a sample must look up to the right targets.
WorkloadResults RunMixed(const WorkloadOptions& options);

// Adds references that are new, in random order, to a place of its own in each round. Every verdict
// must be "added", and afterwards a sample must look up to the right targets.
WorkloadResults RunAdds(const WorkloadOptions& options);

}  // namespace xref::bench
