#pragma once

#include <cstdint>
#include <memory>
#include <string>

#include "bench/claim_workers.h"
#include "client/client.h"

namespace xref::bench {

// Claims of xrefd.
class XrefdClaims : public ClaimServer {
 public:
  // The integration must exist; its orders are created.
  static absl::StatusOr<std::unique_ptr<ClaimServer>> Connect(const std::string& server,
                                                              const std::string& integration,
                                                              const std::string& owner,
                                                              uint32_t lease_ms);

  absl::StatusOr<std::vector<ClaimAnswer>> Claim(const std::vector<std::string>& sources) override;
  absl::StatusOr<std::vector<SettleAnswer>> Settle(
      const std::vector<CreatedRecord>& records) override;

 private:
  XrefdClaims(std::unique_ptr<Client> client, PlaceId place, const std::string& owner,
              uint32_t lease_ms)
      : client_(std::move(client)), place_(place), owner_(owner), lease_ms_(lease_ms) {}

  const std::unique_ptr<Client> client_;
  const PlaceId place_;
  const std::string owner_;
  const uint32_t lease_ms_;
};

}  // namespace xref::bench
