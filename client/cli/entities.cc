// Entity types: what kinds of records an integration has, and the rules for each.

#include <fmt/format.h>

#include <algorithm>
#include <boost/json.hpp>
#include <iostream>

#include "client/cli/commands.h"

namespace xref::cli {
namespace {

namespace json = boost::json;

struct EntityOptions {
  std::string place;
  std::string actor;
  std::string unique_targets;  // "on" or "off"
};

struct EntityListOptions {
  std::string integration;
};

absl::StatusOr<ExitCode> RunAdd(const Globals& globals, const EntityOptions& options) {
  const auto names = Split(options.place);
  if (!names.ok()) return names.status();
  auto client = ConnectToPrimary(globals);
  if (!client.ok()) return client.status();
  const std::string actor = ActorOr(options.actor);
  const auto created = (*client)->CreateType(
      {.integration = names->integration, .type = names->type, .actor = actor});
  if (!created.ok()) return created.status();
  const char* verdict = *created ? "created" : "exists";
  if (globals.json) {
    std::cout << json::object{{"integration", names->integration},
                              {"type", names->type},
                              {"verdict", verdict}}
              << "\n";
  } else {
    std::cout << fmt::format("{} {}\n", options.place, verdict);
  }
  return kDone;
}

absl::StatusOr<ExitCode> RunList(const Globals& globals, const EntityListOptions& options) {
  auto client = Client::Connect(globals.client);
  if (!client.ok()) return client.status();
  std::string payload;
  const auto list = (*client)->ListIntegrations(payload);
  if (!list.ok()) return list.status();
  const auto found =
      std::find_if(list->integrations.begin(), list->integrations.end(),
                   [&](const auto& other) { return other.name == options.integration; });
  if (found == list->integrations.end()) {
    return absl::NotFoundError(
        fmt::format("there is no integration \"{}\"; those that exist: xref integration list",
                    options.integration));
  }
  for (const auto& type : found->types) {
    if (globals.json) {
      std::cout << json::object{{"integration", options.integration},
                                {"type", Json(type.name)},
                                {"references", type.references},
                                {"unique_targets", type.unique_targets}}
                << "\n";
    } else {
      std::cout << fmt::format("{:<20} {:>12}{}\n", type.name, type.references,
                               type.unique_targets ? "  unique targets" : "");
    }
  }
  return kDone;
}

absl::StatusOr<ExitCode> RunRule(const Globals& globals, const EntityOptions& options) {
  auto target = ReachPrimary(globals, options.place);
  if (!target.ok()) return target.status();
  const bool unique = options.unique_targets == "on";
  const std::string actor = ActorOr(options.actor);
  const auto changed =
      target->client->SetRules({.place = target->place, .unique_targets = unique, .actor = actor});
  if (!changed.ok()) return changed.status();
  if (globals.json) {
    std::cout << json::object{{"place", options.place},
                              {"unique_targets", unique},
                              {"verdict", *changed ? "changed" : "unchanged"}}
              << "\n";
  } else {
    std::cout << fmt::format("{}: unique targets {}{}\n", options.place, options.unique_targets,
                             *changed ? "" : ", as before");
  }
  return kDone;
}

}  // namespace

void AddEntities(CommandLine& line) {
  CLI::App& group = line.AddGroup("entity", "Add and list entity types, and set their rules");
  {
    const auto [app, options] =
        line.Add<EntityOptions>(group, "add", "Add an entity type to an integration",
                                "Example: xref entity add shop-erp/price-lists", RunAdd);
    AddPlace(app, options.place);
    AddActor(app, options.actor);
  }
  {
    const auto [app, options] = line.Add<EntityListOptions>(
        group, "list",
        "List the entity types of an integration, with their numbers of references and rules",
        "Example: xref entity list shop-erp", RunList);
    app.add_option("integration", options.integration, "Its name, e.g. shop-erp")->required();
  }
  {
    const auto [app, options] = line.Add<EntityOptions>(
        group, "rule", "Set what an entity type allows",
        "Example: xref entity rule shop-erp/orders --unique-targets on\n"
        "With unique targets, no second source may be linked to a target. Links that are there "
        "already stay as they are.",
        RunRule);
    AddPlace(app, options.place);
    app.add_option("--unique-targets", options.unique_targets, "One source for a target, or any")
        ->required()
        ->type_name("on|off")
        ->check(CLI::IsMember({"on", "off"}).description(""));
    AddActor(app, options.actor);
  }
}

}  // namespace xref::cli
