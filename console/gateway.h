#pragma once

// All that the console knows of the daemon.

#include <absl/functional/any_invocable.h>

#include <array>
#include <boost/asio/ip/tcp.hpp>
#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <variant>
#include <vector>

#include "index/vocabulary.h"
#include "protocol/messages.h"

namespace xref::console {

// How long requests took, counted in buckets: bucket i is for at most 2^i microseconds, and the
// last one for everything above.
inline constexpr size_t kLatencyBounds = 24;
using LatencyCounts = std::array<uint64_t, kLatencyBounds + 1>;

// What holds now, and what was counted since the daemon started.
struct Measures {
  struct Place {
    std::string integration;
    std::string type;
    uint64_t references = 0;
    uint64_t checked = 0;  // source IDs that were asked for, and how many of them were synced
    uint64_t hits = 0;
    uint64_t added = 0;
    uint64_t conflicts = 0;
    uint64_t claims_open = 0;
    uint64_t claims_expired = 0;
  };
  struct Standby {
    std::string name;
    bool in_sync = false;
    Lsn durable = 0;
  };

  // What bounds peers and changes.
  struct Limit {
    std::string_view name;
    uint64_t value = 0;               // 0 where there is none
    std::optional<uint64_t> refused;  // by it, since the start; nothing where one waits
  };

  std::string state;  // as STATUS names it
  bool ready = false;
  std::optional<bool> is_standby;  // nothing while that is not known
  std::string troubles;            // empty where all is well
  uint64_t uptime_seconds = 0;
  Epoch epoch = 0;
  Lsn lsn = 0;
  Lsn snapshot_lsn = 0;
  uint64_t references = 0;                      // so far, while it loads
  std::optional<uint64_t> references_expected;  // only then
  uint64_t integrations = 0;
  uint64_t memory_bytes = 0;
  uint64_t memory_limit_bytes = 0;
  uint64_t buffer_bytes = 0;  // of requests and replies, beyond what each connection has
  std::optional<uint64_t> journal_bytes;
  std::optional<uint64_t> journal_held_bytes;  // of these, what it needs now
  std::optional<uint64_t> snapshot_bytes;
  uint64_t connections = 0;  // of the binary protocol, open
  uint64_t requests = 0;
  uint64_t ids_checked = 0;
  uint64_t ids_synced = 0;
  uint64_t ids_looked_up = 0;
  uint64_t items_done = 0;
  uint64_t items_conflict = 0;
  uint64_t commit_groups = 0;
  uint64_t commit_us_last = 0;
  uint64_t commit_us_max = 0;
  // Of a primary.
  std::string ack;
  std::vector<Standby> standbys;
  // Of a standby.
  std::string primary;
  bool following = false;
  std::optional<uint64_t> lag_ms;
  std::optional<uint64_t> lag_changes;
  LatencyCounts question_latencies{};
  LatencyCounts change_latencies{};
  std::vector<Limit> limits;
  std::vector<Place> places;  // none while it loads
  // What the visitor is, as NameOf(Role) has it; empty where no access token is needed, or nobody
  // knows yet. The name of its token, what this is limited to, and when it expires.
  std::string role;
  std::string token;
  std::vector<std::string> token_integrations;
  int64_t token_expires_us = 0;
};

// Limits of the HTTP port itself.
enum class HttpLimit : uint8_t { kConnections, kConnectionsPerAddress, kBodiesBytes };

// Somebody who was let in, and what may be done in that name. Implemented by the daemon, which
// outlives the console. For the console's thread.
class Visitor {
 public:
  virtual ~Visitor() = default;

  // Hands in one request: a whole frame of the binary protocol, and not a HELLO. `done` gets the
  // reply's frame, on any thread, and maybe before this returns; an empty one where the request was
  // taken, and nobody knows what becomes of it. A daemon that ends may drop it uncalled.
  using Done = absl::AnyInvocable<void(std::string frame) &&>;
  virtual void Ask(std::string frame, Done done) = 0;

  // Looks at every place and every claim that the visitor may know of.
  virtual Measures Measure() = 0;

  // Whether the visitor may ask about that integration.
  virtual bool Reads(std::string_view integration) = 0;

  // Of what came before from the same: the number of the access token, or 0 where none is needed.
  virtual uint64_t identity() = 0;
};

// Implemented by the daemon, which outlives the console. For the console's thread.
class Gateway {
 public:
  virtual ~Gateway() = default;

  // Lets somebody in who has shown this access token, or none ("").
  virtual std::variant<std::shared_ptr<Visitor>, protocol::Refusal> Enter(
      std::string_view token, const boost::asio::ip::tcp::endpoint& peer) = 0;

  // Why questions are not answered now, or changes not taken by a primary; empty where all is well.
  // Cheap, for those who ask every second.
  virtual std::string FindObstacle() = 0;

  // Notes what the HTTP port has refused by one of its own limits.
  virtual void CountRefused(HttpLimit limit) = 0;
};

}  // namespace xref::console
