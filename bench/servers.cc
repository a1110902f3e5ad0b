#include "bench/servers.h"

#include <arpa/inet.h>
#include <fmt/format.h>
#include <netinet/in.h>
#include <stdlib.h>
#include <sys/socket.h>
#include <unistd.h>

#include <algorithm>
#include <bit>
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

std::vector<std::string> OnCore(Core core, std::vector<std::string> argv) {
  if (!core) return argv;
  std::vector<std::string> pinned{"taskset", "--cpu-list", std::to_string(*core)};
  pinned.insert(pinned.end(), argv.begin(), argv.end());
  return pinned;
}

}  // namespace

absl::StatusOr<std::string> MakeTemporaryFolder(const std::string& within) {
  std::string folder = within + "/xref-bench-XXXXXX";
  if (mkdtemp(folder.data()) != nullptr) return folder;
  return absl::InvalidArgumentError("cannot make a folder in " + within);
}

absl::StatusOr<Server> StartXrefd(const std::string& program, const std::string& folder,
                                  uint32_t checkpoint_seconds, Core core,
                                  const std::vector<std::string>& more_options) {
  std::vector<std::string> argv =
      OnCore(core, {program, "--data", folder, "--listen", "127.0.0.1:0", "--checkpoint-seconds",
                    std::to_string(checkpoint_seconds)});
  if (core) argv.insert(argv.end(), {"--threads", "1"});
  argv.insert(argv.end(), more_options.begin(), more_options.end());
  auto process = ServerProcess::Start(argv);
  if (!process.ok()) return process.status();
  constexpr std::string_view kListening = "listening on ";
  const auto line = (*process)->AwaitLine(kListening);
  if (!line.ok()) return line.status();
  const size_t address = line->text.find(kListening) + kListening.size();
  return Server{*std::move(process),
                line->text.substr(address, line->text.find_last_not_of('\n') + 1 - address)};
}

absl::StatusOr<Server> StartRedis(const std::string& program, const std::string& folder,
                                  bool durable, Core core) {
  std::filesystem::create_directories(folder);
  const std::string port = std::to_string(FreePort());
  // As with xrefd, nothing but the adds is to happen while adds are measured.
  auto process = ServerProcess::Start(
      OnCore(core, {program, "--bind", "127.0.0.1", "--port", port, "--dir", folder, "--save", "",
                    "--appendonly", durable ? "yes" : "no", "--appendfsync", "always",
                    "--auto-aof-rewrite-percentage", "0"}));
  if (!process.ok()) return process.status();
  if (auto line = (*process)->AwaitLine("Server initialized"); !line.ok()) return line.status();
  return Server{*std::move(process), "127.0.0.1:" + port};
}

absl::StatusOr<Server> StartMemcached(const std::string& program, uint64_t items, Core core) {
  constexpr uint64_t kItemBytes = 160;  // more than one takes, with what the slabs waste
  constexpr uint64_t kMemoryMiBMin = 64;
  constexpr int kHashPowerMin = 16;
  const std::string port = std::to_string(FreePort());
  std::vector<std::string> argv{program, "-l", "127.0.0.1", "-p", port, "-U", "0", "-t", "1"};
  // Nothing is evicted, and no item has a number for compare-and-swap, which nobody asks for.
  argv.insert(argv.end(), {"-M", "-C"});
  argv.insert(argv.end(),
              {"-m", std::to_string(std::max(kMemoryMiBMin, items * kItemBytes >> 20))});
  argv.insert(argv.end(), {"-o", fmt::format("hashpower={}",
                                             std::max<int>(kHashPowerMin, std::bit_width(items)))});
  // So many keys of the binary protocol are requests of their own, which it answers in one go.
  argv.insert(argv.end(), {"-R", "10000"});
  if (geteuid() == 0) argv.insert(argv.end(), {"-u", "root"});
  auto process = ServerProcess::Start(OnCore(core, std::move(argv)));
  if (!process.ok()) return process.status();
  return Server{*std::move(process), "127.0.0.1:" + port};
}

absl::StatusOr<std::unique_ptr<TemporaryXrefd>> TemporaryXrefd::Start(const std::string& program,
                                                                      uint32_t checkpoint_seconds) {
  auto folder = MakeTemporaryFolder(std::filesystem::temp_directory_path());
  if (!folder.ok()) return folder.status();
  auto server = StartXrefd(program, *folder, checkpoint_seconds);
  if (!server.ok()) {
    std::filesystem::remove_all(*folder);
    return server.status();
  }
  std::unique_ptr<TemporaryXrefd> started(
      new TemporaryXrefd(*std::move(folder), *std::move(server)));
  auto line = started->server_.process->AwaitLine("ready: ");
  if (!line.ok()) return line.status();
  return started;
}

TemporaryXrefd::~TemporaryXrefd() {
  server_.process->Kill();
  std::filesystem::remove_all(folder_);
}

}  // namespace xref::bench
