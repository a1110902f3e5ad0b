#pragma once

#include <absl/status/statusor.h>

#include <array>
#include <boost/asio/awaitable.hpp>
#include <boost/asio/io_context.hpp>
#include <boost/asio/ip/tcp.hpp>
#include <boost/asio/steady_timer.hpp>
#include <cstddef>
#include <cstdint>
#include <memory>
#include <string>
#include <vector>

#include "daemon/admissions.h"
#include "daemon/io_thread.h"
#include "daemon/refusals.h"
#include "persistence/file_descriptor.h"

namespace xref {

// Accepts connections and deals them out to the I/O threads in turn. Runs on the first I/O thread,
// where it takes turns with the connections.
//
// A newcomer that is not admitted is closed as it comes, before anything is made for it, and
// without a line of the log: one a second at most sums them up.
class Listener {
 public:
  // Binds and listens at once, so that a port that is taken is found out before anything else
  // starts. Errors name the address.
  static absl::StatusOr<std::unique_ptr<Listener>> Bind(
      const boost::asio::ip::tcp::endpoint& address, Admissions& admissions, ServerState& state,
      const std::vector<std::unique_ptr<IoThread>>& threads);

  // The address that is listened on; tells the port where 0 was asked for.
  std::string address() const;

  void Start();
  // Accepts nothing more. From any thread.
  void Stop();

 private:
  Listener(Admissions& admissions, ServerState& state,
           const std::vector<std::unique_ptr<IoThread>>& threads);

  boost::asio::awaitable<void> Run();
  // Accepts some of those who wait; false where it is of no use to go on for a while.
  bool AcceptSome();
  void Admit(FileDescriptor newcomer, const boost::asio::ip::tcp::endpoint& peer);
  // Where no descriptor is free: closes one who waits, by means of the spare one.
  bool CloseOneUnmet();
  void Refuse(Limit limit);
  void LogRefused();

  Admissions& admissions_;
  ServerState& state_;
  const std::vector<std::unique_ptr<IoThread>>& threads_;
  boost::asio::ip::tcp::acceptor acceptor_;
  boost::asio::ip::tcp protocol_ = boost::asio::ip::tcp::v4();
  size_t next_ = 0;  // of the threads
  FileDescriptor spare_;
  boost::asio::steady_timer log_timer_;
  bool log_is_due_ = false;
  std::array<uint64_t, kLimits> not_logged_{};
};

}  // namespace xref
