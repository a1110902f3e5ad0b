#include "tests/nodes_fixture.h"

#include <signal.h>

#include <chrono>
#include <thread>

namespace xref::test {

// ---- Their processes ----

void NodesTest::Start(const std::string& name, const Arguments& options) {
  Launch(name, options);
  ASSERT_FALSE(nodes_[name].process->AwaitErrorLine("ready: ").empty())
      << nodes_[name].process->Wait().err;
}

void NodesTest::Launch(const std::string& name, const Arguments& options) {
  Node& node = nodes_[name];
  const std::string listen = node.address.empty() ? "127.0.0.1:0" : node.address;
  Arguments argv = node.run;
  argv.insert(argv.end(), {kXrefd, "--data", FolderOf(name), "--listen", listen, "--http", "off",
                           "--threads", "1", "--name", name});
  argv.insert(argv.end(), options.begin(), options.end());
  node.asks.reset();
  node.process = Process::Start(argv);
  const std::string line = node.process->AwaitErrorLine("listening on ");
  ASSERT_FALSE(line.empty()) << node.process->Wait().err;
  node.address = line.substr(line.rfind(' ') + 1);
}

void NodesTest::StartStandby(const std::string& name, const std::string& of, Arguments options) {
  options.insert(options.end(), {"--standby-of", nodes_[of].address});
  Start(name, options);
}

void NodesTest::Crash(const std::string& name) {
  nodes_[name].process->Signal(SIGKILL);
  nodes_[name].process->Wait();
}

Outcome NodesTest::Stop(const std::string& name) {
  nodes_[name].process->Signal(SIGTERM);
  return nodes_[name].process->Wait();
}

// ---- The command ----

Outcome NodesTest::Xref(const std::string& node, const Arguments& arguments,
                        std::string_view input) {
  Arguments argv{kXref, "--server", nodes_[node].address};
  argv.insert(argv.end(), xref_options_.begin(), xref_options_.end());
  argv.insert(argv.end(), arguments.begin(), arguments.end());
  return RunProgram(argv, input);
}

std::string NodesTest::Lookup(const std::string& node, const std::string& source) {
  return Xref(node, {"lookup", "shop/orders", source}).out;
}

void NodesTest::CreateShop(const std::string& node) {
  const Outcome created = Xref(node, {"integration", "create", "shop"});
  ASSERT_EQ(created.exit_code, 0) << created.err;
}

void NodesTest::Import(const std::string& node, const References& references) {
  const Outcome outcome = Xref(node, {"import", "shop/orders", "-"}, ToCsv(references));
  ASSERT_EQ(outcome.exit_code, 0) << outcome.err;
}

// ---- The client library ----

std::unique_ptr<Client> NodesTest::Connect(const std::string& node) {
  ClientOptions options;
  options.servers = {nodes_[node].address};
  options.tls = tls_;
  auto client = Client::Connect(options);
  if (client.ok()) return *std::move(client);
  ADD_FAILURE() << client.status();
  return nullptr;
}

std::string NodesTest::Fact(const std::string& node, const std::string& name) {
  // One connection for all questions: those that wait ask very often.
  auto& client = nodes_[node].asks;
  if (client == nullptr) {
    ClientOptions options;
    options.servers = {nodes_[node].address};
    options.tls = tls_;
    auto connected = Client::Connect(options);
    if (!connected.ok()) return {};
    client = *std::move(connected);
  }
  std::string payload;
  const auto status = client->Status(payload);
  if (!status.ok()) {
    client.reset();
    return {};
  }
  return status->Fact(name);
}

bool NodesTest::AwaitFact(const std::string& node, const std::string& name,
                          const std::string& value) {
  const auto give_up = std::chrono::steady_clock::now() + kDeadline;
  while (Fact(node, name) != value) {
    if (std::chrono::steady_clock::now() >= give_up) return false;
    std::this_thread::yield();
  }
  return true;
}

std::string NodesTest::AwaitAnyFact(const std::string& node, const std::string& name) {
  const auto give_up = std::chrono::steady_clock::now() + kDeadline;
  std::string value;
  while (value.empty() && std::chrono::steady_clock::now() < give_up) {
    std::this_thread::yield();
    value = Fact(node, name);
  }
  return value;
}

std::pair<uint64_t, uint64_t> NodesTest::PositionOf(const std::string& node) {
  const std::string epoch = Fact(node, "epoch");
  const std::string lsn = Fact(node, "lsn");
  if (epoch.empty() || lsn.empty()) return {0, 0};
  return {std::stoull(epoch), std::stoull(lsn)};
}

void NodesTest::AwaitCaughtUp(const std::string& standby, const std::string& primary) {
  const auto goal = PositionOf(primary);
  const auto give_up = std::chrono::steady_clock::now() + kDeadline;
  auto reached = PositionOf(standby);
  while (reached < goal && std::chrono::steady_clock::now() < give_up) {
    std::this_thread::yield();
    reached = PositionOf(standby);
  }
  EXPECT_GE(reached, goal) << standby << " against " << primary << ", as epoch and LSN; "
                           << Fact(standby, "following_trouble");
  EXPECT_TRUE(AwaitFact(standby, "state", "standby"));
}

void NodesTest::ExpectHolds(const std::string& node, const References& expected) {
  const auto client = Connect(node);
  const auto place = client->Resolve("shop", "orders");
  ASSERT_TRUE(place.ok()) << place.status();
  const auto targets = client->Lookup(*place, Sources(expected).View());
  ASSERT_TRUE(targets.ok()) << targets.status();
  size_t wrong = 0;
  for (size_t i = 0; i < expected.size(); ++i) {
    wrong += (*targets)[i] == expected[i].second ? 0 : 1;
  }
  EXPECT_EQ(wrong, 0U) << "of " << expected.size() << " at " << node;
  EXPECT_EQ(Fact(node, "references"), std::to_string(expected.size())) << node;
}

void NodesTest::ExpectHeld(const std::string& node, Model& model) {
  const auto client = Connect(node);
  const auto place = client->Resolve("shop", "orders");
  ASSERT_TRUE(place.ok()) << place.status();
  model.ExpectHeldBy(*client, *place, std::stoull(Fact(node, "references")));
}

}  // namespace xref::test
