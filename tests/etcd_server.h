#pragma once

#include <memory>
#include <string>
#include <vector>

#include "tests/certificates.h"
#include "tests/daemon_fixture.h"
#include "tests/process.h"

namespace xref::test {

// A real etcd of its own, which keeps its data and its port from start to start. The data is in
// memory where the machine has a place for that: etcd waits for the disk before it answers, and a
// disk that others keep busy would let the leases end that tests rely on.
class EtcdServer {
 public:
  EtcdServer();  // on loopback
  // On another address, by a command that runs what follows it where that address is.
  EtcdServer(const std::string& host, std::vector<std::string> run);

  // Returns when it answers; fails the test if it does not.
  void Start();
  void Crash();  // kill -9
  void Signal(int signal) { process_->Signal(signal); }

  // Has it speak TLS with clients from the next start on, and let in only those that present a
  // certificate of the CA. `tls` is what a client of it speaks.
  void UseTls(const IssuedCertificate& own, const std::string& client_ca, Channel::Tls tls);

  const std::string& url() const { return url_; }

 private:
  const TemporaryFolder folder_;
  std::string url_;
  std::string peer_url_;
  const std::vector<std::string> run_;
  std::vector<std::string> options_;
  Channel::Tls tls_;
  std::unique_ptr<Process> process_;
};

}  // namespace xref::test
