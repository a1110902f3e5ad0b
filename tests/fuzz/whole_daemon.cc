#include "tests/fuzz/whole_daemon.h"

#include <gtest/gtest.h>
#include <spdlog/spdlog.h>

#include <chrono>
#include <limits>
#include <utility>
#include <variant>

#include "persistence/recovery.h"
#include "protocol/messages.h"

namespace xref::fuzz {

using protocol::Opcode;
using protocol::StatusCode;

namespace {

constexpr uint64_t kMapBytes = uint64_t{1} << 30;
// Only says how long a failure takes.
constexpr std::chrono::seconds kReplyTimeout{60};
constexpr uint64_t kNoLimit = std::numeric_limits<uint64_t>::max();

protocol::Bytes BytesOf(std::string_view text) {
  return {reinterpret_cast<const uint8_t*>(text.data()), text.size()};
}

absl::StatusOr<Recovered> RecoverInto(const DataFiles& files, ReferenceStore& store) {
  return Recover(*files.journal, *files.snapshots->current(), store,
                 [](const RecoveryProgress&) { return true; });
}

std::string RequestFrame(uint64_t number, Opcode opcode, std::string_view payload, Epoch epoch) {
  protocol::FrameHeader header;
  header.opcode = opcode;
  header.request_id = number;
  header.epoch = epoch;
  std::string frame;
  protocol::FrameWriter writer(frame, header);
  frame.append(payload);
  writer.Close();
  return frame;
}

}  // namespace

WholeDaemon::WholeDaemon()
    : maintenance_(files_, state_, std::chrono::hours(1), std::chrono::hours(24 * 365),
                   [] { return std::numeric_limits<Lsn>::max(); }),
      journal_room_(maintenance_, kNoLimit),
      verifications_(maintenance_, files_, state_),
      backups_(maintenance_, files_, scratch_.path()),
      queries_(store_, 1, commits_, maintenance_, files_, state_, std::chrono::hours(24 * 30)),
      service_{.store = store_,
               .commits = commits_,
               .state = state_,
               .files = files_,
               .verifications = verifications_,
               .backups = backups_,
               .queries = queries_,
               .feed = feed_,
               .follower = nullptr,
               .election = nullptr,
               .tls = nullptr,
               .started = std::chrono::steady_clock::now(),
               .data_folder = scratch_.path(),
               .memory_limit = kNoLimit,
               .token_limits = token_limits_} {
  spdlog::set_level(spdlog::level::off);
  auto folder = DataFolder::Lock(scratch_.path());
  EXPECT_TRUE(folder.ok()) << folder.status();
  folder_.emplace(*std::move(folder));
  auto files = OpenDataFiles(*folder_, kMapBytes);
  EXPECT_TRUE(files.ok()) << files.status();
  files_ = *std::move(files);
  const auto recovered = RecoverInto(files_, store_);
  EXPECT_TRUE(recovered.ok()) << recovered.status();
  maintenance_.Start();
  queries_.Start();
  committer_.emplace(commits_, *files_.journal, feed_, store_, state_, journal_room_, ChangeClock(),
                     kNoLimit, kNoLimit, std::chrono::hours(1));
  state_.set_phase(Phase::kReady);
  writer_ = std::thread([this] { committer_->Run(); });
}

WholeDaemon::~WholeDaemon() {
  TakeReplies();
  Stop();
  const StateSum sum = store_.Sum();
  ReferenceStore again(1);
  const auto recovered = RecoverInto(files_, again);
  EXPECT_TRUE(recovered.ok()) << recovered.status();
  EXPECT_EQ(DescribeDifference(again.Sum(), sum), "");
  if (recovered.ok()) {
    EXPECT_EQ(recovered->lsn, state_.lsn);
  }
}

void WholeDaemon::Stop() {
  queries_.Stop();
  commits_.Close();
  writer_.join();
  // One whose last commit failed folds nothing.
  if (!folds_) state_.set_phase(Phase::kReadOnly);
  maintenance_.Stop();
}

uint64_t WholeDaemon::Send(size_t connection, Opcode opcode, std::string_view payload,
                           Epoch epoch) {
  auto& session = connections_[connection % kConnections];
  if (!session) {
    session.emplace(service_, 0, boost::asio::ip::tcp::endpoint());
    if (opcode != Opcode::kHello) {
      std::string hello;
      protocol::Encode(protocol::HelloRequest{.client = "fuzz"}, hello);
      const uint64_t greeting = Send(connection, Opcode::kHello, hello);
      if (!session) return greeting;
    }
  }
  const uint64_t number = ++last_request_;
  {
    const std::lock_guard lock(mutex_);
    awaited_[number] = opcode;
  }
  const std::string frame = RequestFrame(number, opcode, payload, epoch);
  // Of their very size, so that whoever reads past their end is caught.
  const std::vector<uint8_t> exact(frame.begin(), frame.end());
  const auto parsed = protocol::ParseFrame(protocol::Bytes(exact), protocol::kRequestBytesMax);
  const auto* whole = std::get_if<protocol::Parsed>(&parsed);
  if (whole == nullptr) {
    ADD_FAILURE() << "what was put together cannot be taken apart";
    return number;
  }
  std::string out;
  const auto make_done = [this]() -> Session::ChangeDone {
    return [this](std::string reply) { Take(std::move(reply)); };
  };
  const auto next = session->Handle(whole->frame, out, make_done);
  EXPECT_EQ(out.empty(), next == Session::Next::kPending);
  if (!out.empty()) Take(std::move(out));
  if (next == Session::Next::kClose) session.reset();
  return number;
}

void WholeDaemon::SendGarbage(size_t connection, std::string_view bytes) {
  auto& session = connections_[connection % kConnections];
  if (!session) return;
  const std::vector<uint8_t> exact(bytes.begin(), bytes.end());
  const auto parsed = protocol::ParseFrame(protocol::Bytes(exact), protocol::kRequestBytesMax);
  const auto* malformed = std::get_if<protocol::Malformed>(&parsed);
  if (malformed == nullptr) return;
  std::string out;
  session->RefuseStream(*malformed, out);
  const auto refused = protocol::ParseFrame(BytesOf(out), protocol::kReplyBytesMax);
  const auto* reply = std::get_if<protocol::Parsed>(&refused);
  ASSERT_NE(reply, nullptr);
  EXPECT_EQ(reply->consumed, out.size());
  EXPECT_EQ(reply->frame.header.status, malformed->status);
  session.reset();
}

void WholeDaemon::Take(std::string frame) {
  const auto parsed = protocol::ParseFrame(BytesOf(frame), protocol::kReplyBytesMax);
  const auto* whole = std::get_if<protocol::Parsed>(&parsed);
  const std::lock_guard lock(mutex_);
  if (whole == nullptr || whole->consumed != frame.size()) {
    ADD_FAILURE() << "a reply is no frame, or more than one";
    return;
  }
  const protocol::FrameHeader& header = whole->frame.header;
  const auto asked = awaited_.find(header.request_id);
  if (asked == awaited_.end()) {
    ADD_FAILURE() << "a second reply, or one that nobody asked for, to " << header.request_id;
    return;
  }
  EXPECT_EQ(header.opcode, asked->second);
  EXPECT_EQ(header.flags, protocol::kFlagReply);
  EXPECT_EQ(header.epoch, state_.epoch);
  awaited_.erase(asked);
  const auto& payload = whole->frame.payload;
  replies_[header.request_id] = {
      header, std::string(reinterpret_cast<const char*>(payload.data()), payload.size())};
  changed_.notify_all();
}

std::map<uint64_t, WholeDaemon::Reply> WholeDaemon::TakeReplies() {
  ReleaseWriter();
  std::unique_lock lock(mutex_);
  if (!changed_.wait_for(lock, kReplyTimeout, [this] { return awaited_.empty(); })) {
    // Whatever owes them refers to this object, so it cannot go on.
    std::fprintf(stderr, "request %llu has no reply\n",
                 static_cast<unsigned long long>(awaited_.begin()->first));
    std::abort();
  }
  return std::exchange(replies_, {});
}

void WholeDaemon::HoldWriter() {
  if (std::exchange(holds_writer_, true)) return;
  {
    const std::lock_guard lock(mutex_);
    writer_may_go_on_ = false;
  }
  // A question to the writer, which waits with the answer.
  auto held = std::make_unique<ChangeRequest>();
  held->asked = protocol::ClaimsRequest{.claims_max = 1};
  held->done = [this](std::string) {
    std::unique_lock lock(mutex_);
    changed_.wait(lock, [this] { return writer_may_go_on_; });
  };
  EXPECT_EQ(commits_.TryPush(held), CommitQueue::Push::kTaken);
}

void WholeDaemon::ReleaseWriter() {
  holds_writer_ = false;
  const std::lock_guard lock(mutex_);
  writer_may_go_on_ = true;
  changed_.notify_all();
}

}  // namespace xref::fuzz
