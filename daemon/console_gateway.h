#pragma once

#include <string>
#include <utility>

#include "console/gateway.h"
#include "daemon/session.h"

namespace xref {

// What the HTTP port is given of the daemon, with the counters and the reader slot of `slot`. For
// the console's thread.
class ConsoleGateway : public console::Gateway {
 public:
  // The service is used once the console runs.
  ConsoleGateway(Service& service, size_t slot) : service_(service), slot_(slot) {}

  std::variant<std::shared_ptr<console::Visitor>, protocol::Refusal> Enter(
      std::string_view token, const boost::asio::ip::tcp::endpoint& peer) override;
  std::string FindObstacle() override;
  void CountRefused(console::HttpLimit limit) override;

 private:
  Service& service_;
  const size_t slot_;
};

// A conversation with the daemon, as every connection of the binary protocol has one; and what is
// measured.
class ConsoleVisitor : public console::Visitor {
 public:
  ConsoleVisitor(Service& service, size_t slot, const boost::asio::ip::tcp::endpoint& peer)
      : service_(service), slot_(slot), session_(service, slot, peer) {}

  // Why it is not let in, or nothing.
  protocol::MaybeRefusal Greet(std::string_view token);

  void Ask(std::string frame, Done done) override;
  console::Measures Measure() override;
  bool Reads(std::string_view integration) override;
  uint64_t identity() override;

 private:
  void MeasureAll(console::Measures& measures) const;
  void MeasureReplication(console::Measures& measures) const;
  void MeasureLimits(console::Measures& measures) const;
  void MeasurePlaces(console::Measures& measures, const Access& access) const;
  // How many claims of the place are open, and how many expired. Never holds the writer up for
  // long.
  std::pair<uint64_t, uint64_t> CountClaims(PlaceId place) const;

  Service& service_;
  const size_t slot_;
  Session session_;
};

}  // namespace xref
