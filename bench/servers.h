#pragma once

#include <absl/status/statusor.h>

#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "bench/peer.h"
#include "bench/redis_peer.h"
#include "bench/server_process.h"
#include "bench/xrefd_peer.h"

namespace xref::bench {

// A server that a comparison has started, and where it listens.
struct Server {
  std::unique_ptr<ServerProcess> process;
  std::string address;
};

// Makes a folder of a new name, which the caller removes.
absl::StatusOr<std::string> MakeTemporaryFolder(const std::string& within);

// Between checkpoints: longer than any measurement.
inline constexpr uint32_t kNoCheckpoint = 86'400;

// Where a server runs: on any core, or on one alone, with one thread that answers.
using Core = std::optional<uint32_t>;

// Each makes `folder` if it is missing. The server may still be loading what it finds there.
absl::StatusOr<Server> StartXrefd(const std::string& program, const std::string& folder,
                                  uint32_t checkpoint_seconds, Core core = std::nullopt,
                                  const std::vector<std::string>& more_options = {});
// Redis saves by itself never; with `durable` it syncs every write to its append-only file, else
// it starts with what its RDB file holds.
absl::StatusOr<Server> StartRedis(const std::string& program, const std::string& folder,
                                  bool durable, Core core = std::nullopt);
// With room and a hash table for so many small items, none of which is evicted.
absl::StatusOr<Server> StartMemcached(const std::string& program, uint64_t items, Core core);

// An xrefd on a folder in TMPDIR, which goes with it.
class TemporaryXrefd {
 public:
  // Returns once it is ready.
  static absl::StatusOr<std::unique_ptr<TemporaryXrefd>> Start(
      const std::string& program, uint32_t checkpoint_seconds = kNoCheckpoint);
  ~TemporaryXrefd();
  TemporaryXrefd(const TemporaryXrefd&) = delete;
  TemporaryXrefd& operator=(const TemporaryXrefd&) = delete;

  const std::string& address() const { return server_.address; }
  ServerProcess& process() { return *server_.process; }

 private:
  TemporaryXrefd(std::string folder, Server server)
      : folder_(std::move(folder)), server_(std::move(server)) {}

  const std::string folder_;
  Server server_;
};

// Connects, and opens the set (&Peer::Make or &Peer::Use): again and again until the server has
// loaded what it holds.
template <typename PeerType>
absl::StatusOr<std::unique_ptr<PeerType>> ConnectWhenReady(
    const Server& server, absl::Status (Peer::*open)(const std::string& set),
    const std::string& set) {
  const auto give_up = Clock::now() + kPatience;
  for (;;) {
    auto peer = PeerType::Connect(server.address);
    const absl::Status status = peer.ok() ? (**peer.*open)(set) : peer.status();
    if (status.ok()) return peer;
    if (!absl::IsUnavailable(status) || Clock::now() > give_up) return status;
    std::this_thread::sleep_for(std::chrono::milliseconds(2));
  }
}

}  // namespace xref::bench
