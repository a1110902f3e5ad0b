#pragma once

// The references of one entity type, in memory and in both directions. This is the hot path of the
// product: everything else exists to bring batches here and to carry the answers away. README.md
// walks through it; reference_lookup.cc is the part that has to be fast.

#include <absl/functional/function_ref.h>

#include <cstdint>
#include <optional>
#include <span>
#include <string_view>
#include <vector>

#include "index/keyed_hash.h"
#include "index/page_heap.h"
#include "index/source_map.h"
#include "index/target_map.h"
#include "index/vocabulary.h"

namespace xref {

// Links source IDs to target IDs: a source has one target, a target may have many sources.
//
// Thread-compatible: const methods may run at once, the others need the index for themselves.
// Indices that share a PageHeap may not be changed at once. All IDs given must be without fault
// (FindIdFault) and must not be views into this index. A view handed out is valid until the next
// change. No change of a single reference takes longer than about a millisecond, however large the
// index is.
class ReferenceIndex {
 public:
  // Both must outlive the index.
  ReferenceIndex(PageHeap& heap, const KeyedHash& hash);
  ReferenceIndex(const ReferenceIndex&) = delete;
  ReferenceIndex& operator=(const ReferenceIndex&) = delete;

  // ---- Questions, in batches. They allocate nothing. ----

  // Takes the next `count` IDs from `ids`. Bit i of `bitmap` (bit i%8 of byte i/8) becomes 1 if the
  // i-th is referenced, else 0; bits past `count` in the last byte become 0.
  void Check(IdCursor& ids, uint32_t count, uint8_t* bitmap) const;

  // The same, but answers targets: targets[i] is empty where the ID is not referenced.
  void Lookup(IdCursor& ids, uint32_t count, std::string_view* targets) const;

  // Takes up to `count` IDs from `targets` and calls take(i, source) for each source that has the
  // i-th as its target, in the order of the targets; a target with more than `sources_max` shows
  // only that many. Returns how many targets it has answered: after some thousand sources it stops
  // early, so that the caller can let others go on.
  using TakeSource = absl::FunctionRef<void(uint32_t i, std::string_view source)>;
  uint32_t Reverse(IdCursor& targets, uint32_t count, uint32_t sources_max, TakeSource take) const;

  // ---- Single questions ----

  // The target of that source, or nothing.
  std::optional<std::string_view> Find(std::string_view source) const;

  // ---- Changes ----

  // Links source to target and returns true; returns false and changes nothing if the source
  // already has a target.
  bool Add(std::string_view source, std::string_view target);

  // Adds the next references of a batch, at most `count`, those absent; a source that has a target
  // keeps it. Returns how many references it has taken from the cursors: after much work it stops
  // early, so that the caller can let readers go on.
  uint32_t Add(IdCursor& sources, IdCursor& targets, uint32_t count);

  // The way back of a reference, still to be made.
  struct BackLink {
    uint32_t target_hash;
    uint32_t source_hash;
  };
  // Adds as Add does, all of the batch, but for the ways back: for the loading of a daemon, where
  // AddBackLinks may make these on another thread, and nobody uses the index until it has.
  void AddSources(const IdBatch& sources, const IdBatch& targets, std::vector<BackLink>& links);
  void AddBackLinks(std::span<const BackLink> links);

  // Links source to target, whatever the source was linked to before.
  enum class PutResult { kAdded, kReplaced, kUnchanged };
  PutResult Put(std::string_view source, std::string_view target);

  // Gives a source that is referenced another target; if `expected` is given, only if that is its
  // target now.
  enum class EditResult { kDone, kAbsent, kOtherTarget };
  EditResult Edit(std::string_view source, std::optional<std::string_view> expected,
                  std::string_view target);

  // Removes the link of that source; false if there is none.
  bool Erase(std::string_view source);

  // Makes an empty index ready for about `references`, so that adding them is faster. Takes its
  // time: for the loading of a daemon.
  void Reserve(uint64_t references);

  // Frees some of the memory, in well under a millisecond; false when nothing is left to free. Once
  // called, the index may only be freed further or destroyed.
  bool FreeSome();

  // ---- Size ----

  uint64_t size() const { return sources_.size(); }
  // Of HashOfReference over all references, modulo 2^64: the same for the same references.
  uint64_t sum() const { return sum_; }
  // Bytes taken from the heap and elsewhere.
  uint64_t bytes_reserved() const {
    return source_heap_.bytes_reserved() + target_heap_.bytes_reserved() + bytes_outside_heap();
  }
  // Those that do not come from the heap: the index itself, directories, the crowd.
  uint64_t bytes_outside_heap() const;
  // Bytes that the references and their places in both tables need. The rest of what is reserved is
  // holes, empty slots and room to grow.
  uint64_t bytes_used() const;

 private:
  // Calls found(i, record) for each of `count` IDs that is there, in their order.
  template <typename Found>
  void FindBatch(IdCursor& ids, uint32_t count, Found found) const;

  uint32_t TakeSources(uint32_t target_hash, std::string_view target, uint32_t sources_max,
                       absl::FunctionRef<void(std::string_view)> take) const;

  // A reference that is being added.
  struct Addition;
  void Prepare(std::string_view source, std::string_view target, Addition& addition) const;
  // False if the source has a target.
  bool AddSource(const Addition& addition);
  // `record` is the source's record.
  void Repoint(uint32_t source_hash, std::string_view source, Record record,
               std::string_view target);

  const KeyedHash& hash_;
  HeapAccount source_heap_;
  HeapAccount target_heap_;
  SourceMap sources_;
  TargetMap targets_;
  uint64_t sum_ = 0;
};

}  // namespace xref
