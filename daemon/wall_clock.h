#pragma once

#include <chrono>
#include <cstdint>

namespace xref {

// Microseconds since 1970 by the system's clock, which may be set back at any time: for what ends
// on a date, such as an access token, and for what is kept for days. Leases go by the clock of
// changes (replication/change_clock.h).
inline int64_t WallClockNow() {
  return std::chrono::duration_cast<std::chrono::microseconds>(
             std::chrono::system_clock::now().time_since_epoch())
      .count();
}

}  // namespace xref
