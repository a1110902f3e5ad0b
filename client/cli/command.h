#pragma once

// What the commands of xref have in common. A command returns its exit code, or an error that the
// command line turns into a message and a code.

#include <absl/status/statusor.h>

#include <boost/json/string_view.hpp>
#include <chrono>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "client/client.h"

namespace xref::cli {

// The exit codes are fixed: scripts rely on them.
enum ExitCode : int {
  kDone = 0,
  kSomeItems = 1,    // done, but some items conflicted, were bad, or were missing
  kRefused = 2,      // wrong usage, or refused; nothing was changed
  kUnreachable = 3,  // the server cannot be reached, or is not ready
};

// While the server does long work for a command, the pause between two questions about it.
inline constexpr std::chrono::milliseconds kPollPause{50};

// The options that stand before the command.
struct Globals {
  ClientOptions client;
  bool json = false;
  std::vector<std::string> arguments;  // the whole command line as it was given
};

// A connected client and the place that a command is about.
struct Target {
  std::unique_ptr<Client> client;
  PlaceId place;
};
// `place` is INTEGRATION/TYPE as the user wrote it.
absl::StatusOr<Target> Reach(const Globals& globals, const std::string& place);
// For commands that change something, or ask for what only the primary knows: where a standby
// answers, they go on to its primary.
absl::StatusOr<Target> ReachPrimary(const Globals& globals, const std::string& place);
absl::StatusOr<std::unique_ptr<Client>> ConnectToPrimary(const Globals& globals);

// A place's two names; InvalidArgument where `place` is none.
struct PlaceNames {
  std::string integration;
  std::string type;
};
absl::StatusOr<PlaceNames> Split(const std::string& place);

// The user who runs this, unless one is named: who to enter as the actor of a change.
std::string ActorOr(const std::string& actor);

// InvalidArgument where `id` is none; `what` is "source ID" or the like.
absl::Status CheckIdArgument(std::string_view what, std::string_view id);

// The command line that was given, for a shell, with --preview and --confirm replaced by
// "--confirm CONFIRMATION". Access tokens are left out: they are not for screens and logs.
std::string WithConfirmation(const Globals& globals, const std::string& confirmation);

inline boost::json::string_view Json(std::string_view text) { return {text.data(), text.size()}; }

}  // namespace xref::cli
