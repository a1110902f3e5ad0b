// What purges and drops left, and bringing it back.

#include <fmt/format.h>

#include <boost/json.hpp>
#include <iostream>
#include <thread>
#include <utility>

#include "client/cli/commands.h"
#include "client/cli/progress.h"
#include "client/history.h"

namespace xref::cli {
namespace {

namespace json = boost::json;
using protocol::ListedTrash;
using protocol::RestoredItem;

struct TrashOptions {};

// As the user writes it: a place, or an integration by itself.
std::string NameOf(const ListedTrash& trash) {
  return trash.type.empty() ? std::string(trash.integration)
                            : fmt::format("{}/{}", trash.integration, trash.type);
}

absl::StatusOr<ExitCode> RunTrash(const Globals& globals, const TrashOptions&) {
  auto client = Client::Connect(globals.client);
  if (!client.ok()) return client.status();
  std::string payload;
  const auto listed = (*client)->ListTrash(payload);
  if (!listed.ok()) return listed.status();
  for (const ListedTrash& trash : listed->trash) {
    if (globals.json) {
      std::cout << json::object{{"trash", trash.trash},
                                {"kind", trash.type.empty() ? "integration" : "type"},
                                {"place", NameOf(trash)},
                                {"references", trash.references},
                                {"purged", FormatTime(trash.purged_us)},
                                {"by", Json(trash.actor)},
                                {"kept_until", FormatTime(trash.expires_us)}}
                << "\n";
    } else {
      std::cout << fmt::format(
          "{:>6}  {:<40} {:>12} references, {} {} by {}, kept until {}\n", trash.trash,
          NameOf(trash), trash.references, trash.type.empty() ? "dropped" : "purged",
          FormatTime(trash.purged_us), trash.actor, FormatTime(trash.expires_us));
    }
  }
  if (listed->trash.empty() && !globals.json) std::cerr << "the trash is empty\n";
  return kDone;
}

struct RestoreOptions {
  std::string name;  // of a place, or of an integration
  uint32_t trash = 0;
  std::string as;
  std::string actor;

  bool is_integration() const { return name.find('/') == std::string::npos; }
};

// The number of what the last purge of the place left, or the last drop of the integration; or that
// which was named.
absl::StatusOr<uint32_t> FindTrash(Client& client, const RestoreOptions& options) {
  std::string payload;
  const auto listed = client.ListTrash(payload);
  if (!listed.ok()) return listed.status();
  uint32_t found = 0;
  for (const ListedTrash& trash : listed->trash) {
    const bool named = options.trash == 0 || options.trash == trash.trash;
    if (named && NameOf(trash) == options.name) found = trash.trash;
  }
  if (found != 0) return found;
  return absl::NotFoundError(
      fmt::format("the trash has nothing of {}{}; see what there is: xref trash", options.name,
                  options.trash == 0 ? "" : fmt::format(" under number {}", options.trash)));
}

void PrintRefused(const RestoredItem& item, bool as_json) {
  if (as_json) {
    json::object row{{"source_id", Json(item.source)},
                     {"target_id", Json(item.target)},
                     {"verdict", Json(Name(item.outcome.verdict))},
                     {"stands", nullptr}};
    if (!item.outcome.other.empty()) row["stands"] = Json(item.outcome.other);
    std::cout << row << "\n";
    return;
  }
  std::cout << fmt::format("not restored: {} -> {}: {}{}{}\n", item.source, item.target,
                           Name(item.outcome.verdict), item.outcome.other.empty() ? "" : " with ",
                           item.outcome.other);
}

// A client; for a place, one that has found it, since only that tells what is wrong with it.
absl::StatusOr<std::unique_ptr<Client>> Connect(const Globals& globals,
                                                const RestoreOptions& options) {
  if (options.is_integration()) return ConnectToPrimary(globals);
  auto target = ReachPrimary(globals, options.name);
  if (!target.ok()) return target.status();
  return std::move(target->client);
}

absl::StatusOr<ExitCode> RunRestore(const Globals& globals, const RestoreOptions& options) {
  auto client = Connect(globals, options);
  if (!client.ok()) return client.status();
  const auto trash = FindTrash(**client, options);
  if (!trash.ok()) return trash.status();
  const std::string actor = ActorOr(options.actor);
  uint64_t restored = 0;
  uint64_t unchanged = 0;
  uint64_t refused = 0;
  {
    Progress progress("restore");
    const auto give_up = std::chrono::steady_clock::now() + globals.client.answer_timeout;
    uint8_t part = 0;
    std::string after;
    for (bool more = true; more;) {
      std::string payload;
      const auto step = (*client)->Restore(
          {.trash = *trash, .part = part, .after = after, .name = options.as, .actor = actor},
          payload);
      if (absl::IsResourceExhausted(step.status()) && std::chrono::steady_clock::now() < give_up) {
        // It is busy, most likely with writing down what was there a moment ago.
        std::this_thread::sleep_for(kPollPause);
        continue;
      }
      if (absl::IsPermissionDenied(step.status()) && options.is_integration()) {
        return absl::PermissionDeniedError(
            fmt::format("{}. Under another name: xref restore {} --trash {} --as NAME",
                        std::string(step.status().message()), options.name, *trash));
      }
      if (!step.ok()) return step.status();
      for (const RestoredItem& item : step->refused) PrintRefused(item, globals.json);
      restored += step->restored;
      unchanged += step->unchanged;
      refused += step->refused.size();
      progress.Update(restored + unchanged + refused, 0, std::nullopt);
      more = step->more;
      part = step->next_part;
      after = step->next;
    }
  }
  if (globals.json) {
    std::cout << json::object{{"restored", restored},
                              {"unchanged", unchanged},
                              {"refused", refused}}
              << "\n";
  } else if (options.is_integration()) {
    std::cout << fmt::format("restored {} as it was, with all its references: {}\n",
                             options.as.empty() ? options.name : options.as, restored);
  } else {
    std::cout << fmt::format("restored {}; there already {}; something else stands for {}\n",
                             restored, unchanged, refused);
  }
  return refused == 0 ? kDone : kSomeItems;
}

}  // namespace

void AddTrash(CommandLine& line) {
  line.Add<TrashOptions>(line.root(), "trash", "List what purges and drops left, and until when",
                         "Example: xref trash", RunTrash);
  const auto [app, options] = line.Add<RestoreOptions>(
      line.root(), "restore", "Bring back what a purge or a drop removed",
      "Examples:\n"
      "  xref restore shop-erp/orders\n"
      "  xref restore shop-erp/orders --trash 12\n"
      "  xref restore shop-erp --as shop-erp-old\n"
      "Brings back what the last purge of the place removed, or the one with that number in 'xref "
      "trash'. What was linked to something else meanwhile stays as it is and is listed; the exit "
      "code is then 1. It may be repeated.\n"
      "An integration that was dropped comes back at once and as it was, under its own name or "
      "another one.",
      RunRestore);
  app.add_option("name", options.name, "The place, or the integration that was dropped")
      ->required()
      ->type_name("INTEGRATION[/TYPE]");
  app.add_option("--trash", options.trash, "The number of the purge or drop")->type_name("N");
  app.add_option("--as", options.as, "The name under which the integration comes back")
      ->type_name("NAME");
  AddActor(app, options.actor);
}

}  // namespace xref::cli
