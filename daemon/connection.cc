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

#include "daemon/addresses.h"
#include "daemon/limits.h"
#include "daemon/wall_clock.h"
#include "tls/filter.h"
#include "tls/first_bytes.h"
#include "tls/server_context.h"

namespace xref {

namespace asio = boost::asio;
using asio::ip::tcp;
using protocol::Malformed;
using protocol::NeedMore;
using protocol::Parsed;
using protocol::StatusCode;

namespace {

constexpr auto kTuple = asio::as_tuple(asio::use_awaitable);

// Unspecified where it is gone already.
tcp::endpoint PeerOf(const tcp::socket& socket) {
  boost::system::error_code error;
  return socket.remote_endpoint(error);
}

}  // namespace

Connection::Connection(tcp::socket socket, Admission admission, Service& service, IoThread& thread,
                       size_t io_thread)
    : admission_(std::move(admission)),
      socket_(std::move(socket)),
      progress_(socket_.get_executor()),
      service_(service),
      buffer_limit_(service.limits[static_cast<size_t>(Limit::kBufferBytes)]),
      thread_(thread),
      peer_(ToString(PeerOf(socket_))),
      session_(service, io_thread, PeerOf(socket_)),
      leadership_(service.state.leadership),
      counters_(service.state.io[io_thread]),
      refusals_(service.state.refusals),
      frame_due_since_(Clock::now()),
      idle_since_(*frame_due_since_) {
  if (service.tls == nullptr) return;
  tls_ = std::make_unique<TlsFilter>(service.tls->current(), TlsFilter::Side::kServer);
}

Connection::~Connection() = default;

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
    CountBuffers();
    if (input_over_ || broken_) break;
    if (Congested()) {
      co_await WaitForProgress();
      frame_due_since_.reset();  // it was not the peer that was waited for
    } else if (needed) {
      if (!MakeRoom(*needed)) break;
      if (tls_ && OpenSealed()) continue;
      const auto [error, size] = co_await Read(ReadRoom());
      if (error) input_over_ = true;  // also when Drain or Abandon cancelled the read
      TakeIn(size);
    } else {
      // The turn is over. A read of nothing comes back once the thread has looked for what came
      // meanwhile, and is then ahead of it; another one is behind it.
      co_await Read({});
      co_await Read({});
    }
  }
  while (!broken_ && !Idle()) co_await WaitForProgress();
  if (tls_) {
    tls_->Close();
    Flush();
    while (!broken_ && !Idle()) co_await WaitForProgress();
  }
  if (refused_ && !broken_ && !draining_) co_await AwaitPeerLeaving();
  boost::system::error_code ignored;
  socket_.shutdown(tcp::socket::shutdown_both, ignored);
  socket_.close(ignored);
  input_ = {};
  output_ = {};
  sent_ = 0;
  CountBuffers();
}

// Closing a socket that holds unread bytes resets the connection, and the peer may lose the refusal
// that tells it why: so what it still sends is read and thrown away until it has closed its side.
asio::awaitable<void> Connection::AwaitPeerLeaving() {
  boost::system::error_code error;
  socket_.shutdown(tcp::socket::shutdown_send, error);
  frame_due_since_ = Clock::now();
  input_ = std::vector<uint8_t>(kReadBytesMin);
  CountBuffers();
  while (!error && !broken_) {
    std::tie(error, std::ignore) = co_await socket_.async_read_some(asio::buffer(input_), kTuple);
  }
}

asio::awaitable<std::tuple<boost::system::error_code, size_t>> Connection::Read(
    asio::mutable_buffer room) {
  return socket_.async_read_some(room, kTuple);
}

asio::mutable_buffer Connection::ReadRoom() {
  if (!tls_) return asio::buffer(input_.data() + input_end_, input_.size() - input_end_);
  const std::span<uint8_t> room = tls_->Room();
  return asio::buffer(room.data(), room.size());
}

void Connection::TakeIn(size_t size) {
  if (tls_) {
    tls_->Received(size);
  } else {
    input_end_ += size;
  }
}

// ---- TLS ----

size_t Connection::sealed() const { return tls_->Sealed().size(); }

