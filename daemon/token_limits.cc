#include "daemon/token_limits.h"

#include <algorithm>

#include "daemon/limits.h"

namespace xref {

TokenLimits::TokenLimits(uint64_t ids_per_second)
    : ids_per_second_(ids_per_second),
      // The largest batch must pass, whatever the rate.
      ids_({.per_second = std::max<uint64_t>(ids_per_second, 1),
            .burst = std::max<uint64_t>(ids_per_second, kBatchIdsMax)}),
      failures_({.per_second = kFailedSignInsPerSecond, .burst = kFailedSignInsBurst}) {}

bool TokenLimits::TakeIds(TokenId token, uint64_t count, Time now) {
  if (ids_per_second_ == 0) return true;
  const std::lock_guard lock(mutex_);
  return ids_.TryTake(token, count, now);
}

bool TokenLimits::NoteFailure(AddressKey address, Time now) {
  const std::lock_guard lock(mutex_);
  return failures_.TryTake(address, 1, now);
}

}  // namespace xref
