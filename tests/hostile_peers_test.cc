// Peers that do not keep to the protocol, or do so to no good end. Each is told why or is let go,
// and nobody else notices.

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <fstream>
#include <random>
#include <set>

#include "tests/daemon_fixture.h"
#include "tests/raw_peer.h"

namespace xref::test {
namespace {

using protocol::Opcode;
using protocol::StatusCode;
using ::testing::HasSubstr;

// How long a peer may keep the daemon waiting where the tests wait for that to end.
const Arguments kImpatient = {"--frame-timeout-ms", "1000"};

// The fixed part of a payload about IDs, with any count, and any bytes behind it.
std::string IdsPayload(PlaceId place, uint32_t count, std::string_view rest) {
  std::string payload;
  protocol::Writer writer(payload);
  writer.U32(place);
  writer.U32(count);
  return payload.append(rest);
}
std::string AddPayload(PlaceId place, uint8_t origin, uint32_t count, std::string_view rest) {
  std::string payload;
  protocol::Writer writer(payload);
  writer.U32(place);
  writer.U8(origin);
  writer.Text8("raw peer");
  writer.U32(count);
  return payload.append(rest);
}

class HostilePeers : public ShopTest {
 protected:
  void SetUp() override {
    ShopTest::SetUp();
    Import(ToCsv(references_));
    place_ = Place(*Connect());
    lsn_ = Fact("lsn");
  }

