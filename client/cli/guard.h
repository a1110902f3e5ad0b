#pragma once

// What commands have that remove very much: a preview, which tells what that means, and a token
// from it, without which nothing happens.

#include <boost/json.hpp>
#include <chrono>
#include <cstdint>
#include <string>

#include "client/cli/command_line.h"

namespace xref::cli {

struct Guard {
  bool preview = false;
  uint64_t token = 0;
};

void AddGuard(CLI::App& app, Guard& guard);

// InvalidArgument, with the way to go, where neither the preview nor a token was asked for.
// `what` is what it would be, with "a"; `command` is what the user wrote.
absl::Status CheckGuard(const Guard& guard, const std::string& what, const std::string& command);

// What a preview ends with: the token, and how to go ahead with it.
void AddToken(boost::json::object& preview, uint64_t token, std::chrono::seconds valid);
std::string HowToGoAhead(const Globals& globals, uint64_t token, std::chrono::seconds valid);

}  // namespace xref::cli
