// Finding what may have been created twice: targets with several sources, and source IDs that look
// like one ID written in two ways.

#include <fmt/format.h>

#include <algorithm>
#include <boost/json.hpp>
#include <iostream>
#include <span>
#include <string>
#include <tuple>
#include <vector>

#include "client/cli/commands.h"
#include "client/cli/id_hashes.h"
#include "client/cli/listing.h"
#include "client/cli/progress.h"
#include "client/csv.h"
#include "client/look_alike.h"

namespace xref::cli {
namespace {

namespace json = boost::json;
using protocol::ListedReference;

struct DuplicatesOptions {
  std::string place;
  bool targets_only = false;
  bool sources_only = false;
};

// One way in which references may be duplicates of each other: those with the same key.
class Kind {
 public:
  using KeyOf = std::string (*)(const ListedReference&);
  Kind(const char* name, KeyOf key_of) : name_(name), key_of_(key_of) {}

  // First every reference is counted, then every one is shown once more.
  void Count(const ListedReference& row) { keys_.Add(key_of_(row)); }
  void EndCount() { keys_.KeepRepeated(); }
  void Collect(const ListedReference& row) {
    std::string key = key_of_(row);
    if (!keys_.Contains(key)) return;
    rows_.push_back({std::move(key), std::string(row.source), std::string(row.target)});
  }

  // Prints the groups in the order of their keys, and returns their number.
  uint64_t Print(bool as_json) {
    std::sort(rows_.begin(), rows_.end());
    uint64_t groups = 0;
    for (auto at = rows_.cbegin(); at != rows_.cend();) {
      const auto end =
          std::find_if(at, rows_.cend(), [&](const Row& row) { return row.key != at->key; });
      // A row may be alone: its hash is that of another key, or the other rows have gone meanwhile.
      if (end - at > 1) {
        ++groups;
        as_json ? PrintAsJson({at, end}) : PrintAsCsv({at, end});
      }
      at = end;
    }
    return groups;
  }

 private:
  struct Row {
    std::string key;
    std::string source;
    std::string target;
    auto operator<=>(const Row&) const = default;
  };

  void PrintAsCsv(std::span<const Row> group) const {
    std::string text;
    for (const Row& row : group) AppendCsvRow({name_, row.key, row.source, row.target}, text);
    std::cout << text;
  }

  void PrintAsJson(std::span<const Row> group) const {
    json::array references;
    for (const Row& row : group) {
      references.push_back(json::object{{"source_id", row.source}, {"target_id", row.target}});
    }
    std::cout << json::object{{"kind", name_},
                              {"key", group.front().key},
                              {"references", std::move(references)}}
              << "\n";
  }

  const char* name_;
  KeyOf key_of_;
  IdHashes keys_;
  std::vector<Row> rows_;
};

std::string TargetOf(const ListedReference& row) { return std::string(row.target); }
std::string SourceOf(const ListedReference& row) { return LookAlikeKey(row.source); }

absl::StatusOr<ExitCode> RunDuplicates(const Globals& globals, const DuplicatesOptions& options) {
  auto target = Reach(globals, options.place);
  if (!target.ok()) return target.status();
  Client& client = *target->client;
  const auto listed = AwaitListing(client, target->place, globals.client.answer_timeout);
  if (!listed.ok()) return listed;

  std::vector<Kind> kinds;
  if (!options.sources_only) kinds.emplace_back("target", TargetOf);
  if (!options.targets_only) kinds.emplace_back("source", SourceOf);
  uint64_t references = 0;
  const auto walk = [&](const char* what, void (Kind::*take)(const ListedReference&)) {
    Progress progress(what, "references");
    references = 0;
    return ForEachReference(client, {.place = target->place}, [&](const ListedReference& row) {
      for (Kind& kind : kinds) (kind.*take)(row);
      progress.Update(++references, 0, std::nullopt);
      return true;
    });
  };
  if (auto status = walk("duplicates, 1 of 2", &Kind::Count); !status.ok()) return status;
  for (Kind& kind : kinds) kind.EndCount();
  if (auto status = walk("duplicates, 2 of 2", &Kind::Collect); !status.ok()) return status;

  if (!globals.json) std::cout << "kind,key,source_id,target_id\n";
  uint64_t groups = 0;
  for (Kind& kind : kinds) groups += kind.Print(globals.json);
  std::cerr << fmt::format("{} references; groups of duplicates: {}\n", references, groups);
  return groups > 0 ? kSomeItems : kDone;
}

}  // namespace

void AddDuplicates(CommandLine& line) {
  const auto [app, options] = line.Add<DuplicatesOptions>(
      line.root(), "duplicates", "Print what may be linked twice: shared targets, similar sources",
      "Examples:\n"
      "  xref duplicates shop-erp/orders\n"
      "  xref --json duplicates shop-erp/orders --targets-only\n"
      "Prints groups of references, as CSV with kind, key, source_id and target_id, or one JSON "
      "object a group. In a group of kind target, several sources have the target that is the "
      "key. In a group of kind source, the source IDs come to the same key when spaces are "
      "dropped, A-Z become a-z, of what then begins with gid:// only what follows the last / is "
      "kept, and zeros at the beginning of each number are dropped, but not its last digit: "
      "\"gid://shop/Order/0042\" and \"42\" have the key 42.\n"
      "The references are listed twice and never held as a whole; it takes 16 bytes of memory for "
      "each, and what is printed. The exit code is 1 if there is any group.",
      RunDuplicates);
  AddPlace(app, options.place);
  auto* targets_only =
      app.add_flag("--targets-only", options.targets_only, "Only targets with several sources");
  app.add_flag("--sources-only", options.sources_only, "Only source IDs that look alike")
      ->excludes(targets_only);
}

}  // namespace xref::cli
