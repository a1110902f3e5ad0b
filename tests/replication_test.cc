// A primary and its standbys: real daemons, on data folders of their own.

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <signal.h>

#include <algorithm>
#include <boost/json.hpp>
#include <filesystem>
#include <fstream>
#include <map>
#include <memory>
#include <set>
#include <thread>

#include "tests/load.h"
#include "tests/nodes_fixture.h"
#include "tests/raw_peer.h"

namespace xref::test {
namespace {

using ::testing::HasSubstr;

class Replication : public NodesTest {
 protected:
  // A primary "a" and its standby "b", which both hold what it returns.
  References StartPair() {
    Start("a");
    CreateShop("a");
    StartStandby("b", "a");
    References held = MakeReferences(100, "S-");
    Import("a", held);
    AwaitCaughtUp("b", "a");
    return held;
  }
};

TEST_F(Replication, AStandbyHasEverythingThatThePrimaryHas) {
  Start("primary");
  CreateShop("primary");
  const References before = MakeReferences(5'000, "B-");
  Import("primary", before);
  StartStandby("standby", "primary");
  References all = MakeReferences(5'000, "A-");
  Import("primary", all);
  all.insert(all.end(), before.begin(), before.end());
  AwaitCaughtUp("standby", "primary");
  ExpectHolds("standby", all);
  EXPECT_EQ(Fact("standby", "role"), "standby");
  EXPECT_EQ(Fact("standby", "lag_changes"), "0");
  EXPECT_EQ(Fact("primary", "standbys_in_sync"), "1");
}

TEST_F(Replication, EveryKindOfChangeArrives) {
  Start("primary");
  CreateShop("primary");
  StartStandby("standby", "primary");
  const auto run = [&](const Arguments& arguments) {
    const Outcome outcome = Xref("primary", arguments);
    EXPECT_EQ(outcome.exit_code, 0) << arguments[0] << ": " << outcome.err;
    return outcome.out;
  };
  run({"entity", "add", "shop/returns"});
  run({"integration", "rename", "shop", "--source", "Shopify", "--target", "ERP"});
  run({"add", "shop/orders", "edited", "1"});
  run({"edit", "shop/orders", "edited", "2"});
  run({"add", "shop/orders", "deleted", "3"});
  run({"delete", "shop/orders", "deleted"});
  run({"ignore", "shop/orders", "ignored"});
  run({"claim", "shop/orders", "claimed", "--owner", "worker", "--lease", "3600"});
  run({"add", "shop/customers", "purged", "4"});
  const std::string preview = run({"--json", "purge", "shop/customers", "--preview"});
  const size_t at = preview.find("\"token\":\"") + 9;
  run({"purge", "shop/customers", "--confirm", preview.substr(at, preview.find('"', at) - at)});
  AwaitCaughtUp("standby", "primary");

  EXPECT_THAT(Lookup("standby", "edited"), HasSubstr("edited,2"));
  EXPECT_EQ(Xref("standby", {"check", "shop/orders", "-"}, "source_id\ndeleted\n").exit_code, 1);
  EXPECT_THAT(Xref("standby", {"history", "shop/orders", "edited"}).out, HasSubstr("edited"));
  EXPECT_THAT(Xref("standby", {"explain", "shop/orders", "ignored"}).out, HasSubstr("ignored"));
  EXPECT_THAT(Xref("standby", {"explain", "shop/orders", "claimed"}).out, HasSubstr("worker"));
  EXPECT_THAT(Xref("standby", {"trash"}).out, HasSubstr("shop/customers"));
  EXPECT_THAT(Xref("standby", {"integration", "list"}).out, HasSubstr("ERP"));

  // And it is all there when the standby takes over.
  Crash("primary");
  ASSERT_EQ(Xref("standby", {"promote", "--force"}).exit_code, 0);
  EXPECT_THAT(Xref("standby", {"claims", "shop/orders"}).out, HasSubstr("claimed"));
  EXPECT_EQ(Xref("standby", {"add", "shop/orders", "ignored", "5"}).exit_code, 1);
  EXPECT_EQ(Xref("standby", {"restore", "shop/customers"}).exit_code, 0);
  EXPECT_THAT(Xref("standby", {"lookup", "shop/customers", "purged"}).out, HasSubstr("purged,4"));
}

TEST_F(Replication, WhatIsDroppedAndRestoredIsSoAtTheStandbyWhereverItsSnapshotIs) {
  const References references = MakeReferences(10'000);
  Start("primary");
  StartStandby("standby", "primary");
  CreateShop("primary");
  Import("primary", references);
  const auto drop = [&] {
    const Outcome preview = Xref("primary", {"--json", "integration", "drop", "shop", "--preview"});
    const std::string token = boost::json::parse(preview.out).at("token").as_string().c_str();
    EXPECT_EQ(Xref("primary", {"integration", "drop", "shop", "--confirm", token}).exit_code, 0);
    AwaitCaughtUp("standby", "primary");
    EXPECT_EQ(Fact("standby", "references"), "0");
  };
  const auto restore = [&] {
    EXPECT_EQ(Xref("primary", {"restore", "shop"}).exit_code, 0);
    AwaitCaughtUp("standby", "primary");
    ExpectHolds("standby", references);
  };
  drop();
  restore();
  // The drop and the restore are both in its journal, then neither.
  Crash("standby");
  StartStandby("standby", "primary");
  ExpectHolds("standby", references);
  Stop("standby");
  StartStandby("standby", "primary");
  ExpectHolds("standby", references);
  // The drop is in its snapshot, and the restore in its journal.
  drop();
  Stop("standby");
  StartStandby("standby", "primary");
  restore();
  Crash("standby");
  StartStandby("standby", "primary");
  ExpectHolds("standby", references);
}

TEST_F(Replication, ChangesAreForThePrimary) {
  Start("primary");
  CreateShop("primary");
  StartStandby("standby", "primary");
  AwaitCaughtUp("standby", "primary");
  const auto client = Connect("standby");
  const auto place = client->Resolve("shop", "orders");
  ASSERT_TRUE(place.ok()) << place.status();
  const References one = {{"a", "1"}};
  const IdList sources = Sources(one);
  const IdList targets = Targets(one);
  const auto refused = client->Mutate({.mutation = protocol::Mutation::kAdd,
                                       .place = *place,
                                       .actor = "ada",
                                       .sources = sources.View(),
                                       .targets = targets.View()});
  ASSERT_FALSE(refused.ok());
  EXPECT_THAT(std::string(refused.status().message()), HasSubstr(AddressOf("primary")));
  EXPECT_EQ(Fact("primary", "references"), "0");
}

TEST_F(Replication, CommandsThatChangeSomethingGoOnToThePrimary) {
  Start("primary");
  CreateShop("primary");
  StartStandby("standby", "primary");
  AwaitCaughtUp("standby", "primary");
  ASSERT_EQ(Xref("standby", {"add", "shop/orders", "a", "1"}).exit_code, 0);
  ASSERT_EQ(Xref("standby", {"import", "shop/orders", "-"}, "source_id,target_id\nb,2\n").exit_code,
            0);
  ASSERT_EQ(Xref("standby", {"claims", "shop/orders"}).exit_code, 0);
  ExpectHolds("primary", {{"a", "1"}, {"b", "2"}});
  AwaitCaughtUp("standby", "primary");
  ExpectHolds("standby", {{"a", "1"}, {"b", "2"}});
  Crash("primary");
  const Outcome gone = Xref("standby", {"add", "shop/orders", "c", "3"});
  EXPECT_EQ(gone.exit_code, 3);
  EXPECT_THAT(gone.err, HasSubstr(AddressOf("primary")));
}

TEST_F(Replication, AStandbyThatWasAwayGoesOnWhereItWas) {
  Start("primary", {"--checkpoint-seconds", "1"});
  CreateShop("primary");
  StartStandby("standby", "primary");
  AwaitCaughtUp("standby", "primary");
  Crash("standby");
  const References meanwhile = MakeReferences(20'000);
  Import("primary", meanwhile);
  EXPECT_TRUE(AwaitFact("primary", "snapshot_lsn", Fact("primary", "lsn")));
  StartStandby("standby", "primary");
  AwaitCaughtUp("standby", "primary");
  ExpectHolds("standby", meanwhile);
  Stop("standby");
  const std::string log = nodes_["standby"].process->Wait().err;
  EXPECT_EQ(log.find("taking a copy"), std::string::npos) << log;
}

TEST_F(Replication, AStandbyThatTheJournalDoesNotReachTakesACopyFirst) {
  Start("primary");
  CreateShop("primary");
  const References references = MakeReferences(50'000);
  Import("primary", references);
  Stop("primary");  // which folds everything and trims the journal: it has no standby yet
  Start("primary");
  Launch("standby", {"--standby-of", AddressOf("primary")});
  ASSERT_FALSE(nodes_["standby"].process->AwaitErrorLine("taking a copy").empty());
  ASSERT_FALSE(nodes_["standby"].process->AwaitErrorLine("ready: ").empty());
  AwaitCaughtUp("standby", "primary");
  ExpectHolds("standby", references);
  // What it has is whole: it can be examined, and it starts by itself.
  EXPECT_EQ(Stop("standby").exit_code, 0);
  EXPECT_EQ(RunProgram({kXrefd, "--check", FolderOf("standby")}).exit_code, 0);
}

TEST_F(Replication, ACopyThatWasCutShortIsTakenAgain) {
  Start("primary");
  CreateShop("primary");
  const References references = MakeReferences(20'000);
  Import("primary", references);
  Stop("primary");
  Start("primary");
  for (const char* point : {"restore-built", "restore-visible", "arrival-part", "arrival-part:2"}) {
    std::filesystem::remove_all(FolderOf("standby"));
    setenv("XREFD_FAILPOINT", point, 1);
    Launch("standby", {"--standby-of", AddressOf("primary")});
    unsetenv("XREFD_FAILPOINT");
    EXPECT_EQ(nodes_["standby"].process->Wait().exit_code, 128 + SIGKILL) << point;
    StartStandby("standby", "primary");
    AwaitCaughtUp("standby", "primary");
    ExpectHolds("standby", references);
    Stop("standby");
  }
}

TEST_F(Replication, AForeignFolderIsNotFollowedWith) {
  Start("primary");
  CreateShop("primary");
  Import("primary", MakeReferences(10, "P-"));
  Start("other");
  CreateShop("other");
  const References own = MakeReferences(10, "O-");
  Import("other", own);
  Stop("other");
  StartStandby("other", "primary");
  EXPECT_TRUE(AwaitFact("other", "following", "no"));
  EXPECT_THAT(AwaitAnyFact("other", "following_trouble"), HasSubstr("new folder"));
  ExpectHolds("other", own);  // nothing was changed
}

TEST_F(Replication, WithAStandbyInSyncTheLossOfThePrimaryLosesNothing) {
  Start("a", {"--ack", "standby"});
  // Nothing is acknowledged that only one disk has.
  const Outcome refused = Xref("a", {"integration", "create", "shop"});
  EXPECT_EQ(refused.exit_code, 2);
  EXPECT_THAT(refused.err, HasSubstr("--ack-degrade"));
  Launch("b", {"--standby-of", AddressOf("a")});
  ASSERT_TRUE(AwaitFact("a", "standbys_in_sync", "1"));
  CreateShop("a");
  ASSERT_FALSE(nodes_["b"].process->AwaitErrorLine("ready: ").empty());

  Model model;
  {
    Load load(AddressOf("a"), model, 7);
    while (model.changed() < 3'000) std::this_thread::yield();
    Crash("a");
    load.Join();
  }
  // It may not have heard of the very last changes, none of which was acknowledged.
  const Outcome promoted = Xref("b", {"promote", "--force"});
  ASSERT_EQ(promoted.exit_code, 0) << promoted.err;
  EXPECT_EQ(Fact("b", "epoch"), "2");
  EXPECT_EQ(Fact("b", "role"), "primary");
  ExpectHeld("b", model);
}

// A primary "a" whose standby has stopped, and which has a change (x -> 1) that waits for it.
class UnheldChange : public Replication {
 protected:
  void Begin(const std::string& ack_timeout_ms) {
    Start("a", {"--ack", "standby", "--ack-timeout-ms", ack_timeout_ms});
    Launch("b", {"--standby-of", AddressOf("a")});
    ASSERT_TRUE(AwaitFact("a", "standbys_in_sync", "1"));
    CreateShop("a");
    client_ = Connect("a");
    const auto place = client_->Resolve("shop", "orders");
    ASSERT_TRUE(place.ok()) << place.status();
    place_ = *place;
    source_.Add("x");
    target_.Add("1");
    Signal("b", SIGSTOP);
    const auto before = PositionOf("a");
    ASSERT_TRUE(client_
                    ->StartMutation({.mutation = protocol::Mutation::kAdd,
                                     .place = place_,
                                     .actor = "ada",
                                     .sources = source_.View(),
                                     .targets = target_.View()},
                                    SIZE_MAX, [&](const auto& reply) { is_added_ = reply.ok(); })
                    .ok());
    while (PositionOf("a") == before) std::this_thread::yield();
  }
  void End() {
    Signal("b", SIGCONT);
    EXPECT_TRUE(client_->Finish().ok());
    EXPECT_TRUE(is_added_);
  }

  std::unique_ptr<Client> client_;
  PlaceId place_{};
  IdList source_;
  IdList target_;
  bool is_added_ = false;
};

TEST_F(UnheldChange, IsToldOfByNoAnswer) {
  Begin("600000");
  RawPeer peer(AddressOf("a"));
  peer.Greet();
  peer.Send(
      FrameOf(protocol::Opcode::kCheck, 2, protocol::IdsRequest{place_, source_.View()}) +
      FrameOf(protocol::Opcode::kList, 3, protocol::ListRequest{.place = place_, .rows_max = 10}) +
      FrameWith(protocol::Opcode::kIntegrationList, 4, "") +
      FrameWith(protocol::Opcode::kStatus, 5, ""));
  // Those that came after are answered before.
  for (const uint64_t id : {4, 5}) {
    const auto reply = peer.Receive();
    ASSERT_TRUE(reply.has_value());
    EXPECT_EQ(reply->header.request_id, id);
  }
  End();
  std::set<uint64_t> answered;
  for (int i = 0; i < 2; ++i) {
    const auto reply = peer.Receive();
    ASSERT_TRUE(reply.has_value());
    EXPECT_EQ(reply->header.status, protocol::StatusCode::kOk);
    answered.insert(reply->header.request_id);
  }
  EXPECT_EQ(answered, (std::set<uint64_t>{2, 3}));
}

TEST_F(UnheldChange, IsToldOfOnceTheStandbyStaysAwayTooLong) {
  Begin("1");
  EXPECT_THAT(Lookup("a", "x"), HasSubstr("x,1"));
  EXPECT_FALSE(is_added_);
  End();
}

TEST_F(Replication, WithoutStandbysADegradingPrimaryGoesOnAndSaysSo) {
  Start("a", {"--ack", "standby", "--ack-degrade", "--ack-timeout-ms", "1"});
  CreateShop("a");
  EXPECT_EQ(Fact("a", "ack"), "disk");
  StartStandby("b", "a");
  EXPECT_TRUE(AwaitFact("a", "ack", "standby"));
}

TEST_F(Replication, APromotionThatIsNotSafeIsRefused) {
  Start("a");
  CreateShop("a");
  StartStandby("b", "a");
  AwaitCaughtUp("b", "a");
  const Outcome while_there = Xref("b", {"promote"});
  EXPECT_EQ(while_there.exit_code, 2);
  EXPECT_THAT(while_there.err, HasSubstr("Stop it first"));
  Crash("a");
  ASSERT_TRUE(AwaitFact("b", "following", "no"));
  const Outcome disk = Xref("b", {"promote"});
  EXPECT_EQ(disk.exit_code, 2);
  EXPECT_THAT(disk.err, HasSubstr("--ack disk"));
  EXPECT_EQ(Fact("b", "role"), "standby");
  EXPECT_EQ(Xref("a", {"promote"}).exit_code, 3);
}

TEST_F(Replication, APromotionWithEveryAcknowledgedChangeNeedsNoForce) {
  Start("a", {"--ack", "standby", "--ack-degrade"});
  CreateShop("a");
  StartStandby("b", "a");
  ASSERT_TRUE(AwaitFact("a", "ack", "standby"));
  ASSERT_EQ(Xref("a", {"add", "shop/orders", "x", "1"}).exit_code, 0);
  AwaitCaughtUp("b", "a");
  EXPECT_TRUE(AwaitFact("b", "primary_lsn", Fact("b", "lsn")));
  Crash("a");
  ASSERT_TRUE(AwaitFact("b", "following", "no"));
  const Outcome promoted = Xref("b", {"promote"});
  EXPECT_EQ(promoted.exit_code, 0) << promoted.err;
  EXPECT_THAT(Lookup("b", "x"), HasSubstr("x,1"));
  EXPECT_EQ(Xref("b", {"promote"}).exit_code, 2);  // it is no standby any more
}

TEST_F(Replication, APrimaryThatReturnsKeepsWhatItHadAloneInAFileAndFollows) {
  const References shared = StartPair();
  Crash("b");
  ASSERT_EQ(Xref("a", {"add", "shop/orders", "alone", "9"}).exit_code, 0);
  Crash("a");
  StartStandby("b", "a");
  ASSERT_EQ(Xref("b", {"promote", "--force"}).exit_code, 0);
  References held = shared;
  held.push_back({"new", "10"});
  ASSERT_EQ(Xref("b", {"add", "shop/orders", "new", "10"}).exit_code, 0);

  Launch("a", {"--standby-of", AddressOf("b")});
  ASSERT_FALSE(nodes_["a"].process->AwaitErrorLine("are discarded, and kept in").empty());
  AwaitCaughtUp("a", "b");
  ExpectHolds("a", held);
  std::string kept;
  for (const auto& file : std::filesystem::directory_iterator(FolderOf("a"))) {
    if (!file.path().filename().string().starts_with("discarded-")) continue;
    std::ifstream in(file.path());
    kept.assign(std::istreambuf_iterator<char>(in), {});
  }
  EXPECT_THAT(kept, HasSubstr("\"source_id\":\"alone\""));
  EXPECT_THAT(kept, HasSubstr("\"target_id\":\"9\""));
}

TEST_F(Replication, ACopyOfWhatNeverReachedTheNextPrimaryIsDiscarded) {
  References held = StartPair();
  Crash("b");
  ASSERT_EQ(Xref("a", {"add", "shop/orders", "alone", "9"}).exit_code, 0);
  // The second time it knows of no standby, and keeps nothing in its journal: so c takes a copy.
  Stop("a");
  Start("a");
  Stop("a");
  Start("a");
  StartStandby("c", "a");
  EXPECT_THAT(Lookup("c", "alone"), HasSubstr("alone,9"));
  EXPECT_NE(Fact("c", "snapshot_lsn"), "0") << "it took no copy";
  Crash("c");
  Crash("a");
  StartStandby("b", "a");
  ASSERT_EQ(Xref("b", {"promote", "--force"}).exit_code, 0);
  ASSERT_EQ(Xref("b", {"add", "shop/orders", "new", "10"}).exit_code, 0);
  held.push_back({"new", "10"});

  Launch("c", {"--standby-of", AddressOf("b")});
  ASSERT_FALSE(nodes_["c"].process->AwaitErrorLine("which tells of them").empty());
  AwaitCaughtUp("c", "b");
  ExpectHolds("c", held);
}

TEST_F(Replication, APrimaryWhoseTermNobodyHeardOfFollowsTheNextOne) {
  References held = StartPair();
  Crash("a");
  // Both become the primary of a second epoch, one after the other, and neither hears of it.
  ASSERT_EQ(Xref("b", {"promote", "--force"}).exit_code, 0);
  ASSERT_EQ(Xref("b", {"add", "shop/orders", "alone", "9"}).exit_code, 0);
  Crash("b");
  Launch("a", {"--standby-of", AddressOf("b")});
  ASSERT_TRUE(AwaitFact("a", "state", "standby"));
  ASSERT_EQ(Xref("a", {"promote", "--force"}).exit_code, 0);
  ASSERT_EQ(Xref("a", {"add", "shop/orders", "new", "10"}).exit_code, 0);
  held.push_back({"new", "10"});

  Launch("b", {"--standby-of", AddressOf("a")});
  ASSERT_FALSE(nodes_["b"].process->AwaitErrorLine("are discarded, and kept in").empty());
  // The copy.
  ASSERT_FALSE(nodes_["b"].process->AwaitErrorLine("101 references from the snapshot").empty());
  AwaitCaughtUp("b", "a");
  ExpectHolds("b", held);
}

TEST_F(Replication, AnOlderPrimaryIsRefusedByThoseWhoHaveSeenTheNewOne) {
  Start("a");
  CreateShop("a");
  StartStandby("b", "a");
  AwaitCaughtUp("b", "a");
  ASSERT_EQ(Xref("b", {"promote", "--force"}).exit_code, 0);
  // It has not heard of that, and a standby of the new epoch will not follow it.
  Stop("b");
  StartStandby("b", "a");
  EXPECT_THAT(AwaitAnyFact("b", "following_trouble"), HasSubstr("epoch"));
}

TEST_F(Replication, AStandbyOfAStandbyIsRefused) {
  Start("a");
  CreateShop("a");
  StartStandby("b", "a");
  AwaitCaughtUp("b", "a");
  Launch("c", {"--standby-of", AddressOf("b")});
  EXPECT_THAT(AwaitAnyFact("c", "following_trouble"), HasSubstr(AddressOf("a")));
}

TEST_F(Replication, TheCopiesAgreeWhateverIsKilledUnderLoad) {
  Start("a", {"--checkpoint-seconds", "1"});
  CreateShop("a");
  StartStandby("b", "a", {"--checkpoint-seconds", "1"});
  Model model;
  for (uint64_t round = 0; round < 3; ++round) {
    Load load(AddressOf("a"), model, round);
    const uint64_t enough = model.changed() + 500;
    while (model.changed() < enough) std::this_thread::yield();
    Crash("b");
    StartStandby("b", "a", {"--checkpoint-seconds", "1"});
    Crash("a");
    load.Join();
    Start("a", {"--checkpoint-seconds", "1"});
    ExpectHeld("a", model);
  }
  AwaitCaughtUp("b", "a");
  EXPECT_EQ(Fact("a", "references"), Fact("b", "references"));
  Crash("a");
  ASSERT_EQ(Xref("b", {"promote", "--force"}).exit_code, 0);
  ExpectHeld("b", model);
}

}  // namespace
}  // namespace xref::test
