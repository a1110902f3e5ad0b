#pragma once

#include <chrono>
#include <cstdint>
#include <optional>
#include <string>

namespace xref::cli {

// One line on a terminal that tells how far long work is; silent where stderr is no terminal.
// Erased when the work ends. Update may be called as often as one likes.
class Progress {
 public:
  // `unit` is what is counted.
  explicit Progress(std::string what, std::string unit = "rows");
  ~Progress();
  Progress(const Progress&) = delete;
  Progress& operator=(const Progress&) = delete;

  // `bytes_total` is absent where the size of the input is not known.
  void Update(uint64_t count, uint64_t bytes, std::optional<uint64_t> bytes_total);

  double seconds() const;

 private:
  using Clock = std::chrono::steady_clock;

  const std::string what_;
  const std::string unit_;
  const bool shown_;
  const Clock::time_point begun_;
  Clock::time_point next_;
};

}  // namespace xref::cli
