#pragma once

#include <absl/functional/function_ref.h>

#include <cstdint>
#include <memory>
#include <span>
#include <string_view>
#include <vector>

#include "index/big_reader_lock.h"
#include "index/catalog.h"
#include "index/reference_index.h"
#include "index/vocabulary.h"

namespace xref {

// What is true now: the catalog, and one index per entity type. The truth on disk is elsewhere; this
// is what questions are answered from.
//
// Thread-safety: any number of reader threads, each with a slot of its own, beside one writer thread.
// Readers use the methods that take a slot. Apply and the methods named Writer... are for the writer
// thread alone: since it is the only one that changes anything, it reads without a lock.
class ReferenceStore {
 public:
  // `slots` reader threads, numbered from 0.
  explicit ReferenceStore(size_t slots);

  // ---- Readers ----

  // Whether each ID is referenced: bit i%8 of bitmap[i/8]. `bitmap` has (count + 7) / 8 bytes.
  // False if there is no such place. Takes the reader lock once per chunk of the batch.
  [[nodiscard]] bool Check(size_t slot, PlaceId place, const IdBatch& ids, uint8_t* bitmap);

  // Hands out the targets of all IDs in order, chunk by chunk, an empty view for an ID that is not
  // referenced. The views die with the call of `take`. False if there is no such place.
  [[nodiscard]] bool Lookup(size_t slot, PlaceId place, const IdBatch& ids,
                            absl::FunctionRef<void(std::span<const std::string_view>)> take);

  struct TypeSize {
    uint64_t references;
    uint64_t bytes_reserved;
  };
  // Shows the catalog, and the size of any place in it, under the reader lock: be brief.
  using SizeOf = absl::FunctionRef<TypeSize(PlaceId)>;
  void ReadCatalog(size_t slot, absl::FunctionRef<void(const Catalog&, SizeOf)> read);

  // ---- The writer ----

  const Catalog& WriterCatalog() const { return catalog_; }
  // The index of a place, or nullptr.
  const ReferenceIndex* WriterIndex(PlaceId place) const;

  // Makes the change true. Applying a change a second time alters nothing. Readers are held up for
  // a bounded number of references at a time, so they may see a batch half applied.
  void Apply(const Change& change);

 private:
  void Apply(const CreateIntegration& created);
  void Apply(const AddReferences& added);

  ReferenceIndex* FindIndex(PlaceId place) const;

  const uint64_t hash_secret_;
  BigReaderLock lock_;
  Catalog catalog_;                                      // guarded by lock_
  std::vector<std::unique_ptr<ReferenceIndex>> indices_;  // by PlaceId; guarded by lock_
};

}  // namespace xref
