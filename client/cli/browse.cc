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
  uint64_t limit = kShown;
  bool newest = false;
};

// A row that outlives its page.
struct Row {
  std::string source;
  std::string target;
  std::string origin;
  int64_t created_us;
  std::string created_by;
  int64_t updated_us;
  std::string updated_by;
  Lsn lsn;
};

Row RowOf(const ListedReference& row) {
  return {.source = std::string(row.source),
          .target = std::string(row.target),
          .origin = row.origin <= kOriginLast ? kOrigins[row.origin] : "unknown",
          .created_us = row.created_us,
          .created_by = std::string(row.created_by),
          .updated_us = row.updated_us,
          .updated_by = std::string(row.updated_by),
          .lsn = row.lsn};
}

void Print(const Row& row, bool as_json) {
  const bool updated = row.updated_us != 0;
  if (as_json) {
    json::object object{{"source_id", row.source},      {"target_id", row.target},
                        {"origin", row.origin},         {"created", FormatTime(row.created_us)},
                        {"created_by", row.created_by}, {"updated", nullptr},
                        {"updated_by", nullptr}};
    if (updated) {
      object["updated"] = FormatTime(row.updated_us);
      object["updated_by"] = row.updated_by;
    }
    std::cout << object << "\n";
    return;
  }
  std::cout << fmt::format("{:<32} {:<32} {:<7} {}  {}\n", row.source, row.target, row.origin,
                           FormatTime(updated ? row.updated_us : row.created_us),
                           updated ? row.updated_by : row.created_by);
}

absl::StatusOr<ListRequest> RequestOf(const BrowseOptions& options, PlaceId place) {
  ListRequest request{.place = place,
                      .after = options.after,
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

// The rows that were changed last, newest first. The server has them in the order of source IDs, so
// it is asked for those of the last few changes, then of more, until there are enough.
absl::StatusOr<std::vector<Row>> FindNewest(Client& client, ListRequest request, uint64_t limit) {
  constexpr Lsn kFewChanges = 16;
  const auto last = LastLsn(client);
  if (!last.ok()) return last.status();
  const auto newer = [](const Row& a, const Row& b) { return a.lsn > b.lsn; };
  for (Lsn changes = kFewChanges;; changes *= kFewChanges) {
    request.from_lsn = *last < changes ? 0 : *last - changes + 1;
    std::vector<Row> rows;  // a heap, the oldest at its front
    const auto status = ForEachReference(client, request, [&](const ListedReference& row) {
      rows.push_back(RowOf(row));
      std::push_heap(rows.begin(), rows.end(), newer);
      if (rows.size() > limit) {
        std::pop_heap(rows.begin(), rows.end(), newer);
        rows.pop_back();
      }
      return true;
    });
    if (!status.ok()) return status;
    if (rows.size() < limit && request.from_lsn > 0) continue;
    std::sort_heap(rows.begin(), rows.end(), newer);
    return rows;
  }
}

absl::StatusOr<ExitCode> RunBrowse(const Globals& globals, const BrowseOptions& options) {
  auto target = Reach(globals, options.place);
  if (!target.ok()) return target.status();
  const auto request = RequestOf(options, target->place);
  if (!request.ok()) return request.status();
  uint64_t shown = 0;
  if (options.newest) {
    const auto rows = FindNewest(*target->client, *request, options.limit);
    if (!rows.ok()) return rows.status();
    for (const Row& row : *rows) Print(row, globals.json);
    shown = rows->size();
  } else {
    std::string last;
    const auto status =
        ForEachReference(*target->client, *request, [&](const ListedReference& row) {
          if (shown == options.limit) return false;
          Print(RowOf(row), globals.json);
          last = row.source;
          ++shown;
          return true;
        });
    if (!status.ok()) return status;
    if (shown == options.limit && !globals.json) {
      std::cerr << fmt::format("{} shown; go on with: --after '{}'\n", shown, last);
    }
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
  app.add_option("--target-prefix", options.target_prefix, "Only target IDs that begin so")
      ->type_name("TEXT");
  app.add_option("--origin", options.origin, "Only what came about this way")
      ->type_name("sync|manual|import")
      ->check(CLI::IsMember({"sync", "manual", "import"}).description(""));
  app.add_option("--since", options.since, "Only what was last changed at that time or later")
      ->type_name("TIME");
  app.add_option("--until", options.until, "Only what was last changed before that time")
      ->type_name("TIME");
  auto* after =
      app.add_option("--after", options.after, "Go on after this source ID")->type_name("ID");
  app.add_option("--limit", options.limit, "How many to show at most")
      ->type_name("N")
      ->check(CLI::PositiveNumber.description(""))
      ->capture_default_str();
  app.add_flag("--newest", options.newest, "Those that were changed last, newest first")
      ->excludes(after);
}

}  // namespace

void AddBrowse(CommandLine& line) {
  constexpr const char* kTimes =
      "A TIME is 2026-11-23, 2026-11-23T21:07 (UTC), or so long ago: 90s, 15m, 2h, 7d. Shows "
      "source "
      "ID, target ID, origin, when and by whom it was last changed. The exit code is 1 if there is "
      "none.";
  const auto [list, options] = line.Add<BrowseOptions>(
      line.root(), "list", "Show references, in the order of their source IDs",
      std::string("Examples:\n"
                  "  xref list shop-erp/orders --prefix SO-00\n"
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
