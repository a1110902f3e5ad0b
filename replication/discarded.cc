#include "replication/discarded.h"

#include <fcntl.h>
#include <fmt/format.h>
#include <unistd.h>

#include <boost/json.hpp>
#include <cerrno>
#include <cstdio>
#include <cstring>
#include <memory>
#include <string_view>
#include <type_traits>
#include <variant>

#include "protocol/change_codec.h"

namespace xref {
namespace {

namespace json = boost::json;

json::string_view View(std::string_view text) { return {text.data(), text.size()}; }

// What was done, as a word.
struct NameOf {
  const char* operator()(const CreateIntegration&) const { return "create-integration"; }
  const char* operator()(const AddReferences&) const { return "add"; }
  const char* operator()(const SetReferences& set) const { return set.edited ? "edit" : "put"; }
  const char* operator()(const DeleteReferences&) const { return "delete"; }
  const char* operator()(const IgnoreSources& i) const { return i.ignored ? "ignore" : "unignore"; }
  const char* operator()(const GrantClaims&) const { return "claim"; }
  const char* operator()(const ReleaseClaims&) const { return "release"; }
  const char* operator()(const RenewClaims&) const { return "renew"; }
  const char* operator()(const PurgePlace&) const { return "purge"; }
  const char* operator()(const EmptyTrash&) const { return "empty-trash"; }
  const char* operator()(const CreateType&) const { return "create-type"; }
  const char* operator()(const RenamePlatforms&) const { return "rename-platforms"; }
  const char* operator()(const SetRules&) const { return "set-rules"; }
  const char* operator()(const CreateToken&) const { return "create-token"; }
  const char* operator()(const RevokeToken&) const { return "revoke-token"; }
  const char* operator()(const BeginEpoch&) const { return "begin-epoch"; }
  const char* operator()(const CompareState&) const { return "compare-state"; }
  const char* operator()(const DropIntegration&) const { return "drop-integration"; }
  const char* operator()(const RestoreIntegration&) const { return "restore-integration"; }
  const char* operator()(const ForgetIntegration&) const { return "forget-integration"; }
};

// Calls write(object) for each item of the change, or once where it has none.
template <typename Write>
void ForEachItem(const Change& change, const Catalog& catalog, Write write) {
  std::visit(
      [&](const auto& what) {
        using What = std::decay_t<decltype(what)>;
        json::object object{{"lsn", change.lsn},
                            {"epoch", change.epoch},
                            {"time_us", change.time_us},
                            {"actor", View(change.actor)},
                            {"did", NameOf{}(what)}};
        if constexpr (requires { what.place; }) {
          if (const CatalogType* type = catalog.FindType(what.place)) {
            object["integration"] = catalog.FindIntegrationOf(what.place)->name;
            object["type"] = type->name;
          }
        }
        if constexpr (std::is_same_v<What, CreateIntegration>) object["name"] = View(what.name);
        if constexpr (requires { what.sources; }) {
          IdCursor sources(what.sources);
          IdBatch none;
          IdBatch targets = none;
          IdBatch before = none;
          if constexpr (requires { what.targets; }) targets = what.targets;
          if constexpr (requires { what.before; }) before = what.before;
          IdCursor target(targets);
          IdCursor was(before);
          for (uint32_t i = 0; i < what.sources.count; ++i) {
            object["source_id"] = View(sources.Next());
            if (targets.count > 0) object["target_id"] = View(target.Next());
            if (before.count > 0) object["before"] = View(was.Next());
            write(object);
          }
        } else {
          write(object);
        }
      },
      change.what);
}

}  // namespace

absl::StatusOr<std::string> KeepDiscarded(Journal& journal, const Catalog& catalog, Lsn from,
                                          const std::string& folder) {
  const auto extent = journal.Extent();
  if (!extent.ok()) return extent.status();
  if (extent->first > from || extent->last == 0) {
    // What came with a copy is told by the daemon that it was copied from.
    const auto copied = journal.Copied();
    if (!copied.ok()) return copied.status();
    const auto trimmed = journal.Trimmed();
    if (!trimmed.ok()) return trimmed.status();
    if (*copied < from || *copied != *trimmed) {
      return absl::DataLossError(fmt::format(
          "changes from {} on have to be discarded, and the journal begins with change {}: what "
          "was in between cannot be told. Move this data folder away and start on a new one",
          from, extent->first));
    }
    if (extent->last == 0) return std::string();
    from = extent->first;
  }
  const std::string path = fmt::format("{}/discarded-{}-{}.ndjson", folder, from, extent->last);
  const auto failure = [&] {
    return absl::InternalError(fmt::format("{}: writing: {}", path, std::strerror(errno)));
  };
  const std::unique_ptr<std::FILE, int (*)(std::FILE*)> file(std::fopen(path.c_str(), "we"),
                                                             std::fclose);
  if (file == nullptr) return failure();
  auto status = journal.Read(from, [&](const JournalRecord& record) {
    Change change;
    if (const auto fault = protocol::DecodeChange(record.bytes, change)) {
      return absl::DataLossError(fmt::format("journal: change {}: {}", record.lsn, *fault));
    }
    bool written = true;
    ForEachItem(change, catalog, [&](const json::object& object) {
      const std::string line = json::serialize(object) + "\n";
      written = written && std::fwrite(line.data(), 1, line.size(), file.get()) == line.size();
    });
    return written ? absl::OkStatus() : failure();
  });
  if (!status.ok()) return status;
  if (std::fflush(file.get()) != 0 || fsync(fileno(file.get())) != 0) return failure();
  return path;
}

}  // namespace xref
