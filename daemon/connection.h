#pragma once

#include <boost/asio/awaitable.hpp>
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

// One peer: reads frames, has the session answer them, sends the replies. A batch is handled as a
// plain synchronous loop between one read and one write; only changes are answered later, when the
// writer is done with them.
//
// Lives on one I/O thread; every method runs there. Kept alive by its coroutine and by the thread.
class Connection : public std::enable_shared_from_this<Connection> {
 public:
  Connection(boost::asio::ip::tcp::socket socket, Service& service, IoThread& thread,
             size_t io_thread);

  void Start();

  // Takes no further request; ends when what was begun is answered.
  void Drain();

  // Ends a connection whose peer keeps it waiting too long: with half a frame, without a HELLO, by
  // not taking its replies, or by not fetching the backup that it holds.
  void EndIfStalled(std::chrono::steady_clock::time_point now,
                    const IoThread::Deadlines& deadlines);

 private:
  using Clock = std::chrono::steady_clock;

  boost::asio::awaitable<void> Run();
  // Reads behind what is read, where there is room for this much. While it answers questions, a
  // connection waits for this operation only: Asio recycles memory best where all is of one size.
  boost::asio::awaitable<std::tuple<boost::system::error_code, size_t>> Read(size_t most);
  // Answers whole frames in the input, until there is none left, the peer must wait, or the turn is
  // over. If none is left, says how many bytes the input needs for the next one.
  std::optional<size_t> HandleInput();
  boost::asio::awaitable<void> AwaitPeerLeaving();
  void HandleFrame(const protocol::Frame& frame);
  // `term`: of the daemon's leadership, when the peer asked.
  void OnChangeDone(const std::string& frame, uint64_t term);

  // True while too much is owed to the peer for another request to be taken.
  bool Congested() const;
  // True when nothing is under way and every reply is sent.
  bool Idle() const;
  // Waits until something was answered or sent.
  boost::asio::awaitable<std::tuple<boost::system::error_code>> WaitForProgress();
  void WakeUp() { progress_.cancel(); }

  // Sends as much as the peer takes now, and arranges for the rest.
  void Flush();
  void DropSent();
  void MakeRoom(size_t needed);
  void Abandon(std::string_view why);

  size_t unsent() const { return output_.size() - sent_; }

  boost::asio::ip::tcp::socket socket_;
  boost::asio::steady_timer progress_;
  IoThread& thread_;
  const std::string peer_;  // for the log
  Session session_;
  const Leadership& leadership_;
  IoCounters& counters_;
  // Bytes [input_begin_, input_end_) are read and not handled yet.
  std::vector<uint8_t> input_;
  size_t input_begin_ = 0;
  size_t input_end_ = 0;
  // Bytes [sent_, end) wait to be sent.
  std::string output_;
  size_t sent_ = 0;

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
};

}  // namespace xref
