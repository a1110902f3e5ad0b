#pragma once

#include <absl/status/statusor.h>

#include <cstdint>
#include <string>
#include <vector>

#include "client/cli/commands.h"

namespace xref::cli {

// IDs to ask about: a file of them, or those on the command line.
struct QuestionOptions {
  std::string place;
  std::string file;  // empty where `ids` are given
  std::vector<std::string> ids;
  uint32_t batch = 10'000;       // IDs in one request
  uint32_t in_flight = 4;        // requests under way
  uint16_t sources_max = 1'000;  // of one target; reverse only
};

// Prints the IDs that are not synced, in the order they were given. kSomeItems if there are any.
absl::StatusOr<ExitCode> RunCheck(const Globals& globals, const QuestionOptions& options);

// Prints every ID with its target, empty where there is none. kSomeItems if there is such an ID.
absl::StatusOr<ExitCode> RunLookup(const Globals& globals, const QuestionOptions& options);

// Prints every source ID that has one of the given target IDs; a target that has none, with an
// empty source ID. kSomeItems if there is such a target.
absl::StatusOr<ExitCode> RunReverse(const Globals& globals, const QuestionOptions& options);

}  // namespace xref::cli
