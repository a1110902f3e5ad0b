#include "persistence/recent.h"

#include <fmt/format.h>

#include <algorithm>
#include <limits>
#include <utility>
#include <variant>

#include "persistence/batches.h"
#include "persistence/keys.h"
#include "persistence/places.h"
#include "persistence/stored_reference.h"

namespace xref {
namespace {

constexpr size_t kPrefixBytes = sizeof(PlaceId) + sizeof(Lsn);
constexpr size_t kKeyBytes = kPrefixBytes + sizeof(uint16_t);
// The blocks of a change are numbered in two bytes.
static_assert(kBatchIdsMax * (1 + kIdBytesMax) / (kPackedValueBytes / 2) < 0x10000);

absl::Status Damaged(std::string_view key) {
  if (key.size() != kKeyBytes) return absl::DataLossError("recent: a key is cut short");
  return absl::DataLossError(
      fmt::format("snapshot: what change {} linked in partition {} is damaged",
                  ~ReadBigEndian<Lsn>(key.substr(sizeof(PlaceId))), ReadBigEndian<PlaceId>(key)));
}

// The place where a change links sources, and these.
std::pair<PlaceId, const IdBatch*> LinkedBy(const Change& change) {
  if (const auto* added = std::get_if<AddReferences>(&change.what)) {
    return {added->place, &added->sources};
  }
  if (const auto* set = std::get_if<SetReferences>(&change.what)) {
    return {set->place, &set->sources};
  }
  return {0, nullptr};
}

}  // namespace

void AppendRecentKey(PlaceId partition, Lsn lsn, std::string& out) {
  AppendBigEndian(partition, out);
  AppendBigEndian(~lsn, out);
}

absl::StatusOr<RecentBlock> RecentBlock::Open(std::string_view key, std::string_view value) {
  const auto reader = OpenSealed(key, value);
  if (!reader || key.size() != kKeyBytes) return Damaged(key);
  RecentBlock block(*reader);
  block.partition_ = ReadBigEndian<PlaceId>(key);
  block.lsn_ = ~ReadBigEndian<Lsn>(key.substr(sizeof(PlaceId)));
  if (block.lsn_ == 0) block.complete_from_ = block.reader_.U64();
  return block;
}

// ---- Gathering ----

void RecentChanges::Count(const Change& change) {
  if (const auto* purged = std::get_if<PurgePlace>(&change.what)) {
    linked_[purged->place] = {.purged_lsn = change.lsn};
    return;
  }
  const auto [place, sources] = LinkedBy(change);
  if (sources == nullptr) return;
  Linked& linked = linked_[place];
  linked.left += sources->count;
  linked.since_next += sources->count;
  if (linked.since_next < sources_max_) return;
  linked.enough_from = std::exchange(linked.next_from, change.lsn + 1);
  linked.left = std::exchange(linked.since_next, 0);
}

Lsn RecentChanges::first_to_add() const {
  Lsn first = std::numeric_limits<Lsn>::max();
  for (const auto& [place, linked] : linked_) {
    first = std::min(first, std::max(linked.purged_lsn, linked.enough_from));
  }
  return first;
}

absl::Status RecentChanges::Add(const Change& change, const Catalog& catalog) {
  const auto [place, sources] = LinkedBy(change);
  if (sources == nullptr) return absl::OkStatus();
  Linked& linked = linked_[place];
  if (change.lsn < std::max(linked.purged_lsn, linked.enough_from)) return absl::OkStatus();
  linked.left -= sources->count;
  const CatalogType* type = catalog.FindKeptType(place);
  if (type == nullptr) return absl::OkStatus();  // gone for good since then
  const PlaceId partition = type->partition;
  Lsn& complete_from = complete_from_.try_emplace(partition, linked.enough_from).first->second;
  if (linked.left >= sources_max_) {
    complete_from = change.lsn + 1;
    return absl::OkStatus();
  }
  IdCursor cursor(*sources);
  for (uint32_t i = 0; i < sources->count; ++i) {
    const auto status = rows_.Add([&](std::string& out) {
      const std::string_view source = cursor.Next();
      AppendRecentKey(partition, change.lsn, out);
      out.append(source);
      return kPrefixBytes + source.size();
    });
    if (!status.ok()) return status;
  }
  return absl::OkStatus();
}

// ---- Writing ----

absl::Status RecentChanges::WriteInto(Snapshot& snapshot) {
  const auto status = WriteBlocks(snapshot);
  return status.ok() ? Trim(snapshot) : status;
}

absl::Status RecentChanges::WriteBlocks(Snapshot& snapshot) {
  if (auto status = rows_.Sort(); !status.ok()) return status;
  Batches batches(snapshot, kSetRowsMax, Failpoint::kRecentTransaction, Failpoint::kRecentBlocks);
  std::string prefix;  // of the change whose sources are being gathered
  uint16_t number = 0;
  std::string block;
  std::string last;
  const auto write = [&]() -> absl::Status {
    if (block.empty()) return absl::OkStatus();
    std::string key = prefix;
    AppendBigEndian(number++, key);
    EndSealed(key, 0, block);
    auto writer = batches.ForRow();
    if (!writer.ok()) return writer.status();
    auto status = (*writer)->SetRecent(key, block);
    block.clear();
    return status.ok() ? batches.CommitIfFull() : status;
  };
  for (SortedRuns::Row row;;) {
    const auto found = rows_.Next(row);
    if (!found.ok()) return found.status();
    const bool same = *found && row.key.starts_with(prefix) && !prefix.empty();
    const std::string_view source = *found ? row.key.substr(kPrefixBytes) : "";
    if (same && source == last) continue;
    if (!same || block.size() + 1 + source.size() > kPackedValueBytes) {
      if (auto status = write(); !status.ok()) return status;
    }
    if (!*found) return batches.Commit();
    if (!same) {
      prefix.assign(row.key.substr(0, kPrefixBytes));
      number = 0;
    }
    if (block.empty()) BeginSealed(block);
    protocol::Writer(block).Text8(source);
    last.assign(source);
  }
}

absl::Status RecentChanges::Trim(Snapshot& snapshot) {
  Batches batches(snapshot, kSetRowsMax, Failpoint::kRecentTransaction, Failpoint::kRecentBlocks);
  for (const auto& [partition, complete_from] : complete_from_) {
    for (bool more = true; more;) {
      auto writer = batches.ForRow();
      if (!writer.ok()) return writer.status();
      const auto removed =
          (*writer)->TrimRecent(partition, sources_max_, complete_from, kAppendBlocksMax);
      if (!removed.ok()) return removed.status();
      more = *removed == kAppendBlocksMax;
      const auto status = more ? batches.Commit() : batches.CommitIfFull();
      if (!status.ok()) return status;
    }
  }
  return batches.Commit();
}

absl::Status CopyRecent(Snapshot& from, Snapshot& to, const Partitions& partitions) {
  auto scan = from.Scan(Snapshot::Table::kRecent);
  if (!scan.ok()) return scan.status();
  Batches batches(to, kAppendBlocksMax, Failpoint::kRecentTransaction, Failpoint::kRecentBlocks);
  for (auto found = scan->Next(); !found.ok() || *found; found = scan->Next()) {
    if (!found.ok()) return found.status();
    const auto block = RecentBlock::Open(scan->key(), scan->value());
    if (!block.ok()) return block.status();
    if (!partitions.IsKept(block->partition())) continue;
    auto writer = batches.ForRow();
    if (!writer.ok()) return writer.status();
    auto status = (*writer)->AppendRecent(scan->key(), scan->value());
    if (status.ok()) status = batches.CommitIfFull();
    if (!status.ok()) return status;
  }
  return batches.Commit();
}

}  // namespace xref
