#include "daemon/io_thread.h"

#include <spdlog/spdlog.h>

#include <boost/asio/post.hpp>
#include <utility>

#include "daemon/connection.h"

namespace xref {

namespace asio = boost::asio;

IoThread::IoThread(Service& service, size_t number, Deadlines deadlines)
    : service_(service),
      number_(number),
      deadlines_(deadlines),
      work_(asio::make_work_guard(context_)),
      sweep_(context_) {}

IoThread::~IoThread() { Stop(); }

void IoThread::Start() {
  Sweep();
  thread_ = std::thread([this] { context_.run(); });
}

void IoThread::Stop() {
  if (!thread_.joinable()) return;
  context_.stop();
  thread_.join();
  connections_.clear();
}

void IoThread::Adopt(asio::ip::tcp::socket socket, Admission admission) {
  asio::post(context_, [this, socket = std::move(socket),
                        admission = std::move(admission)]() mutable {
    if (draining_) return;
    std::make_shared<Connection>(std::move(socket), std::move(admission), service_, *this, number_)
        ->Start();
  });
}

void IoThread::Drain() {
  asio::post(context_, [this] {
    draining_ = true;
    // The set stays as it is meanwhile: whatever this ends leaves in a handler of its own.
    for (const auto& connection : connections_) connection->Drain();
  });
}

void IoThread::Enter(std::shared_ptr<Connection> connection) {
  connections_.insert(std::move(connection));
  service_.state.io[number_].connections = connections_.size();
}

void IoThread::Leave(const std::shared_ptr<Connection>& connection) {
  connections_.erase(connection);
  service_.state.io[number_].connections = connections_.size();
}

void IoThread::Sweep() {
  sweep_.expires_after(kSweepInterval);
  sweep_.async_wait([this](boost::system::error_code error) {
    if (error) return;
    const auto now = std::chrono::steady_clock::now();
    // As in Drain, nobody leaves meanwhile.
    for (const auto& connection : connections_) connection->EndIfStalled(now, deadlines_);
    if (not_logged_ > 0 && log_lines_.TryTake(1, now)) {
      spdlog::info("{} more such lines were left out", std::exchange(not_logged_, 0));
    }
    Sweep();
  });
}

void IoThread::LogPeer(std::string_view peer, std::string_view what) {
  if (log_lines_.TryTake(1, std::chrono::steady_clock::now())) {
    spdlog::info("{}: {}", peer, what);
  } else {
    ++not_logged_;
  }
}

}  // namespace xref
