#pragma once

#include <absl/status/statusor.h>

#include <cstdint>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <vector>

#include "bench/exchange.h"
#include "bench/id_shapes.h"
#include "bench/latency_histogram.h"
#include "bench/peer.h"

namespace xref::bench {

// What to draw questions from: references 0 to `references` - 1 are held, and none is from
// kNeverHeld on.
struct Draw {
  Shape shape = Shape::kDigits;
  uint64_t references = 0;
  uint32_t hit_percent = 50;
  uint32_t batch = 1'000;  // IDs in one question
  uint64_t ids_max = UINT64_MAX;
};
inline constexpr uint64_t kNeverHeld = 500'000'000'000;

// A request that is encoded already, and the reply that is right.
struct Prepared {
  std::string request;
  std::string answer;
  uint32_t hits = 0;
};

// Questions about IDs at random, always the same ones: so many that their records and slots are far
// more than a processor's caches hold, and so are the requests themselves.
std::vector<Prepared> DrawQuestions(const AskedPeer& peer, const Draw& draw);

// What came of asking them in one round, over all connections.
struct Asked {
  uint64_t ids = 0;
  uint64_t hits = 0;
  double seconds = 0;
  std::optional<double> server_ns_per_id;  // CPU time of the server process, where it is known
  LatencyHistogram latency;                // of a request

  void NoteLatencies(const Timing& timing);
};

// How much is asked in one round: whichever is reached first.
struct Amount {
  uint64_t ids = UINT64_MAX;
  Clock::duration time = kNoEnd;
};

// Asks on all connections at once, each in a thread, going round the questions from places of their
// own; `pace` is that of each. Internal if an answer is not the right one.
absl::StatusOr<Asked> AskRound(const AskedPeer& peer, std::span<Connection* const> connections,
                               const std::vector<Prepared>& questions, uint32_t batch,
                               const Pace& pace, const Amount& amount,
                               std::optional<int> server_pid);

// Adds references 0 to `references` - 1 to the set that the peer uses, if it does not have them.
// Says on a terminal how far it is.
absl::Status LoadReferences(AskedPeer& peer, Shape shape, uint64_t references);

}  // namespace xref::bench
