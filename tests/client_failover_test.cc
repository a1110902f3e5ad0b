// What a client knows of the age of its answers, and what becomes of its requests when the primary
// is lost: real daemons.

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <signal.h>

#include <chrono>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "tests/nodes_fixture.h"

namespace xref::test {
namespace {

using std::chrono::milliseconds;
using ::testing::HasSubstr;

class ClientFailover : public NodesTest {
 protected:
  // A primary "a" whose changes are acknowledged once its standby "b" has them.
  void StartPair() {
    Start("a", {"--ack", "standby"});
    Launch("b", {"--standby-of", AddressOf("a")});
    ASSERT_TRUE(AwaitFact("a", "standbys_in_sync", "1"));
    CreateShop("a");
    ASSERT_TRUE(AwaitFact("b", "lsn", Fact("a", "lsn")));
  }
  void Promote(const std::string& name) {
    const Outcome promoted = Xref(name, {"promote", "--force"});
    ASSERT_EQ(promoted.exit_code, 0) << promoted.err;
  }
  std::unique_ptr<Client> ConnectTo(ClientOptions options, const std::vector<std::string>& names) {
    options.servers.clear();
    for (const std::string& name : names) options.servers.push_back(AddressOf(name));
    auto client = Client::Connect(options);
    if (client.ok()) return *std::move(client);
    ADD_FAILURE() << client.status();
    return nullptr;
  }
  static protocol::MutationRequest Request(protocol::Mutation mutation, PlaceId place,
                                           const IdList& sources, const IdList& targets) {
    return {.mutation = mutation,
            .place = place,
            .actor = "ada",
            .sources = sources.View(),
            .targets = targets.View()};
  }

