#include <spdlog/sinks/stdout_sinks.h>
#include <spdlog/spdlog.h>

#include <csignal>
#include <cstdio>
#include <string>
#include <variant>

#include "daemon/check_folder.h"
#include "daemon/daemon.h"
#include "daemon/options.h"
#include "persistence/failpoint.h"

namespace {

constexpr int kExitBrokeDown = 1;  // or found damage
constexpr int kExitRefused = 2;

}  // namespace

int main(int argc, char** argv) {
  const auto parsed = xref::ParseOptions(argc, argv);
  if (const auto* exit = std::get_if<xref::Exit>(&parsed)) return exit->code;
  const auto& options = std::get<xref::Options>(parsed);
  if (!xref::ArmFailpoint()) {
    std::fprintf(stderr, "xrefd: XREFD_FAILPOINT names no failpoint of this version\n");
    return kExitRefused;
  }
  std::signal(SIGPIPE, SIG_IGN);
  spdlog::set_default_logger(spdlog::stderr_logger_mt("xrefd"));
  spdlog::set_pattern("%Y-%m-%dT%H:%M:%S.%e%z %l %v");
  spdlog::set_level(spdlog::level::from_str(options.log_level));

  absl::Status ended;
  if (!options.check.empty()) {
    const auto sound = xref::CheckFolder(options.check);
    if (sound.ok()) return *sound ? 0 : kExitBrokeDown;
    ended = sound.status();
  } else {
    ended = xref::RunDaemon(options);
    if (ended.ok()) {
      spdlog::info("ended as asked");
      return 0;
    }
  }
  std::fprintf(stderr, "xrefd: %s\n", std::string(ended.message()).c_str());
  if (absl::IsDataLoss(ended)) std::fputs(xref::kDamageRemedy, stderr);
  return absl::IsInternal(ended) ? kExitBrokeDown : kExitRefused;
}
