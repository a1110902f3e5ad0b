#pragma once

// Several hosts on one machine: network namespaces on a bridge, between any two of which the way
// can be cut, in one direction or both.

#include <string>
#include <vector>

#include "tests/daemon_fixture.h"

namespace xref::test {

// The test itself moves into a namespace of its own, which reaches all of them and nothing else.
// Use it on the main thread, before other threads are there. One per process.
class Hosts {
 public:
  Hosts() = default;
  ~Hosts();
  Hosts(const Hosts&) = delete;
  Hosts& operator=(const Hosts&) = delete;

  // False: this user may not make namespaces.
  [[nodiscard]] bool Make(const std::vector<std::string>& names);

  std::string AddressOf(const std::string& name) const;
  // A command that runs what follows it on that host.
  Arguments RunOn(const std::string& name) const;

  // What `from` sends does not reach `to` any more.
  void Cut(const std::string& from, const std::string& to);
  void Heal();
  // Whatever the host sends takes its time.
  void LimitBytesPerSecond(const std::string& name, uint64_t bytes);
  void LiftLimit(const std::string& name);

 private:
  std::string SpaceOf(const std::string& name) const;

  std::vector<std::string> names_;
  std::vector<std::pair<std::string, std::string>> cut_;
};

}  // namespace xref::test
