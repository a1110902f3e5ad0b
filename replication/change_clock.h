#pragma once

#include <chrono>
#include <cstdint>

namespace xref {

// The clock of the changes' times: a time since 1970 as it was at some moment, plus what has passed
// since. It never goes back, whatever is done to the system's clock, so that leases end when they
// should; and a standby that takes over goes on with its primary's, whatever its own clock shows.
class ChangeClock {
 public:
  using Steady = std::chrono::steady_clock;

  // By the system's clock.
  ChangeClock()
      : ChangeClock(std::chrono::duration_cast<std::chrono::microseconds>(
                        std::chrono::system_clock::now().time_since_epoch())
                        .count(),
                    Steady::now()) {}
  // That showed `time_us` at that moment.
  ChangeClock(int64_t time_us, Steady::time_point at) : time_us_(time_us), at_(at) {}

  // Microseconds since 1970.
  int64_t Now() const {
    const auto passed = Steady::now() - at_;
    return time_us_ + std::chrono::duration_cast<std::chrono::microseconds>(passed).count();
  }
  Steady::time_point at() const { return at_; }

 private:
  int64_t time_us_;
  Steady::time_point at_;
};

}  // namespace xref
