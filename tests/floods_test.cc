// Floods of connections and of bytes, while established clients work.

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <algorithm>
#include <memory>
#include <sstream>
#include <thread>
#include <vector>

#include "tests/attacks_fixture.h"

namespace xref::test {
namespace {

using bench::Crowd;
using protocol::Opcode;
using protocol::StatusCode;
using ::testing::HasSubstr;

constexpr size_t kFlood = 5'000;

class Floods : public AttacksTest {
 protected:
  void SetUp() override {
    if (!Crowd::AllowDescriptors(kFlood + 500)) {
      GTEST_SKIP() << "this process may not have so many descriptors";
    }
    AttacksTest::SetUp();
  }

  // A LOOKUP whose reply has 2.5 MB.
  std::string LargeLookup() {
    const std::string target(255, 'l');
    const IdList source = Sources({{"large", target}});
    const IdList targets = Targets({{"large", target}});
    const auto added = established_->Mutate({.place = PlaceOfOther(),
                                             .origin = Origin::kSync,
                                             .actor = {},
                                             .sources = source.View(),
                                             .targets = targets.View()});
    EXPECT_TRUE(added.ok()) << added.status();
    ++others_;
    IdList ids;
    for (int i = 0; i < 10'000; ++i) ids.Add("large");
    return FrameOf(Opcode::kLookup, 1,
                   protocol::IdsRequest{.place = PlaceOfOther(), .ids = ids.View()});
  }
  // Where the load does nothing.
  PlaceId PlaceOfOther() { return Place(*established_, "stock"); }
};

TEST_F(Floods, OfDrippingConnectionsShutOutNobody) {
  StartUnderLoad({"--frame-timeout-ms", "3000"});
  Crowd crowd(address(), kElsewhere);
  const size_t opened = crowd.Open(kFlood);
  // The kernel has no more room than for some of those that come while the daemon is busy.
  EXPECT_GE(opened, kFlood * 99 / 100);
  AwaitFact("refused_connections_per_address", opened - 1'024);
  crowd.Send("x");
  ExpectNewcomerIsAnswered();
  ExpectProgress();
  // None of them gets more time by another byte.
  crowd.Send("x");
  AwaitAllClosed(crowd);
  EXPECT_GE(EstablishedFact("refused_frame_timeout_ms"), 1'000U);
  ExpectProgress();
  ExpectNothingLost();
}

TEST_F(Floods, OfConnectsAreTurnedAwayWithFewWords) {
  StartUnderLoad({});
  for (int i = 0; i < 200; ++i) {
    Crowd crowd(address(), kElsewhere);
    crowd.Open(100);
  }
  AwaitFact("refused_newcomers_per_address_per_second", 10'000);
  ExpectNewcomerIsAnswered();
  ExpectProgress();
  daemon_->AwaitErrorLine("newcomers were closed at once");
  ExpectNothingLost();
}

TEST_F(Floods, OfConnectsFillNoLog) {
  CrashAndRestartDaemon();
  for (int i = 0; i < 200; ++i) {
    Crowd crowd(address(), kElsewhere);
    crowd.Open(100);
    crowd.Send("GET / HTTP/1.1\r\nHost: x\r\n\r\n and so on");
    crowd.CountOpen();
  }
  ExpectNewcomerIsAnswered();
  const std::string log = StopDaemon().err;
  EXPECT_LT(std::count(log.begin(), log.end(), '\n'), 1'000);
}

TEST_F(Floods, OfIdleConnectionsLeaveRoomForOthers) {
  StartUnderLoad({"--connections-per-address", "100", "--idle-timeout-s", "1"});
  Crowd crowd(address(), kElsewhere);
  crowd.Open(300);
  crowd.Send(HelloFrame());
  AwaitFact("refused_connections_per_address", 200);
  ExpectNewcomerIsAnswered();
  AwaitAllClosed(crowd);
  // On a new connection: the established one was idle as well.
  EXPECT_GE(Fact("refused_idle_timeout_ms"), 90U);
  ExpectProgress();
  ExpectNothingLost();
}

TEST_F(Floods, OfPeersThatNeverReadTakeBoundedMemory) {
#ifdef XREF_TEST_SANITIZED
  GTEST_SKIP() << "a sanitizer keeps what was freed";
#endif
  StartUnderLoad({"--buffer-limit", "32MiB"});
  const std::string lookup = LargeLookup();
  const uint64_t before = MemoryPeak();
  constexpr size_t kDeaf = 300;  // whose replies would take 3 GB
  Crowd crowd(address(), kElsewhere);
  ASSERT_EQ(crowd.Open(kDeaf), kDeaf);
  crowd.Send(HelloFrame());
  for (int i = 0; i < 4; ++i) crowd.Send(lookup);
  AwaitFact("refused_buffer_bytes", 1);
  ExpectProgress();
  ExpectNewcomerIsAnswered();
  AwaitFact("refused_buffer_bytes", 100);
  // The limit, what each connection has for itself, and what the load adds meanwhile.
  EXPECT_LT(MemoryPeak() - before, (uint64_t{32} << 20) + kDeaf * (640 << 10) + (64 << 20));
  crowd.Leave();
  ExpectProgress();
  ExpectNothingLost();
}

TEST_F(Floods, OfHalfFramesTakeBoundedMemory) {
#ifdef XREF_TEST_SANITIZED
  GTEST_SKIP() << "a sanitizer keeps what was freed";
#endif
  StartUnderLoad({"--buffer-limit", "32MiB"});
  const uint64_t before = MemoryPeak();
  std::string half = FrameWith(Opcode::kCheck, 1, std::string(protocol::kRequestBytesMax, 'x'));
  half.pop_back();
  constexpr int kPeers = 100;  // which send 400 MiB
  std::vector<std::unique_ptr<RawPeer>> peers;
  for (int i = 0; i < kPeers; ++i) {
    peers.push_back(std::make_unique<RawPeer>(address()));
    peers.back()->Greet();
    peers.back()->SendUntilStalled(half, half.size());
  }
  AwaitFact("refused_buffer_bytes", 10);
  ExpectProgress();
  ExpectNewcomerIsAnswered();
  EXPECT_LT(MemoryPeak() - before, (uint64_t{32} << 20) + kPeers * (640 << 10) + (64 << 20));
  ExpectNothingLost();
}

TEST_F(Floods, OfLengthsAndCountsThatLieCostNothing) {
#ifdef XREF_TEST_SANITIZED
  GTEST_SKIP() << "a sanitizer keeps what was freed";
#endif
  StartUnderLoad({});
  const uint64_t before = MemoryPeak();
  std::string header = FrameWith(Opcode::kCheck, 1, {});
  std::string announced = header;
  announced.replace(0, 4, std::string("\x00\x00\x40\x00", 4));  // 4 MiB
  std::string lying;
  protocol::Writer(lying).U32(PlaceOfOther());
  protocol::Writer(lying).U32(65'536);
  Crowd crowd(address(), kElsewhere);
  ASSERT_EQ(crowd.Open(1'000), 1'000U);
  crowd.Send(HelloFrame());
  crowd.Send(FrameWith(Opcode::kCheck, 2, lying) + FrameWith(Opcode::kLookup, 3, lying));
  crowd.Send(announced);
  ExpectProgress();
  ExpectNewcomerIsAnswered();
  EXPECT_LT(MemoryPeak() - before, uint64_t{192} << 20);
  EXPECT_EQ(EstablishedFact("buffer_bytes"), 0U);
  ExpectNothingLost();
}

}  // namespace
}  // namespace xref::test
