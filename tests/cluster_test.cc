// Failover by etcd: real daemons and a real etcd.

#include <absl/strings/str_join.h>
#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <signal.h>

#include <atomic>
#include <chrono>
#include <cstdlib>
#include <filesystem>
#include <mutex>
#include <string_view>
#include <thread>

#include "bench/claim_workers.h"
#include "bench/xrefd_claims.h"
#include "client/channel.h"
#include "tests/cluster_fixture.h"

#ifndef XREF_TEST_CLOCK_SHIFT
#define XREF_TEST_CLOCK_SHIFT ""  // built with sanitizers
#endif

namespace xref::test {
namespace {

using bench::ClaimWorkers;
using ::testing::HasSubstr;
using ::testing::IsEmpty;
using Clock = std::chrono::steady_clock;

// Asks a daemon one question after another, on one connection, and counts those that were not
// answered.
class Reader {
 public:
  explicit Reader(std::unique_ptr<Client> client)
      : client_(std::move(client)), thread_([this] { Run(); }) {}
  ~Reader() { Stop(); }
  void Stop() {
    stopping_ = true;
    if (thread_.joinable()) thread_.join();
  }
  uint64_t answered() const { return answered_; }
  uint64_t failed() const { return failed_; }

 private:
  void Run() {
    while (!stopping_) ++(client_->Resolve("shop", "orders").ok() ? answered_ : failed_);
  }

