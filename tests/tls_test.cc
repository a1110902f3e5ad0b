// TLS on the ports of a daemon: who is let in, who is told why not, and that nothing else changes.

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <openssl/ssl.h>
#include <signal.h>

#include <algorithm>
#include <filesystem>
#include <fstream>
#include <random>
#include <string>

#include "tests/certificates.h"
#include "tests/daemon_fixture.h"
#include "tests/nodes_fixture.h"
#include "tests/raw_peer.h"
#include "tests/tls_peer.h"
#include "tls/client_context.h"

namespace xref::test {
namespace {

using protocol::Opcode;
using protocol::StatusCode;
using ::testing::AllOf;
using ::testing::HasSubstr;

Channel::Tls Trust(const CertificateAuthority& ca, const IssuedCertificate& own = {},
                   const std::string& name = {}) {
  auto made = TlsClientContext::Make(
      {.ca = ca.certificate(), .identity = {own.certificate, own.key}, .name = name});
  EXPECT_TRUE(made.ok()) << made.status();
  return made.value_or(nullptr);
}

class Tls : public DaemonTest {
 protected:
  void SetUp() override {}

  Arguments ServerOptions(const IssuedCertificate& own) {
    return {"--tls-cert", own.certificate, "--tls-key", own.key, "--log-level", "debug"};
  }
  // Starts a daemon that speaks TLS, with references in it, and clients that trust it.
  void StartSecure(const Arguments& more = {}) {
    Arguments options = ServerOptions(ca_.Issue("server"));
    options.insert(options.end(), more.begin(), more.end());
    StartDaemon(options);
    ASSERT_FALSE(HasFatalFailure());
    xref_options_ = {"--tls-ca", ca_.certificate()};
    tls_ = Trust(ca_);
    CreateShop();
    Import(ToCsv(references_));
  }
  // Runs a command that cannot reach the server, and returns what it says.
  std::string Refused(const Arguments& options) {
    xref_options_ = options;
    const Outcome outcome = Xref({"status"});
    EXPECT_EQ(outcome.exit_code, 3) << outcome.out << outcome.err;
    return outcome.err;
  }
  // A daemon that does not start; what it says.
  std::string NotStarted(const IssuedCertificate& own, const Arguments& more = {}) {
    Arguments options = ServerOptions(own);
    options.insert(options.end(), {"--data", data_folder(), "--listen", "127.0.0.1:0"});
    options.insert(options.end(), more.begin(), more.end());
    const Outcome outcome = RunDaemon(options);
    EXPECT_EQ(outcome.exit_code, 2) << outcome.err;
    return outcome.err;
  }
  void ExpectUnharmed() {
    ExpectHolds(references_);
    EXPECT_EQ(Xref({"check", kPlace, "-"}, SourcesToCsv(references_)).exit_code, 0) << last().err;
  }

