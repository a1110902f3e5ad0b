#pragma once

// The references of one entity type, source ID -> target ID, in memory. This is the hot path of the
// product: everything else exists to bring batches here and to carry the answers away.
//
// A record lies packed in an arena: source length, target length, source bytes, target bytes. An
// 8-byte handle (offset and a tag of the hash) in an absl::flat_hash_set finds it.

#include <absl/container/flat_hash_set.h>

#include <cstdint>
#include <memory>
#include <string_view>
#include <vector>

#include "index/vocabulary.h"

namespace xref {

// Packed records at stable addresses. Blocks are never moved, so a view of a record stays valid as
// long as the arena.
class RecordArena {
 public:
  // Returns the new record's offset.
  uint64_t Append(std::string_view source, std::string_view target);
  const char* At(uint64_t offset) const {
    return blocks_[offset >> kBlockBits].get() + (offset & (kBlockBytes - 1));
  }
  uint64_t bytes_reserved() const { return blocks_.size() * kBlockBytes; }
  uint64_t bytes_used() const { return bytes_used_; }

 private:
  static constexpr int kBlockBits = 20;
  static constexpr uint64_t kBlockBytes = uint64_t{1} << kBlockBits;

  std::vector<std::unique_ptr<char[]>> blocks_;
  uint64_t end_ = 0;  // offset of the first free byte
  uint64_t bytes_used_ = 0;
};

// Thread-compatible: const methods may run at once, Add needs the index for itself.
class ReferenceIndex {
 public:
  // `hash_secret` keys the hash; it is drawn once per process and never leaves it.
  explicit ReferenceIndex(uint64_t hash_secret);
  ReferenceIndex(const ReferenceIndex&) = delete;
  ReferenceIndex& operator=(const ReferenceIndex&) = delete;

  // Takes the next `count` IDs from `ids`. Bit i of `bitmap` (bit i%8 of byte i/8) becomes 1 if the
  // i-th is referenced, else 0; bits past `count` in the last byte become 0. Allocates nothing.
  void Check(IdCursor& ids, uint32_t count, uint8_t* bitmap) const;

  // The same, but answers targets: targets[i] is empty where the ID is not referenced, else a view
  // that is valid until the next Add. Allocates nothing.
  void Lookup(IdCursor& ids, uint32_t count, std::string_view* targets) const;

  // Links source to target and returns true; returns false and changes nothing if the source already
  // has a target. Both IDs must be without fault.
  bool Add(std::string_view source, std::string_view target);

  uint64_t size() const { return handles_.size(); }
  // Bytes that this index has taken from the machine.
  uint64_t bytes_reserved() const;

 private:
  // Offset in the arena (low 40 bits) and tag (high 24).
  using Handle = uint64_t;

  // A question with its hash already computed.
  struct Key {
    uint64_t hash;
    std::string_view source;
  };
  // The same, but content to find the first handle of the same tag, without reading its record.
  struct TagKey {
    uint64_t hash;
  };

  struct Hash {
    using is_transparent = void;
    const ReferenceIndex* index;
    size_t operator()(Handle handle) const;
    size_t operator()(const Key& key) const { return key.hash; }
    size_t operator()(const TagKey& key) const { return key.hash; }
  };
  struct Equal {
    using is_transparent = void;
    const ReferenceIndex* index;
    bool operator()(Handle a, Handle b) const { return a == b; }
    bool operator()(Handle handle, const Key& key) const;
    bool operator()(Handle handle, const TagKey& key) const;
  };

  uint64_t HashOf(std::string_view source) const;
  static uint64_t TagOf(uint64_t hash) { return hash >> 40; }
  const char* RecordOf(Handle handle) const { return arena_.At(handle & kOffsetMask); }

  // Answers count IDs in groups: hash and prefetch the slots, then find candidates and prefetch the
  // records, then compare. `answer(i, record)` gets nullptr for an absent ID.
  template <typename Answer>
  void Find(IdCursor& ids, uint32_t count, Answer answer) const;

  static constexpr uint64_t kOffsetMask = (uint64_t{1} << 40) - 1;

  const uint64_t hash_secret_;
  RecordArena arena_;
  absl::flat_hash_set<Handle, Hash, Equal> handles_;
};

}  // namespace xref
