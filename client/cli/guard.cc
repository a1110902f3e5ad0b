#include "client/cli/guard.h"

#include <fmt/format.h>

#include "client/cli/outcome_text.h"

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

void AddToken(boost::json::object& preview, uint64_t token, std::chrono::seconds valid) {
  // A text: it has more digits than many JSON readers keep of a number.
  preview["token"] = std::to_string(token);
  preview["valid_seconds"] = valid.count();
}

std::string HowToGoAhead(const Globals& globals, uint64_t token, std::chrono::seconds valid) {
  return fmt::format("To go ahead, within {} and while no reference changes there:\n  {}\n",
                     InWords(valid), WithConfirmation(globals, std::to_string(token)));
}

}  // namespace xref::cli