  std::unique_ptr<Client> client_;
  std::atomic<bool> stopping_ = false;
  std::atomic<uint64_t> answered_ = 0;
  std::atomic<uint64_t> failed_ = 0;
  std::thread thread_;
};

class Cluster : public ClusterTest {
 protected:
  static std::vector<std::string> Without(std::vector<std::string> names, const std::string& name) {
    std::erase(names, name);
    return names;
  }
  bool AwaitRecordOfOthers(const std::string& primary, const std::vector<std::string>& names) {
    return AwaitRecord(primary, absl::StrJoin(Without(names, primary), ", "));
  }
  // For the message of a failure.
  std::string StatusOf(const std::string& node) {
    return node + ":\n" + Xref(node, {"status"}).out + "\n";
  }
  // Adds one reference, until it is acknowledged.
  void Add(const std::string& node, const std::string& source, const std::string& target) {
    const auto give_up = Clock::now() + kDeadline;
    for (;;) {
      const Outcome added = Xref(node, {"add", "shop/orders", source, target});
      if (added.exit_code == 0) return;
      ASSERT_LT(Clock::now(), give_up) << added.err;
    }
  }
};

TEST_F(Cluster, KillingThePrimaryUnderLoadLosesNothingThatWasAcknowledged) {
  const std::vector<std::string> names{"a", "b", "c"};
  const Arguments often{"--checkpoint-seconds", "1", "--compare-seconds", "1"};
  StartCluster(names, often);
  const char* const wanted = std::getenv("XREF_CLUSTER_KILLS");
  const int kills = wanted == nullptr ? 2 : std::stoi(wanted);
  Model model;
  double longest = 0;
  std::string primary = "a";
  for (int kill = 0; kill < kills; ++kill) {
    Load load(AddressOf(primary), model, static_cast<uint64_t>(kill));
    const uint64_t enough = model.changed() + 1'000;
    while (model.changed() < enough) std::this_thread::yield();
    const std::vector<std::string> others = Without(names, primary);
    Reader one(Connect(others[0]));
    Reader other(Connect(others[1]));
    Crash(primary);
    const auto killed = Clock::now();
    load.Join();
    const std::string killed_name = primary;
    primary = AwaitPrimary(others);
    ASSERT_FALSE(primary.empty()) << StatusOf(others[0]) << StatusOf(others[1]);
    Add(primary, "round-" + std::to_string(kill), "1");
    const std::chrono::duration<double> gap = Clock::now() - killed;
    longest = std::max(longest, gap.count());
    for (Reader* reader : {&one, &other}) {
      reader->Stop();
      EXPECT_GT(reader->answered(), 0U);
      EXPECT_EQ(reader->failed(), 0U) << "reads were interrupted";
    }
    ASSERT_EQ(Xref(primary, {"delete", "shop/orders", "round-" + std::to_string(kill)}).exit_code,
              0);
    ExpectHeld(primary, model);
    Join(killed_name, often);
    ASSERT_TRUE(AwaitRecordOfOthers(primary, names));
  }
  std::printf("no write for %.2f s at most, lease 3 s\n", longest);
  for (const std::string& name : Without(names, primary)) {
    AwaitCaughtUp(name, primary);
    EXPECT_EQ(Fact(name, "references"), Fact(primary, "references"));
  }
}

TEST_F(Cluster, APrimaryThatWasStoppedBeyondItsLeaseAcknowledgesNothing) {
  StartCluster({"a", "b"}, {"--ack-degrade"});
  auto channel = Channel::Open(AddressOf("a"), std::chrono::seconds(5));
  ASSERT_TRUE(channel.ok()) << channel.status();
  const auto client = Connect("a");
  const auto place = client->Resolve("shop", "orders");
  ASSERT_TRUE(place.ok()) << place.status();
  // Some are under way when it stops, and some come while it is stopped.
  std::vector<std::string> acknowledged;
  bool stopped = false;
  size_t after_stop = 0;
  const auto add = [&](int i) {
    const References one = {{"s-" + std::to_string(i), "t"}};
    const IdList sources = Sources(one);
    const IdList targets = Targets(one);
    return client->StartMutation(
        {.mutation = protocol::Mutation::kAdd,
         .place = *place,
         .actor = "ada",
         .sources = sources.View(),
         .targets = targets.View()},
        SIZE_MAX, [&, source = one.front().first](absl::StatusOr<protocol::MutationReply> reply) {
          if (reply.ok() && stopped) ++after_stop;
          if (reply.ok()) acknowledged.push_back(source);
        });
  };
  for (int i = 0; i < 20; ++i) ASSERT_TRUE(add(i).ok());
  ASSERT_TRUE(client->Finish().ok());
  for (int i = 20; i < 40; ++i) ASSERT_TRUE(add(i).ok());
  Signal("a", SIGSTOP);
  for (int i = 40; i < 60; ++i) ASSERT_TRUE(add(i).ok());
  ASSERT_EQ(AwaitPrimary({"b"}), "b");
  Add("b", "new", "1");
  // What was in the client's socket before it stopped is taken in first, as it came before.
  Signal("a", SIGCONT);
  stopped = true;
  const absl::Status ended = client->Finish();
  EXPECT_LE(after_stop, 20U);
  // Nothing of what came while it was stopped is acknowledged, and what was is at the new primary.
  for (const std::string& source : acknowledged) {
    EXPECT_LT(std::stoi(source.substr(2)), 40) << ended;
    EXPECT_THAT(Lookup("b", source), HasSubstr(source + ",t"));
  }
  // And it follows.
  EXPECT_TRUE(AwaitFact("a", "role", "standby"));
  AwaitCaughtUp("a", "b");
  EXPECT_THAT(Lookup("a", "new"), HasSubstr("new,1"));
}

TEST_F(Cluster, WithoutEtcdThePrimaryStopsAndOnItsReturnGoesOn) {
  StartCluster({"a", "b"});
  Add("a", "before", "1");
  etcd_->Crash();
  EXPECT_TRUE(AwaitFact("a", "role", "standby"));
  EXPECT_EQ(Xref("a", {"add", "shop/orders", "refused", "1"}).exit_code, 2);
  EXPECT_THAT(Lookup("a", "before"), HasSubstr("before,1"));
  EXPECT_THAT(Lookup("b", "before"), HasSubstr("before,1"));
  EXPECT_THAT(AwaitAnyFact("b", "cluster_trouble"), HasSubstr("etcd"));
  etcd_->Start();
  const std::string primary = AwaitPrimary({"a", "b"});
  Add(primary, "after", "1");
  EXPECT_THAT(Lookup(primary, "before"), HasSubstr("before,1"));
  EXPECT_THAT(Lookup(primary, "refused"), HasSubstr("refused,\n"));
}

TEST_F(Cluster, AnEtcdThatStopsForAWhileLosesNothing) {
  StartCluster({"a", "b"});
  Model model;
  Load load(AddressOf("a"), model, 3);
  while (model.changed() < 500) std::this_thread::yield();
  etcd_->Signal(SIGSTOP);
  EXPECT_TRUE(AwaitFact("a", "role", "standby"));
  etcd_->Signal(SIGCONT);
  // Whichever of them goes on; and then without the one whom the clients ask.
  ASSERT_FALSE(AwaitPrimary({"a", "b"}).empty());
  Crash("a");
  load.Join();
  ASSERT_EQ(AwaitPrimary({"b"}), "b");
  Join("a");
  ASSERT_TRUE(AwaitRecord("b", "a"));
  ExpectHeld("b", model);
}

TEST_F(Cluster, OnlyWhoHasEverythingLeadsWhenAllWereKilled) {
  StartCluster({"a", "b", "c"});
  Crash("c");
  ASSERT_TRUE(AwaitRecord("a", "b"));
  Add("a", "x", "1");  // which c does not have
  Crash("a");
  Crash("b");
  Join("c");
  EXPECT_THAT(AwaitAnyFact("c", "cluster_trouble"), HasSubstr("a, b"));
  EXPECT_EQ(Fact("c", "role"), "standby");
  Join("b");
  ASSERT_EQ(AwaitPrimary({"b", "c"}), "b");
  Join("a");
  ASSERT_TRUE(AwaitRecord("b", "a, c"));
  Add("b", "y", "1");
  AwaitCaughtUp("c", "b");
  AwaitCaughtUp("a", "b");
  for (const char* name : {"a", "b", "c"}) {
    EXPECT_THAT(Lookup(name, "x"), HasSubstr("x,1")) << name;
    EXPECT_THAT(Lookup(name, "y"), HasSubstr("y,1")) << name;
  }
}

TEST_F(Cluster, AfterBothWereKilledTheOldPrimaryMayComeFirst) {
  StartCluster({"a", "b"});
  Add("a", "x", "1");
  Crash("b");
  Crash("a");
  Join("a");
  ASSERT_EQ(AwaitPrimary({"a"}), "a");
  Join("b");
  ASSERT_TRUE(AwaitRecord("a", "b"));
  Add("a", "y", "1");
  AwaitCaughtUp("b", "a");
  EXPECT_THAT(Lookup("b", "x"), HasSubstr("x,1"));
}

TEST_F(Cluster, ANewFolderInTheNameOfAStandbyDoesNotTakeOver) {
  StartCluster({"a", "b"});
  Add("a", "x", "1");
  Crash("b");
  Crash("a");
  std::filesystem::remove_all(FolderOf("b"));
  Join("b");
  EXPECT_THAT(AwaitAnyFact("b", "cluster_trouble"), HasSubstr("may lack changes"));
  Join("a");
  EXPECT_EQ(AwaitPrimary({"a", "b"}), "a");
  ASSERT_TRUE(AwaitRecord("a", "b"));
  AwaitCaughtUp("b", "a");
  EXPECT_THAT(Lookup("b", "x"), HasSubstr("x,1"));
}

TEST_F(Cluster, APrimaryThatIsEndedHandsOverWithoutWaitingForItsLease) {
  lease_seconds_ = "3600";
  StartCluster({"a", "b"}, {"--ack-degrade"});
  Add("a", "x", "1");
  EXPECT_EQ(Stop("a").exit_code, 0);
  ASSERT_EQ(AwaitPrimary({"b"}), "b");
  Add("b", "y", "1");
  EXPECT_THAT(Lookup("b", "x"), HasSubstr("x,1"));
}

TEST_F(Cluster, ACommandThatKnowsAllDaemonsWaitsForTheNewPrimary) {
  StartCluster({"a", "b", "c"});
  Crash("a");
  const std::string all = AddressOf("a") + "," + AddressOf("b") + "," + AddressOf("c");
  const Outcome added = RunProgram({kXref, "--server", all, "add", "shop/orders", "x", "1"});
  EXPECT_EQ(added.exit_code, 0) << added.err;
}

TEST_F(Cluster, APromotionByHandIsLeftToEtcd) {
  StartCluster({"a", "b"});
  AwaitCaughtUp("b", "a");
  const Outcome refused = Xref("b", {"promote", "--force"});
  EXPECT_EQ(refused.exit_code, 2);
  EXPECT_THAT(refused.err, HasSubstr("etcd decides"));
  EXPECT_EQ(Fact("b", "role"), "standby");
}

TEST_F(Cluster, ClaimsOutliveAFailoverToADaemonWhoseClockIsAnHourAhead) {
  if (std::string_view(XREF_TEST_CLOCK_SHIFT).empty()) {
    GTEST_SKIP() << "nothing can be preloaded into a program with sanitizers";
  }
  Join("a");
  ASSERT_EQ(AwaitPrimary({"a"}), "a");
  setenv("LD_PRELOAD", XREF_TEST_CLOCK_SHIFT, 1);
  setenv("XREF_CLOCK_SHIFT", "3600", 1);
  Join("b", {"--ack-degrade"});
  unsetenv("LD_PRELOAD");
  unsetenv("XREF_CLOCK_SHIFT");
  ASSERT_TRUE(AwaitRecord("a", "b"));
  CreateShop("a");
  ASSERT_EQ(
      Xref("a", {"claim", "shop/orders", "x", "--owner", "worker-1", "--lease", "600"}).exit_code,
      0);
  AwaitCaughtUp("b", "a");
  Crash("a");
  ASSERT_EQ(AwaitPrimary({"b"}), "b");
  const Outcome other =
      Xref("b", {"claim", "shop/orders", "x", "--owner", "worker-2", "--lease", "600"});
  EXPECT_EQ(other.exit_code, 1);
  EXPECT_THAT(other.out, HasSubstr("worker-1"));
  EXPECT_THAT(other.out, Not(HasSubstr("unknown")));
}

TEST_F(Cluster, WorkersCreateNothingTwiceWhilePrimariesAreKilled) {
  const std::vector<std::string> names{"a", "b", "c"};
  StartCluster(names);
  std::mutex mutex;
  std::string published = AddressOf("a");
  const bench::ClaimOptions options{
      .sources = 2'000, .batch = 40, .crash_percent = 10, .lease_ms = 2'000};
  ClaimWorkers workers(options, [&](const std::string& owner) {
    const std::lock_guard lock(mutex);
    return bench::XrefdClaims::Connect(published, "shop", owner, options.lease_ms);
  });
  std::string primary = "a";
  for (const uint64_t due : {300, 1'200}) {
    while (workers.ledger().synced() < due && !workers.stopped()) std::this_thread::yield();
    Crash(primary);
    const std::vector<std::string> others = Without(names, primary);
    const std::string killed = primary;
    primary = AwaitPrimary(others);
    ASSERT_FALSE(primary.empty());
    {
      const std::lock_guard lock(mutex);
      published = AddressOf(primary);
    }
    Join(killed);
    // Before the next one is killed: with nobody left who may take over, there is no primary.
    ASSERT_TRUE(AwaitRecordOfOthers(primary, names));
  }
  const absl::Status status = workers.Join();
  ASSERT_TRUE(status.ok()) << status;
  EXPECT_THAT(workers.platform().Duplicated(), IsEmpty());
  EXPECT_EQ(workers.platform().records(), options.sources);
  const auto told = workers.ledger().Take();
  ExpectHolds(primary, References(told.targets.begin(), told.targets.end()));
}

}  // namespace
}  // namespace xref::test
