#include "persistence/operations.h"

#include <algorithm>
#include <optional>
#include <variant>

#include "persistence/keys.h"
#include "persistence/meta_table.h"

namespace xref {
namespace {

using protocol::Reader;
using protocol::Writer;

// An operation is one of two:
//
//   the value of the reference that is added, then kAdd
//   an event without key and checksum, then kEvent; that of a put on a source which was not linked
//   has no `before`
constexpr char kAdd = 0;
constexpr char kEvent = 1;

// A row is an operation and its key, none of whose texts is longer than 255 bytes.
constexpr size_t kTextBytes = 1 + 255;
constexpr size_t kStampBytes = 1 + sizeof(int64_t) + 10 + kTextBytes;
static_assert(sizeof(PlaceId) + 255 + 2 + 2 * kStampBytes + 2 * kTextBytes <=
              SortedRuns::kRowBytesMax);

// Adds the operations of a change, one for each of its sources.
struct Adder {
  const Change& change;
  const PlaceId partition;
  SortedRuns& operations;

  Stamp Made(Origin origin = {}) const {
    return {.lsn = change.lsn, .time_us = change.time_us, .origin = origin, .actor = change.actor};
  }

  absl::Status Add(std::string_view source, const HistoryEvent& event) const {
    return operations.Add([&](std::string& out) {
      const size_t start = out.size();
      AppendKey(partition, source, out);
      const size_t key_bytes = out.size() - start;
      Writer writer(out);
      PutEvent(event, writer);
      out.push_back(kEvent);
      return key_bytes;
    });
  }

  absl::Status operator()(const AddReferences& added) const {
    StoredReference reference{.partition = partition, .created = Made(added.origin)};
    IdCursor sources(added.sources);
    IdCursor targets(added.targets);
    for (uint32_t i = 0; i < added.sources.count; ++i) {
      reference.source = sources.Next();
      reference.target = targets.Next();
      const auto status = operations.Add([&](std::string& out) {
        const size_t key_bytes = AppendReference(reference, out);
        out.push_back(kAdd);
        return key_bytes;
      });
      if (!status.ok()) return status;
    }
    return absl::OkStatus();
  }

  absl::Status operator()(const SetReferences& set) const {
    const EventKind kind = set.edited ? EventKind::kEdited : EventKind::kPut;
    HistoryEvent event{.kind = kind, .made = Made(set.origin)};
    IdCursor sources(set.sources);
    IdCursor targets(set.targets);
    IdCursor before(set.before);
    for (uint32_t i = 0; i < set.sources.count; ++i) {
      event.before = before.Next();
      event.after = targets.Next();
      if (auto status = Add(sources.Next(), event); !status.ok()) return status;
    }
    return absl::OkStatus();
  }

  absl::Status operator()(const DeleteReferences& deleted) const {
    HistoryEvent event{.kind = EventKind::kDeleted, .made = Made()};
    IdCursor sources(deleted.sources);
    IdCursor before(deleted.before);
    for (uint32_t i = 0; i < deleted.sources.count; ++i) {
      event.before = before.Next();
      if (auto status = Add(sources.Next(), event); !status.ok()) return status;
    }
    return absl::OkStatus();
  }

  absl::Status operator()(const IgnoreSources& ignored) const {
    const EventKind kind = ignored.ignored ? EventKind::kIgnored : EventKind::kUnignored;
    const HistoryEvent event{.kind = kind, .made = Made()};
    IdCursor sources(ignored.sources);
    for (uint32_t i = 0; i < ignored.sources.count; ++i) {
      if (auto status = Add(sources.Next(), event); !status.ok()) return status;
    }
    return absl::OkStatus();
  }

  absl::Status operator()(const GrantClaims& granted) const {
    HistoryEvent event{.kind = EventKind::kReclaimed, .made = Made()};
    IdCursor sources(granted.sources);
    IdCursor lost_owners(granted.lost_owners);
    for (uint32_t i = 0; i < granted.sources.count; ++i) {
      const std::string_view source = sources.Next();
      event.before = lost_owners.Next();
      if (event.before.empty()) continue;
      if (auto status = Add(source, event); !status.ok()) return status;
    }
    return absl::OkStatus();
  }

