#include "client/cli/command.h"

#include <fmt/format.h>
#include <pwd.h>
#include <unistd.h>

#include <algorithm>
#include <utility>

namespace xref::cli {
namespace {

std::string Quoted(const std::string& argument) {
  constexpr std::string_view kPlain =
      "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789-_./:,=+@%";
  if (!argument.empty() && argument.find_first_not_of(kPlain) == std::string::npos) return argument;
  std::string quoted = "'";
  for (const char c : argument) quoted += c == '\'' ? "'\\''" : std::string(1, c);
  return quoted + "'";
}

}  // namespace

absl::StatusOr<PlaceNames> Split(const std::string& place) {
  const size_t slash = place.find('/');
  if (slash == std::string::npos || slash == 0 || slash + 1 == place.size()) {
    return absl::InvalidArgumentError(fmt::format(
        "\"{}\" is not a place; write INTEGRATION/TYPE, such as shop-erp/orders", place));
  }
  return PlaceNames{place.substr(0, slash), place.substr(slash + 1)};
}

absl::StatusOr<std::unique_ptr<Client>> ConnectToPrimary(const Globals& globals) {
  ClientOptions options = globals.client;
  options.primary = true;
  return Client::Connect(options);
}

absl::StatusOr<Target> ReachPrimary(const Globals& globals, const std::string& place) {
  Globals for_primary = globals;
  for_primary.client.primary = true;
  return Reach(for_primary, place);
}

absl::StatusOr<Target> Reach(const Globals& globals, const std::string& place) {
  const auto names = Split(place);
  if (!names.ok()) return names.status();
  auto client = Client::Connect(globals.client);
  if (!client.ok()) return client.status();
  const auto id = (*client)->Resolve(names->integration, names->type);
  if (!id.ok()) return id.status();
  return Target{*std::move(client), *id};
}

std::string ActorOr(const std::string& actor) {
  if (!actor.empty()) return actor;
  const passwd* user = getpwuid(getuid());
  return user != nullptr ? std::string(user->pw_name).substr(0, kActorBytesMax) : std::string();
}

absl::Status CheckIdArgument(std::string_view what, std::string_view id) {
  const auto fault = FindIdFault(id);
  if (!fault) return absl::OkStatus();
  return absl::InvalidArgumentError(fmt::format("the {} {}", what, Describe(*fault)));
}

std::string WithConfirmation(const Globals& globals, const std::string& confirmation) {
  const auto& given = globals.arguments;
  const auto options_end = std::find(given.begin(), given.end(), "--");
  std::string command = "xref";
  for (auto at = given.begin() + 1; at < options_end; ++at) {
    if (*at == "--preview" || at->starts_with("--confirm=") || at->starts_with("--token="))
      continue;
    if (*at == "--confirm" || *at == "--token") {
      ++at;
      continue;
    }
    command += " " + Quoted(*at);
  }
  command += " --confirm " + confirmation;
  for (auto at = options_end; at != given.end(); ++at) command += " " + Quoted(*at);
  return command;
}

}  // namespace xref::cli
