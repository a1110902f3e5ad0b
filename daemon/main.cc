#include <spdlog/sinks/stdout_sinks.h>
#include <spdlog/spdlog.h>

#include <cinttypes>
#include <csignal>
#include <cstdio>
#include <string>
#include <variant>

#include "daemon/check_folder.h"
#include "daemon/daemon.h"
#include "daemon/init_folder.h"
#include "daemon/limits.h"
#include "daemon/options.h"
#include "persistence/backup.h"
#include "persistence/failpoint.h"

namespace {

constexpr int kExitBrokeDown = 1;  // or found damage
constexpr int kExitRefused = 2;

int ExitCodeOf(const absl::Status& status) {
  if (status.ok()) return 0;
  std::fprintf(stderr, "xrefd: %s\n", std::string(status.message()).c_str());
  return absl::IsInternal(status) ? kExitBrokeDown : kExitRefused;
}

int CheckDataFolder(const std::string& path) {
  const auto sound = xref::CheckFolder(path);
  if (!sound.ok()) return ExitCodeOf(sound.status());
  return *sound ? 0 : kExitBrokeDown;
}

int RestoreBackup(const xref::Options& options) {
  const auto restored = xref::Restore(options.restore, options.data, xref::kMapBytes);
  if (!restored.ok()) return ExitCodeOf(restored.status());
  std::printf("restored %" PRIu64 " references at LSN %" PRIu64
              " into %s; start it with: xrefd --data %s\n",
              restored->references, restored->lsn, options.data.c_str(), options.data.c_str());
  return 0;
}

// Prints the token alone, so that scripts can take it from there.
int InitFolder(const xref::Options& options) {
  const auto made = xref::MakeAdminToken(options.data);
  if (!made.ok()) return ExitCodeOf(made.status());
  std::fprintf(
      stderr,
      "This is the access token of \"%s\", an admin of all integrations. It cannot be shown "
      "again.\n",
      made->name.c_str());
  std::printf("%s\n", made->token.c_str());
  return 0;
}

}  // namespace

int main(int argc, char** argv) {
  const auto parsed = xref::ParseOptions(argc, argv);
  if (const auto* exit = std::get_if<xref::Exit>(&parsed)) return exit->code;
  const auto& options = std::get<xref::Options>(parsed);
  if (!xref::ArmFailpoint()) {
    std::fprintf(stderr, "xrefd: XREFD_FAILPOINT names no failpoint of this version\n");
    return kExitRefused;
  }
  // None of these is a request to end: a peer that is gone, a terminal that is, somebody who takes
  // this for another daemon.
  for (const int signal : {SIGPIPE, SIGHUP, SIGUSR1, SIGUSR2}) std::signal(signal, SIG_IGN);
  spdlog::set_default_logger(spdlog::stderr_logger_mt("xrefd"));
  spdlog::set_pattern("%Y-%m-%dT%H:%M:%S.%e%z %l %v");
  spdlog::set_level(spdlog::level::from_str(options.log_level));

  if (!options.check.empty()) return CheckDataFolder(options.check);
  if (!options.restore.empty()) return RestoreBackup(options);
  if (options.init) return InitFolder(options);
  const absl::Status ended = xref::RunDaemon(options);
  if (ended.ok()) spdlog::info("ended as asked");
  const int code = ExitCodeOf(ended);
  if (absl::IsDataLoss(ended)) std::fputs(xref::kDamageRemedy, stderr);
  return code;
}
