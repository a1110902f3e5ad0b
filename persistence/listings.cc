// The listings of a snapshot, in each of their orders.

#include <algorithm>
#include <optional>
#include <utility>

#include "persistence/keys.h"
#include "persistence/recent.h"
#include "persistence/snapshot.h"
#include "persistence/target_blocks.h"

namespace xref {
namespace {

// Finds references one by one, in the transaction of a listing.
class Finder {
 public:
  Finder(LmdbTransaction& txn, LmdbTable references, PlaceId partition)
      : txn_(txn), references_(references), partition_(partition) {}

  // Valid until the next call; nullptr if there is none.
  absl::StatusOr<const StoredReference*> Find(std::string_view source) {
    key_.clear();
    AppendKey(partition_, source, key_);
    const auto value = txn_.Get(references_, key_);
    if (!value.ok()) return value.status();
    if (!value->has_value()) return nullptr;
    auto parsed = ParseReference(key_, **value);
    if (!parsed.ok()) return parsed.status();
    reference_ = *parsed;
    return &reference_;
  }

 private:
  LmdbTransaction& txn_;
  const LmdbTable references_;
  const PlaceId partition_;
  std::string key_;
  StoredReference reference_;
};

}  // namespace

absl::Status Snapshot::List(PlaceId partition, const Cursor& cursor,
                            absl::FunctionRef<bool(const StoredReference&)> take) {
  std::string prefix;
  AppendKey(partition, cursor.prefix, prefix);
  std::string after;
  AppendKey(partition, cursor.after, after);
  auto scan = Scan(Table::kReferences);
  if (!scan.ok()) return scan.status();
  auto found = scan->Seek(std::max(prefix, after));
  for (; found.ok() && *found && scan->key().starts_with(prefix); found = scan->Next()) {
    if (scan->key() == after) continue;
    const auto reference = ParseReference(scan->key(), scan->value());
    if (!reference.ok()) return reference.status();
    if (!take(*reference)) break;
  }
  return found.status();
}

absl::StatusOr<Lsn> Snapshot::ListNewest(PlaceId partition, const NewestCursor& cursor,
                                         TakeMet take) {
  auto txn = env_->BeginRead();
  if (!txn.ok()) return txn.status();
  auto recent = LmdbCursor::Open(*txn, TableOf(Table::kRecent));
  if (!recent.ok()) return recent.status();
  Finder finder(*txn, TableOf(Table::kReferences), partition);
  std::string prefix;
  AppendBigEndian(partition, prefix);
  std::string from = prefix;
  if (cursor.lsn != 0) {
    from.clear();
    AppendRecentKey(partition, cursor.lsn, from);
  }
  auto found = recent->Seek(from);
  for (; found.ok() && *found && recent->key().starts_with(prefix); found = recent->Next()) {
    auto block = RecentBlock::Open(recent->key(), recent->value());
    if (!block.ok()) return block.status();
    if (block->lsn() == 0) return block->complete_from();
    for (auto source = block->Next(); !source.empty(); source = block->Next()) {
      if (block->lsn() == cursor.lsn && source <= cursor.source) continue;
      const auto reference = finder.Find(source);
      if (!reference.ok()) return reference.status();
      const bool stands = *reference != nullptr && (*reference)->lsn() == block->lsn();
      if (!take({block->lsn(), {}, source, stands ? *reference : nullptr})) return 0;
    }
  }
  if (!found.ok()) return found.status();
  return 0;
}

absl::Status Snapshot::ListByTarget(PlaceId partition, const TargetCursor& cursor,
                                    SourcesOf sources_of, TakeMet take) {
  auto txn = env_->BeginRead();
  if (!txn.ok()) return txn.status();
  auto blocks = LmdbCursor::Open(*txn, TableOf(Table::kTargets));
  if (!blocks.ok()) return blocks.status();
  auto references = LmdbCursor::Open(*txn, TableOf(Table::kReferences));
  if (!references.ok()) return references.status();
  Finder finder(*txn, TableOf(Table::kReferences), partition);

  // False: `take` wants no more.
  const auto tell = [&](std::string_view target, std::string_view source,
                        const StoredReference* reference) {
    const bool stands = reference != nullptr && reference->target == target;
    return take({0, target, source, stands ? reference : nullptr});
  };
  const auto search = [&](std::string_view target, std::string_view after) -> absl::StatusOr<bool> {
    std::string whole;
    AppendBigEndian(partition, whole);
    std::string from;
    AppendKey(partition, after, from);
    auto found = references->Seek(from);
    for (; found.ok() && *found && references->key().starts_with(whole);
         found = references->Next()) {
      if (references->key() == from) continue;
      const auto reference = ParseReference(references->key(), references->value());
      if (!reference.ok()) return reference.status();
      if (!tell(target, reference->source, &*reference)) return false;
    }
    if (!found.ok()) return found.status();
    return true;
  };

  const std::string_view begin = std::max(cursor.prefix, cursor.target);
  std::string from;
  AppendKey(partition, begin, from);
  const std::string last = LastBlockKey(partition);
  auto found = blocks->Seek(from);
  for (; found.ok() && *found && blocks->key() <= last; found = blocks->Next()) {
    auto block = TargetBlock::Open(blocks->key(), blocks->value());
    if (!block.ok()) return block.status();
    for (;;) {
      const auto more = block->Next();
      if (!more.ok()) return more.status();
      if (!*more) break;
      if (block->target() < begin) continue;
      if (!block->target().starts_with(cursor.prefix)) return absl::OkStatus();
      const std::string_view after = block->target() == cursor.target ? cursor.source : "";
      const auto sources = sources_of(block->target(), after);
      if (!sources) {
        const auto wants_more = search(block->target(), after);
        if (!wants_more.ok() || !*wants_more) return wants_more.status();
        continue;
      }
      for (const std::string& source : *sources) {
        const auto reference = finder.Find(source);
        if (!reference.ok()) return reference.status();
        if (!tell(block->target(), source, *reference)) return absl::OkStatus();
      }
    }
  }
  return found.status();
}

}  // namespace xref
