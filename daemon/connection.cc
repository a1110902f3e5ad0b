#include "daemon/connection.h"

#include <fmt/format.h>
#include <spdlog/spdlog.h>

#include <algorithm>
#include <boost/asio/as_tuple.hpp>
#include <boost/asio/co_spawn.hpp>
#include <boost/asio/detached.hpp>
#include <boost/asio/post.hpp>
#include <boost/asio/use_awaitable.hpp>
#include <cstring>
#include <tuple>
#include <utility>

#include "daemon/limits.h"

namespace xref {

namespace asio = boost::asio;
using asio::ip::tcp;
using protocol::Malformed;
using protocol::NeedMore;
using protocol::Parsed;

namespace {

constexpr auto kTuple = asio::as_tuple(asio::use_awaitable);

std::string NameOf(const tcp::socket& socket) {
  boost::system::error_code error;
  const tcp::endpoint peer = socket.remote_endpoint(error);
  return error ? "?" : fmt::format("{}:{}", peer.address().to_string(), peer.port());
}

}  // namespace

Connection::Connection(tcp::socket socket, Service& service, IoThread& thread, size_t io_thread)
    : socket_(std::move(socket)),
      progress_(socket_.get_executor()),
      thread_(thread),
      peer_(NameOf(socket_)),
      session_(service, io_thread, peer_),
      leadership_(service.state.leadership),
      counters_(service.state.io[io_thread]),
      frame_due_since_(Clock::now()) {}

void Connection::Start() {
  boost::system::error_code error;
  socket_.set_option(tcp::no_delay(true), error);
  if (!error) socket_.non_blocking(true, error);
  if (error) return;
  thread_.Enter(shared_from_this());
  asio::co_spawn(
      socket_.get_executor(),
      [self = shared_from_this()]() -> asio::awaitable<void> {
        co_await self->Run();
        self->thread_.Leave(self);
      },
      asio::detached);
}

asio::awaitable<void> Connection::Run() {
  while (!input_over_ && !broken_) {
    const std::optional<size_t> needed = HandleInput();
    Flush();
    if (input_over_ || broken_) break;
    if (Congested()) {
      co_await WaitForProgress();
      frame_due_since_.reset();  // it was not the peer that was waited for
    } else if (needed) {
      MakeRoom(*needed);
      const auto [error, size] = co_await Read(input_.size() - input_end_);
      if (error) input_over_ = true;  // also when Drain or Abandon cancelled the read
      input_end_ += size;
    } else {
      // The turn is over. A read of nothing comes back once the thread has looked for what came
      // meanwhile, and is then ahead of it; another one is behind it.
      co_await Read(0);
      co_await Read(0);
    }
  }
  while (!broken_ && !Idle()) co_await WaitForProgress();
  if (refused_ && !broken_ && !draining_) co_await AwaitPeerLeaving();
  boost::system::error_code ignored;
  socket_.shutdown(tcp::socket::shutdown_both, ignored);
  socket_.close(ignored);
}

// Closing a socket that holds unread bytes resets the connection, and the peer may lose the refusal
// that tells it why: so what it still sends is read and thrown away until it has closed its side.
asio::awaitable<void> Connection::AwaitPeerLeaving() {
  boost::system::error_code error;
  socket_.shutdown(tcp::socket::shutdown_send, error);
  frame_due_since_ = Clock::now();
  input_.resize(kReadBytesMin);
  while (!error && !broken_) {
    std::tie(error, std::ignore) = co_await socket_.async_read_some(asio::buffer(input_), kTuple);
  }
}

asio::awaitable<std::tuple<boost::system::error_code, size_t>> Connection::Read(size_t most) {
  return socket_.async_read_some(asio::buffer(input_.data() + input_end_, most), kTuple);
}

std::optional<size_t> Connection::HandleInput() {
  const size_t turn_begin = input_begin_;
  while (!input_over_ && !Congested() && input_begin_ - turn_begin < kTurnBytesMax) {
    const protocol::Bytes stream(input_.data() + input_begin_, input_end_ - input_begin_);
    const auto result = protocol::ParseFrame(stream, protocol::kRequestBytesMax);
    if (const auto* parsed = std::get_if<Parsed>(&result)) {
      // Of many small requests the clock would be looked at for longer than they take.
      const bool is_timed =
          input_begin_ == turn_begin && Session::IsQuestion(parsed->frame.header.opcode);
      const auto begun = is_timed ? Clock::now() : Clock::time_point();
      HandleFrame(parsed->frame);
      if (is_timed) counters_.questions.Count(Clock::now() - begun);
      input_begin_ += parsed->consumed;
      frame_due_since_.reset();
    } else if (const auto* more = std::get_if<NeedMore>(&result)) {
      const bool due = !stream.empty() || !session_.greeted();
      if (due && !frame_due_since_) frame_due_since_ = Clock::now();
      return more->bytes;
    } else {
      const Malformed& malformed = std::get<Malformed>(result);
      spdlog::warn("{}: {}", peer_, malformed.message);
      session_.RefuseStream(malformed, output_);
      input_over_ = refused_ = true;
    }
  }
  return std::nullopt;
}

void Connection::HandleFrame(const protocol::Frame& frame) {
  const bool is_change = protocol::MutationOf(frame.header.opcode).has_value();
  const auto make_done = [this, is_change]() -> Session::ChangeDone {
    const auto begun = is_change ? Clock::now() : Clock::time_point();
    return
        [self = shared_from_this(), begun, term = leadership_.term()](std::string reply) mutable {
          auto executor = self->socket_.get_executor();
          asio::post(executor, [self = std::move(self), begun, term, reply = std::move(reply)] {
            if (begun != Clock::time_point()) self->counters_.changes.Count(Clock::now() - begun);
            self->OnChangeDone(reply, term);
          });
        };
  };
  switch (session_.Handle(frame, output_, make_done)) {
    case Session::Next::kAnswered:
      break;
    case Session::Next::kPending:
      ++replies_owed_;
      break;
    case Session::Next::kClose:
      input_over_ = refused_ = true;
      break;
  }
  backup_due_since_.reset();
  if (session_.holds_backup()) backup_due_since_ = Clock::now();
}

void Connection::OnChangeDone(const std::string& frame, uint64_t term) {
  --replies_owed_;
  if (broken_) return WakeUp();
  if (frame.empty() || !leadership_.Covers(term)) {
    return Abandon("what it asked for cannot be acknowledged, and nobody knows what becomes of it");
  }
  output_.append(frame);
  Flush();
  WakeUp();
}

bool Connection::Congested() const {
  return unsent() > kOutputBytesMax || replies_owed_ >= kChangesInFlightMax;
}

bool Connection::Idle() const { return unsent() == 0 && replies_owed_ == 0; }

asio::awaitable<std::tuple<boost::system::error_code>> Connection::WaitForProgress() {
  progress_.expires_at(Clock::time_point::max());
  return progress_.async_wait(kTuple);
}

void Connection::Flush() {
  if (waits_to_write_ || broken_) return;
  while (unsent() > 0) {
    boost::system::error_code error;
    const size_t size = socket_.write_some(asio::buffer(output_.data() + sent_, unsent()), error);
    sent_ += size;
    if (size > 0) output_due_since_.reset();
    if (error == asio::error::would_block) {
      if (!output_due_since_) output_due_since_ = Clock::now();
      waits_to_write_ = true;
      DropSent();
      socket_.async_wait(tcp::socket::wait_write,
                         [self = shared_from_this()](boost::system::error_code) {
                           self->waits_to_write_ = false;
                           self->Flush();
                           self->WakeUp();
                         });
      return;
    }
    if (error) {
      Abandon("the peer is gone");
      return;
    }
  }
  output_.clear();
  sent_ = 0;
  if (output_.capacity() > 2 * kOutputBytesMax) output_.shrink_to_fit();
}

// Of a peer that always has something left to take, the output would otherwise keep all that it
// took. No more bytes are moved than were sent.
void Connection::DropSent() {
  if (sent_ < unsent()) return;
  output_.erase(0, sent_);
  sent_ = 0;
}

// The input grows with what arrives, not with what is announced: a peer that announces a long frame
// and sends none of it costs nothing.
void Connection::MakeRoom(size_t needed) {
  const size_t held = input_end_ - input_begin_;
  const bool was_filled = input_end_ == input_.size();
  if (held > 0) std::memmove(input_.data(), input_.data() + input_begin_, held);
  input_begin_ = 0;
  input_end_ = held;
  if (input_.empty()) {
    input_.resize(kReadBytesMin);
  } else if (held == input_.size() || (was_filled && input_.size() < kReadBytesUsual)) {
    const size_t most = std::max(needed, kReadBytesUsual);
    input_.resize(std::min(most, input_.size() * 2));
  } else if (held == 0 && input_.size() > kReadBytesUsual) {
    input_.resize(kReadBytesUsual);
    input_.shrink_to_fit();
  }
}

void Connection::Drain() {
  input_over_ = draining_ = true;
  boost::system::error_code ignored;
  socket_.cancel(ignored);
  WakeUp();
}

void Connection::EndIfStalled(Clock::time_point now, const IoThread::Deadlines& deadlines) {
  if (broken_) return;
  if (frame_due_since_ && now - *frame_due_since_ > deadlines.frame) {
    Abandon(session_.greeted() ? "half a frame, and the rest did not come in time"
                               : "no HELLO in time");
  } else if (output_due_since_ && now - *output_due_since_ > deadlines.output) {
    Abandon("it does not take its replies");
  } else if (session_.has_expired(TokenClockNow())) {
    Abandon("its access token has expired");
  } else if (backup_due_since_ && unsent() == 0 && now - *backup_due_since_ > deadlines.frame) {
    Abandon("it does not fetch its backup");
  }
}

void Connection::Abandon(std::string_view why) {
  spdlog::info("{}: connection ended: {}", peer_, why);
  broken_ = true;
  boost::system::error_code ignored;
  socket_.close(ignored);
  WakeUp();
}

}  // namespace xref