  void ExpectUnharmed() {
    EXPECT_EQ(Xref({"check", kPlace, "-"}, SourcesToCsv(references_)).exit_code, 0) << last().err;
    ExpectHolds(references_);
    EXPECT_EQ(Fact("lsn"), lsn_);
  }
  // Sends `frame` to the greeted peer and expects it to be refused.
  protocol::Refusal Refused(RawPeer& peer, const std::string& frame) {
    EXPECT_TRUE(peer.Send(frame));
    const auto reply = peer.Receive();
    if (!reply) {
      ADD_FAILURE() << "the server closed without an answer";
      return {};
    }
    EXPECT_EQ(reply->header.request_id, kRequest);
    EXPECT_EQ(reply->header.flags, protocol::kFlagReply);
    return RefusalOf(*reply);
  }
  void ExpectStillAnswers(RawPeer& peer) {
    peer.Send(CheckFrame(77));
    const auto reply = peer.Receive();
    ASSERT_TRUE(reply.has_value());
    EXPECT_EQ(reply->header.request_id, 77U);
    EXPECT_EQ(reply->header.status, StatusCode::kOk);
  }
  // The most memory that the daemon has had so far, in bytes.
  uint64_t MemoryPeak() const {
    std::ifstream status("/proc/" + std::to_string(daemon_->pid()) + "/status");
    uint64_t kilobytes = 0;
    for (std::string word; status >> word && word != "VmHWM:";) continue;
    status >> kilobytes;
    EXPECT_GT(kilobytes, 0U);
    return kilobytes << 10;
  }
  // A CHECK of all references.
  std::string CheckFrame(uint64_t request_id) {
    const IdList ids = Sources(references_);
    return FrameOf(Opcode::kCheck, request_id,
                   protocol::IdsRequest{.place = place_, .ids = ids.View()});
  }
  // A LOOKUP whose reply is some two hundred times as long.
  std::string LargeLookup() {
    Xref({"add", kPlace, "L", std::string(255, 'l')});
    ++lsn_;
    references_.emplace_back("L", std::string(255, 'l'));
    IdList ids;
    for (int i = 0; i < 10'000; ++i) ids.Add("L");
    return FrameOf(Opcode::kLookup, kRequest,
                   protocol::IdsRequest{.place = place_, .ids = ids.View()});
  }

  static constexpr uint64_t kRequest = 4711;
  References references_ = MakeReferences(100);
  PlaceId place_ = 0;
  uint64_t lsn_ = 0;
};

// ---- No protocol at all ----

TEST_F(HostilePeers, GarbageIsRefusedAndTheConnectionClosed) {
  std::mt19937 random(1);
  for (int i = 0; i < 100; ++i) {
    std::string garbage(1 + random() % 300, '\0');
    for (char& byte : garbage) byte = static_cast<char>(random());
    RawPeer peer(address());
    peer.Send(garbage);
    peer.FinishSending();
    EXPECT_TRUE(peer.AwaitClose());
  }
  ExpectUnharmed();
}

TEST_F(HostilePeers, GarbageBehindAGoodHelloIsRefused) {
  RawPeer peer(address());
  peer.Greet();
  peer.Send("garbage that is longer than the header of a frame");
  const auto reply = peer.Receive();
  ASSERT_TRUE(reply.has_value());
  EXPECT_EQ(reply->header.status, StatusCode::kBadRequest);
  EXPECT_TRUE(peer.AwaitClose());
  ExpectUnharmed();
}

TEST_F(HostilePeers, AnHttpRequestIsToldThatThisIsNotHttp) {
  RawPeer peer(address());
  peer.Send("GET / HTTP/1.1\r\nHost: localhost\r\n\r\n");
  const auto reply = peer.Receive();
  ASSERT_TRUE(reply.has_value());
  EXPECT_EQ(reply->header.status, StatusCode::kBadRequest);
  EXPECT_THAT(RefusalOf(*reply).message, HasSubstr("HTTP has a port of its own"));
  EXPECT_TRUE(peer.AwaitClose());
  ExpectUnharmed();
}

TEST_F(HostilePeers, AFrameOf4GiBIsRefusedByItsHeader) {
  RawPeer peer(address());
  peer.Greet();
  std::string header = FrameWith(Opcode::kCheck, kRequest, {});
  header.replace(0, 4, "\xFF\xFF\xFF\xFF");
  const protocol::Refusal refusal = Refused(peer, header);
  EXPECT_EQ(refusal.status, StatusCode::kTooLarge);
  EXPECT_THAT(refusal.message, HasSubstr("4294967295 bytes"));
  EXPECT_TRUE(peer.AwaitClose());
  ExpectUnharmed();
}

TEST_F(HostilePeers, AFrameOf4GiBAsTheFirstIsRefusedToo) {
  RawPeer peer(address());
  std::string header = FrameWith(Opcode::kHello, kRequest, {});
  header.replace(0, 4, "\xFF\xFF\xFF\xFF");
  EXPECT_EQ(Refused(peer, header).status, StatusCode::kTooLarge);
  EXPECT_TRUE(peer.AwaitClose());
  ExpectUnharmed();
}

// ---- Peers that keep the daemon waiting ----

TEST_F(HostilePeers, HalfAFrameAndThenNothingIsLetGo) {
  CrashAndRestartDaemon(kImpatient);
  for (const size_t size : {size_t{1}, protocol::kHeaderBytes - 1, protocol::kHeaderBytes + 3}) {
    RawPeer peer(address());
    peer.Greet();
    peer.Send(CheckFrame(kRequest).substr(0, size));
    EXPECT_TRUE(peer.AwaitClose()) << size;
  }
  ExpectUnharmed();
}

TEST_F(HostilePeers, NoHelloIsLetGo) {
  CrashAndRestartDaemon(kImpatient);
  RawPeer silent(address());
  RawPeer half(address());
  half.Send(HelloFrame().substr(0, 10));
  EXPECT_TRUE(silent.AwaitClose());
  EXPECT_TRUE(half.AwaitClose());
  ExpectUnharmed();
}

TEST_F(HostilePeers, AnIdlePeerThatHasSaidHelloMayStay) {
  CrashAndRestartDaemon(kImpatient);
  RawPeer idle(address());
  idle.Greet();
  RawPeer silent(address());
  EXPECT_TRUE(silent.AwaitClose());
  ExpectStillAnswers(idle);
}

TEST_F(HostilePeers, HalfAFrameAndThenTheEndIsLetGo) {
  RawPeer peer(address());
  peer.Greet();
  peer.Send(CheckFrame(kRequest).substr(0, 100));
  peer.FinishSending();
  EXPECT_TRUE(peer.AwaitClose());
  ExpectUnharmed();
}

TEST_F(HostilePeers, AFrameByteByByteIsUnderstood) {
  RawPeer peer(address());
  peer.Greet();
  for (const char byte : CheckFrame(77)) peer.Send({&byte, 1});
  ASSERT_EQ(peer.Receive()->header.request_id, 77U);
}

// ---- The order of things ----

TEST_F(HostilePeers, AFirstRequestThatIsNotHelloIsRefused) {
  for (const Opcode opcode : {Opcode::kCheck, Opcode::kStatus, Opcode::kAdd}) {
    RawPeer peer(address());
    const protocol::Refusal refusal = Refused(peer, FrameWith(opcode, kRequest, {}));
    EXPECT_EQ(refusal.status, StatusCode::kBadRequest);
    EXPECT_THAT(refusal.message, HasSubstr("the first request must be HELLO"));
    EXPECT_TRUE(peer.AwaitClose());
  }
  ExpectUnharmed();
}

TEST_F(HostilePeers, AHelloOfAnotherVersionIsRefusedWithOurs) {
  RawPeer peer(address());
  const protocol::Refusal refusal =
      Refused(peer, FrameOf(Opcode::kHello, kRequest,
                            protocol::HelloRequest{
                                .version_min = 2, .version_max = 9, .client = {}, .token = {}}));
  EXPECT_THAT(refusal.message, HasSubstr("speaks version 1 of the protocol, the client 2 to 9"));
  EXPECT_TRUE(peer.AwaitClose());
}

TEST_F(HostilePeers, ASecondHelloIsRefusedAndTheConnectionGoesOn) {
  RawPeer peer(address());
  peer.Greet();
  peer.Send(HelloFrame());
  EXPECT_EQ(peer.Receive()->header.status, StatusCode::kBadRequest);
  ExpectStillAnswers(peer);
}

TEST_F(HostilePeers, AnUnknownOpcodeIsRefusedByNumberAndTheConnectionGoesOn) {
  RawPeer peer(address());
  peer.Greet();
  const auto refusal = Refused(peer, FrameWith(static_cast<Opcode>(0x7F), kRequest, "payload"));
  EXPECT_EQ(refusal.status, StatusCode::kBadRequest);
  EXPECT_THAT(refusal.message, HasSubstr("unknown opcode 0x7f"));
  ExpectStillAnswers(peer);
  ExpectUnharmed();
}

// ---- Batches that are none ----

TEST_F(HostilePeers, ABatchOf65537IdsIsRefusedWhole) {
  RawPeer peer(address());
  peer.Greet();
  const uint32_t count = kBatchIdsMax + 1;
  const std::string ids = std::string(count, '\1') + std::string(count, 'n');
  for (const std::string& frame :
       {FrameWith(Opcode::kCheck, kRequest, IdsPayload(place_, count, ids)),
        FrameWith(Opcode::kLookup, kRequest, IdsPayload(place_, count, ids)),
        FrameWith(Opcode::kAdd, kRequest, AddPayload(place_, 0, count, ids + ids))}) {
    const protocol::Refusal refusal = Refused(peer, frame);
    EXPECT_EQ(refusal.status, StatusCode::kTooLarge);
    EXPECT_THAT(refusal.message, HasSubstr("65537 items is over the limit of 65536"));
  }
  ExpectStillAnswers(peer);
  ExpectUnharmed();
}

TEST_F(HostilePeers, ABatchOf65536IdsIsAnswered) {
  RawPeer peer(address());
  peer.Greet();
  const std::string ids = std::string(kBatchIdsMax, '\1') + std::string(kBatchIdsMax, 'n');
  peer.Send(FrameWith(Opcode::kCheck, kRequest, IdsPayload(place_, kBatchIdsMax, ids)));
  const auto reply = peer.Receive();
  ASSERT_TRUE(reply.has_value());
  EXPECT_EQ(reply->header.status, StatusCode::kOk);
  EXPECT_EQ(reply->payload.size(), 4 + kBatchIdsMax / 8);
}

TEST_F(HostilePeers, ACountThatLiesIsRefused) {
  RawPeer peer(address());
  peer.Greet();
  const std::string three("\1\1\1NNN", 6);
  for (const uint32_t count : {0U, 1U, 2U, 4U, 10U, 65'536U, 0xFFFFFFFFU}) {
    for (const std::string& frame :
         {FrameWith(Opcode::kCheck, kRequest, IdsPayload(place_, count, three)),
          FrameWith(Opcode::kLookup, kRequest, IdsPayload(place_, count, three)),
          FrameWith(Opcode::kAdd, kRequest, AddPayload(place_, 0, count, three + three))}) {
      const StatusCode status = Refused(peer, frame).status;
      EXPECT_TRUE(status == StatusCode::kBadRequest || status == StatusCode::kTooLarge) << count;
    }
  }
  ExpectStillAnswers(peer);
  ExpectUnharmed();
}

TEST_F(HostilePeers, LengthsThatLieAreRefused) {
  RawPeer peer(address());
  peer.Greet();
  for (const std::string& ids : {std::string("\xFF\xFF\xFFNNN", 6), std::string("\1\1\2NNN", 6),
                                 std::string("\0\1\1NNN", 6), std::string("\1\1\1NN", 5)}) {
    const auto refusal =
        Refused(peer, FrameWith(Opcode::kCheck, kRequest, IdsPayload(place_, 3, ids)));
    EXPECT_EQ(refusal.status, StatusCode::kBadRequest);
  }
  ExpectStillAnswers(peer);
}

TEST_F(HostilePeers, OneBadIdRefusesTheBatchByItsIndex) {
  RawPeer peer(address());
  peer.Greet();
  const std::string ids("\1\1\0NN", 5);
  auto refusal = Refused(peer, FrameWith(Opcode::kCheck, kRequest, IdsPayload(place_, 3, ids)));
  EXPECT_EQ(refusal.status, StatusCode::kBadRequest);
  EXPECT_EQ(refusal.item, 2U);
  const std::string sources_and_targets("\1\1\1\1\1\1NOPtu\x01", 12);
  refusal = Refused(
      peer, FrameWith(Opcode::kAdd, kRequest, AddPayload(place_, 0, 3, sources_and_targets)));
  EXPECT_EQ(refusal.item, 2U);
  EXPECT_THAT(refusal.message, HasSubstr("item 2: the target ID holds a control character"));
  ExpectUnharmed();
}

TEST_F(HostilePeers, APlaceThatWasNeverResolvedIsRefused) {
  RawPeer peer(address());
  peer.Greet();
  const std::string one("\1N", 2);
  for (const PlaceId place : {PlaceId{999}, PlaceId{0xFFFFFFFF}}) {
    for (const std::string& frame :
         {FrameWith(Opcode::kCheck, kRequest, IdsPayload(place, 1, one)),
          FrameWith(Opcode::kLookup, kRequest, IdsPayload(place, 1, one)),
          FrameWith(Opcode::kAdd, kRequest, AddPayload(place, 0, 1, "\1\1NT"))}) {
      EXPECT_EQ(Refused(peer, frame).status, StatusCode::kUnknownPlace);
    }
  }
  ExpectStillAnswers(peer);
  ExpectUnharmed();
}

TEST_F(HostilePeers, AnUnknownOriginIsRefused) {
  RawPeer peer(address());
  peer.Greet();
  const auto refusal =
      Refused(peer, FrameWith(Opcode::kAdd, kRequest, AddPayload(place_, 9, 1, "\1\1NT")));
  EXPECT_EQ(refusal.status, StatusCode::kBadRequest);
  ExpectUnharmed();
}

TEST_F(HostilePeers, EmptyAndShortPayloadsAreRefused) {
  RawPeer peer(address());
  peer.Greet();
  for (const Opcode opcode : {Opcode::kResolve, Opcode::kIntegrationCreate, Opcode::kBackup,
                              Opcode::kCheck, Opcode::kLookup, Opcode::kAdd}) {
    for (const char* payload : {"", "\1", "\1\1\1\1\1\1\1"}) {
      EXPECT_EQ(Refused(peer, FrameWith(opcode, kRequest, payload)).status,
                StatusCode::kBadRequest);
    }
  }
  ExpectStillAnswers(peer);
  ExpectUnharmed();
}

// ---- Replies that nobody takes ----

TEST_F(HostilePeers, LeavingInTheMiddleOfAReplyHarmsNobody) {
  const std::string lookup = LargeLookup();
  for (int i = 0; i < 20; ++i) {
    RawPeer peer(address(), 4096);
    peer.Greet();
    for (int k = 0; k < 4; ++k) peer.Send(lookup);
    EXPECT_TRUE(peer.Receive().has_value());
    peer.Reset();
  }
  ExpectUnharmed();
}

TEST_F(HostilePeers, LeavingBeforeAnyReplyHarmsNobody) {
  for (int i = 0; i < 50; ++i) {
    RawPeer peer(address());
    peer.Send(HelloFrame() + CheckFrame(1) + CheckFrame(2));
    peer.Reset();
  }
  ExpectUnharmed();
}

TEST_F(HostilePeers, APeerThatReadsNothingIsReadFromNoMoreUntilItDoes) {
  const std::string lookup = LargeLookup();
  RawPeer peer(address(), 4096);
  peer.Greet();
  constexpr size_t kMost = 64 << 20;
  const size_t taken = peer.SendUntilStalled(lookup, kMost);
  EXPECT_LT(taken, kMost);
  ExpectUnharmed();
  for (int i = 0; i < 10; ++i) {
    const auto reply = peer.Receive();
    ASSERT_TRUE(reply.has_value()) << i;
    ASSERT_EQ(reply->payload.size(), 4 + 10'000 * 256U) << i;
  }
}

TEST_F(HostilePeers, APeerThatReadsOnAndOnButSlowlyCostsABoundedBuffer) {
#ifdef XREF_TEST_SANITIZED
  GTEST_SKIP() << "a sanitizer keeps what was freed";
#endif
  const std::string lookup = LargeLookup();
  const uint64_t before = MemoryPeak();
  RawPeer peer(address(), 4096);
  peer.Greet();
  constexpr int kReplies = 100;  // of 2.5 MB
  std::thread sender([&] {
    for (int i = 0; i < kReplies; ++i) peer.Send(lookup);
  });
  for (int i = 0; i < kReplies; ++i) EXPECT_TRUE(peer.Receive().has_value());
  sender.join();
  EXPECT_LT(MemoryPeak() - before, uint64_t{32} << 20);
}

TEST_F(HostilePeers, AChangeWhoseAskerLeftIsDoneWholeOrNotAtAll) {
  const References more = MakeReferences(1000, "new-");
  const IdList sources = Sources(more);
  const IdList targets = Targets(more);
  RawPeer peer(address());
  peer.Greet();
  peer.Send(FrameOf(Opcode::kAdd, kRequest,
                    protocol::MutationRequest{.place = place_,
                                              .origin = Origin::kSync,
                                              .actor = {},
                                              .sources = sources.View(),
                                              .targets = targets.View()}));
  peer.Reset();
  // Whoever comes now is behind it in the queue, if it is there at all.
  Xref({"add", kPlace, "Z", "26"});
  references_.emplace_back("Z", "26");
  if (ReferencesHeld() > references_.size()) {
    references_.insert(references_.end(), more.begin(), more.end());
  }
  ExpectHolds(references_);
  CrashAndRestartDaemon();
  ExpectHolds(references_);
}

// ---- Many at once ----

TEST_F(HostilePeers, PipelinedRequestsAreEachAnsweredOnceByTheirIds) {
  RawPeer peer(address());
  const std::string ids("\2NN", 3);
  std::string frames = HelloFrame();
  std::set<uint64_t> asked{1};
  for (uint64_t id = 1000; id < 4000; ++id) {
    frames += id % 3 == 0   ? CheckFrame(id)
              : id % 3 == 1 ? FrameWith(Opcode::kLookup, id, IdsPayload(place_, 1, ids))
                            : FrameWith(Opcode::kAdd, id, AddPayload(place_, 0, 1, "\3\1S-0T"));
    asked.insert(id);
  }
  std::thread sender([&] {
    peer.Send(frames);
    peer.FinishSending();
  });
  while (!asked.empty()) {
    const auto reply = peer.Receive();
    if (!reply) break;
    EXPECT_EQ(asked.erase(reply->header.request_id), 1U) << reply->header.request_id;
    EXPECT_EQ(reply->header.status, StatusCode::kOk);
  }
  sender.join();
  EXPECT_TRUE(asked.empty()) << asked.size() << " requests have no answer";
  EXPECT_TRUE(peer.AwaitClose());
  ExpectUnharmed();
}

TEST_F(HostilePeers, QuestionsOfOneConnectionAreAnsweredInTheirOrder) {
  RawPeer peer(address());
  peer.Greet();
  std::string frames;
  for (uint64_t id = 0; id < 1000; ++id) frames += CheckFrame(id);
  std::thread sender([&] { peer.Send(frames); });
  for (uint64_t id = 0; id < 1000; ++id) EXPECT_EQ(peer.Receive()->header.request_id, id);
  sender.join();
}

TEST_F(HostilePeers, ConnectionsOverTheLimitAreClosedAtOnce) {
  CrashAndRestartDaemon({"--connections-max", "2"});
  RawPeer first(address());
  RawPeer second(address());
  first.Greet();
  second.Greet();
  RawPeer third(address());
  EXPECT_TRUE(third.AwaitClose());
  ExpectStillAnswers(first);
  ExpectStillAnswers(second);
}

}  // namespace
}  // namespace xref::test
