#pragma once

#include <boost/asio/executor_work_guard.hpp>
#include <boost/asio/io_context.hpp>
#include <boost/asio/ip/tcp.hpp>
#include <boost/asio/steady_timer.hpp>
#include <chrono>
#include <cstddef>
#include <cstdint>
#include <memory>
#include <string_view>
#include <thread>
#include <unordered_set>

#include "daemon/admissions.h"
#include "daemon/limits.h"
#include "daemon/rate_limit.h"
#include "daemon/session.h"

namespace xref {

class Connection;

// One thread, one io_context, and the connections that live on it. A connection never leaves its
// thread, so nothing of it needs a lock.
class IoThread {
 public:
  struct Deadlines {
    std::chrono::milliseconds frame;   // a frame, HELLO, a piece of a backup: once begun or due
    std::chrono::milliseconds output;  // replies that the peer does not take
    std::chrono::milliseconds idle;    // a peer that asks nothing; 0 may stay
  };
  // `number` counts from 0 and is the reader slot of all sessions on this thread.
  IoThread(Service& service, size_t number, Deadlines deadlines);
  ~IoThread();
  IoThread(const IoThread&) = delete;
  IoThread& operator=(const IoThread&) = delete;

  void Start();
  boost::asio::io_context& context() { return context_; }

  // Takes a connected socket of this thread's context, and its place among the connections. From
  // any thread.
  void Adopt(boost::asio::ip::tcp::socket socket, Admission admission);

  // Lets every connection finish what it has begun and take in nothing more. From any thread.
  void Drain();
  // Ends the thread, dropping what connections are left. From any other thread.
  void Stop();

  // ---- For connections, on this thread ----

  void Enter(std::shared_ptr<Connection> connection);
  void Leave(const std::shared_ptr<Connection>& connection);
  // Logs what became of a peer, unless there is too much of that: then it is only counted.
  void LogPeer(std::string_view peer, std::string_view what);

 private:
  void Sweep();

  Service& service_;
  const size_t number_;
  const Deadlines deadlines_;
  boost::asio::io_context context_{1};
  boost::asio::executor_work_guard<boost::asio::io_context::executor_type> work_;
  std::thread thread_;

  // Owned by the thread.
  boost::asio::steady_timer sweep_;
  std::unordered_set<std::shared_ptr<Connection>> connections_;
  bool draining_ = false;
  TokenBucket log_lines_{kPeerLogLines};
  uint64_t not_logged_ = 0;
};

}  // namespace xref
