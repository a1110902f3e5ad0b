#include "tests/etcd_server.h"

#include <gtest/gtest.h>
#include <netinet/in.h>
#include <signal.h>
#include <sys/socket.h>
#include <unistd.h>

#include <chrono>
#include <filesystem>
#include <thread>

#include "replication/etcd.h"

namespace xref::test {
namespace {

// A port that nobody has at the moment.
uint16_t FreePort() {
  const int fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
  sockaddr_in address{};
  address.sin_family = AF_INET;
  address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
  socklen_t size = sizeof address;
  EXPECT_EQ(bind(fd, reinterpret_cast<sockaddr*>(&address), size), 0);
  EXPECT_EQ(getsockname(fd, reinterpret_cast<sockaddr*>(&address), &size), 0);
  close(fd);
  return ntohs(address.sin_port);
}

std::string FreeUrl() { return "http://127.0.0.1:" + std::to_string(FreePort()); }

std::filesystem::path Memory() {
  const char* const shared_memory = "/dev/shm";
  return access(shared_memory, W_OK) == 0 ? shared_memory : std::filesystem::temp_directory_path();
}

}  // namespace

EtcdServer::EtcdServer() : folder_(Memory()), url_(FreeUrl()), peer_url_(FreeUrl()) {}

EtcdServer::EtcdServer(const std::string& host, std::vector<std::string> run)
    : folder_(Memory()),
      url_("http://" + host + ":2379"),
      peer_url_("http://" + host + ":2380"),
      run_(std::move(run)) {}

void EtcdServer::UseTls(const IssuedCertificate& own, const std::string& client_ca,
                        Channel::Tls tls) {
  url_.insert(std::string_view("http").size(), "s");
  options_ = {"--cert-file",        own.certificate,     "--key-file", own.key,
              "--client-cert-auth", "--trusted-ca-file", client_ca};
  tls_ = std::move(tls);
}

void EtcdServer::Start() {
  std::vector<std::string> argv = run_;
  argv.insert(argv.end(), {XREF_TEST_ETCD, "--data-dir", folder_.path(), "--listen-client-urls",
                           url_, "--advertise-client-urls", url_, "--listen-peer-urls", peer_url_,
                           "--initial-advertise-peer-urls", peer_url_, "--initial-cluster",
                           "default=" + peer_url_, "--log-level", "error"});
  argv.insert(argv.end(), options_.begin(), options_.end());
  process_ = Process::Start(argv);
  const auto give_up = std::chrono::steady_clock::now() + kDeadline;
  const auto etcd = Etcd::Make({url_}, tls_);
  ASSERT_TRUE(etcd.ok()) << etcd.status();
  for (;;) {
    const auto lease = (*etcd)->GrantLease(std::chrono::seconds(2));
    if (lease.ok()) return;
    ASSERT_LT(std::chrono::steady_clock::now(), give_up) << lease.status() << "\n"
                                                         << process_->Wait().err;
    std::this_thread::yield();
  }
}

void EtcdServer::Crash() {
  process_->Signal(SIGKILL);
  process_->Wait();
}

}  // namespace xref::test
