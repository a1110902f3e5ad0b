#pragma once

#include <absl/container/flat_hash_map.h>
#include <absl/functional/function_ref.h>

#include <atomic>
#include <cstdint>
#include <memory>
#include <mutex>
#include <span>
#include <string_view>
#include <vector>

#include "index/big_reader_lock.h"
#include "index/catalog.h"
#include "index/keyed_hash.h"
#include "index/page_heap.h"
#include "index/reference_index.h"
#include "index/reservations.h"
#include "index/vocabulary.h"

namespace xref {

// What is true now: the catalog, and one index per entity type. The truth on disk is elsewhere;
// this is what questions are answered from.
//
// Thread-safety: any number of reader threads, each with a slot of its own, beside one writer
// thread. Readers use the methods that take a slot; bytes_reserved is for every thread. All others
// are for the writer thread alone: since it is the only one that changes anything, it reads without
// a lock.
//
// Every change holds readers up for a bounded number of references at a time, well under a
// millisecond, so they may see a batch half applied. Making a change a second time alters nothing.
// References of a place that does not exist are ignored.
class ReferenceStore {
 public:
  // `slots` reader threads, numbered from 0.
  explicit ReferenceStore(size_t slots);
  ~ReferenceStore();

  // ---- Readers ----

  // Whether each ID is referenced: bit i%8 of bitmap[i/8]. `bitmap` has (count + 7) / 8 bytes.
  // False if there is no such place. Takes the reader lock once per chunk of the batch.
  [[nodiscard]] bool Check(size_t slot, PlaceId place, const IdBatch& ids, uint8_t* bitmap);

  // Hands out the targets of all IDs in order, chunk by chunk, an empty view for an ID that is not
  // referenced. The views die with the call of `take`. False if there is no such place.
  [[nodiscard]] bool Lookup(size_t slot, PlaceId place, const IdBatch& ids,
                            absl::FunctionRef<void(std::span<const std::string_view>)> take);

  // Calls take(i, source) for each source that has targets[i] as its target, in the order of the
  // targets; a target with more than `sources_max` shows only that many. The views die with the
  // call of `take`. False if there is no such place; then some of the answers may have been given,
  // if the place was dropped meanwhile.
  [[nodiscard]] bool Reverse(size_t slot, PlaceId place, const IdBatch& targets,
                             uint32_t sources_max, ReferenceIndex::TakeSource take);

  struct TypeSize {
    uint64_t references;
    uint64_t bytes_reserved;  // taken from the machine
    uint64_t bytes_used;      // needed by the references; the rest is holes and room to grow
  };
  // Shows the catalog, and the size of any place in it, under the reader lock: be brief.
  using SizeOf = absl::FunctionRef<TypeSize(PlaceId)>;
  void ReadCatalog(size_t slot, absl::FunctionRef<void(const Catalog&, SizeOf)> read);

  // ---- Every thread ----

  // Bytes that all indices together have taken from the machine, with what has been dropped and not
  // yet reclaimed, and with free memory kept for reuse.
  uint64_t bytes_reserved() const {
    return heap_.bytes_reserved() + bytes_outside_heap_.load(std::memory_order_relaxed);
  }

  // Shows claims and ignored IDs. Holds the writer up: be brief.
  void ReadReservations(absl::FunctionRef<void(const Reservations&)> read) const {
    const std::lock_guard lock(reservations_mutex_);
    read(reservations_);
  }

  // Has some megabytes lie ready for the writer, who otherwise has to wait for the system to find
  // them (no reader does): worth a call every few milliseconds from a thread that has time, while
  // much is added.
  void PrepareMemory() { heap_.Prepare(4); }
  // How often access tokens were created or revoked: what somebody may do is to be looked up in the
  // catalog again once this is another.
  uint64_t token_changes() const { return token_changes_.load(std::memory_order_acquire); }

  // ---- The writer ----

  const Catalog& WriterCatalog() const { return catalog_; }
  // The index of a place, or nullptr.
  const ReferenceIndex* WriterIndex(PlaceId place) const;

