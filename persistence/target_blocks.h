#pragma once

// The targets of references in their order, each with the number of its sources: in blocks, within
// which a target is stored as what it does not share with the one before it. README.md beside this
// file has the layout.
//
// A block stands under a key that is not below any of its targets, and above all of the block
// before it; so the first key that is not below a target is that of its block. The last block of a
// partition stands under a key that is above all targets.

#include <absl/functional/any_invocable.h>
#include <absl/status/status.h>
#include <absl/status/statusor.h>

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

#include "index/vocabulary.h"
#include "protocol/wire.h"

namespace xref {

// How many sources a target has gained. The key is that of stored_reference.h, with the target in
// place of the source ID.
struct TargetChange {
  std::string key;
  int64_t sources;
};

// The end of the key of a partition's last block: no ID has this byte.
inline constexpr std::string_view kAboveAllTargets = "\xFF";

// The targets of one block, in order. The bytes that it was opened on must outlive it.
class TargetBlock {
 public:
  // DataLoss: the value does not match its checksum, or the key is none.
  static absl::StatusOr<TargetBlock> Open(std::string_view key, std::string_view value);

  // To the next target; false at the end. DataLoss: what follows is none.
  absl::StatusOr<bool> Next();
  const std::string& key() const { return key_; }
  std::string_view target() const { return std::string_view(key_).substr(sizeof(PlaceId)); }
  uint64_t sources() const { return sources_; }

 private:
  TargetBlock(std::string_view block_key, protocol::Reader reader)
      : block_key_(block_key), reader_(reader), key_(block_key.substr(0, sizeof(PlaceId))) {}

  std::string_view block_key_;
  protocol::Reader reader_;
  std::string key_;  // of the target that it is at
  uint64_t sources_ = 0;
};

// Makes blocks of targets that are given in the order of their keys.
class TargetBlockWriter {
 public:
  // Is given each block once it is whole.
  using Take = absl::AnyInvocable<absl::Status(std::string_view key, std::string_view value)>;

  // A block is at most `bytes_max` large, unless a single target is larger.
  TargetBlockWriter(size_t bytes_max, Take take) : bytes_max_(bytes_max), take_(std::move(take)) {}

  // All targets between two calls of End are of one partition.
  absl::Status Add(std::string_view key, uint64_t sources);
  // Makes what is left a block under this key, if there is anything left.
  absl::Status End(std::string_view key);
  // The partition whose blocks are not ended.
  std::optional<PlaceId> partition() const;

 private:
  const size_t bytes_max_;
  Take take_;
  std::string last_;   // key of the target that was added last; empty for none
  std::string block_;  // of what is not taken yet
};

// Targets, or changes of them, in the order of their keys.
class TargetStream {
 public:
  virtual ~TargetStream() = default;
  // To the next one; at_end() tells whether there was one.
  virtual absl::Status Move() = 0;
  bool at_end() const { return at_end_; }
  // Valid until Move.
  std::string_view key() const { return key_; }
  int64_t sources() const { return sources_; }

 protected:
  bool at_end_ = false;
  std::string_view key_;
  int64_t sources_ = 0;
};

// Gives `writer` what there was, as it is after the changes. A target that has no source any more
// is left out. The blocks of each partition but the last are ended.
absl::Status MergeTargets(TargetStream& held, TargetStream& changes, TargetBlockWriter& writer);

// The key of the last block of a partition.
std::string LastBlockKey(PlaceId partition);

}  // namespace xref
