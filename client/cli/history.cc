// What happened to a source ID, and what that means.

#include "client/history.h"

#include <fmt/format.h>

#include <boost/json.hpp>
#include <iostream>

#include "client/cli/commands.h"
#include "client/cli/times.h"

namespace xref::cli {
namespace {

namespace json = boost::json;
using protocol::PastEvent;
using protocol::PastEventKind;

struct HistoryOptions {
  std::string place;
  std::string source;
  std::string at;
};

std::string_view Word(PastEventKind kind) {
  switch (kind) {
    case PastEventKind::kAdded:
      return "added";
    case PastEventKind::kPut:
      return "put";
    case PastEventKind::kEdited:
      return "edited";
    case PastEventKind::kDeleted:
      return "deleted";
    case PastEventKind::kIgnored:
      return "ignored";
    case PastEventKind::kUnignored:
      return "unignored";
    case PastEventKind::kReclaimed:
      return "reclaimed";
    case PastEventKind::kPurged:
      return "purged";
  }
  return "unknown";
}

// The reply borrows from `payload`.
absl::StatusOr<protocol::HistoryReply> Ask(const Globals& globals, const HistoryOptions& options,
                                           std::string& payload) {
  if (auto status = CheckIdArgument("source ID", options.source); !status.ok()) return status;
  auto target = Reach(globals, options.place);
  if (!target.ok()) return target.status();
  return target->client->History({.place = target->place, .source = options.source}, payload);
}

void Print(const PastEvent& event, bool as_json) {
  if (as_json) {
    json::object row{{"time", FormatTime(event.time_us)},
                     {"event", Json(Word(event.kind))},
                     {"actor", Json(event.actor)},
                     {"before", nullptr},
                     {"after", nullptr}};
    if (!event.before.empty()) row["before"] = Json(event.before);
    if (!event.after.empty()) row["after"] = Json(event.after);
    std::cout << row << "\n";
    return;
  }
  std::cout << fmt::format("{}  {:<10} {:<16} {} -> {}\n", FormatTime(event.time_us),
                           Word(event.kind), event.actor.empty() ? "-" : event.actor,
                           event.before.empty() ? "-" : event.before,
                           event.after.empty() ? "-" : event.after);
}

absl::StatusOr<ExitCode> PrintTargetAt(const Globals& globals, const HistoryOptions& options) {
  const auto time = ParseTime(options.at);
  if (!time.ok()) return time.status();
  if (auto status = CheckIdArgument("source ID", options.source); !status.ok()) return status;
  auto reached = Reach(globals, options.place);
  if (!reached.ok()) return reached.status();
  IdList sources;
  sources.Add(options.source);
  const auto targets = reached->client->LookupAt(reached->place, *time, sources.View());
  if (!targets.ok()) return targets.status();
  const std::string& target = targets->front();
  if (globals.json) {
    json::object row{{"source_id", options.source}, {"target_id", nullptr}};
    if (!target.empty()) row["target_id"] = target;
    std::cout << row << "\n";
  } else {
    std::cout << fmt::format("{}: {} -> {}\n", FormatTime(*time), options.source,
                             target.empty() ? "not linked" : target);
  }
  return target.empty() ? kSomeItems : kDone;
}

absl::StatusOr<ExitCode> RunHistory(const Globals& globals, const HistoryOptions& options) {
  if (!options.at.empty()) return PrintTargetAt(globals, options);
  std::string payload;
  const auto history = Ask(globals, options, payload);
  if (!history.ok()) return history.status();
  const auto timeline = Timeline(*history);
  for (const PastEvent& event : timeline) Print(event, globals.json);
  if (timeline.empty() && !globals.json) {
    std::cerr << "nothing is known of " << options.source << " at " << options.place << "\n";
  }
  return timeline.empty() ? kSomeItems : kDone;
}

absl::StatusOr<ExitCode> RunExplain(const Globals& globals, const HistoryOptions& options) {
  std::string payload;
  const auto history = Ask(globals, options, payload);
  if (!history.ok()) return history.status();
  const bool synced = history->reference.has_value();
  json::array sentences;
  for (const std::string& sentence : Explain(*history, options.place, options.source)) {
    if (!globals.json) std::cout << sentence << "\n";
    sentences.emplace_back(sentence);
  }
  if (globals.json) {
    std::cout << json::object{{"source_id", options.source},
                              {"synced", synced},
                              {"because", std::move(sentences)}}
              << "\n";
  }
  return synced ? kDone : kSomeItems;
}

}  // namespace

void AddHistory(CommandLine& line) {
  const auto [history, options] = line.Add<HistoryOptions>(
      line.root(), "history", "Show what happened to a source ID: when, by whom, before and after",
      "Examples:\n"
      "  xref history shop-erp/orders SO-000123\n"
      "  xref history shop-erp/orders SO-000123 --at 2026-11-20T08:00\n"
      "The exit code is 1 if nothing is known, or it was not linked at that time.",
      RunHistory);
  AddPlace(history, options.place);
  history.add_option("source", options.source, "Source ID")->required();
  history
      .add_option("--at", options.at,
                  "Only what it was linked to at that time (UTC), or so long ago")
      ->type_name("TIME");
  const auto [explain, asked] = line.Add<HistoryOptions>(
      line.root(), "explain", "Say in words why a source ID is, or is not, treated as synced",
      "Example: xref explain shop-erp/orders SO-000123\n"
      "Looks at its reference, its history, purges, claims, and other sources of its target. The "
      "exit code is 1 if it is not synced.",
      RunExplain);
  AddPlace(explain, asked.place);
  explain.add_option("source", asked.source, "Source ID")->required();
}

}  // namespace xref::cli
