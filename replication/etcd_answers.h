#pragma once

// What etcd's JSON gateway answers, taken out of the bodies of its replies. Internal: the body is
// something else than what is asked for. Pure.

#include <absl/status/statusor.h>

#include <cstdint>
#include <string>
#include <vector>

#include "replication/etcd.h"

namespace xref {

// The number of a lease that was granted.
absl::StatusOr<int64_t> ParseLease(const std::string& body);
// Whether a lease goes on.
absl::StatusOr<bool> ParseKeptAlive(const std::string& body);
absl::StatusOr<std::vector<EtcdKey>> ParseKeys(const std::string& body);
absl::StatusOr<Etcd::Committed> ParseCommitted(const std::string& body);

}  // namespace xref
