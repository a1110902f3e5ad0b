#include "tests/cluster_fixture.h"

#include <algorithm>
#include <chrono>
#include <thread>

namespace xref::test {

void ClusterTest::SetUp() {
  etcd_ = std::make_unique<EtcdServer>();
  etcd_->Start();
}

void ClusterTest::Join(const std::string& name, const Arguments& options) {
  Arguments all = all_options_;
  all.insert(all.end(),
             {"--etcd", etcd_->url(), "--cluster", "test", "--lease-seconds", lease_seconds_});
  all.insert(all.end(), options.begin(), options.end());
  Launch(name, all);
}

void ClusterTest::StartCluster(const std::vector<std::string>& names, const Arguments& options) {
  std::string others;
  for (const std::string& name : names) {
    Join(name, options);
    ASSERT_FALSE(HasFatalFailure());
    if (name == names.front()) {
      ASSERT_TRUE(AwaitFact(name, "role", "primary"));
    } else {
      others += (others.empty() ? "" : ", ") + name;
      ASSERT_TRUE(AwaitRecord(names.front(), others));
    }
  }
  if (names.size() > 1) CreateShop(names.front());
}

std::string ClusterTest::AwaitPrimary(const std::vector<std::string>& names) {
  const auto give_up = std::chrono::steady_clock::now() + kDeadline;
  while (std::chrono::steady_clock::now() < give_up) {
    for (const std::string& name : names) {
      if (Fact(name, "role") == "primary" && Fact(name, "state") == "ready") return name;
    }
    std::this_thread::yield();
  }
  return {};
}

}  // namespace xref::test
