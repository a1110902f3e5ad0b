// Removing all references of an entity type, in two steps.

#include <fmt/format.h>

#include <boost/json.hpp>
#include <iostream>

#include "client/cli/commands.h"
#include "client/cli/guard.h"

namespace xref::cli {
namespace {

namespace json = boost::json;

struct PurgeOptions {
  std::string place;
  Guard guard;
  std::string actor;
};

absl::StatusOr<ExitCode> Preview(const Globals& globals, const PurgeOptions& options,
                                 Target& target) {
  const auto preview = target.client->PreviewPurge(target.place);
  if (!preview.ok()) return preview.status();
  if (globals.json) {
    json::object row{{"place", options.place},
                     {"references", preview->references},
                     {"target", preview->target_platform}};
    AddToken(row, preview->token, preview->valid);
    std::cout << row << "\n";
    return kDone;
  }
  std::cout << fmt::format(
      "Nothing was changed yet. To purge {} would remove all references there: {}.\n"
      "The next sync may create up to {} new records in {}.\n{}",
      options.place, preview->references, preview->references, preview->target_platform,
      HowToGoAhead(globals, preview->token, preview->valid));
  return kDone;
}

absl::StatusOr<ExitCode> Confirm(const Globals& globals, const PurgeOptions& options,
                                 Target& target) {
  const std::string actor = ActorOr(options.actor);
  const auto purged =
      target.client->Purge({.place = target.place, .token = options.guard.token, .actor = actor});
  if (!purged.ok()) return purged.status();
  if (globals.json) {
    std::cout << json::object{{"place", options.place},
                              {"references", purged->references},
                              {"trash", purged->trash}}
              << "\n";
  } else {
    std::cout << fmt::format(
        "purged {}; references that are now in the trash, under number {}: {}\n", options.place,
        purged->trash, purged->references);
  }
  return kDone;
}

absl::StatusOr<ExitCode> RunPurge(const Globals& globals, const PurgeOptions& options) {
  const auto guarded = CheckGuard(options.guard, "a purge", "xref purge " + options.place);
  if (!guarded.ok()) return guarded;
  auto target = ReachPrimary(globals, options.place);
  if (!target.ok()) return target.status();
  return options.guard.preview ? Preview(globals, options, *target)
                               : Confirm(globals, options, *target);
}

}  // namespace

void AddPurge(CommandLine& line) {
  const auto [app, options] = line.Add<PurgeOptions>(
      line.root(), "purge", "Remove all references of an entity type, after a preview",
      "Examples:\n"
      "  xref purge shop-erp/orders --preview\n"
      "  xref purge shop-erp/orders --confirm 5577006791947779410\n"
      "The next sync takes every record for new, and may create all of them again in the target. "
      "The token is good once, and only while no reference of the place changes; claims may.",
      RunPurge);
  AddPlace(app, options.place);
  AddGuard(app, options.guard);
  AddActor(app, options.actor);
}

}  // namespace xref::cli
