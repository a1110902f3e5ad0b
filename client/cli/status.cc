// How the server is, and what it holds.

#include <fmt/format.h>

#include <algorithm>
#include <boost/json.hpp>
#include <iostream>
#include <string>
#include <vector>

#include "client/cli/commands.h"
#include "client/cli/compare.h"
#include "client/cli/verify.h"

namespace xref::cli {
namespace {

namespace json = boost::json;

struct StatusOptions {
  bool verify = false;
  std::vector<std::string> compare;  // standbys
};

absl::StatusOr<ExitCode> RunStatus(const Globals& globals, const StatusOptions& options) {
  if (options.verify) return RunVerify(globals);
  if (!options.compare.empty()) return RunCompare(globals, options.compare);
  auto client = Client::Connect(globals.client);
  if (!client.ok()) return client.status();
  std::string payload;
  const auto status = (*client)->Status(payload);
  if (!status.ok()) return status.status();
  if (globals.json) {
    json::object facts;
    for (const auto& [name, value] : status->facts) {
      const bool number =
          !value.empty() && value.size() < 19 &&
          std::all_of(value.begin(), value.end(), [](char c) { return c >= '0' && c <= '9'; });
      facts[Json(name)] = number ? json::value(std::stoull(value)) : json::value(value);
    }
    json::array places;
    for (const auto& place : status->places) {
      places.push_back(json::object{{"integration", Json(place.integration)},
                                    {"type", Json(place.type)},
                                    {"references", place.references},
                                    {"bytes_used", place.bytes_used},
                                    {"bytes_reserved", place.bytes_reserved},
                                    {"bytes_wasted", place.bytes_reserved - place.bytes_used}});
    }
    facts["places"] = std::move(places);
    std::cout << facts << "\n";
    return kDone;
  }
  for (const auto& [name, value] : status->facts) {
    std::cout << fmt::format("{:<26} {}\n", name, value);
  }
  constexpr const char* kRow = "{:<40} {:>12} {:>14} {:>14}\n";
  if (!status->places.empty()) {
    std::cout << "\n" << fmt::format(kRow, "place", "references", "bytes used", "bytes wasted");
  }
  for (const auto& place : status->places) {
    std::cout << fmt::format(kRow, fmt::format("{}/{}", place.integration, place.type),
                             place.references, place.bytes_used,
                             place.bytes_reserved - place.bytes_used);
  }
  return kDone;
}

}  // namespace

void AddStatus(CommandLine& line) {
  const auto [app, options] = line.Add<StatusOptions>(
      line.root(), "status", "Show how the server is and what it holds",
      "Examples:\n"
      "  xref --json status\n"
      "  xref status --verify\n"
      "  xref status --compare 127.0.0.1:7421,127.0.0.1:7431\n"
      "--verify reads all that the server has on its disk, while it goes on serving, and prints "
      "whether it is sound; the exit code is 1 if it is not.\n"
      "--compare has these standbys compare their whole state with that of the primary, as of one "
      "change, and prints a line for each: the same, differs, or not reached within --timeout. The "
      "exit code is 0 only if all are the same, and otherwise 1. A standby that differs ends.",
      RunStatus);
  auto* verify = app.add_flag("--verify", options.verify, "Verify the server's files");
  app.add_option("--compare", options.compare, "Compare these standbys with their primary")
      ->type_name("HOST:PORT,...")
      ->delimiter(',')
      ->excludes(verify);
}

}  // namespace xref::cli
