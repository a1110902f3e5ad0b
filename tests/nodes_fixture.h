#pragma once

// Several real xrefds, each by a name and on a folder of its own, and what they are asked: what
// tests of replication need.

#include <gtest/gtest.h>

#include <cstdint>
#include <map>
#include <memory>
#include <string>
#include <string_view>
#include <utility>

#include "client/client.h"
#include "tests/daemon_fixture.h"
#include "tests/load.h"
#include "tests/process.h"
#include "tests/references.h"

namespace xref::test {

class NodesTest : public ::testing::Test {
 protected:
  struct Node {
    std::unique_ptr<Process> process;
    Arguments run;                 // a command that runs what follows it at another place
    std::string address;           // set before the first start where it is not on loopback
    std::unique_ptr<Client> asks;  // for Fact
  };

  // ---- Their processes ----

  // Starts a daemon on the folder of that name and waits until it answers questions.
  void Start(const std::string& name, const Arguments& options = {});
  // The same, and waits only until it listens. A daemon that was there before keeps its address.
  void Launch(const std::string& name, const Arguments& options = {});
  void StartStandby(const std::string& name, const std::string& of, Arguments options = {});
  void Crash(const std::string& name);    // kill -9
  Outcome Stop(const std::string& name);  // SIGTERM, and its end
  void Signal(const std::string& name, int signal) { nodes_[name].process->Signal(signal); }

  std::string FolderOf(const std::string& name) const { return folder_.path() + "/" + name; }
  const std::string& AddressOf(const std::string& name) { return nodes_[name].address; }

  // ---- The command ----

  Outcome Xref(const std::string& node, const Arguments& arguments, std::string_view input = {});
  std::string Lookup(const std::string& node, const std::string& source);
  void CreateShop(const std::string& node);
  void Import(const std::string& node, const References& references);

  // ---- The client library ----

  std::unique_ptr<Client> Connect(const std::string& node);
  // What STATUS tells; empty where it does not, or while the daemon starts anew with a copy.
  std::string Fact(const std::string& node, const std::string& name);
  // Waits until the status tells that; false at the deadline.
  [[nodiscard]] bool AwaitFact(const std::string& node, const std::string& name,
                               const std::string& value);
  // Waits until the status tells something under that name; empty at the deadline.
  std::string AwaitAnyFact(const std::string& node, const std::string& name);
  // Epoch and LSN. An LSN alone tells nothing of one that has changes which its primary lacks.
  std::pair<uint64_t, uint64_t> PositionOf(const std::string& node);
  // Waits until the standby has everything that the primary has now.
  void AwaitCaughtUp(const std::string& standby, const std::string& primary);
  void ExpectHolds(const std::string& node, const References& expected);
  // At the primary, whatever clients were told.
  void ExpectHeld(const std::string& node, Model& model);

  TemporaryFolder folder_;
  // How all of them are spoken to, by the command and by the client library.
  Arguments xref_options_;
  Channel::Tls tls_;
  std::map<std::string, Node> nodes_;
};

}  // namespace xref::test
