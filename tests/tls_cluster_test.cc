// A cluster that speaks TLS everywhere: daemons with clients and with each other, and with etcd.

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "tests/certificates.h"
#include "tests/cluster_fixture.h"
#include "tls/client_context.h"

namespace xref::test {
namespace {

using ::testing::HasSubstr;

class TlsCluster : public ClusterTest {
 protected:
  void SetUp() override {
    auto tls =
        TlsClientContext::Make({.ca = ca_.certificate(), .identity = {own_.certificate, own_.key}});
    ASSERT_TRUE(tls.ok()) << tls.status();
    tls_ = *std::move(tls);
    xref_options_ = {"--tls-ca",       ca_.certificate(), "--tls-cert",
                     own_.certificate, "--tls-key",       own_.key};
    etcd_ = std::make_unique<EtcdServer>();
    etcd_->UseTls(own_, ca_.certificate(), tls_);
    etcd_->Start();
    all_options_ = {"--tls-cert",      own_.certificate,  "--tls-key",     own_.key,
                    "--tls-client-ca", ca_.certificate(), "--peer-tls-ca", ca_.certificate(),
                    "--etcd-ca",       ca_.certificate()};
  }
  void PresentToEtcd(const IssuedCertificate& own) {
    all_options_.insert(all_options_.end(),
                        {"--etcd-cert", own.certificate, "--etcd-key", own.key});
  }

  const CertificateAuthority ca_{folder_.path(), "ca"};
  const IssuedCertificate own_ = ca_.Issue("own");
};

TEST_F(TlsCluster, AStandbyTakesTheLostPrimarysPlace) {
  PresentToEtcd(own_);
  StartCluster({"a", "b"});
  const References held = MakeReferences(1'000);
  Import("a", held);
  Crash("a");
  EXPECT_EQ(AwaitPrimary({"b"}), "b");
  ExpectHolds("b", held);
}

TEST_F(TlsCluster, ADaemonWithoutACertificateForEtcdSaysSo) {
  Join("a");
  EXPECT_THAT(AwaitAnyFact("a", "cluster_trouble"), HasSubstr("--etcd-cert"));
}

TEST_F(TlsCluster, AnEtcdOfAnotherCaIsNotTrusted) {
  const CertificateAuthority other(folder_.path(), "other");
  all_options_.back() = other.certificate();
  PresentToEtcd(own_);
  Join("a");
  EXPECT_THAT(AwaitAnyFact("a", "cluster_trouble"), HasSubstr("of no CA that is trusted"));
}

}  // namespace
}  // namespace xref::test
