// A cluster whose hosts lose sight of one another: real daemons and a real etcd, each in a network
// namespace of its own.

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <signal.h>

#include <atomic>
#include <chrono>
#include <cstdlib>
#include <random>
#include <thread>

#include "tests/change_history.h"
#include "tests/cluster_fixture.h"
#include "tests/hosts.h"

namespace xref::test {
namespace {

using ::testing::HasSubstr;
using Clock = std::chrono::steady_clock;
using std::chrono::milliseconds;

constexpr int kClients = 3;

// Asks whichever daemon it reaches to add, to delete and to check, one at a time.
class Asker {
 public:
  Asker(int number, uint64_t seed, std::vector<std::string> servers, ChangeHistory& history)
      : prefix_(std::to_string(seed) + "-" + std::to_string(number) + "-"),
        random_(seed * kClients + static_cast<uint64_t>(number)),
        servers_(std::move(servers)),
        history_(history) {}

  void Run(const std::atomic<bool>& stopping) {
    while (!stopping) {
      if (client_ == nullptr && !Connect()) continue;
      const uint64_t draw = random_() % 10;
      if (draw < 5 || own_.empty()) {
        Change(prefix_ + std::to_string(next_++), ChangeHistory::Change::kAdd);
      } else if (draw < 7) {
        Change(TakeOwn(), ChangeHistory::Change::kDelete);
      } else {
        Check();
      }
    }
  }

 private:
  bool Connect() {
    ClientOptions options;
    // Also a standby, which refuses; and one that was the primary until a moment ago.
    options.servers = {servers_[random_() % servers_.size()]};
    options.connect_timeout = milliseconds(300);
    options.answer_timeout = milliseconds(1'500);
    auto client = Client::Connect(options);
    if (!client.ok()) return false;
    client_ = *std::move(client);
    const auto place = client_->Resolve("shop", "orders");
    if (!place.ok()) client_.reset();
    if (place.ok()) place_ = *place;
    return place.ok();
  }

  std::string TakeOwn() {
    std::swap(own_[random_() % own_.size()], own_.back());
    std::string source = std::move(own_.back());
    own_.pop_back();
    return source;
  }

  void Change(const std::string& source, ChangeHistory::Change change) {
    const bool adds = change == ChangeHistory::Change::kAdd;
    IdList sources;
    sources.Add(source);
    IdList targets;
    targets.Add("t");
    history_.Asked(source, change);
    const auto asked = Clock::now();
    protocol::MutationRequest request{
        .mutation = adds ? protocol::Mutation::kAdd : protocol::Mutation::kDelete,
        .place = place_,
        .actor = "partition",
        .sources = sources.View()};
    if (adds) request.targets = targets.View();
    const auto results = client_->Mutate(request);
    if (results.ok()) {
      history_.Acknowledged(source, change, client_->epoch(), asked);
      if (adds) own_.push_back(source);
      return;
    }
    // It was told that nothing was done; or nobody knows.
    const bool was_refused = absl::IsFailedPrecondition(results.status());
    if (was_refused) history_.Refused(source, change);
    if (was_refused && !adds) own_.push_back(source);
    client_.reset();
  }

  void Check() {
    const std::string& source = own_[random_() % own_.size()];
    const auto expected = history_.Expectation(source);
    IdList ids;
    ids.Add(source);
    const auto synced = client_->Check(place_, ids.View());
    if (!synced.ok()) return client_.reset();
    // A standby says that it may be behind.
    if (client_->last_mark()) return client_.reset();
    if (expected) history_.Answered(source, *expected, (*synced)[0]);
  }

  const std::string prefix_;
  std::mt19937_64 random_;
  const std::vector<std::string> servers_;
  ChangeHistory& history_;
  std::unique_ptr<Client> client_;
  PlaceId place_ = 0;
  uint64_t next_ = 0;
  std::vector<std::string> own_;  // that were added, and are not to be deleted yet
};

class Partition : public ClusterTest {
 protected:
  void SetUp() override {
    if (!hosts_.Make({"a", "b", "c", "e"})) GTEST_SKIP() << "may not make network namespaces";
    etcd_ = std::make_unique<EtcdServer>(hosts_.AddressOf("e"), hosts_.RunOn("e"));
    etcd_->Start();
    for (const std::string& name : kNames) {
      nodes_[name].run = hosts_.RunOn(name);
      nodes_[name].address = hosts_.AddressOf(name) + ":7411";
    }
  }

  // Waits until a hundred more changes are acknowledged, or for the deadline. Returns how many that
  // is.
  static uint64_t AwaitHundredMore(const ChangeHistory& history) {
    const uint64_t enough = history.acknowledged() + 100;
    const auto give_up = Clock::now() + kDeadline;
    while (history.acknowledged() < enough && Clock::now() < give_up) std::this_thread::yield();
    return enough;
  }
  // What clients were told, against what the primary holds in the end.
  void ExpectRight(ChangeHistory& history, const std::string& primary) {
    history.ExpectOnePrimaryAtATime();
    const auto client = Connect(primary);
    const auto place = client->Resolve("shop", "orders");
    ASSERT_TRUE(place.ok()) << place.status();
    history.ExpectHeldBy(*client, *place);
  }