bool Connection::OpenSealed() {
  const bool was_open = tls_->state() == TlsFilter::State::kOpen;
  if (tls_->is_fresh() && RefusePlain()) return true;
  const size_t made = tls_->Open({input_.data() + input_end_, input_.size() - input_end_});
  input_end_ += made;
  if (!was_open && tls_->state() == TlsFilter::State::kOpen) {
    spdlog::debug("{}: {}", peer_, tls_->Describe());
  }
  if (!tls_->Sealed().empty()) Flush();  // its part of the handshake
  if (made > 0 || broken_) return true;
  if (tls_->state() == TlsFilter::State::kFailed) {
    thread_.LogPeer(peer_, fmt::format("TLS failed: {}", tls_->failure()));
    refused_ = true;
  }
  if (tls_->state() == TlsFilter::State::kFailed || tls_->state() == TlsFilter::State::kClosed) {
    input_over_ = true;
    return true;
  }
  return false;
}

bool Connection::RefusePlain() {
  if (Classify(tls_->received()) != FirstBytes::kOther) return false;
  constexpr std::string_view kNoTls = "this port speaks TLS only";
  thread_.LogPeer(peer_, fmt::format("{}, and the peer begins without it", kNoTls));
  tls_.reset();  // so that it can be told
  session_.RefuseStream({StatusCode::kBadRequest,
                         fmt::format("{}: connect with --tls, or --tls-ca FILE; a standby with "
                                     "--peer-tls-ca FILE",
                                     kNoTls),
                         0},
                        output_);
  Flush();
  input_over_ = refused_ = true;
  return true;
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
      Malformed malformed = std::get<Malformed>(result);
      if (!tls_ && !session_.greeted() && Classify(stream) == FirstBytes::kTls) {
        malformed = {StatusCode::kBadRequest,
                     "the peer begins with TLS, and this port does not speak it: connect without "
                     "TLS, or start xrefd with --tls-cert and --tls-key",
                     0};
      }
      thread_.LogPeer(peer_, malformed.message);
      session_.RefuseStream(malformed, output_);
      input_over_ = refused_ = true;
    }
  }
  return std::nullopt;
}