  // Claims, and what is ignored.
  const Reservations& WriterReservations() const { return reservations_; }
  Reservations& WriterReservations() { return reservations_; }

  // What the state is, summed up. Takes a step for each place and each entry of the catalog, not
  // for each reference.
  StateSum Sum() const;

  // Makes the change true.
  void Apply(const Change& change);

  // Adds those references whose source has no target yet.
  void Add(PlaceId place, const IdBatch& sources, const IdBatch& targets);
  // Links each source to its target, whatever it was linked to.
  void Put(PlaceId place, const IdBatch& sources, const IdBatch& targets);
  // Links each source to its target if it is linked at all.
  void Edit(PlaceId place, const IdBatch& sources, const IdBatch& targets);
  // Removes the links of these sources.
  void Erase(PlaceId place, const IdBatch& sources);

  // Loads a place, of which nobody asks anything until FinishLoading: makes it ready for about
  // `references` while it is empty; adds as Add does, but for the ways back from targets; makes
  // those, which another thread may do meanwhile.
  using BackLinks = std::vector<ReferenceIndex::BackLink>;
  void Reserve(PlaceId place, uint64_t references);
  void LoadSources(PlaceId place, const IdBatch& sources, const IdBatch& targets, BackLinks& links);
  void LoadBackLinks(PlaceId place, const BackLinks& links);
  void FinishLoading();

  // Removes all references of a place, at once whatever their number.
  void Purge(PlaceId place);
  // The same, and afterwards the place does not exist.
  void DropPlace(PlaceId place);

  // What an integration had when it was dropped, gathered for the change that restores it, which
  // brings it back at once whatever its size. Until then nobody sees it. A drop leaves everything
  // gathered, for whoever must be able to restore what is not on the disk yet; Gather adds what was
  // read from there.
  void Gather(PlaceId place, const IdBatch& sources, const IdBatch& targets);
  uint64_t gathered(PlaceId place) const;
  bool has_gathered() const { return !gathered_.empty(); }
  // Gives up whatever is gathered.
  void DropGathered();

  // Frees some of the memory of what was purged or dropped, holding up no reader; false if nothing
  // is left to free. Call it between changes until it says so. Takes well under a millisecond.
  bool ReclaimStep();

 private:
  // Makes an index for a place that has none, of what was gathered for it.
  void MakeIndex(PlaceId place);
  void DropPlacesOf(IntegrationId integration);
  void RestorePlacesOf(PlaceId trash);
  void Forget(PlaceId place);

  ReferenceIndex* FindIndex(PlaceId place) const;
  void Replace(PlaceId place, std::unique_ptr<ReferenceIndex> index);
  std::unique_ptr<ReferenceIndex> NewIndex();

  // Calls step(index, count) until `count` references are done; it returns how many it has done of
  // those left. Each step runs under the writer lock. Nothing is done without an index.
  template <typename Step>
  void ChangeInSteps(ReferenceIndex* index, uint32_t count, Step step);
  void AddTo(ReferenceIndex* index, const IdBatch& sources, const IdBatch& targets);

  const KeyedHash hash_;
  BigReaderLock lock_;
  PageHeap heap_;                                         // changed by the writer
  std::atomic<uint64_t> bytes_outside_heap_ = 0;          // changed by the writer
  Catalog catalog_;                                       // guarded by lock_
  std::atomic<uint64_t> token_changes_ = 0;               // changed by the writer
  std::vector<std::unique_ptr<ReferenceIndex>> indices_;  // by PlaceId; guarded by lock_
  std::vector<std::unique_ptr<ReferenceIndex>> dropped_;  // of the writer
  // What is gathered, by place; of the writer.
  absl::flat_hash_map<PlaceId, std::unique_ptr<ReferenceIndex>> gathered_;
  mutable std::mutex reservations_mutex_;
  Reservations reservations_;  // changed by the writer, under the mutex
};

}  // namespace xref