  const ClientOptions patient_{.primary = true, .failover_wait = kDeadline};
};

TEST_F(ClientFailover, AnAnswerOfAStandbySaysHowOldItIs) {
  StartPair();
  const auto client = Connect("b");
  const auto place = client->Resolve("shop", "orders");
  ASSERT_TRUE(place.ok()) << place.status();
  ASSERT_TRUE(client->last_mark().has_value());
  EXPECT_EQ(std::to_string(client->last_mark()->lsn), Fact("b", "lsn"));
  EXPECT_NE(client->last_mark()->lag_ms, protocol::kLagUnknown);
  std::string payload;
  protocol::ListRequest list;
  list.place = *place;
  list.rows_max = 1;
  ASSERT_TRUE(client->List(list, payload).ok());
  EXPECT_TRUE(client->last_mark().has_value()) << "also what is read from the disk";
  const auto primary = Connect("a");
  ASSERT_TRUE(primary->Resolve("shop", "orders").ok());
  EXPECT_FALSE(primary->last_mark().has_value());
}

TEST_F(ClientFailover, AClientTakesNoAnswerThatIsOlderThanItAccepts) {
  StartPair();
  const auto strict = ConnectTo({.max_lag = milliseconds(1'000)}, {"b"});
  const auto any = Connect("b");
  Signal("a", SIGSTOP);
  absl::Status status;
  const auto give_up = std::chrono::steady_clock::now() + kDeadline;
  while (status.ok() && std::chrono::steady_clock::now() < give_up) {
    status = strict->Resolve("shop", "orders").status();
  }
  EXPECT_TRUE(absl::IsFailedPrecondition(status)) << status;
  EXPECT_THAT(std::string(status.message()), HasSubstr("ask the primary"));
  EXPECT_TRUE(any->Resolve("shop", "orders").ok());
  EXPECT_GT(any->last_mark()->lag_ms, 1'000U);
  EXPECT_EQ(Xref("b", {"--max-lag", "1", "lookup", "shop/orders", "x"}).exit_code, 2);
  EXPECT_EQ(Xref("b", {"lookup", "shop/orders", "x"}).exit_code, 1);
  Signal("a", SIGCONT);
  EXPECT_TRUE(AwaitFact("b", "following", "yes"));
}

TEST_F(ClientFailover, AddsGoOnAtTheNewPrimaryAndEachIsDone) {
  StartPair();
  const auto client = ConnectTo(patient_, {"a", "b"});
  const auto place = client->Resolve("shop", "orders");
  ASSERT_TRUE(place.ok()) << place.status();
  const References references = MakeReferences(20'000);
  constexpr size_t kBatch = 100;
  size_t answered = 0;
  bool killed = false;
  for (size_t at = 0; at < references.size(); at += kBatch) {
    const auto from = references.begin() + static_cast<ptrdiff_t>(at);
    const References batch(from, from + kBatch);
    const IdList sources = Sources(batch);
    const IdList targets = Targets(batch);
    const auto started =
        client->StartMutation(Request(protocol::Mutation::kAdd, *place, sources, targets), 8,
                              [&](absl::StatusOr<protocol::MutationReply> reply) {
                                ASSERT_TRUE(reply.ok()) << reply.status();
                                for (const protocol::Outcome& outcome : reply->outcomes) {
                                  EXPECT_LE(outcome.verdict, protocol::Verdict::kUnchanged);
                                }
                                answered += reply->outcomes.size();
                              });
    ASSERT_TRUE(started.ok()) << started;
    if (killed || answered < references.size() / 2) continue;
    killed = true;
    Crash("a");
    Promote("b");
  }
  ASSERT_TRUE(client->Finish().ok());
  EXPECT_TRUE(killed);
  EXPECT_EQ(answered, references.size());
  EXPECT_EQ(client->server(), AddressOf("b"));
  ExpectHolds("b", references);
}

TEST_F(ClientFailover, ADeleteThatWasUnderWayIsToldAsUnknownAndAClaimIsMadeAgain) {
  StartPair();
  ASSERT_EQ(Xref("a", {"add", "shop/orders", "gone", "1"}).exit_code, 0);
  const auto client = ConnectTo(patient_, {"a", "b"});
  const auto place = client->Resolve("shop", "orders");
  ASSERT_TRUE(place.ok()) << place.status();
  Signal("a", SIGSTOP);
  IdList gone;
  gone.Add("gone");
  IdList wanted;
  wanted.Add("wanted");
  std::optional<absl::Status> deleted;
  std::optional<protocol::Verdict> claimed;
  auto erase = Request(protocol::Mutation::kDelete, *place, gone, {});
  auto claim = Request(protocol::Mutation::kClaim, *place, wanted, {});
  claim.lease_ms = 60'000;
  ASSERT_TRUE(client->StartMutation(erase, 8, [&](auto reply) { deleted = reply.status(); }).ok());
  ASSERT_TRUE(client
                  ->StartMutation(claim, 8,
                                  [&](absl::StatusOr<protocol::MutationReply> reply) {
                                    ASSERT_TRUE(reply.ok()) << reply.status();
                                    claimed = reply->outcomes[0].verdict;
                                  })
                  .ok());
  Crash("a");
  Promote("b");
  ASSERT_TRUE(client->Finish().ok());
  ASSERT_TRUE(deleted.has_value());
  EXPECT_TRUE(absl::IsUnknown(*deleted)) << *deleted;
  EXPECT_THAT(std::string(deleted->message()), HasSubstr("nobody knows"));
  EXPECT_EQ(claimed, protocol::Verdict::kGranted);
  EXPECT_THAT(Lookup("b", "gone"), HasSubstr("gone,1"));  // here it was not done
}

TEST_F(ClientFailover, AClientDoesNotGoBackToAnOlderPrimary) {
  StartPair();
  Promote("b");  // while the old one is there
  const auto client = ConnectTo({.primary = true, .failover_wait = milliseconds(300)}, {"b", "a"});
  ASSERT_TRUE(client->Resolve("shop", "orders").ok());
  Crash("b");
  const auto refused = client->Resolve("shop", "orders");
  EXPECT_THAT(std::string(refused.status().message()), HasSubstr("epoch 2 has begun"));
}

TEST_F(ClientFailover, WithoutWaitingTheLossOfTheServerIsAnError) {
  StartPair();
  const auto client = ConnectTo({.primary = true}, {"a", "b"});
  Crash("a");
  EXPECT_TRUE(absl::IsUnavailable(client->Resolve("shop", "orders").status()));
}

}  // namespace
}  // namespace xref::test
