#pragma once

// A peer that speaks TLS, and may break it: what it sends can be seen before it goes.

#include <optional>
#include <string>
#include <string_view>

#include "tests/raw_peer.h"
#include "tls/filter.h"

namespace xref::test {

class TlsPeer {
 public:
  TlsPeer(const std::string& address, TlsContext context);

  // False where it fails; failure() then says why.
  bool ShakeHands();
  const std::string& failure() const { return tls_.failure(); }
  SSL* handle() { return tls_.handle(); }

  // What is to be sent for the handshake to begin.
  std::string Hello();
  // As records, which were not sent.
  std::string Seal(std::string_view bytes);
  bool Send(std::string_view bytes) { return raw_.Send(Seal(bytes)); }
  // The next whole frame; nothing if the server closes first.
  std::optional<RawPeer::Reply> Receive();

  // The connection beneath.
  RawPeer& raw() { return raw_; }

 private:
  // Sends what the filter has, takes in what comes next; false at the end of the connection.
  bool Exchange();
  std::string TakeSealed();

  RawPeer raw_;
  TlsFilter tls_;
  std::string received_;
};

}  // namespace xref::test