  absl::Status operator()(const ReleaseClaims&) const { return absl::OkStatus(); }
  absl::Status operator()(const RenewClaims&) const { return absl::OkStatus(); }
  absl::Status operator()(const CreateIntegration&) const { return absl::OkStatus(); }
  absl::Status operator()(const CreateType&) const { return absl::OkStatus(); }
  absl::Status operator()(const RenamePlatforms&) const { return absl::OkStatus(); }
  absl::Status operator()(const SetRules&) const { return absl::OkStatus(); }
  absl::Status operator()(const CreateToken&) const { return absl::OkStatus(); }
  absl::Status operator()(const RevokeToken&) const { return absl::OkStatus(); }
  absl::Status operator()(const BeginEpoch&) const { return absl::OkStatus(); }
  absl::Status operator()(const CompareState&) const { return absl::OkStatus(); }
  absl::Status operator()(const PurgePlace&) const { return absl::OkStatus(); }
  absl::Status operator()(const EmptyTrash&) const { return absl::OkStatus(); }
  absl::Status operator()(const DropIntegration&) const { return absl::OkStatus(); }
  absl::Status operator()(const RestoreIntegration&) const { return absl::OkStatus(); }
  absl::Status operator()(const ForgetIntegration&) const { return absl::OkStatus(); }
};

}  // namespace

absl::Status AddOperations(const Change& change, const Catalog& catalog, SortedRuns& operations) {
  return std::visit(
      [&](const auto& what) {
        PlaceId partition = 0;
        if constexpr (requires { what.place; }) partition = catalog.FindType(what.place)->partition;
        return Adder{change, partition, operations}(what);
      },
      change.what);
}

absl::Status SourceFold::Begin(std::string_view key, std::string_view stored) {
  key_ = key;
  reference_ = stored;
  seen_ = 0;
  return stored.empty() ? absl::OkStatus() : ParseReference(key_, reference_).status();
}

PlaceId SourceFold::partition() const { return ReadBigEndian<PlaceId>(key_); }
std::string_view SourceFold::source() const {
  return std::string_view(key_).substr(sizeof(PlaceId));
}

std::string_view SourceFold::target() const {
  return reference_.empty() ? std::string_view() : TargetIn(reference_);
}

absl::Status SourceFold::Make(std::string_view operation) {
  event_key_.clear();
  const char kind = operation.back();
  operation.remove_suffix(1);
  if (kind == kAdd) {
    if (reference_.empty()) reference_ = operation;
    return absl::OkStatus();
  }
  Reader reader = ReaderOf(operation);
  return MakeEvent(TakeEvent(reader));
}

absl::Status SourceFold::MakeEvent(HistoryEvent event) {
  std::optional<StoredReference> before;
  if (!reference_.empty()) {
    const auto parsed = ParseReference(key_, reference_);
    if (!parsed.ok()) return parsed.status();
    before = *parsed;
  }
  // What the reference has seen has left its event as well, in the same transaction.
  if (before) seen_ = std::max(seen_, before->lsn());
  if (seen_ >= event.made.lsn) return absl::OkStatus();
  seen_ = event.made.lsn;

  const bool links = event.kind == EventKind::kPut || event.kind == EventKind::kEdited;
  const bool is_creation = links && event.before.empty();
  if (event.kind == EventKind::kDeleted && before) event.created = before->created;
  if (!is_creation) {
    AppendEventKey(partition(), source(), event.made.lsn, event_key_);
    event_.clear();
    AppendEventValue(event, event_key_, event_);
  }
  if (links) Link(event, before ? &*before : nullptr);
  if (event.kind == EventKind::kDeleted) reference_.clear();
  return absl::OkStatus();
}

void SourceFold::Link(const HistoryEvent& event, const StoredReference* before) {
  StoredReference linked{.partition = partition(),
                         .source = source(),
                         .target = event.after,
                         .created = before != nullptr ? before->created : event.made};
  if (before != nullptr) linked.updated = event.made;
  next_.clear();
  AppendValue(linked, key_, next_);
  reference_.swap(next_);
}

}  // namespace xref
