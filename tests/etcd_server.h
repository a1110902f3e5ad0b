#pragma once

#include <memory>
#include <string>
#include <vector>

#include "tests/process.h"

namespace xref::test {

// A real etcd of its own, which keeps its data in a folder and its port from start to start.
class EtcdServer {
 public:
  // On loopback. `folder` is made if it is missing.
  explicit EtcdServer(std::string folder);
  // On another address, by a command that runs what follows it where that address is.
  EtcdServer(std::string folder, const std::string& host, std::vector<std::string> run);

  // Returns when it answers; fails the test if it does not.
  void Start();
  void Crash();  // kill -9
  void Signal(int signal) { process_->Signal(signal); }

  const std::string& url() const { return url_; }

 private:
  const std::string folder_;
  std::string url_;
  std::string peer_url_;
  const std::vector<std::string> run_;
  std::unique_ptr<Process> process_;
};

}  // namespace xref::test
