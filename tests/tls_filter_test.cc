// The TLS filter by itself: two ends, and the bytes between them in any pieces.

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <algorithm>
#include <memory>
#include <random>
#include <string>

#include "tests/certificates.h"
#include "tests/temporary_folder.h"
#include "tls/client_context.h"
#include "tls/filter.h"
#include "tls/first_bytes.h"
#include "tls/server_context.h"

namespace xref::test {
namespace {

using State = TlsFilter::State;
using ::testing::HasSubstr;

class Filter : public ::testing::Test {
 protected:
  void SetUp() override {
    const IssuedCertificate own = ca_.Issue("server");
    auto server = TlsServerContext::Make({.identity = {own.certificate, own.key}, .client_ca = {}});
    ASSERT_TRUE(server.ok()) << server.status();
    server_context_ = *std::move(server);
    auto client = TlsClientContext::Make({.ca = ca_.certificate()});
    ASSERT_TRUE(client.ok()) << client.status();
    client_context_ = *std::move(client);
    Connect();
  }
  void Connect() {
    server_ = std::make_unique<TlsFilter>(server_context_->current(), TlsFilter::Side::kServer);
    client_ = std::make_unique<TlsFilter>(client_context_->current(), TlsFilter::Side::kClient);
    client_context_->Expect(client_->handle(), "localhost");
    client_->Begin();
  }
  // Hands over what `from` has sealed, in pieces of `size` bytes at most, and returns what it says,
  // which is taken in pieces of `room` bytes.
  static std::string Carry(TlsFilter& from, TlsFilter& to, size_t size = SIZE_MAX,
                           size_t room = 4096) {
    std::string said;
    std::string plain(room, '\0');
    while (!from.Sealed().empty()) {
      const auto into = to.Room();
      const size_t now = std::min({size, into.size(), from.Sealed().size()});
      std::copy_n(from.Sealed().data(), now, into.begin());
      from.Sent(now);
      to.Received(now);
      while (const size_t made = to.Open({reinterpret_cast<uint8_t*>(plain.data()), room})) {
        said.append(plain, 0, made);
      }
    }
    return said;
  }
  void ShakeHands(size_t size = SIZE_MAX) {
    while (!client_->Sealed().empty() || !server_->Sealed().empty()) {
      Carry(*client_, *server_, size);
      Carry(*server_, *client_, size);
    }
    ASSERT_EQ(client_->state(), State::kOpen) << client_->failure();
    ASSERT_EQ(server_->state(), State::kOpen) << server_->failure();
  }

  TemporaryFolder folder_;
  const CertificateAuthority ca_{folder_.path(), "ca"};
  std::unique_ptr<TlsServerContext> server_context_;
  std::shared_ptr<TlsClientContext> client_context_;
  std::unique_ptr<TlsFilter> server_;
  std::unique_ptr<TlsFilter> client_;
};

TEST_F(Filter, WhatGoesInComesOutWhateverThePieces) {
  std::mt19937 random(1);
  std::string text(200'000, '\0');
  std::generate(text.begin(), text.end(), [&] { return static_cast<char>(random()); });
  for (const size_t size : {size_t{1}, size_t{7}, size_t{16'000}, size_t{70'000}}) {
    Connect();
    ShakeHands(size);
    for (const size_t room : {size_t{1}, size_t{100}, size_t{300'000}}) {
      ASSERT_TRUE(client_->Seal(text));
      EXPECT_EQ(Carry(*client_, *server_, size, room), text) << size << "/" << room;
      ASSERT_TRUE(server_->Seal(text));
      EXPECT_EQ(Carry(*server_, *client_, size, room), text) << size << "/" << room;
    }
  }
}

TEST_F(Filter, NothingIsSealedBeforeTheHandshakeIsOver) {
  EXPECT_FALSE(client_->Seal("too early"));
  EXPECT_FALSE(server_->Seal("too early"));
  ShakeHands();
  EXPECT_TRUE(client_->Seal("now"));
  EXPECT_EQ(Carry(*client_, *server_), "now");
}

TEST_F(Filter, AnyFlippedBitOfARecordIsAFailureAndSaysNothing) {
  std::mt19937 random(2);
  for (int i = 0; i < 200; ++i) {
    Connect();
    ShakeHands();
    client_->Seal("what must not be changed");
    std::string sealed(client_->Sealed());
    const size_t at = 5 + random() % (sealed.size() - 5);
    sealed[at] = static_cast<char>(sealed[at] ^ (1 << random() % 8));
    std::copy(sealed.begin(), sealed.end(), server_->Room().begin());
    server_->Received(sealed.size());
    uint8_t plain[64];
    EXPECT_EQ(server_->Open(plain), 0U);
    EXPECT_EQ(server_->state(), State::kFailed);
    EXPECT_FALSE(server_->failure().empty());
    EXPECT_FALSE(server_->Sealed().empty()) << "the peer is not told";
    EXPECT_FALSE(server_->Seal("more"));
  }
}

TEST_F(Filter, WhatWasSaidBeforeAFailureIsHandedOut) {
  ShakeHands();
  client_->Seal("before");
  std::string sealed(client_->Sealed());
  sealed += std::string_view("\x17\x03\x03\x00\x20garbage garbage garbage garbage!", 37);
  std::copy(sealed.begin(), sealed.end(), server_->Room().begin());
  server_->Received(sealed.size());
  uint8_t plain[64];
  EXPECT_EQ(server_->Open(plain), 6U);
  EXPECT_EQ(server_->Open(plain), 0U);
  EXPECT_EQ(server_->state(), State::kFailed);
}

TEST_F(Filter, AFarewellIsNoFailure) {
  ShakeHands();
  client_->Seal("last words");
  client_->Close();
  EXPECT_EQ(Carry(*client_, *server_), "last words");
  EXPECT_EQ(server_->state(), State::kClosed);
  EXPECT_TRUE(server_->Seal("and an answer"));
  EXPECT_EQ(Carry(*server_, *client_), "and an answer");
}

TEST_F(Filter, AServerOfAnotherNameIsRejectedByName) {
  client_ = std::make_unique<TlsFilter>(client_context_->current(), TlsFilter::Side::kClient);
  client_context_->Expect(client_->handle(), "db.example");
  client_->Begin();
  Carry(*client_, *server_);
  Carry(*server_, *client_);
  EXPECT_EQ(client_->state(), State::kFailed);
  EXPECT_THAT(client_context_->Explain(client_->handle(), client_->error()),
              HasSubstr("its certificate is for 127.0.0.1, localhost"));
}

TEST(FirstBytesOf, AHandshakeAFrameAndHttpAreToldApart) {
  const auto classify = [](std::string_view bytes) {
    return Classify({reinterpret_cast<const uint8_t*>(bytes.data()), bytes.size()});
  };
  EXPECT_EQ(classify(""), FirstBytes::kTooFew);
  EXPECT_EQ(classify("\x16"), FirstBytes::kTooFew);
  EXPECT_EQ(classify("\x16\x03\x01"), FirstBytes::kTls);
  EXPECT_EQ(classify("GET / HTTP/1.1"), FirstBytes::kOther);
  using namespace std::string_view_literals;
  EXPECT_EQ(classify("\x16\x03\x00\x00\x01"sv), FirstBytes::kOther) << "a frame of 790 bytes";
}

}  // namespace
}  // namespace xref::test
