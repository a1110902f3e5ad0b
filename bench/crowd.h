#pragma once

#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace xref::bench {

// Connects to HOST:PORT, with an IPv4 address, from the address `source`, such as 127.0.0.2; ""
// leaves that to the system. `receive_buffer` bytes is what the kernel holds unread; 0 leaves that
// to it as well. Returns a descriptor, or -1 where nobody answers for some seconds.
int ConnectTo(const std::string& server, const std::string& source, int receive_buffer = 0);

// Many connections to one server that mean it no good. Sockets alone: nothing is read, and nobody
// is waited for. Thread-compatible.
class Crowd {
 public:
  // As for ConnectTo.
  explicit Crowd(std::string server, std::string source = "")
      : server_(std::move(server)), source_(std::move(source)) {}
  ~Crowd() { Leave(); }
  Crowd(const Crowd&) = delete;
  Crowd& operator=(const Crowd&) = delete;

  // Opens so many more; returns how many there was an answer for. A server may well have closed
  // them since.
  size_t Open(size_t count);
  // Sends these bytes, as far as they are taken at once, on each connection, or on the `last` ones
  // that were opened.
  void Send(std::string_view bytes, size_t last = SIZE_MAX);
  // How many were opened so far, closed ones too.
  uint64_t opened() const { return opened_; }
  // How many connections the server has not closed yet. The others are dropped.
  size_t CountOpen();
  // Closes all, so that nothing is left of them.
  void Leave();

  // Lets this process have as many descriptors as the system allows; false if these are fewer.
  static bool AllowDescriptors(size_t count);

 private:
  const std::string server_;
  const std::string source_;
  std::vector<int> sockets_;
  uint64_t opened_ = 0;
};

}  // namespace xref::bench
