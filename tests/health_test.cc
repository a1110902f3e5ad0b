// Whoever asks for the daemon's health is answered, whatever else it does.

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <atomic>
#include <cstdlib>
#include <filesystem>
#include <memory>
#include <thread>
#include <vector>

#include "tests/daemon_fixture.h"
#include "tests/load.h"
#include "tests/raw_peer.h"

namespace xref::test {
namespace {

using protocol::Opcode;
using ::testing::HasSubstr;
using ::testing::StartsWith;

class Health : public ShopTest {
 protected:
  // Begins anew, and has everything that passes this point held there.
  void HoldAt(const char* failpoint) {
    hold_ = WriteFile("hold", "");
    setenv("XREFD_FAILPOINT", failpoint, 1);
    setenv("XREFD_FAILPOINT_HOLD", hold_.c_str(), 1);
    Restart();
    unsetenv("XREFD_FAILPOINT");
    unsetenv("XREFD_FAILPOINT_HOLD");
  }
  void Restart() {
    CrashAndRestartDaemon({"--http", "127.0.0.1:0", "--checkpoint-seconds", "86400"});
    const std::string line = daemon_->AwaitErrorLine("http: serving ");
    http_ = line.substr(line.rfind(' ') + 1);
  }
  void AwaitHeld() { ASSERT_NE(daemon_->AwaitErrorLine("failpoint: holding"), ""); }
  void LetGo() { std::filesystem::remove(hold_); }

  void ExpectHealthy() {
    for (const char* path : {"/healthz", "/readyz"}) {
      RawPeer peer(http_);
      peer.Send(std::string("GET ") + path +
                " HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\r\n");
      EXPECT_THAT(peer.ReceiveAll(), StartsWith("HTTP/1.1 200 ")) << path;
    }
  }

  std::string http_;
  std::string hold_;
};

TEST_F(Health, IsToldWhileACommitIsStuck) {
  HoldAt("commit-before");
  const auto stuck = StartXref({"add", kPlace, "A", "1"});
  AwaitHeld();
  ExpectHealthy();
  EXPECT_EQ(Xref({"status"}).exit_code, 0);
  LetGo();
  EXPECT_EQ(stuck->Wait().exit_code, 0);
  ExpectHolds({{"A", "1"}});
}

TEST_F(Health, IsToldWhileACheckpointIsStuck) {
  HoldAt("checkpoint-before");
  Import(ToCsv(MakeReferences(1'000)));
  const auto asks = StartXref({"history", kPlace, "S-1"});
  AwaitHeld();
  ExpectHealthy();
  EXPECT_EQ(Xref({"add", kPlace, "A", "1"}).exit_code, 0);
  LetGo();
  EXPECT_EQ(asks->Wait().exit_code, 0);
}

TEST_F(Health, IsToldWhileAllIoThreadsAreBusy) {
  Restart();
  const PlaceId place = Place(*Connect());
  IdList ids;
  for (int i = 0; i < 60'000; ++i) ids.Add(std::to_string(i));
  const std::string check =
      FrameOf(Opcode::kCheck, 1, protocol::IdsRequest{.place = place, .ids = ids.View()});
  std::atomic<bool> over = false;
  std::vector<std::thread> busy;
  for (int i = 0; i < 4; ++i) {
    busy.emplace_back([&] {
      RawPeer peer(address());
      peer.Greet();
      constexpr int kInFlight = 8;
      for (int asked = 0; !over; ++asked) {
        peer.Send(check);
        if (asked < kInFlight) continue;
        EXPECT_TRUE(peer.Receive().has_value());
      }
    });
  }
  const uint64_t before = Fact("ids_checked");
  while (Fact("ids_checked") < before + 1'000'000) ExpectHealthy();
  over = true;
  for (std::thread& thread : busy) thread.join();
}

TEST_F(Health, IsToldUnderALoadOfChangesAndCheckpoints) {
  Restart();
  Model model;
  Load load(address(), model, 1);
  while (model.changed() < 5'000 && !HasFailure()) {
    ExpectHealthy();
    AskForCheckpoint();
  }
  CrashDaemon();
}

}  // namespace
}  // namespace xref::test
