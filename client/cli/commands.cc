#include "client/cli/commands.h"

#include <fmt/format.h>
#include <pwd.h>
#include <unistd.h>

#include <algorithm>
#include <boost/json.hpp>
#include <iostream>

namespace xref::cli {

namespace json = boost::json;
using protocol::CreateVerdict;
using protocol::Verdict;

namespace {

json::string_view Json(std::string_view text) { return {text.data(), text.size()}; }

absl::Status CheckIdArgument(std::string_view what, std::string_view id) {
  const auto fault = FindIdFault(id);
  if (!fault) return absl::OkStatus();
  return absl::InvalidArgumentError(fmt::format("the {} {}", what, Describe(*fault)));
}

}  // namespace

absl::StatusOr<Target> Reach(const Globals& globals, const std::string& place) {
  const size_t slash = place.find('/');
  if (slash == std::string::npos || slash == 0 || slash + 1 == place.size()) {
    return absl::InvalidArgumentError(fmt::format(
        "\"{}\" is not a place; write INTEGRATION/TYPE, such as shop-erp/orders", place));
  }
  auto client = Client::Connect(globals.client);
  if (!client.ok()) return client.status();
  const auto id = (*client)->Resolve(place.substr(0, slash), place.substr(slash + 1));
  if (!id.ok()) return id.status();
  return Target{*std::move(client), *id};
}

std::string ActorOr(const std::string& actor) {
  if (!actor.empty()) return actor;
  const passwd* user = getpwuid(getuid());
  return user != nullptr ? std::string(user->pw_name).substr(0, kActorBytesMax) : std::string();
}

absl::StatusOr<ExitCode> RunIntegrationCreate(const Globals& globals,
                                              const CreateOptions& options) {
  auto client = Client::Connect(globals.client);
  if (!client.ok()) return client.status();
  const std::string actor = ActorOr(options.actor);
  const auto created = (*client)->CreateIntegration({.name = options.name,
                                                     .source_platform = options.source,
                                                     .target_platform = options.target,
                                                     .actor = actor});
  if (!created.ok()) return created.status();
  const bool conflict = created->verdict == CreateVerdict::kConflict;
  const std::string_view verdict = created->verdict == CreateVerdict::kCreated  ? "created"
                                   : created->verdict == CreateVerdict::kExists ? "exists"
                                                                                : "conflict";
  if (globals.json) {
    std::cout << json::object{{"integration", options.name},
                              {"verdict", Json(verdict)},
                              {"source", created->source_platform},
                              {"target", created->target_platform}}
              << "\n";
  } else if (conflict) {
    std::cerr << fmt::format(
        "xref: the integration {} exists already, from \"{}\" to \"{}\"; nothing was changed\n",
        options.name, created->source_platform, created->target_platform);
  } else {
    std::cout << fmt::format("{} {}: {} -> {}\n", options.name, verdict, created->source_platform,
                             created->target_platform);
  }
  return conflict ? kSomeItems : kDone;
}

absl::StatusOr<ExitCode> RunIntegrationList(const Globals& globals) {
  auto client = Client::Connect(globals.client);
  if (!client.ok()) return client.status();
  std::string payload;
  const auto list = (*client)->ListIntegrations(payload);
  if (!list.ok()) return list.status();
  for (const auto& integration : list->integrations) {
    if (globals.json) {
      json::object types;
      for (const auto& type : integration.types) types[Json(type.name)] = type.references;
      std::cout << json::object{{"integration", Json(integration.name)},
                                {"source", Json(integration.source_platform)},
                                {"target", Json(integration.target_platform)},
                                {"references", types}}
                << "\n";
      continue;
    }
    std::cout << fmt::format("{}: {} -> {}\n", integration.name, integration.source_platform,
                             integration.target_platform);
    for (const auto& type : integration.types) {
      std::cout << fmt::format("  {:<20} {:>12}\n", type.name, type.references);
    }
  }
  if (list->integrations.empty() && !globals.json) {
    std::cerr << "no integrations yet; make one with: xref integration create NAME\n";
  }
  return kDone;
}

absl::StatusOr<ExitCode> RunAdd(const Globals& globals, const AddOptions& options) {
  if (auto status = CheckIdArgument("source ID", options.source); !status.ok()) return status;
  if (auto status = CheckIdArgument("target ID", options.target); !status.ok()) return status;
  auto target = Reach(globals, options.place);
  if (!target.ok()) return target.status();
  IdList sources;
  IdList targets;
  sources.Add(options.source);
  targets.Add(options.target);
  const std::string actor = ActorOr(options.actor);
  const auto result = target->client->Mutate({.place = target->place,
                                              .origin = Origin::kManual,
                                              .actor = actor,
                                              .sources = sources.View(),
                                              .targets = targets.View()});
  if (!result.ok()) return result.status();
  const ItemResult& item = result->front();
  const bool conflict = item.verdict == Verdict::kConflict;
  const std::string& stands = conflict ? item.other : options.target;
  const std::string_view verdict = conflict                         ? "conflict"
                                   : item.verdict == Verdict::kDone ? "added"
                                                                    : "unchanged";
  if (globals.json) {
    std::cout << json::object{{"source_id", options.source},
                              {"target_id", stands},
                              {"verdict", Json(verdict)}}
              << "\n";
  } else if (conflict) {
    std::cerr << fmt::format("xref: conflict: {} is linked to {} already; nothing was changed\n",
                             options.source, stands);
  } else {
    std::cout << fmt::format("{}: {} -> {}\n", verdict, options.source, stands);
  }
  return conflict ? kSomeItems : kDone;
}

absl::StatusOr<ExitCode> RunStatus(const Globals& globals) {
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

}  // namespace xref::cli
