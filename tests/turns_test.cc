// Connections of one thread take turns.

#include <gtest/gtest.h>
#include <sys/wait.h>

#include <csignal>
#include <cstdint>
#include <string>

#include "protocol/messages.h"
#include "tests/daemon_fixture.h"
#include "tests/raw_peer.h"

namespace xref::test {
namespace {

using protocol::Opcode;

class Turns : public ShopTest {
 protected:
  // Returns once no thread of the daemon runs any more.
  void HaltDaemon() {
    daemon_->Signal(SIGSTOP);
    siginfo_t info;
    ASSERT_EQ(waitid(P_PID, static_cast<id_t>(daemon_->pid()), &info, WSTOPPED | WNOWAIT), 0);
  }

  // A CHECK of so many IDs of ten bytes.
  std::string CheckFrame(uint32_t count) {
    IdList ids;
    for (uint32_t i = 0; i < count; ++i) ids.Add(std::to_string(1'000'000'000 + i));
    return FrameOf(Opcode::kCheck, 1, protocol::IdsRequest{.place = place_, .ids = ids.View()});
  }

  // How many IDs had been checked when a STATUS was answered.
  static uint64_t IdsChecked(RawPeer& peer) {
    const auto reply = peer.Receive();
    protocol::StatusReply status;
    if (!reply ||
        protocol::Decode(protocol::Bytes(reinterpret_cast<const uint8_t*>(reply->payload.data()),
                                         reply->payload.size()),
                         status)) {
      ADD_FAILURE() << "no status";
      return 0;
    }
    return std::stoull(status.Fact("ids_checked"));
  }

  const std::string status_ = FrameWith(Opcode::kStatus, 2, {});
  PlaceId place_ = 0;
};

TEST_F(Turns, WhoHasMuchToAskLetsOthersInBetween) {
  place_ = Place(*Connect());
  // The daemon deals connections out to its two threads in turn.
  RawPeer eager(address());
  eager.Greet();
  RawPeer elsewhere(address());
  elsewhere.Greet();
  RawPeer beside(address());
  beside.Greet();
  // So that all buffers on the way hold much.
  for (int i = 0; i < 10; ++i) {
    eager.Send(CheckFrame(50'000));
    ASSERT_TRUE(eager.Receive().has_value());
  }
  beside.Send(status_);
  const uint64_t before = IdsChecked(beside);

  constexpr uint32_t kBatch = 100;
  constexpr int kRequests = 200;
  constexpr uint64_t kTurnBytes = 64 << 10;  // as daemon/limits.h has it
  const std::string frame = CheckFrame(kBatch);
  std::string all;
  for (int i = 0; i < kRequests; ++i) all += frame;
  HaltDaemon();
  const size_t taken = eager.SendUntilStalled(all, all.size());
  beside.Send(status_);
  daemon_->Signal(SIGCONT);
  eager.Send(all.substr(taken));
  EXPECT_LE(IdsChecked(beside) - before, (kTurnBytes / frame.size() + 1) * kBatch);
  for (int i = 0; i < kRequests; ++i) ASSERT_TRUE(eager.Receive().has_value());
}

}  // namespace
}  // namespace xref::test
