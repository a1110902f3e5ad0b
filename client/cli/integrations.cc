// Integrations: the named pairs of platforms.

#include <fmt/format.h>

#include <boost/json.hpp>
#include <iostream>

#include "client/cli/commands.h"
#include "client/cli/guard.h"

namespace xref::cli {
namespace {

namespace json = boost::json;
using protocol::CreateVerdict;

struct PlatformOptions {
  std::string name;
  std::string source = "source";
  std::string target = "target";
  std::string actor;
};

struct ListOptions {};

absl::StatusOr<ExitCode> RunCreate(const Globals& globals, const PlatformOptions& options) {
  auto client = ConnectToPrimary(globals);
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

absl::StatusOr<ExitCode> RunList(const Globals& globals, const ListOptions&) {
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

absl::StatusOr<ExitCode> RunRename(const Globals& globals, const PlatformOptions& options) {
  auto client = ConnectToPrimary(globals);
  if (!client.ok()) return client.status();
  const std::string actor = ActorOr(options.actor);
  const auto changed = (*client)->RenamePlatforms({.integration = options.name,
                                                   .source_platform = options.source,
                                                   .target_platform = options.target,
                                                   .actor = actor});
  if (!changed.ok()) return changed.status();
  const char* verdict = *changed ? "renamed" : "unchanged";
  if (globals.json) {
    std::cout << json::object{{"integration", options.name},
                              {"verdict", verdict},
                              {"source", options.source},
                              {"target", options.target}}
              << "\n";
  } else {
    std::cout << fmt::format("{} {}: {} -> {}\n", options.name, verdict, options.source,
                             options.target);
  }
  return kDone;
}

// ---- Drop ----

struct DropOptions {
  std::string name;
  Guard guard;
  std::string actor;
};

absl::StatusOr<ExitCode> PreviewDrop(const Globals& globals, const DropOptions& options,
                                     Client& client) {
  const auto preview = client.PreviewDrop(options.name);
  if (!preview.ok()) return preview.status();
  if (globals.json) {
    json::object row{{"integration", options.name},
                     {"types", preview->types},
                     {"references", preview->references},
                     {"open_claims", preview->open_claims},
                     {"target", preview->target_platform}};
    AddToken(row, preview->token, preview->valid);
    std::cout << row << "\n";
    return kDone;
  }
  std::cout << fmt::format(
      "Nothing was changed yet. To drop {} would remove its {} entity types with all references: "
      "{}.\n"
      "Open claims, which nobody could settle meanwhile: {}.\n"
      "Whoever syncs by that name is refused; the next sync into a new integration of that name "
      "may create up to {} new records in {}.\n{}",
      options.name, preview->types, preview->references, preview->open_claims, preview->references,
      preview->target_platform, HowToGoAhead(globals, preview->token, preview->valid));
  return kDone;
}

absl::StatusOr<ExitCode> ConfirmDrop(const Globals& globals, const DropOptions& options,
                                     Client& client) {
  const std::string actor = ActorOr(options.actor);
  const auto dropped =
      client.Drop({.integration = options.name, .token = options.guard.token, .actor = actor});
  if (!dropped.ok()) return dropped.status();
  if (globals.json) {
    std::cout << json::object{{"integration", options.name},
                              {"references", dropped->references},
                              {"trash", dropped->trash}}
              << "\n";
  } else {
    std::cout << fmt::format(
        "dropped {}; references that are now in the trash with it, under number {}: {}\n"
        "To bring it back: xref restore {}\n",
        options.name, dropped->trash, dropped->references, options.name);
  }
  return kDone;
}

absl::StatusOr<ExitCode> RunDrop(const Globals& globals, const DropOptions& options) {
  const auto guarded = CheckGuard(options.guard, "a drop", "xref integration drop " + options.name);
  if (!guarded.ok()) return guarded;
  auto client = ConnectToPrimary(globals);
  if (!client.ok()) return client.status();
  return options.guard.preview ? PreviewDrop(globals, options, **client)
                               : ConfirmDrop(globals, options, **client);
}

}  // namespace

void AddIntegrations(CommandLine& line) {
  CLI::App& group = line.AddGroup("integration", "Create, list, rename and drop integrations");
  {
    const auto [app, options] = line.Add<PlatformOptions>(
        group, "create",
        "Make an integration with the entity types articles, customers, orders and stock",
        "Example:\n  xref integration create shop-erp --source Shopify --target \"Business "
        "Central\"",
        RunCreate);
    app.add_option("name", options.name, "Its name, e.g. shop-erp")->required();
    app.add_option("--source", options.source, "Name of the source platform")
        ->capture_default_str();
    app.add_option("--target", options.target, "Name of the target platform")
        ->capture_default_str();
    AddActor(app, options.actor);
  }
  line.Add<ListOptions>(group, "list", "List the integrations and their numbers of references",
                        "Example: xref --json integration list", RunList);
  {
    const auto [app, options] = line.Add<PlatformOptions>(
        group, "rename", "Give the platforms of an integration other names, for people",
        "Example:\n  xref integration rename shop-erp --source Shopify --target \"Dynamics 365\"\n"
        "References stay as they are, and so does the integration's own name.",
        RunRename);
    app.add_option("name", options.name, "The integration, e.g. shop-erp")->required();
    app.add_option("--source", options.source, "New name of the source platform")->required();
    app.add_option("--target", options.target, "New name of the target platform")->required();
    AddActor(app, options.actor);
  }
  {
    const auto [app, options] = line.Add<DropOptions>(
        group, "drop", "Remove an integration with all its references, after a preview",
        "Examples:\n"
        "  xref integration drop shop-erp --preview\n"
        "  xref integration drop shop-erp --confirm 5577006791947779410\n"
        "What is dropped waits in the trash with its types, rules, references, claims and ignored "
        "IDs: xref restore shop-erp brings all of it back. The token is good once, and only while "
        "no reference of the integration changes; claims may.",
        RunDrop);
    app.add_option("name", options.name, "The integration, e.g. shop-erp")->required();
    AddGuard(app, options.guard);
    AddActor(app, options.actor);
  }
}

}  // namespace xref::cli
