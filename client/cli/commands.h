#pragma once

// What the commands of xref have in common, and the small ones. A command returns its exit code, or
// an error that main turns into a message and a code.

#include <absl/status/statusor.h>

#include <chrono>
#include <memory>
#include <string>
#include <string_view>

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
};

// A connected client and the place that a command is about.
struct Target {
  std::unique_ptr<Client> client;
  PlaceId place;
};
// `place` is INTEGRATION/TYPE as the user wrote it.
absl::StatusOr<Target> Reach(const Globals& globals, const std::string& place);

// The user who runs this, unless one is named: who to enter as the actor of a change.
std::string ActorOr(const std::string& actor);

struct CreateOptions {
  std::string name;
  std::string source = "source";
  std::string target = "target";
  std::string actor;
};
absl::StatusOr<ExitCode> RunIntegrationCreate(const Globals& globals, const CreateOptions& options);

absl::StatusOr<ExitCode> RunIntegrationList(const Globals& globals);

struct AddOptions {
  std::string place;
  std::string source;
  std::string target;
  std::string actor;
};
absl::StatusOr<ExitCode> RunAdd(const Globals& globals, const AddOptions& options);

absl::StatusOr<ExitCode> RunStatus(const Globals& globals);

}  // namespace xref::cli
