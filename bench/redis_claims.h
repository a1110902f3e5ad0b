#pragma once

#include <cstdint>
#include <memory>
#include <string>

#include "bench/claim_workers.h"
#include "bench/redis_peer.h"

namespace xref::bench {

// The usual recipe on Redis: `SET lock:ID owner NX PX lease` before creating a record, `HSET` of
// the reference and `DEL` of the lock afterwards. Whoever gets the lock looks whether there is a
// reference by now.
class RedisClaims : public ClaimServer {
 public:
  static absl::StatusOr<std::unique_ptr<ClaimServer>> Connect(const std::string& server,
                                                              const std::string& owner,
                                                              uint32_t lease_ms);

  absl::StatusOr<std::vector<ClaimAnswer>> Claim(const std::vector<std::string>& sources) override;
  absl::StatusOr<std::vector<SettleAnswer>> Settle(
      const std::vector<CreatedRecord>& records) override;

 private:
  RedisClaims(std::unique_ptr<RedisPeer> peer, const std::string& owner, uint32_t lease_ms)
      : peer_(std::move(peer)), owner_(owner), lease_ms_(std::to_string(lease_ms)) {}

  // Sends commands at once and takes in their replies.
  absl::StatusOr<std::vector<RespReply>> CallAll(
      const std::vector<std::vector<std::string_view>>& commands);

  const std::unique_ptr<RedisPeer> peer_;
  const std::string owner_;
  const std::string lease_ms_;
};

}  // namespace xref::bench
