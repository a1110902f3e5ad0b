#include "bench/servers.h"

#include <arpa/inet.h>
#include <fmt/format.h>
#include <netinet/in.h>
#include <stdlib.h>
#include <sys/socket.h>
#include <unistd.h>

#include <filesystem>
#include <utility>

namespace xref::bench {
namespace {

// A port that is free now; another process may take it before the server does.
uint16_t FreePort() {
  sockaddr_in address{};
  address.sin_family = AF_INET;
  address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
  socklen_t size = sizeof address;
  const int fd = socket(AF_INET, SOCK_STREAM, 0);
  bind(fd, reinterpret_cast<sockaddr*>(&address), size);
  getsockname(fd, reinterpret_cast<sockaddr*>(&address), &size);
  close(fd);
  return ntohs(address.sin_port);
}

}  // namespace

absl::StatusOr<std::string> MakeTemporaryFolder(const std::string& within) {
  std::string folder = within + "/xref-bench-XXXXXX";
  if (mkdtemp(folder.data()) != nullptr) return folder;
  return absl::InvalidArgumentError("cannot make a folder in " + within);
}

absl::StatusOr<Server> StartXrefd(const std::string& program, const std::string& folder,
                                  uint32_t checkpoint_seconds) {
  auto process = ServerProcess::Start({program, "--data", folder, "--listen", "127.0.0.1:0",
                                       "--checkpoint-seconds", std::to_string(checkpoint_seconds)});
  if (!process.ok()) return process.status();
  constexpr std::string_view kListening = "listening on ";
  const auto line = (*process)->AwaitLine(kListening);
  if (!line.ok()) return line.status();
  const size_t address = line->text.find(kListening) + kListening.size();
  return Server{*std::move(process),
                line->text.substr(address, line->text.find_last_not_of('\n') + 1 - address)};
}

absl::StatusOr<Server> StartRedis(const std::string& program, const std::string& folder,
                                  bool durable) {
  std::filesystem::create_directories(folder);
  const std::string port = std::to_string(FreePort());
  // As with xrefd, nothing but the adds is to happen while adds are measured.
  auto process =
      ServerProcess::Start({program, "--bind", "127.0.0.1", "--port", port, "--dir", folder,
                            "--save", "", "--appendonly", durable ? "yes" : "no", "--appendfsync",
                            "always", "--auto-aof-rewrite-percentage", "0"});
  if (!process.ok()) return process.status();
  if (auto line = (*process)->AwaitLine("Server initialized"); !line.ok()) return line.status();
  return Server{*std::move(process), "127.0.0.1:" + port};
}

}  // namespace xref::bench
