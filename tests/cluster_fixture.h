#pragma once

// Daemons of one cluster, and the etcd that decides which of them is the primary.

#include <memory>
#include <string>
#include <vector>

#include "tests/etcd_server.h"
#include "tests/nodes_fixture.h"

namespace xref::test {

class ClusterTest : public NodesTest {
 protected:
  void SetUp() override;

  // Starts a daemon of the cluster and waits until it listens.
  void Join(const std::string& name, const Arguments& options = {});
  // Starts these, of which the first is the primary and the others are recorded as in sync, and
  // makes the integration "shop".
  void StartCluster(const std::vector<std::string>& names, const Arguments& options = {});
  // Waits until one of these is the primary, and returns it; empty at the deadline.
  std::string AwaitPrimary(const std::vector<std::string>& names);
  // Waits until the record names exactly these, in order; as the status of `node` tells it.
  [[nodiscard]] bool AwaitRecord(const std::string& node, const std::string& names) {
    return AwaitFact(node, "may_take_over", names);
  }

  Arguments all_options_;  // of every daemon
  std::string lease_seconds_ = "3";
  std::unique_ptr<EtcdServer> etcd_;
};

}  // namespace xref::test
