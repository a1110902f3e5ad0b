#pragma once

#include <string>
#include <utility>

#include "console/gateway.h"
#include "daemon/session.h"

namespace xref {

// What the HTTP port is given of the daemon: a conversation of its own, as every connection of the
// binary protocol has one, with the counters and the reader slot of `slot`; and what is measured.
// For the console's thread.
class ConsoleGateway : public console::Gateway {
 public:
  // The service is used once the console runs.
  ConsoleGateway(Service& service, size_t slot);

  void Ask(std::string frame, Done done) override;
  std::string FindObstacle() override;
  void CountRefused(console::HttpLimit limit) override;
  console::Measures Measure() override;

 private:
  void MeasureReplication(console::Measures& measures) const;
  void MeasureLimits(console::Measures& measures) const;
  void MeasurePlaces(console::Measures& measures) const;
  // How many claims of the place are open, and how many expired. Never holds the writer up for
  // long.
  std::pair<uint64_t, uint64_t> CountClaims(PlaceId place) const;

  Service& service_;
  const size_t slot_;
  Session session_;
};

}  // namespace xref
