#include "tests/tls_peer.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <utility>

namespace xref::test {

TlsPeer::TlsPeer(const std::string& address, TlsContext context)
    : raw_(address), tls_(std::move(context), TlsFilter::Side::kClient) {}

std::string TlsPeer::TakeSealed() {
  std::string sealed(tls_.Sealed());
  tls_.Sent(sealed.size());
  return sealed;
}

std::string TlsPeer::Hello() {
  tls_.Begin();
  return TakeSealed();
}

bool TlsPeer::Exchange() {
  if (const std::string sealed = TakeSealed(); !sealed.empty() && !raw_.Send(sealed)) return false;
  if (tls_.state() == TlsFilter::State::kFailed) return false;
  const std::string came = raw_.ReceiveBytes();
  for (size_t at = 0; at < came.size();) {
    const auto room = tls_.Room();
    const size_t size = std::min(room.size(), came.size() - at);
    std::copy_n(came.data() + at, size, room.begin());
    tls_.Received(size);
    at += size;
    uint8_t piece[16 << 10];
    while (const size_t made = tls_.Open(piece)) {
      received_.append(reinterpret_cast<const char*>(piece), made);
    }
  }
  if (const std::string sealed = TakeSealed(); !sealed.empty()) raw_.Send(sealed);
  return !came.empty() && tls_.state() != TlsFilter::State::kFailed;
}

bool TlsPeer::ShakeHands() {
  tls_.Begin();
  while (tls_.state() == TlsFilter::State::kHandshake && Exchange()) continue;
  return tls_.state() == TlsFilter::State::kOpen;
}

std::string TlsPeer::Seal(std::string_view bytes) {
  EXPECT_TRUE(tls_.Seal(bytes)) << tls_.failure();
  return TakeSealed();
}

std::optional<RawPeer::Reply> TlsPeer::Receive() {
  for (;;) {
    if (auto reply = RawPeer::Take(received_)) return reply;
    if (!Exchange()) return std::nullopt;
  }
}

}  // namespace xref::test
