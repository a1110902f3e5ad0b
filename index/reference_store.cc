#include "index/reference_store.h"

#include <algorithm>
#include <utility>

#include "index/state_sum.h"

namespace xref {
namespace {

// IDs answered, and references changed, under one hold of the lock. Both bound how long the other
// side waits: some tens of microseconds. A multiple of 8, so that a chunk ends on a bitmap's byte.
constexpr uint32_t kReadChunk = 1024;
constexpr uint32_t kAddChunk = 256;
// Changes other than adding may each compact a segment, so fewer are made at once.
constexpr uint32_t kChangeChunk = 32;
static_assert(kReadChunk % 8 == 0);

}  // namespace

ReferenceStore::ReferenceStore(size_t slots) : lock_(slots) {}
ReferenceStore::~ReferenceStore() = default;

ReferenceIndex* ReferenceStore::FindIndex(PlaceId place) const {
  return place < indices_.size() ? indices_[place].get() : nullptr;
}

const ReferenceIndex* ReferenceStore::WriterIndex(PlaceId place) const { return FindIndex(place); }

// ---- Readers ----

bool ReferenceStore::Check(size_t slot, PlaceId place, const IdBatch& ids, uint8_t* bitmap) {
  IdCursor cursor(ids);
  uint32_t done = 0;
  do {
    const uint32_t chunk = std::min(kReadChunk, ids.count - done);
    const BigReaderLock::ReaderGuard guard(lock_, slot);
    const ReferenceIndex* index = FindIndex(place);
    if (index == nullptr) return false;
    index->Check(cursor, chunk, bitmap + done / 8);
    done += chunk;
  } while (done < ids.count);
  return true;
}

bool ReferenceStore::Lookup(size_t slot, PlaceId place, const IdBatch& ids,
                            absl::FunctionRef<void(std::span<const std::string_view>)> take) {
  IdCursor cursor(ids);
  std::string_view targets[kReadChunk];
  uint32_t done = 0;
  do {
    const uint32_t chunk = std::min(kReadChunk, ids.count - done);
    const BigReaderLock::ReaderGuard guard(lock_, slot);
    const ReferenceIndex* index = FindIndex(place);
    if (index == nullptr) return false;
    index->Lookup(cursor, chunk, targets);
    take({targets, chunk});
    done += chunk;
  } while (done < ids.count);
  return true;
}

bool ReferenceStore::Reverse(size_t slot, PlaceId place, const IdBatch& targets,
                             uint32_t sources_max, ReferenceIndex::TakeSource take) {
  IdCursor cursor(targets);
  uint32_t done = 0;
  do {
    const uint32_t chunk = std::min(kReadChunk, targets.count - done);
    const BigReaderLock::ReaderGuard guard(lock_, slot);
    const ReferenceIndex* index = FindIndex(place);
    if (index == nullptr) return false;
    done += index->Reverse(cursor, chunk, sources_max,
                           [&, first = done](uint32_t i, auto source) { take(first + i, source); });
  } while (done < targets.count);
  return true;
}

void ReferenceStore::ReadCatalog(size_t slot,
                                 absl::FunctionRef<void(const Catalog&, SizeOf)> read) {
  const BigReaderLock::ReaderGuard guard(lock_, slot);
  read(catalog_, [this](PlaceId place) {
    const ReferenceIndex* index = FindIndex(place);
    if (index == nullptr) return TypeSize{};
    return TypeSize{index->size(), index->bytes_reserved(), index->bytes_used()};
  });
}

// ---- The writer ----

template <typename Step>
void ReferenceStore::ChangeInSteps(ReferenceIndex* index, uint32_t count, Step step) {
  if (index == nullptr) return;
  const uint64_t outside_before = index->bytes_outside_heap();
  while (count > 0) {
    heap_.Prepare(1);  // while no reader waits
    const BigReaderLock::WriterGuard guard(lock_);
    count -= step(*index, count);
  }
  bytes_outside_heap_ += index->bytes_outside_heap() - outside_before;
}

void ReferenceStore::Apply(const Change& change) {
  struct ToReferences {
    ReferenceStore& store;

    void operator()(const CreateIntegration& created) const {
      for (const EntityType& type : created.types) store.MakeIndex(type.place);
    }
    void operator()(const CreateType& created) const { store.MakeIndex(created.type.place); }
    void operator()(const AddReferences& added) const {
      store.Add(added.place, added.sources, added.targets);
    }
    void operator()(const SetReferences& set) const {
      store.Put(set.place, set.sources, set.targets);
    }
    void operator()(const DeleteReferences& deleted) const {
      store.Erase(deleted.place, deleted.sources);
    }
    void operator()(const PurgePlace& purged) const { store.Purge(purged.place); }
    void operator()(const EmptyTrash&) const {}
    void operator()(const BeginEpoch&) const {}
    void operator()(const CompareState&) const {}
    void operator()(const DropIntegration& dropped) const {
      store.DropPlacesOf(dropped.integration);
    }
    void operator()(const RestoreIntegration& restored) const {
      store.RestorePlacesOf(restored.trash);
    }
    void operator()(const ForgetIntegration& forgotten) const {
      for (const PlaceId place : forgotten.places) store.Forget(place);
    }
    void operator()(const RenamePlatforms&) const {}
    void operator()(const CreateToken&) const {}
    void operator()(const RevokeToken&) const {}
    void operator()(const SetRules&) const {}
    void operator()(const IgnoreSources&) const {}
    void operator()(const GrantClaims&) const {}
    void operator()(const ReleaseClaims&) const {}
    void operator()(const RenewClaims&) const {}
  };
  {
    const std::lock_guard lock(reservations_mutex_);
    reservations_.Apply(change);
  }
  std::visit(ToReferences{*this}, change.what);
  // Last, so that a place that is named has an index.
  if (!Catalog::IsAlteredBy(change)) return;
  const BigReaderLock::WriterGuard guard(lock_);
  catalog_.Apply(change);
  if (std::holds_alternative<CreateToken>(change.what) ||
      std::holds_alternative<RevokeToken>(change.what)) {
    token_changes_.fetch_add(1, std::memory_order_release);
  }
}

StateSum ReferenceStore::Sum() const {
  StateSum sum{.catalog = catalog_.Sum(),
               .references = 0,
               .claims = reservations_.claims_sum(),
               .ignored = reservations_.ignored_sum()};
  for (PlaceId place = 0; place < indices_.size(); ++place) {
    const ReferenceIndex* index = FindIndex(place);
    if (index == nullptr || index->size() == 0) continue;
    sum.references += HashOf({place, index->size(), index->sum()});
  }
  return sum;
}

void ReferenceStore::MakeIndex(PlaceId place) {
  if (FindIndex(place) != nullptr) return;
  auto gathered = gathered_.extract(place);
  auto index = gathered.empty() ? NewIndex() : std::move(gathered.mapped());
  const BigReaderLock::WriterGuard guard(lock_);
  if (place >= indices_.size()) indices_.resize(place + 1);
  indices_[place] = std::move(index);
}

std::unique_ptr<ReferenceIndex> ReferenceStore::NewIndex() {
  auto index = std::make_unique<ReferenceIndex>(heap_, hash_);
  bytes_outside_heap_ += index->bytes_outside_heap();
  return index;
}

void ReferenceStore::Add(PlaceId place, const IdBatch& sources, const IdBatch& targets) {
  AddTo(FindIndex(place), sources, targets);
}

void ReferenceStore::AddTo(ReferenceIndex* index, const IdBatch& sources, const IdBatch& targets) {
  IdCursor source(sources);
  IdCursor target(targets);
  ChangeInSteps(index, sources.count, [&](ReferenceIndex& into, uint32_t left) {
    return into.Add(source, target, std::min(kAddChunk, left));
  });
}

void ReferenceStore::Put(PlaceId place, const IdBatch& sources, const IdBatch& targets) {
  IdCursor source(sources);
  IdCursor target(targets);
  ChangeInSteps(FindIndex(place), sources.count, [&](ReferenceIndex& index, uint32_t left) {
    const uint32_t chunk = std::min(kChangeChunk, left);
    for (uint32_t i = 0; i < chunk; ++i) {
      const std::string_view id = source.Next();
      index.Put(id, target.Next());
    }
    return chunk;
  });
}

void ReferenceStore::Edit(PlaceId place, const IdBatch& sources, const IdBatch& targets) {
  IdCursor source(sources);
  IdCursor target(targets);
  ChangeInSteps(FindIndex(place), sources.count, [&](ReferenceIndex& index, uint32_t left) {
    const uint32_t chunk = std::min(kChangeChunk, left);
    for (uint32_t i = 0; i < chunk; ++i) {
      const std::string_view id = source.Next();
      index.Edit(id, std::nullopt, target.Next());
    }
    return chunk;
  });
}

void ReferenceStore::Erase(PlaceId place, const IdBatch& sources) {
  IdCursor source(sources);
  ChangeInSteps(FindIndex(place), sources.count, [&](ReferenceIndex& index, uint32_t left) {
    const uint32_t chunk = std::min(kChangeChunk, left);
    for (uint32_t i = 0; i < chunk; ++i) index.Erase(source.Next());
    return chunk;
  });
}

void ReferenceStore::Reserve(PlaceId place, uint64_t references) {
  FindIndex(place)->Reserve(references);
}

void ReferenceStore::LoadSources(PlaceId place, const IdBatch& sources, const IdBatch& targets,
                                 BackLinks& links) {
  heap_.Prepare(1);
  FindIndex(place)->AddSources(sources, targets, links);
}

void ReferenceStore::LoadBackLinks(PlaceId place, const BackLinks& links) {
  FindIndex(place)->AddBackLinks(links);
}

void ReferenceStore::FinishLoading() {
  uint64_t bytes = 0;
  const auto count = [&](const std::unique_ptr<ReferenceIndex>& index) {
    if (index != nullptr) bytes += index->bytes_outside_heap();
  };
  std::for_each(indices_.begin(), indices_.end(), count);
  std::for_each(dropped_.begin(), dropped_.end(), count);
  for (const auto& [place, index] : gathered_) count(index);
  bytes_outside_heap_ = bytes;
}

void ReferenceStore::Purge(PlaceId place) {
  if (FindIndex(place) == nullptr) return;
  Replace(place, NewIndex());
}

void ReferenceStore::DropPlace(PlaceId place) {
  if (FindIndex(place) == nullptr) return;
  Replace(place, nullptr);
}

void ReferenceStore::Replace(PlaceId place, std::unique_ptr<ReferenceIndex> index) {
  {
    const BigReaderLock::WriterGuard guard(lock_);
    indices_[place].swap(index);
  }
  dropped_.push_back(std::move(index));
}

void ReferenceStore::DropPlacesOf(IntegrationId id) {
  const Integration* integration = catalog_.FindById(id);
  if (integration == nullptr) return;
  for (const CatalogType& type : integration->types) {
    auto& gathered = gathered_[type.place];
    const BigReaderLock::WriterGuard guard(lock_);
    gathered = std::move(indices_[type.place]);
  }
}

void ReferenceStore::RestorePlacesOf(PlaceId number) {
  const Trash* trash = catalog_.FindTrash(number);
  if (trash == nullptr || !trash->integration) return;
  for (const CatalogType& type : trash->integration->types) MakeIndex(type.place);
}

void ReferenceStore::Gather(PlaceId place, const IdBatch& sources, const IdBatch& targets) {
  auto& index = gathered_[place];
  if (index == nullptr) index = NewIndex();
  AddTo(index.get(), sources, targets);
}

uint64_t ReferenceStore::gathered(PlaceId place) const {
  const auto found = gathered_.find(place);
  return found == gathered_.end() ? 0 : found->second->size();
}

void ReferenceStore::Forget(PlaceId place) {
  if (auto gathered = gathered_.extract(place)) dropped_.push_back(std::move(gathered.mapped()));
}

void ReferenceStore::DropGathered() {
  for (auto& [place, index] : gathered_) dropped_.push_back(std::move(index));
  gathered_.clear();
}

bool ReferenceStore::ReclaimStep() {
  if (dropped_.empty()) return false;
  // No reader can see it any more, so no lock is needed.
  ReferenceIndex& index = *dropped_.back();
  bytes_outside_heap_ -= index.bytes_outside_heap();
  if (index.FreeSome()) {
    bytes_outside_heap_ += index.bytes_outside_heap();
  } else {
    dropped_.pop_back();
  }
  return !dropped_.empty();
}

}  // namespace xref