  // One change of the world, drawn at random.
  void Disturb(std::mt19937_64& random, const Arguments& options) {
    const std::string hosts[] = {"a", "b", "c", "e"};
    const std::string& one = hosts[random() % 4];
    const std::string& other = hosts[random() % 4];
    const std::string& daemon = kNames[random() % 3];
    switch (random() % 8) {
      case 0:
      case 1:
        if (one != other) hosts_.Cut(one, other);
        break;
      case 2:
        if (one == other) break;
        hosts_.Cut(one, other);
        hosts_.Cut(other, one);
        break;
      case 3:  // from all others
        for (const std::string& each : hosts) {
          if (each == daemon) continue;
          hosts_.Cut(daemon, each);
          hosts_.Cut(each, daemon);
        }
        break;
      case 4:
        Crash(daemon);
        Join(daemon, options);
        break;
      case 5:
        Signal(daemon, SIGSTOP);
        std::this_thread::sleep_for(milliseconds(random() % 4'000));
        Signal(daemon, SIGCONT);
        break;
      default:
        hosts_.Heal();
    }
  }

  void RunSchedule(uint64_t seed) {
    SCOPED_TRACE("seed " + std::to_string(seed));
    std::mt19937_64 random(seed);
    Arguments options{"--trust-network", "--checkpoint-seconds", "1", "--compare-seconds", "1"};
    if (seed % 2 == 0) options.push_back("--ack-degrade");
    ChangeHistory history;
    std::atomic<bool> stopping = false;
    std::vector<std::thread> threads;
    std::vector<std::string> servers;
    for (const std::string& name : kNames) servers.push_back(AddressOf(name));
    for (int client = 0; client < kClients; ++client) {
      threads.emplace_back([&, client] { Asker(client, seed, servers, history).Run(stopping); });
    }
    for (int step = 0; step < 8; ++step) {
      Disturb(random, options);
      // Long enough, at times, for a lease to end.
      std::this_thread::sleep_for(milliseconds(random() % 1'500));
    }
    hosts_.Heal();
    // And it goes on by itself.
    const std::string primary = AwaitPrimary(kNames);
    ASSERT_FALSE(primary.empty());
    const uint64_t enough = AwaitHundredMore(history);
    stopping = true;
    for (std::thread& thread : threads) thread.join();
    EXPECT_GE(history.acknowledged(), enough) << "it does not go on";
    const std::string last = AwaitPrimary(kNames);
    ExpectRight(history, last);
    for (const std::string& name : kNames) {
      if (name == last) continue;
      AwaitCaughtUp(name, last);
      EXPECT_EQ(Fact(name, "references"), Fact(last, "references")) << name;
    }
    acknowledged_ += history.acknowledged();
    epochs_ += history.epochs();
  }

  const std::vector<std::string> kNames{"a", "b", "c"};
  Hosts hosts_;
  uint64_t acknowledged_ = 0;
  size_t epochs_ = 0;
};

TEST_F(Partition, WhateverIsCutOffOnePrimaryAtATimeLosesNothing) {
  const char* const schedules = std::getenv("XREF_CLUSTER_SCHEDULES");
  const int count = schedules == nullptr ? 2 : std::stoi(schedules);
  const char* const chosen = std::getenv("XREF_CLUSTER_SEED");
  const uint64_t first = chosen == nullptr ? std::random_device()() : std::stoull(chosen);
  StartCluster(kNames, {"--trust-network", "--checkpoint-seconds", "1", "--compare-seconds", "1"});
  for (int i = 0; i < count && !HasFailure(); ++i) {
    std::printf("seed %llu\n", static_cast<unsigned long long>(first) + i);
    std::fflush(stdout);
    RunSchedule(first + static_cast<uint64_t>(i));
  }
  std::printf("%llu changes acknowledged in %zu terms\n",
              static_cast<unsigned long long>(acknowledged_), epochs_);
}

TEST_F(Partition, APrimaryThatDoesNotReachEtcdIsFollowedByOneThatDoes) {
  StartCluster(kNames, {"--trust-network"});
  ASSERT_EQ(Xref("a", {"add", "shop/orders", "before", "1"}).exit_code, 0);
  hosts_.Cut("a", "e");
  const std::string next = AwaitPrimary({"b", "c"});
  ASSERT_FALSE(next.empty());
  EXPECT_EQ(Fact("a", "role"), "standby");
  EXPECT_THAT(Lookup(next, "before"), HasSubstr("before,1"));
  hosts_.Heal();
  AwaitCaughtUp("a", next);
}

TEST_F(Partition, ASlowEtcdLosesNothing) {
  StartCluster(kNames, {"--trust-network", "--ack-degrade"});
  hosts_.LimitBytesPerSecond("e", 4'000);  // far less than is asked of it
  ChangeHistory history;
  std::atomic<bool> stopping = false;
  std::thread asker([&] {
    Asker(0, 1, {AddressOf("a"), AddressOf("b"), AddressOf("c")}, history).Run(stopping);
  });
  std::this_thread::sleep_for(std::chrono::seconds(6));  // two leases
  hosts_.LiftLimit("e");
  EXPECT_FALSE(AwaitPrimary(kNames).empty());
  const uint64_t enough = AwaitHundredMore(history);
  stopping = true;
  asker.join();
  EXPECT_GE(history.acknowledged(), enough) << "it does not go on";
  ExpectRight(history, AwaitPrimary(kNames));
}

TEST_F(Partition, AStandbyOnASlowLinkHoldsNobodyUp) {
  StartCluster(kNames, {"--trust-network"});
  hosts_.LimitBytesPerSecond("c", 2'000);  // its requests, too
  hosts_.LimitBytesPerSecond("a", 20'000'000);
  Import("a", MakeReferences(50'000));
  ASSERT_TRUE(AwaitFact("a", "references", "50000"));
  hosts_.LiftLimit("c");
  AwaitCaughtUp("c", "a");
  ASSERT_TRUE(AwaitRecord("a", "b, c"));
}

}  // namespace
}  // namespace xref::test
