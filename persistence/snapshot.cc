#include "persistence/snapshot.h"

#include <fmt/format.h>
#include <xxhash.h>

#include <cstring>
#include <optional>
#include <utility>

#include "persistence/failpoint.h"
#include "persistence/keys.h"
#include "persistence/meta_table.h"
#include "protocol/wire.h"

namespace xref {
namespace {

using protocol::Reader;
using protocol::Writer;

// meta:        "format"  -> u32 format version, u64 checksum
//              "applied" -> u64 LSN, u64 epoch, u64 checksum
// catalog:     integration (u32, big-endian) -> the record of the change that created it
// references:  place (u32, big-endian), source ID -> u32 checksum, u8 origin, u64 created_us,
//              text8 actor, target ID
//
// A checksum is XXH3-64 (its low half, in references) of the key and of the value's other bytes.

constexpr uint32_t kFormat = 1;
constexpr std::string_view kTables[] = {"catalog", "meta", "references"};
constexpr std::string_view kAppliedKey = "applied";

constexpr size_t kReferenceChecksumBytes = sizeof(uint32_t);

uint32_t ReferenceChecksum(std::string_view key, std::string_view value) {
  return static_cast<uint32_t>(Checksum(key, value));
}

absl::Status Damaged(std::string_view key) {
  const bool has_place = key.size() > sizeof(PlaceId);
  return absl::DataLossError(fmt::format(
      "snapshot: the reference of place {}, source ID \"{}\", is damaged",
      has_place ? ReadBigEndian<PlaceId>(key) : 0, has_place ? key.substr(sizeof(PlaceId)) : key));
}

std::optional<StoredReference> ParseReference(std::string_view key, std::string_view value) {
  if (key.size() <= sizeof(PlaceId) || value.size() < kReferenceChecksumBytes) return std::nullopt;
  Reader reader = ReaderOf(value);
  if (reader.U32() != ReferenceChecksum(key, value.substr(kReferenceChecksumBytes))) {
    return std::nullopt;
  }
  StoredReference reference;
  reference.place = ReadBigEndian<PlaceId>(key);
  reference.source = key.substr(sizeof(PlaceId));
  reference.origin = static_cast<Origin>(reader.U8());
  reference.created_us = static_cast<int64_t>(reader.U64());
  reference.actor = reader.Text8();
  reference.target = reader.Text(reader.left());
  if (!reader.ok() || reference.target.empty()) return std::nullopt;
  return reference;
}

}  // namespace

size_t AppendReference(const StoredReference& reference, std::string& out) {
  const size_t start = out.size();
  AppendBigEndian(reference.place, out);
  out.append(reference.source);
  const size_t key_bytes = out.size() - start;
  Writer writer(out);
  writer.U32(0);
  writer.U8(static_cast<uint8_t>(reference.origin));
  writer.U64(static_cast<uint64_t>(reference.created_us));
  writer.Text8(reference.actor);
  out.append(reference.target);
  const std::string_view whole = std::string_view(out).substr(start);
  const uint32_t checksum = ReferenceChecksum(whole.substr(0, key_bytes),
                                              whole.substr(key_bytes + kReferenceChecksumBytes));
  std::memcpy(out.data() + start + key_bytes, &checksum, sizeof checksum);
  return key_bytes;
}

absl::StatusOr<std::unique_ptr<Snapshot>> Snapshot::Open(const std::string& path,
                                                         uint64_t map_bytes) {
  auto env = LmdbEnvironment::Open(path, map_bytes, kTables);
  if (!env.ok()) return env.status();
  std::unique_ptr<Snapshot> snapshot(new Snapshot(*std::move(env)));
  if (auto status = SettleFormat(*snapshot->env_, snapshot->meta_, kFormat); !status.ok()) {
    return status;
  }
  return snapshot;
}

Snapshot::Snapshot(std::unique_ptr<LmdbEnvironment> env)
    : env_(std::move(env)),
      catalog_(env_->table(0)),
      meta_(env_->table(1)),
      references_(env_->table(2)) {}

absl::StatusOr<Snapshot::Applied> Snapshot::ReadApplied() {
  auto txn = env_->BeginRead();
  if (!txn.ok()) return txn.status();
  const auto stored = txn->Get(meta_, kAppliedKey);
  if (!stored.ok()) return stored.status();
  if (!stored->has_value()) return Applied{};
  auto reader = OpenMeta(kAppliedKey, **stored);
  if (!reader.ok()) return reader.status();
  Applied applied;
  applied.lsn = reader->U64();
  applied.epoch = reader->U64();
  return applied;
}

absl::Status Snapshot::ReadCatalog(absl::FunctionRef<absl::Status(std::string_view)> take) {
  auto txn = env_->BeginRead();
  if (!txn.ok()) return txn.status();
  auto cursor = LmdbCursor::Open(*txn, catalog_);
  if (!cursor.ok()) return cursor.status();
  for (auto found = cursor->First(); !found.ok() || *found; found = cursor->Next()) {
    if (!found.ok()) return found.status();
    if (auto status = take(cursor->value()); !status.ok()) return status;
  }
  return absl::OkStatus();
}

absl::StatusOr<std::vector<Snapshot::PlaceCount>> Snapshot::CountReferences() {
  std::vector<PlaceCount> counts;
  auto txn = env_->BeginRead();
  if (!txn.ok()) return txn.status();
  auto cursor = LmdbCursor::Open(*txn, references_);
  if (!cursor.ok()) return cursor.status();
  for (auto found = cursor->First(); !found.ok() || *found; found = cursor->Next()) {
    if (!found.ok()) return found.status();
    if (cursor->key().size() <= sizeof(PlaceId)) return Damaged(cursor->key());
    const auto place = ReadBigEndian<PlaceId>(cursor->key());
    if (counts.empty() || counts.back().place != place) counts.push_back({place, 0});
    ++counts.back().references;
  }
  return counts;
}

absl::StatusOr<uint64_t> Snapshot::Size() {
  auto txn = env_->BeginRead();
  if (!txn.ok()) return txn.status();
  return txn->Entries(references_);
}

absl::StatusOr<SnapshotScan> Snapshot::Scan() {
  auto begun = env_->BeginRead();
  if (!begun.ok()) return begun.status();
  auto txn = std::make_unique<LmdbTransaction>(*std::move(begun));
  auto cursor = LmdbCursor::Open(*txn, references_);
  if (!cursor.ok()) return cursor.status();
  return SnapshotScan(std::move(txn), *std::move(cursor));
}

absl::StatusOr<bool> SnapshotScan::Next(Snapshot::Row& row) {
  const auto found = begun_ ? cursor_.Next() : cursor_.First();
  begun_ = true;
  if (!found.ok() || !*found) return found;
  const auto reference = ParseReference(cursor_.key(), cursor_.value());
  if (!reference) return Damaged(cursor_.key());
  reference_ = *reference;
  row = {cursor_.key(), cursor_.value()};
  return true;
}

absl::Status Snapshot::ReadReferences(
    absl::FunctionRef<absl::Status(const StoredReference&)> take) {
  auto scan = Scan();
  if (!scan.ok()) return scan.status();
  Row row;
  for (auto found = scan->Next(row); !found.ok() || *found; found = scan->Next(row)) {
    if (!found.ok()) return found.status();
    if (auto status = take(scan->reference()); !status.ok()) return status;
  }
  return absl::OkStatus();
}

absl::StatusOr<uint64_t> Snapshot::SetReferences(RowSource source, uint64_t rows_max) {
  if (auto status = env_->GrowIfNeeded(); !status.ok()) return status;
  auto txn = env_->BeginWrite();
  if (!txn.ok()) return txn.status();
  uint64_t written = 0;
  {
    auto cursor = LmdbCursor::Open(*txn, references_);
    if (!cursor.ok()) return cursor.status();
    for (Row row; written < rows_max; ++written) {
      const auto more = source(row);
      if (!more.ok()) return more.status();
      if (!*more) break;
      if (auto status = cursor->Put(row.key, row.value); !status.ok()) return status;
    }
  }
  Pass(Failpoint::kCheckpointTransaction);
  if (auto status = txn->Commit(); !status.ok()) return status;
  return written;
}

absl::StatusOr<uint64_t> Snapshot::AppendReferences(RowSource source, uint64_t rows_max) {
  if (auto status = env_->GrowIfNeeded(); !status.ok()) return status;
  auto txn = env_->BeginWrite();
  if (!txn.ok()) return txn.status();
  uint64_t written = 0;
  {
    auto cursor = LmdbCursor::Open(*txn, references_);
    if (!cursor.ok()) return cursor.status();
    for (Row row; written < rows_max; ++written) {
      const auto more = source(row);
      if (!more.ok()) return more.status();
      if (!*more) break;
      if (auto status = cursor->Append(row.key, row.value); !status.ok()) return status;
    }
  }
  Pass(Failpoint::kMergeTransaction);
  if (auto status = txn->Commit(); !status.ok()) return status;
  return written;
}

absl::Status Snapshot::WriteCatalog(std::span<const CatalogRecord> records) {
  auto txn = env_->BeginWrite();
  if (!txn.ok()) return txn.status();
  for (const auto& [integration, record] : records) {
    std::string key;
    AppendBigEndian(integration, key);
    if (auto status = txn->Put(catalog_, key, record); !status.ok()) return status;
  }
  return txn->Commit();
}

absl::Status Snapshot::WriteApplied(const Applied& applied) {
  auto txn = env_->BeginWrite();
  if (!txn.ok()) return txn.status();
  std::string value;
  Writer writer(value);
  writer.U64(applied.lsn);
  writer.U64(applied.epoch);
  SealMeta(kAppliedKey, value);
  if (auto status = txn->Put(meta_, kAppliedKey, value); !status.ok()) return status;
  return txn->Commit();
}

}  // namespace xref
