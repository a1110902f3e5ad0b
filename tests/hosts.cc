#include "tests/hosts.h"

#include <gtest/gtest.h>
#include <sched.h>
#include <unistd.h>

#include <algorithm>

#include "tests/process.h"

namespace xref::test {
namespace {

void Run(const std::string& program, const Arguments& arguments) {
  Arguments argv{program};
  argv.insert(argv.end(), arguments.begin(), arguments.end());
  const Outcome outcome = RunProgram(argv);
  EXPECT_EQ(outcome.exit_code, 0) << outcome.err << "\n" << ::testing::PrintToString(argv);
}

void Ip(const Arguments& arguments) { Run(XREF_TEST_IP, arguments); }
void Tc(const Arguments& arguments) { Run(XREF_TEST_TC, arguments); }

}  // namespace

bool Hosts::Make(const std::vector<std::string>& names) {
  if (unshare(CLONE_NEWNET) != 0) return false;
  names_ = names;
  Ip({"link", "set", "lo", "up"});
  Ip({"link", "add", "hub", "type", "bridge"});
  Ip({"addr", "add", "10.77.0.254/24", "dev", "hub"});
  Ip({"link", "set", "hub", "up"});
  for (const std::string& name : names) {
    const std::string space = SpaceOf(name);
    const std::string port = "port-" + name;
    Ip({"netns", "add", space});
    Ip({"link", "add", port, "type", "veth", "peer", "name", "eth0", "netns", space});
    Ip({"link", "set", port, "master", "hub", "up"});
    Ip({"-n", space, "addr", "add", AddressOf(name) + "/24", "dev", "eth0"});
    Ip({"-n", space, "link", "set", "eth0", "up"});
    Ip({"-n", space, "link", "set", "lo", "up"});
  }
  return !::testing::Test::HasFailure();
}

Hosts::~Hosts() {
  for (const std::string& name : names_) Ip({"netns", "del", SpaceOf(name)});
}

std::string Hosts::SpaceOf(const std::string& name) const {
  return "xref-" + std::to_string(getpid()) + "-" + name;
}

std::string Hosts::AddressOf(const std::string& name) const {
  const auto at = std::find(names_.begin(), names_.end(), name) - names_.begin();
  return "10.77.0." + std::to_string(at + 1);
}

Arguments Hosts::RunOn(const std::string& name) const {
  return {XREF_TEST_IP, "netns", "exec", SpaceOf(name)};
}

void Hosts::Cut(const std::string& from, const std::string& to) {
  const std::pair<std::string, std::string> way(from, to);
  if (std::find(cut_.begin(), cut_.end(), way) != cut_.end()) return;
  cut_.push_back(way);
  Ip({"-n", SpaceOf(from), "route", "add", "blackhole", AddressOf(to) + "/32"});
}

void Hosts::Heal() {
  for (const auto& [from, to] : cut_) {
    Ip({"-n", SpaceOf(from), "route", "del", "blackhole", AddressOf(to) + "/32"});
  }
  cut_.clear();
}

void Hosts::LimitBytesPerSecond(const std::string& name, uint64_t bytes) {
  Tc({"-n", SpaceOf(name), "qdisc", "add", "dev", "eth0", "root", "tbf", "rate",
      std::to_string(bytes) + "bps", "burst", "8kb", "latency", "200ms"});
}

void Hosts::LiftLimit(const std::string& name) {
  Tc({"-n", SpaceOf(name), "qdisc", "del", "dev", "eth0", "root"});
}

}  // namespace xref::test
