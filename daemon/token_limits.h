#pragma once

#include <chrono>
#include <cstdint>
#include <mutex>

#include "daemon/admissions.h"
#include "daemon/rate_limit.h"
#include "index/vocabulary.h"

namespace xref {

// What the holders of access tokens, and those who have none, may do a second. Thread-safe.
class TokenLimits {
 public:
  using Time = Rate::Time;

  // Source and target IDs in requests by one token; 0 for any number.
  explicit TokenLimits(uint64_t ids_per_second);

  // Whether the token's holder may ask about so many IDs now; if so, takes them.
  [[nodiscard]] bool TakeIds(TokenId token, uint64_t count, Time now);
  uint64_t ids_per_second() const { return ids_per_second_; }

  // Whether this sign-in that has failed is one of few from its address: the others are not worth a
  // line of the log each.
  [[nodiscard]] bool NoteFailure(AddressKey address, Time now);

 private:
  const uint64_t ids_per_second_;
  std::mutex mutex_;
  KeyedBuckets ids_;       // guarded by mutex_
  KeyedBuckets failures_;  // guarded by mutex_
};

}  // namespace xref
