// Looking through the references of a place, and taking them out.

#include <fmt/format.h>

#include <algorithm>
#include <boost/json.hpp>
#include <iostream>
#include <vector>

#include "client/cli/commands.h"
#include "client/cli/listing.h"
#include "client/cli/progress.h"
#include "client/cli/times.h"
#include "client/csv.h"
#include "client/history.h"

namespace xref::cli {
namespace {

namespace json = boost::json;
using protocol::ListedReference;
using protocol::ListRequest;

constexpr uint64_t kShown = 100;
constexpr size_t kPrintBytes = 64 << 10;
constexpr const char* kOrigins[] = {"sync", "manual", "import"};

struct BrowseOptions {
  std::string place;
  std::string text;  // of search
  std::string prefix;
  std::string target_prefix;
  std::string origin;
  std::string since;
  std::string until;
  std::string after;
  std::string after_target;
  Lsn after_lsn = 0;
  uint64_t limit = kShown;
  bool newest = false;
};

void Print(const ListedReference& row, bool as_json) {
  const bool updated = row.updated_us != 0;
  const std::string_view origin = row.origin <= kOriginLast ? kOrigins[row.origin] : "unknown";
  if (as_json) {
    json::object object{{"source_id", Json(row.source)},
                        {"target_id", Json(row.target)},
                        {"origin", Json(origin)},
                        {"created", FormatTime(row.created_us)},
                        {"created_by", Json(row.created_by)},
                        {"updated", nullptr},
                        {"updated_by", nullptr},
                        {"lsn", row.lsn}};
    if (updated) {
      object["updated"] = FormatTime(row.updated_us);
      object["updated_by"] = Json(row.updated_by);
    }
    std::cout << object << "\n";
    return;
  }
  std::cout << fmt::format("{:<32} {:<32} {:<7} {}  {}\n", row.source, row.target, origin,
                           FormatTime(updated ? row.updated_us : row.created_us),
                           updated ? row.updated_by : row.created_by);
}

// What begins with a text is together in one order only.
protocol::ListOrder OrderOf(const BrowseOptions& options) {
  if (options.newest) return protocol::ListOrder::kNewest;
  const bool by_target = !options.target_prefix.empty() && options.prefix.empty();
  return by_target ? protocol::ListOrder::kTarget : protocol::ListOrder::kSource;
}

absl::StatusOr<ListRequest> RequestOf(const BrowseOptions& options, PlaceId place) {
  ListRequest request{.place = place,
                      .order = OrderOf(options),
                      .after = options.after,
                      .after_target = options.after_target,
                      .after_lsn = options.after_lsn,
                      .prefix = options.prefix,
                      .target_prefix = options.target_prefix,
                      .contains = options.text};
  // A page of what is asked for, not more than will be shown.
  request.rows_max =
      static_cast<uint32_t>(std::clamp<uint64_t>(options.limit, 1, protocol::kRowsListedMax));
  for (uint8_t i = 0; i <= kOriginLast; ++i) {
    if (options.origin == kOrigins[i]) request.origin = i;
  }
  if (!options.since.empty()) {
    const auto time = ParseTime(options.since);
    if (!time.ok()) return time.status();
    request.from_us = *time;
  }
  if (!options.until.empty()) {
    const auto time = ParseTime(options.until);
    if (!time.ok()) return time.status();
    request.until_us = *time;
  }
  return request;
}

// What to add to the command to go on after a row.
std::string GoOnAfter(const ListedReference& row, protocol::ListOrder order) {
  std::string options = fmt::format("--after '{}'", row.source);
  if (order == protocol::ListOrder::kNewest) options += fmt::format(" --after-lsn {}", row.lsn);
  if (order == protocol::ListOrder::kTarget) {
    options += fmt::format(" --after-target '{}'", row.target);
  }
  return options;
}

absl::StatusOr<ExitCode> RunBrowse(const Globals& globals, const BrowseOptions& options) {
  auto target = Reach(globals, options.place);
  if (!target.ok()) return target.status();
  const auto request = RequestOf(options, target->place);
  if (!request.ok()) return request.status();
  uint64_t shown = 0;
  std::string go_on;
  const auto show = [&](const ListedReference& row) {
    if (shown == options.limit) return false;
    Print(row, globals.json);
    ++shown;
    if (shown == options.limit) go_on = GoOnAfter(row, request->order);
    return true;
  };
  const absl::Status status = options.newest
                                  ? ForEachNewest(*target->client, *request, options.limit, show)
                                  : ForEachReference(*target->client, *request, show);
  if (!status.ok()) return status;
  if (!go_on.empty() && !globals.json) {
    std::cerr << fmt::format("{} shown; go on with: {}\n", shown, go_on);
  }
  if (shown == 0 && !globals.json) std::cerr << "there is none\n";
  return shown == 0 ? kSomeItems : kDone;
}

struct ExportOptions {
  std::string place;
};

absl::StatusOr<ExitCode> RunExport(const Globals& globals, const ExportOptions& options) {
  auto target = Reach(globals, options.place);
  if (!target.ok()) return target.status();
  // An export that lacks the latest would be taken for a whole one.
  const auto listed = AwaitListing(*target->client, target->place, globals.client.answer_timeout);
  if (!listed.ok()) return listed;
  Progress progress("export");
  std::string text = globals.json ? "" : "source_id,target_id\n";
  uint64_t rows = 0;
  const auto flush = [&] {
    std::cout << text << std::flush;
    text.clear();
    return std::cout.good();
  };
  const auto status =
      ForEachReference(*target->client, {.place = target->place}, [&](const ListedReference& row) {
        if (globals.json) {
          text += json::serialize(
              json::object{{"source_id", Json(row.source)}, {"target_id", Json(row.target)}});
        } else {
          AppendCsvField(row.source, text);
          text.push_back(',');
          AppendCsvField(row.target, text);
        }
        text.push_back('\n');
        progress.Update(++rows, 0, std::nullopt);
        return text.size() < kPrintBytes || flush();
      });
  if (!status.ok()) return status;
  if (!flush()) return absl::FailedPreconditionError("the output cannot be written");
  return kDone;
}

void AddFilters(CLI::App& app, BrowseOptions& options) {
  app.add_option("--prefix", options.prefix, "Only source IDs that begin so")->type_name("TEXT");
  auto* by_target =
      app.add_option("--target-prefix", options.target_prefix,
                     "Only target IDs that begin so; without --prefix, in their order")
          ->type_name("TEXT");
  app.add_option("--origin", options.origin, "Only what came about this way")
      ->type_name("sync|manual|import")
      ->check(CLI::IsMember({"sync", "manual", "import"}).description(""));
  app.add_option("--since", options.since, "Only what was last changed at that time or later")
      ->type_name("TIME");
  app.add_option("--until", options.until, "Only what was last changed before that time")
      ->type_name("TIME");
  auto* newest =
      app.add_flag("--newest", options.newest, "Those that were changed last, newest first");
  auto* after =
      app.add_option("--after", options.after, "Go on after this source ID")->type_name("ID");
  app.add_option("--after-lsn", options.after_lsn, "With --newest, the change to go on after")
      ->type_name("LSN")
      ->needs(newest)
      ->needs(after);
  app.add_option("--after-target", options.after_target,
                 "With --target-prefix, the target ID to go on after")
      ->type_name("ID")
      ->needs(by_target)
      ->needs(after);
  app.add_option("--limit", options.limit, "How many to show at most")
      ->type_name("N")
      ->check(CLI::PositiveNumber.description(""))
      ->capture_default_str();
}

}  // namespace

void AddBrowse(CommandLine& line) {
  constexpr const char* kTimes =
      "A TIME is 2026-11-23, 2026-11-23T21:07 (UTC), or so long ago: 90s, 15m, 2h, 7d. Shows "
      "source "
      "ID, target ID, origin, when and by whom it was last changed. The exit code is 1 if there is "
      "none.";
  const auto [list, options] = line.Add<BrowseOptions>(
      line.root(), "list", "Show references: by source ID, by target ID, or the newest first",
      std::string("Examples:\n"
                  "  xref list shop-erp/orders --prefix SO-00\n"
                  "  xref list shop-erp/orders --target-prefix INV-99\n"
                  "  xref list shop-erp/orders --newest --limit 20\n"
                  "  xref list shop-erp/orders --origin manual --since 7d\n") +
          kTimes,
      RunBrowse);
  AddPlace(list, options.place);
  AddFilters(list, options);
  const auto [search, wanted] = line.Add<BrowseOptions>(
      line.root(), "search", "Show references whose source ID or target ID contains a text",
      std::string("Example: xref search shop-erp/orders 0042 --limit 20\n") + kTimes, RunBrowse);
  AddPlace(search, wanted.place);
  search.add_option("text", wanted.text, "What to look for")->required();
  AddFilters(search, wanted);
  const auto [out, exported] = line.Add<ExportOptions>(
      line.root(), "export", "Print all references of a place, ready to be imported",
      "Examples:\n"
      "  xref export shop-erp/orders > orders.csv\n"
      "  xref --json export shop-erp/orders > orders.ndjson\n"
      "In the order of source IDs. It holds all that was there when it began, and waits until the "
      "server has that on its disk; what changes meanwhile may be in it or not. Imported into an "
      "empty place, it exports the same again, byte for byte.",
      RunExport);
  AddPlace(out, exported.place);
}

}  // namespace xref::cli
