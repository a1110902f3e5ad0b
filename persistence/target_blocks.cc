#include "persistence/target_blocks.h"

#include <fmt/format.h>

#include <utility>

#include "persistence/keys.h"
#include "persistence/stored_reference.h"

namespace xref {
namespace {

absl::Status Damaged(std::string_view key) {
  if (key.size() <= sizeof(PlaceId)) return absl::DataLossError("targets: a key is cut short");
  return absl::DataLossError(
      fmt::format("snapshot: the targets of partition {} up to \"{}\" are damaged",
                  ReadBigEndian<PlaceId>(key), key.substr(sizeof(PlaceId))));
}

}  // namespace

// ---- Reading ----

absl::StatusOr<TargetBlock> TargetBlock::Open(std::string_view key, std::string_view value) {
  const auto reader = OpenSealed(key, value);
  if (!reader || key.size() <= sizeof(PlaceId)) return Damaged(key);
  return TargetBlock(key, *reader);
}

absl::StatusOr<bool> TargetBlock::Next() {
  if (reader_.left() == 0) return false;
  const size_t shared = sizeof(PlaceId) + reader_.U8();
  const std::string_view rest = reader_.Text8();
  sources_ = TakeVarint(reader_);
  if (!reader_.ok() || shared > key_.size()) return Damaged(block_key_);
  key_.replace(shared, std::string::npos, rest);
  return true;
}

// ---- Writing ----

absl::Status TargetBlockWriter::Add(std::string_view key, uint64_t sources) {
  // Shared, rest's length, rest and number.
  const size_t entry_bytes_max = 2 + key.size() - sizeof(PlaceId) + 10;
  if (!block_.empty() && block_.size() + entry_bytes_max > bytes_max_) {
    if (auto status = End(last_); !status.ok()) return status;
  }
  size_t shared = sizeof(PlaceId);
  if (block_.empty()) {
    BeginSealed(block_);
  } else {
    shared = SharedBytes(last_, key);
  }
  protocol::Writer writer(block_);
  writer.U8(static_cast<uint8_t>(shared - sizeof(PlaceId)));
  writer.Text8(key.substr(shared));
  PutVarint(sources, writer);
  last_.assign(key);
  return absl::OkStatus();
}

absl::Status TargetBlockWriter::End(std::string_view key) {
  if (block_.empty()) return absl::OkStatus();
  EndSealed(key, 0, block_);
  auto status = take_(key, block_);
  block_.clear();
  return status;
}

std::optional<PlaceId> TargetBlockWriter::partition() const {
  if (block_.empty()) return std::nullopt;
  return ReadBigEndian<PlaceId>(last_);
}

absl::Status MergeTargets(TargetStream& held, TargetStream& changes, TargetBlockWriter& writer) {
  std::string key;  // of what is being counted
  int64_t sources = 0;
  const auto write = [&] {
    if (sources <= 0) return absl::OkStatus();
    const auto partition = writer.partition();
    if (partition && *partition != ReadBigEndian<PlaceId>(key)) {
      if (auto status = writer.End(LastBlockKey(*partition)); !status.ok()) return status;
    }
    return writer.Add(key, static_cast<uint64_t>(sources));
  };
  auto status = held.Move();
  if (status.ok()) status = changes.Move();
  while (status.ok() && !(held.at_end() && changes.at_end())) {
    const bool from_held = !held.at_end() && (changes.at_end() || held.key() <= changes.key());
    TargetStream& next = from_held ? held : changes;
    if (next.key() != key) {
      if (status = write(); !status.ok()) return status;
      key.assign(next.key());
      sources = 0;
    }
    sources += next.sources();
    status = next.Move();
  }
  return status.ok() ? write() : status;
}

std::string LastBlockKey(PlaceId partition) {
  std::string key;
  AppendKey(partition, kAboveAllTargets, key);
  return key;
}

}  // namespace xref
