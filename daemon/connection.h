#pragma once

#include <boost/asio/awaitable.hpp>
#include <boost/asio/buffer.hpp>
#include <boost/asio/ip/tcp.hpp>
#include <boost/asio/steady_timer.hpp>
#include <chrono>
#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <tuple>
#include <vector>

#include "daemon/io_thread.h"
#include "daemon/session.h"
#include "replication/leadership.h"

namespace xref {

class TlsFilter;

// One peer: reads frames, has the session answer them, sends the replies. A batch is handled as a
// plain synchronous loop between one read and one write; only changes are answered later, when the
// writer is done with them.
//
// Where the port speaks TLS, what is read passes through a filter before it is input, and output
// passes through it before it is sent; all else is the same.
//
// Lives on one I/O thread; every method runs there. Kept alive by its coroutine and by the thread.
class Connection : public std::enable_shared_from_this<Connection> {
 public:
  Connection(boost::asio::ip::tcp::socket socket, Admission admission, Service& service,
             IoThread& thread, size_t io_thread);
  ~Connection();

  void Start();

  // Takes no further request; ends when what was begun is answered.
  void Drain();

  // Ends a connection whose peer keeps it waiting too long: with half a frame, without a HELLO, by
  // not taking its replies, by not fetching the backup that it holds, or by asking nothing. To be
  // called every so often.
  void EndIfStalled(std::chrono::steady_clock::time_point now,
                    const IoThread::Deadlines& deadlines);

 private:
  using Clock = std::chrono::steady_clock;

  boost::asio::awaitable<void> Run();
  // While it answers questions, a connection waits for this operation only: Asio recycles memory
  // best where all is of one size.
  boost::asio::awaitable<std::tuple<boost::system::error_code, size_t>> Read(
      boost::asio::mutable_buffer room);
  // Where what is read next goes, and what is done with that much of it.
  boost::asio::mutable_buffer ReadRoom();
  void TakeIn(size_t size);
  // Answers whole frames in the input, until there is none left, the peer must wait, or the turn is
  // over. If none is left, says how many bytes the input needs for the next one.
  std::optional<size_t> HandleInput();
  boost::asio::awaitable<void> AwaitPeerLeaving();

  // Makes input of what the filter holds, and looks at how the handshake goes. False where there is
  // nothing left of that.
  bool OpenSealed();
  // Refuses a peer that begins with something else than TLS; false where it does not.
  bool RefusePlain();

  void HandleFrame(const protocol::Frame& frame);
  // `term`: of the daemon's leadership, when the peer asked.
  void OnChangeDone(const std::string& frame, uint64_t term);

  // True while too much is owed to the peer for another request to be taken.
  bool Congested() const;
  // Keeps count of what the buffers take beyond what every connection may have.
  void CountBuffers();
  // Whether the buffers of all connections take more than they may.
  bool ShortOfBuffers() const { return service_.state.buffer_bytes() > buffer_limit_; }
  // False where all buffers together must not grow further; it is refused then.
  bool MayGrow();
  // True when nothing is under way and every reply is sent.
  bool Idle() const;
  // Waits until something was answered or sent.
  boost::asio::awaitable<std::tuple<boost::system::error_code>> WaitForProgress();
  void WakeUp() { progress_.cancel(); }

  // Sends as much as the peer takes now, and arranges for the rest.
  void Flush();
  // The next bytes for the socket, and what is done once so many of them are sent.
  boost::asio::const_buffer NextToSend();
  void NoteSent(size_t size);
  void DropSent();
  // False where there is none: then the peer was told so.
  bool MakeRoom(size_t needed);
  void Abandon(std::string_view why);
  // By a limit.
  void Abandon(Limit limit, std::string_view why);

  // Replies that are not sent, and what the filter has made.
  size_t unsent() const {
    const size_t plain = output_.size() - sent_;
    return tls_ ? plain + sealed() : plain;
  }
  size_t sealed() const;

  const Admission admission_;
  boost::asio::ip::tcp::socket socket_;
  boost::asio::steady_timer progress_;
  Service& service_;
  const uint64_t buffer_limit_;
  IoThread& thread_;
  const std::string peer_;  // for the log
  Session session_;
  const Leadership& leadership_;
  IoCounters& counters_;
  Refusals& refusals_;
  std::unique_ptr<TlsFilter> tls_;  // null where the port speaks no TLS

  // Bytes [input_begin_, input_end_) are read and not handled yet.
  std::vector<uint8_t> input_;
  size_t input_begin_ = 0;
  size_t input_end_ = 0;
  // Bytes [sent_, end) wait to be sent.
  std::string output_;
  size_t sent_ = 0;
  size_t counted_ = 0;  // by CountBuffers

  uint32_t replies_owed_ = 0;
  bool input_over_ = false;      // nothing more is read: the peer is done, was refused, or we drain
  bool refused_ = false;         // the peer was told why the connection ends
  bool draining_ = false;        // the daemon ends: the peer is not waited for
  bool broken_ = false;          // the socket is of no use any more
  bool waits_to_write_ = false;  // Flush continues by itself
  // Since when the peer keeps us waiting.
  std::optional<Clock::time_point> frame_due_since_;
  std::optional<Clock::time_point> output_due_since_;
  std::optional<Clock::time_point> backup_due_since_;
  size_t taken_since_due_ = 0;  // bytes of the replies that it is to take
  // Since when it has asked nothing, as far as EndIfStalled has seen: a request looks at no clock.
  Clock::time_point idle_since_;
  uint64_t requests_ = 0;
  uint64_t requests_seen_ = 0;
};

}  // namespace xref