  CertificateAuthority ca_{folder_.path(), "ca"};
  References references_ = MakeReferences(1'000);
};

// ---- The same answers ----

TEST_F(Tls, AnswersAreTheSame) {
  StartSecure();
  ExpectUnharmed();
  EXPECT_THAT(Xref({"lookup", kPlace, references_[7].first}).out,
              HasSubstr("," + references_[7].second + "\n"));
  EXPECT_EQ(Xref({"add", kPlace, references_[7].first, "other"}).exit_code, 1);
}

TEST_F(Tls, LargePipelinedBatchesAreAnsweredRight) {
  StartSecure();
  References all = MakeReferences(100'000, "L-");
  Import(ToCsv(all), {"--batch", "10000", "--in-flight", "4"});
  const Outcome checked =
      Xref({"check", kPlace, "-", "--batch", "10000", "--in-flight", "4"}, SourcesToCsv(all));
  EXPECT_EQ(checked.exit_code, 0) << checked.err;
  all.insert(all.end(), references_.begin(), references_.end());
  ExpectHolds(all);
}

TEST_F(Tls, RepliesThatNobodyTakesAreBounded) {
  StartSecure();
  const uint64_t place = Place(*Connect());
  TlsPeer peer(address(), tls_->current());
  tls_->Expect(peer.handle(), "127.0.0.1");
  ASSERT_TRUE(peer.ShakeHands()) << peer.failure();
  const IdList ids = Sources(references_);
  const std::string lookup =
      FrameOf(Opcode::kLookup, 7,
              protocol::IdsRequest{.place = static_cast<PlaceId>(place), .ids = ids.View()});
  std::string sealed = peer.Seal(HelloFrame());
  constexpr int kRequests = 4'000;
  for (int i = 0; i < kRequests; ++i) sealed += peer.Seal(lookup);
  const size_t taken = peer.raw().SendUntilStalled(sealed, sealed.size());
  EXPECT_LT(taken, sealed.size());
  ExpectUnharmed();
}

TEST_F(Tls, ABackupIsWhole) {
  StartSecure();
  const std::string file = folder_.path() + "/backup";
  EXPECT_EQ(Xref({"backup", file}).exit_code, 0) << last().err;
  StopDaemon();
  const std::string restored = folder_.path() + "/restored";
  EXPECT_EQ(RunDaemon({"--restore", file, "--data", restored}).exit_code, 0);
  std::filesystem::remove_all(data_folder());
  std::filesystem::rename(restored, data_folder());
  xref_options_ = {};
  tls_ = nullptr;
  StartDaemon();
  ExpectHolds(references_);
}

// ---- TLS on one side only ----

TEST_F(Tls, AClientWithoutTlsIsToldToSpeakIt) {
  StartSecure();
  xref_options_ = {};
  EXPECT_EQ(Xref({"status"}).exit_code, 2);
  EXPECT_THAT(last().err, AllOf(HasSubstr("this port speaks TLS only"), HasSubstr("--tls-ca")));
  EXPECT_FALSE(daemon_->AwaitErrorLine("the peer begins without it").empty());
}

TEST_F(Tls, APeerWithoutTlsIsRefusedInTheClearAndClosed) {
  StartSecure();
  RawPeer peer(address());
  peer.Send(HelloFrame());
  const auto reply = peer.Receive();
  ASSERT_TRUE(reply.has_value());
  EXPECT_EQ(reply->header.status, StatusCode::kBadRequest);
  EXPECT_TRUE(peer.AwaitClose());
}

TEST_F(Tls, AClientWithTlsIsToldThatThePortSpeaksNone) {
  StartDaemon();
  EXPECT_THAT(Refused({"--tls-ca", ca_.certificate()}), HasSubstr("does not speak TLS"));
  EXPECT_FALSE(daemon_->AwaitErrorLine("the peer begins with TLS").empty());
}

// ---- Whom a client trusts ----

TEST_F(Tls, AServerOfAnotherCaIsNotTrusted) {
  StartSecure();
  const CertificateAuthority other(folder_.path(), "other");
  EXPECT_THAT(Refused({"--tls-ca", other.certificate()}),
              AllOf(HasSubstr("of no CA that is trusted"), HasSubstr("--tls-ca")));
}

TEST_F(Tls, TheSystemDoesNotTrustAnUnknownCa) {
  StartSecure();
  EXPECT_THAT(Refused({"--tls"}), HasSubstr("of no CA that is trusted"));
}

TEST_F(Tls, AServerOfAnotherNameIsNotTrusted) {
  StartDaemon(ServerOptions(ca_.Issue("db", {}, "DNS:db.example, IP:10.0.0.1")));
  EXPECT_THAT(Refused({"--tls-ca", ca_.certificate()}), HasSubstr("is for db.example, 10.0.0.1"));
}

TEST_F(Tls, AServerIsTrustedByTheNameThatIsExpected) {
  StartDaemon(ServerOptions(ca_.Issue("db", {}, "DNS:db.example")));
  xref_options_ = {"--tls-ca", ca_.certificate(), "--tls-name", "db.example"};
  EXPECT_EQ(Xref({"status"}).exit_code, 0) << last().err;
  EXPECT_THAT(Refused({"--tls-ca", ca_.certificate(), "--tls-name", "evil.example"}),
              HasSubstr("is for db.example"));
}

TEST_F(Tls, AServerWhoseCaHasExpiredIsNotTrusted) {
  const CertificateAuthority expired(folder_.path(), "expired-ca", {-9, -1});
  StartDaemon(ServerOptions(expired.Issue("server")));
  EXPECT_THAT(Refused({"--tls-ca", expired.certificate()}),
              HasSubstr("the certificate of /CN=expired-ca expired at"));
}

// ---- Whom a server lets in ----

TEST_F(Tls, AClientMustPresentACertificateWhereThatIsAsked) {
  const CertificateAuthority clients(folder_.path(), "clients");
  StartDaemon([&] {
    Arguments options = ServerOptions(ca_.Issue("server"));
    options.insert(options.end(), {"--tls-client-ca", clients.certificate()});
    return options;
  }());
  EXPECT_THAT(Refused({"--tls-ca", ca_.certificate()}),
              AllOf(HasSubstr("present a certificate"), HasSubstr("--tls-cert")));

  const IssuedCertificate foreign = ca_.Issue("foreign");
  EXPECT_THAT(Refused({"--tls-ca", ca_.certificate(), "--tls-cert", foreign.certificate,
                       "--tls-key", foreign.key}),
              HasSubstr("does not accept the certificate"));
  EXPECT_FALSE(daemon_->AwaitErrorLine("the certificate of /CN=ca is of no CA").empty());

  const IssuedCertificate expired = clients.Issue("expired", {-9, -1});
  EXPECT_EQ(RunProgram({kXref, "--server", address(), "--tls-ca", ca_.certificate(), "--tls-cert",
                        expired.certificate, "--tls-key", expired.key, "status"})
                .exit_code,
            2);

  const IssuedCertificate own = clients.Issue("own");
  xref_options_ = {"--tls-ca",      ca_.certificate(), "--tls-cert",
                   own.certificate, "--tls-key",       own.key};
  EXPECT_EQ(Xref({"status"}).exit_code, 0) << last().err;
  EXPECT_FALSE(daemon_->AwaitErrorLine("with the certificate of 127.0.0.1, localhost").empty());
}

// A client that speaks this version of TLS at most.
TlsContext OfVersion(int version) {
  auto context = std::make_shared<boost::asio::ssl::context>(boost::asio::ssl::context::tls_client);
  SSL_CTX_set_max_proto_version(context->native_handle(), version);
  SSL_CTX_set_cipher_list(context->native_handle(), "ALL:@SECLEVEL=0");
  return context;
}

TEST_F(Tls, Tls11IsRefused) {
  StartSecure();
  TlsPeer old(address(), OfVersion(TLS1_1_VERSION));
  EXPECT_FALSE(old.ShakeHands());
  EXPECT_FALSE(daemon_->AwaitErrorLine("TLS failed: unsupported protocol").empty());
}

TEST_F(Tls, Tls12IsSpoken) {
  StartSecure();
  TlsPeer peer(address(), OfVersion(TLS1_2_VERSION));
  ASSERT_TRUE(peer.ShakeHands()) << peer.failure();
  peer.Send(HelloFrame());
  EXPECT_TRUE(peer.Receive().has_value());
  EXPECT_FALSE(daemon_->AwaitErrorLine("TLSv1.2, ECDHE").empty());
}

// ---- Peers that do not keep to it ----

TEST_F(Tls, HalfAHandshakeIsClosedAtTheDeadline) {
  StartSecure({"--frame-timeout-ms", "1000"});
  TlsPeer peer(address(), tls_->current());
  const std::string hello = peer.Hello();
  peer.raw().Send(hello.substr(0, hello.size() / 2));
  EXPECT_TRUE(peer.raw().AwaitClose());
  EXPECT_FALSE(daemon_->AwaitErrorLine("no TLS handshake in time").empty());
}

TEST_F(Tls, ASilentPeerIsClosedAtTheDeadline) {
  StartSecure({"--frame-timeout-ms", "1000"});
  RawPeer peer(address());
  EXPECT_TRUE(peer.AwaitClose());
}

TEST_F(Tls, GarbageBehindTheFirstBytesIsHarmless) {
  StartSecure({"--frame-timeout-ms", "1000"});
  std::mt19937 random(1);
  for (int i = 0; i < 100; ++i) {
    std::string garbage = "\x16\x03\x01";
    garbage.resize(garbage.size() + random() % 20'000);
    std::generate(garbage.begin() + 3, garbage.end(), [&] { return static_cast<char>(random()); });
    RawPeer peer(address());
    peer.Send(garbage);
    peer.FinishSending();
    EXPECT_TRUE(peer.AwaitClose());
  }
  ExpectUnharmed();
}

TEST_F(Tls, AFlippedBitEndsTheConnection) {
  StartSecure();
  std::mt19937 random(2);
  for (int i = 0; i < 50; ++i) {
    TlsPeer peer(address(), tls_->current());
    tls_->Expect(peer.handle(), "127.0.0.1");
    ASSERT_TRUE(peer.ShakeHands()) << peer.failure();
    std::string sealed = peer.Seal(HelloFrame());
    // Not its length, of which a part might still be waited for.
    constexpr size_t kRecordHeader = 5;
    const size_t at = kRecordHeader + random() % (sealed.size() - kRecordHeader);
    sealed[at] = static_cast<char>(sealed[at] ^ (1 << random() % 8));
    peer.raw().Send(sealed);
    EXPECT_FALSE(peer.Receive().has_value());
  }
  ExpectUnharmed();
}

TEST_F(Tls, ARecordThatIsCutOffIsHarmless) {
  StartSecure();
  std::mt19937 random(3);
  for (int i = 0; i < 50; ++i) {
    TlsPeer peer(address(), tls_->current());
    tls_->Expect(peer.handle(), "127.0.0.1");
    ASSERT_TRUE(peer.ShakeHands()) << peer.failure();
    const std::string sealed = peer.Seal(HelloFrame());
    peer.raw().Send(sealed.substr(0, random() % sealed.size()));
    peer.raw().FinishSending();
    EXPECT_TRUE(peer.raw().AwaitClose());
  }
  ExpectUnharmed();
}

TEST_F(Tls, AHandshakeInSingleBytesIsUnderstood) {
  StartSecure();
  TlsPeer peer(address(), tls_->current());
  for (const char byte : peer.Hello()) ASSERT_TRUE(peer.raw().Send({&byte, 1}));
  EXPECT_FALSE(peer.raw().ReceiveBytes().empty());
}

// ---- New certificates ----

class TlsReload : public Tls {
 protected:
  void Hangup() { daemon_->Signal(SIGHUP); }
};

TEST_F(TlsReload, NewcomersGetTheNewCertificateAndOthersGoOn) {
  StartSecure();
  const auto before = Connect();
  const PlaceId place = Place(*before);
  const CertificateAuthority next(folder_.path(), "next");
  next.Issue("server");  // in the place of the other one
  Hangup();
  ASSERT_FALSE(daemon_->AwaitErrorLine("the files were loaded again").empty());

  EXPECT_TRUE(before->Check(place, Sources(references_).View()).ok());
  EXPECT_THAT(Refused({"--tls-ca", ca_.certificate()}), HasSubstr("of no CA that is trusted"));
  xref_options_ = {"--tls-ca", next.certificate()};
  tls_ = Trust(next);
  ExpectUnharmed();
}

TEST_F(TlsReload, FilesThatAreOfNoUseChangeNothing) {
  StartSecure();
  WriteFile("server.key.pem", "broken");
  Hangup();
  EXPECT_THAT(daemon_->AwaitErrorLine("nothing was changed"),
              AllOf(HasSubstr("server.key.pem"), HasSubstr("no private key in PEM")));
  ExpectUnharmed();
}

TEST_F(TlsReload, ADaemonWithoutTlsGoesOn) {
  StartDaemon();
  Hangup();
  EXPECT_FALSE(daemon_->AwaitErrorLine("there are no certificates to load again").empty());
  EXPECT_EQ(Xref({"status"}).exit_code, 0);
}

// ---- Files that are of no use ----

TEST_F(Tls, AnExpiredCertificateIsRefusedAtTheStart) {
  EXPECT_THAT(NotStarted(ca_.Issue("server", {-9, -1})),
              AllOf(HasSubstr("server.pem: it expired at"), HasSubstr("put a new one there")));
}

TEST_F(Tls, ACertificateOfTheFutureIsRefusedAtTheStart) {
  EXPECT_THAT(NotStarted(ca_.Issue("server", {1, 9})), HasSubstr("on only; is the clock"));
}

TEST_F(Tls, AKeyOfAnotherCertificateIsRefusedAtTheStart) {
  EXPECT_THAT(NotStarted({ca_.Issue("server").certificate, ca_.Issue("other").key}),
              HasSubstr("other.key.pem: it does not belong to the certificate"));
}

TEST_F(Tls, AMissingFileIsRefusedAtTheStart) {
  EXPECT_THAT(NotStarted({"/nowhere/chain.pem", ca_.Issue("server").key}),
              HasSubstr("/nowhere/chain.pem: it cannot be read: No such file"));
}

TEST_F(Tls, AFileThatIsNotPemIsRefusedAtTheStart) {
  const IssuedCertificate own = ca_.Issue("server");
  EXPECT_THAT(NotStarted({WriteFile("der", "\x30\x82"), own.key}),
              HasSubstr("der: it holds no certificate in PEM"));
  EXPECT_THAT(NotStarted({own.certificate, own.certificate}), HasSubstr("no private key in PEM"));
  EXPECT_THAT(NotStarted(own, {"--tls-client-ca", own.key}),
              HasSubstr("server.key.pem: it holds no certificate in PEM"));
}

TEST_F(Tls, AnEncryptedKeyIsRefusedAtTheStart) {
  const std::string key =
      WriteFile("locked", "-----BEGIN ENCRYPTED PRIVATE KEY-----\nAA==\n-----END\n");
  EXPECT_THAT(NotStarted({ca_.Issue("server").certificate, key}), HasSubstr("it is encrypted"));
}

TEST_F(Tls, ACertificateWithoutAKeyIsWrongUsage) {
  const Outcome outcome = RunDaemon({"--data", data_folder(), "--tls-cert", "chain.pem"});
  EXPECT_EQ(outcome.exit_code, 2);
  EXPECT_THAT(outcome.err, HasSubstr("--tls-key"));
}

// ---- Standbys ----

class TlsNodes : public NodesTest {
 protected:
  void SetUp() override {
    xref_options_ = {"--tls-ca",       ca_.certificate(), "--tls-cert",
                     own_.certificate, "--tls-key",       own_.key};
    tls_ = Trust(ca_, own_);
  }

  const CertificateAuthority ca_{folder_.path(), "ca"};
  const IssuedCertificate own_ = ca_.Issue("own");
  // Of every daemon: each lets in only those of the CA, the others among them.
  const Arguments options_{"--tls-cert",    own_.certificate,  "--tls-key",
                           own_.key,        "--tls-client-ca", ca_.certificate(),
                           "--peer-tls-ca", ca_.certificate()};
};

TEST_F(TlsNodes, AStandbyFollowsItsPrimaryOverTls) {
  Start("primary", options_);
  CreateShop("primary");
  References all = MakeReferences(5'000, "B-");
  Import("primary", all);
  StartStandby("standby", "primary", options_);
  const References later = MakeReferences(5'000, "A-");
  Import("primary", later);
  all.insert(all.end(), later.begin(), later.end());
  AwaitCaughtUp("standby", "primary");
  ExpectHolds("standby", all);
  // And sends who wants to change something on to it.
  EXPECT_EQ(Xref("standby", {"add", "shop/orders", "new", "target"}).exit_code, 0);
  EXPECT_THAT(Lookup("primary", "new"), HasSubstr("new,target\n"));
}

TEST_F(TlsNodes, AStandbyWithoutTlsSaysWhyItDoesNotFollow) {
  Start("primary", options_);
  xref_options_ = {};
  tls_ = nullptr;
  Launch("standby", {"--standby-of", AddressOf("primary")});
  EXPECT_THAT(AwaitAnyFact("standby", "following_trouble"), HasSubstr("--peer-tls-ca"));
}

TEST_F(TlsNodes, AStandbyDoesNotTrustAPrimaryOfAnotherCa) {
  Start("primary", options_);
  const CertificateAuthority other(folder_.path(), "other");
  xref_options_ = {};
  tls_ = nullptr;
  Launch("standby", {"--standby-of", AddressOf("primary"), "--peer-tls-ca", other.certificate()});
  EXPECT_THAT(AwaitAnyFact("standby", "following_trouble"),
              AllOf(HasSubstr("of no CA that is trusted"), HasSubstr("--peer-tls-ca")));
}

}  // namespace
}  // namespace xref::test
