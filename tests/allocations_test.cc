// What a question costs of the heap, once buffers have the size that they need: nothing.

#include <gtest/gtest.h>

#include <cstdint>
#include <cstdlib>
#include <fstream>
#include <memory>
#include <string>
#include <vector>

#include "protocol/messages.h"
#include "tests/daemon_fixture.h"
#include "tests/raw_peer.h"

#ifndef XREF_TEST_ALLOCATIONS
#define XREF_TEST_ALLOCATIONS ""  // built with sanitizers
#endif

namespace xref::test {
namespace {

using protocol::Opcode;

class Allocations : public DaemonTest {
 protected:
  void SetUp() override {
    if (std::string_view(XREF_TEST_ALLOCATIONS).empty()) {
      GTEST_SKIP() << "nothing can be preloaded into a program with sanitizers";
    }
    counter_ = WriteFile("allocations", std::string(sizeof(uint64_t), '\0'));
    setenv("XREF_ALLOCATIONS", counter_.c_str(), 1);
    setenv("LD_PRELOAD", XREF_TEST_ALLOCATIONS, 1);
    // A checkpoint would allocate, on its own thread.
    StartDaemon({"--checkpoint-seconds", "86400"});
    unsetenv("LD_PRELOAD");
    CreateShop();
    Import(ToCsv(references_));
    place_ = Place(*Connect());
    for (int i = 0; i < kPeers; ++i) {
      peers_.push_back(std::make_unique<RawPeer>(address()));
      peers_.back()->Greet();
    }
  }

  // Allocations of the daemon so far, those of all its threads.
  uint64_t Count() const {
    uint64_t count = 0;
    std::ifstream(counter_, std::ios::binary).read(reinterpret_cast<char*>(&count), sizeof count);
    EXPECT_GT(count, 0U) << "the daemon's allocations are not counted";
    return count;
  }

  // A request, and the payload of the reply that is right.
  struct Asked {
    std::string frame;
    std::string reply;
  };
  // About `count` IDs, of which every second is linked.
  Asked MakeAsked(Opcode opcode, uint32_t count) const {
    IdList ids;
    std::string bitmap((count + 7) / 8, '\0');
    std::string lengths;
    std::string targets;
    for (uint32_t i = 0; i < count; ++i) {
      const bool hit = i % 2 == 0;
      const auto& [source, target] = references_[i % references_.size()];
      ids.Add(hit ? source : "unknown-" + source);
      if (hit) bitmap[i / 8] = static_cast<char>(bitmap[i / 8] | 1 << (i % 8));
      lengths += static_cast<char>(hit ? target.size() : 0);
      if (hit) targets += target;
    }
    std::string reply;
    protocol::Writer(reply).U32(count);
    reply += opcode == Opcode::kCheck ? bitmap : lengths + targets;
    return {FrameOf(opcode, count, protocol::IdsRequest{.place = place_, .ids = ids.View()}),
            reply};
  }

  // Asks on all connections, one behind the other on each, then takes all answers.
  void Ask(const std::vector<Asked>& questions) {
    for (const auto& peer : peers_) {
      for (const Asked& asked : questions) ASSERT_TRUE(peer->Send(asked.frame));
    }
    for (const auto& peer : peers_) {
      for (const Asked& asked : questions) {
        const auto reply = peer->Receive();
        ASSERT_TRUE(reply.has_value());
        ASSERT_EQ(reply->header.status, protocol::StatusCode::kOk);
        ASSERT_TRUE(reply->payload == asked.reply);
      }
    }
  }
  void Ask(Opcode opcode) {
    const Asked one = MakeAsked(opcode, 1);
    const Asked hundred = MakeAsked(opcode, 100);
    const Asked thousand = MakeAsked(opcode, 1'000);
    for (int i = 0; i < kTimes; ++i) {
      Ask({one});
      Ask({one, one, hundred, hundred, thousand, thousand, thousand, thousand});
    }
  }

  // Whatever the buffers of a connection may hold while it asks as above, they have held since.
  void WarmUp() {
    Ask({MakeAsked(Opcode::kLookup, kLargest)});
    for (const Opcode opcode : {Opcode::kCheck, Opcode::kLookup}) Ask(opcode);
  }

  static constexpr int kPeers = 3;
  static constexpr int kTimes = 300;
  static constexpr uint32_t kLargest = 20'000;
  const References references_ = MakeReferences(2'000, "gid://shop/Order/");
  std::string counter_;
  PlaceId place_ = 0;
  std::vector<std::unique_ptr<RawPeer>> peers_;
};

TEST_F(Allocations, OfAWarmDaemonThatChecksThereAreNone) {
  WarmUp();
  const uint64_t before = Count();
  Ask(Opcode::kCheck);
  EXPECT_EQ(Count() - before, 0U);
}

TEST_F(Allocations, OfAWarmDaemonThatLooksUpThereAreNone) {
  WarmUp();
  const uint64_t before = Count();
  Ask(Opcode::kLookup);
  EXPECT_EQ(Count() - before, 0U);
}

}  // namespace
}  // namespace xref::test
