#include "client/cli/guard.h"

#include <fmt/format.h>

namespace xref::cli {

void AddGuard(CLI::App& app, Guard& guard) {
  auto* preview = app.add_flag("--preview", guard.preview, "Only say what would happen");
  app.add_option("--confirm", guard.token, "Go ahead, with the token that the preview told")
      ->type_name("TOKEN")
      ->excludes(preview);
}

absl::Status CheckGuard(const Guard& guard, const std::string& what, const std::string& command) {
  if (guard.preview || guard.token != 0) return absl::OkStatus();
  return absl::InvalidArgumentError(
      fmt::format("{} takes two steps. First see what it would do: {} --preview; that tells the "
                  "token for --confirm. Nothing was changed",
                  what, command));
}

}  // namespace xref::cli