void Connection::HandleFrame(const protocol::Frame& frame) {
  ++requests_;
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
  const size_t before = output_.size();
  switch (session_.Handle(frame, output_, make_done)) {
    case Session::Next::kAnswered:
      if (output_.size() - before > kReadBytesUsual && !MayGrow()) {
        output_.resize(before);
        output_.shrink_to_fit();
        session_.RefuseForBuffers(frame.header, output_);
      }
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
  CountBuffers();
  WakeUp();
}

bool Connection::Congested() const {
  return unsent() > kOutputBytesMax || replies_owed_ >= kChangesInFlightMax ||
         (unsent() > kOutputBytesMaxWhenShort && ShortOfBuffers());
}

void Connection::CountBuffers() {
  const auto beyond = [](size_t bytes) {
    return std::max(bytes, kReadBytesUsual) - kReadBytesUsual;
  };
  const size_t taken = beyond(input_.capacity()) + beyond(output_.capacity());
  if (taken == counted_) return;
  Count(counters_.buffer_bytes, taken - counted_);  // modulo 2^64 where it is less
  counted_ = taken;
}

bool Connection::MayGrow() {
  CountBuffers();
  if (service_.state.buffer_bytes() <= buffer_limit_) return true;
  refusals_.Count(Limit::kBufferBytes);
  return false;
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
    const asio::const_buffer next = NextToSend();
    if (next.size() == 0) break;  // nothing can be sealed any more
    const size_t size = socket_.write_some(next, error);
    NoteSent(size);
    taken_since_due_ += size;
    if (taken_since_due_ >= kOutputTakenMin) output_due_since_.reset();
    if (error == asio::error::would_block) {
      if (!output_due_since_) {
        output_due_since_ = Clock::now();
        taken_since_due_ = 0;
      }
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
  output_due_since_.reset();
  output_.clear();
  sent_ = 0;
  if (output_.capacity() > 2 * kOutputBytesMax) output_.shrink_to_fit();
}

asio::const_buffer Connection::NextToSend() {
  const std::string_view plain = std::string_view(output_).substr(sent_);
  if (!tls_) return asio::buffer(plain);
  if (tls_->Sealed().empty() && !plain.empty()) {
    const std::string_view piece = plain.substr(0, kSealedBytes);
    if (tls_->Seal(piece)) sent_ += piece.size();
  }
  return asio::buffer(tls_->Sealed());
}

void Connection::NoteSent(size_t size) {
  if (tls_) {
    tls_->Sent(size);
  } else {
    sent_ += size;
  }
}

// Of a peer that always has something left to take, the output would otherwise keep all that it
// took. No more bytes are moved than were sent.
void Connection::DropSent() {
  if (sent_ < output_.size() - sent_) return;
  output_.erase(0, sent_);
  sent_ = 0;
}

// The input grows with what arrives, not with what is announced: a peer that announces a long frame
// and sends none of it costs nothing.
bool Connection::MakeRoom(size_t needed) {
  const size_t held = input_end_ - input_begin_;
  const bool was_filled = input_end_ == input_.size();
  if (held > 0) std::memmove(input_.data(), input_.data() + input_begin_, held);
  input_begin_ = 0;
  input_end_ = held;
  if (input_.empty()) {
    input_.resize(kReadBytesMin);
  } else if (held == input_.size() || (was_filled && input_.size() < kReadBytesUsual)) {
    const size_t larger = std::min(std::max(needed, kReadBytesUsual), input_.size() * 2);
    if (larger > kReadBytesUsual && !MayGrow()) {
      session_.RefuseStream({protocol::StatusCode::kOverloaded,
                             "requests and replies take too much memory at the moment; send less "
                             "at a time, or later",
                             0},
                            output_);
      input_over_ = refused_ = true;
      Flush();
      return false;
    }
    input_.resize(larger);
  } else if (held == 0 && input_.size() > kReadBytesUsual) {
    input_.resize(kReadBytesUsual);
    input_.shrink_to_fit();
  }
  return true;
}

void Connection::Drain() {
  input_over_ = draining_ = true;
  boost::system::error_code ignored;
  socket_.cancel(ignored);
  WakeUp();
}

void Connection::EndIfStalled(Clock::time_point now, const IoThread::Deadlines& deadlines) {
  if (broken_) return;
  if (requests_ != requests_seen_ || !Idle()) {
    requests_seen_ = requests_;
    idle_since_ = now;
  }
  if (counted_ > 0 && ShortOfBuffers()) {
    if ((frame_due_since_ && now - *frame_due_since_ > kTimeoutWhenShort) ||
        (output_due_since_ && now - *output_due_since_ > kTimeoutWhenShort)) {
      return Abandon(Limit::kBufferBytes, "it keeps much waiting, and memory for that is short");
    }
    if (unsent() == 0) {
      output_ = {};
      sent_ = 0;
      CountBuffers();
    }
  }
  if (frame_due_since_ && now - *frame_due_since_ > deadlines.frame) {
    const bool shakes_hands = tls_ && tls_->state() == TlsFilter::State::kHandshake;
    Abandon(Limit::kFrameTimeoutMs, session_.greeted()
                                        ? "half a frame, and the rest did not come in time"
                                    : shakes_hands ? "no TLS handshake in time"
                                                   : "no HELLO in time");
  } else if (output_due_since_ && now - *output_due_since_ > deadlines.output) {
    Abandon(Limit::kOutputTimeoutMs, "it does not take its replies");
  } else if (session_.has_expired(WallClockNow())) {
    Abandon("its access token has expired");
  } else if (backup_due_since_ && unsent() == 0 && now - *backup_due_since_ > deadlines.frame) {
    Abandon(Limit::kFrameTimeoutMs, "it does not fetch its backup");
  } else if (deadlines.idle.count() > 0 && now - idle_since_ > deadlines.idle) {
    Abandon(Limit::kIdleTimeoutMs, "it has asked nothing for long");
  }
}

void Connection::Abandon(Limit limit, std::string_view why) {
  refusals_.Count(limit);
  Abandon(why);
}

void Connection::Abandon(std::string_view why) {
  thread_.LogPeer(peer_, fmt::format("connection ended: {}", why));
  broken_ = true;
  boost::system::error_code ignored;
  socket_.close(ignored);
  WakeUp();
}

}  // namespace xref
