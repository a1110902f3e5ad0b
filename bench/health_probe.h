#pragma once

#include <absl/status/status.h>

#include <atomic>
#include <string>
#include <thread>

#include "bench/latency_histogram.h"

namespace xref::bench {

// Asks a daemon for its health again and again, each time on a new connection, as whoever watches
// it does, and notes how long each answer took, from before the connection.
class HealthProbe {
 public:
  // `http` is HOST:PORT of its HTTP port, with an IPv4 address.
  explicit HealthProbe(const std::string& http);
  ~HealthProbe();
  HealthProbe(const HealthProbe&) = delete;
  HealthProbe& operator=(const HealthProbe&) = delete;

  // Ends it. The latencies are whole then; any answer but "ok" is an error.
  absl::Status Stop();
  const LatencyHistogram& latencies() const { return latencies_; }

 private:
  void Run(const std::string& http);

  LatencyHistogram latencies_;  // of the thread, until it has ended
  absl::Status status_;         // likewise
  std::atomic<bool> stopped_ = false;
  std::thread thread_;
};

}  // namespace xref::bench
