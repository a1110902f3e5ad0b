#include "index/reference_store.h"

#include <algorithm>
#include <random>

namespace xref {
namespace {

// IDs answered, and references applied, under one hold of the lock. Both bound how long the other
// side waits: some tens of microseconds. A multiple of 8, so that a chunk ends on a bitmap's byte.
constexpr uint32_t kReadChunk = 1024;
constexpr uint32_t kApplyChunk = 256;
static_assert(kReadChunk % 8 == 0);

uint64_t DrawSecret() {
  std::random_device device;
  return uint64_t{device()} << 32 | device();
}

}  // namespace

ReferenceStore::ReferenceStore(size_t slots) : hash_secret_(DrawSecret()), lock_(slots) {}

ReferenceIndex* ReferenceStore::FindIndex(PlaceId place) const {
  return place < indices_.size() ? indices_[place].get() : nullptr;
}

const ReferenceIndex* ReferenceStore::WriterIndex(PlaceId place) const { return FindIndex(place); }

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

void ReferenceStore::ReadCatalog(size_t slot,
                                 absl::FunctionRef<void(const Catalog&, SizeOf)> read) {
  const BigReaderLock::ReaderGuard guard(lock_, slot);
  read(catalog_, [this](PlaceId place) {
    const ReferenceIndex* index = FindIndex(place);
    return index == nullptr ? TypeSize{} : TypeSize{index->size(), index->bytes_reserved()};
  });
}

void ReferenceStore::Apply(const Change& change) {
  std::visit([this](const auto& what) { Apply(what); }, change.what);
}

void ReferenceStore::Apply(const CreateIntegration& created) {
  const BigReaderLock::WriterGuard guard(lock_);
  catalog_.Add(created);
  for (const EntityType& type : created.types) {
    if (type.place >= indices_.size()) indices_.resize(type.place + 1);
    if (indices_[type.place] == nullptr) {
      indices_[type.place] = std::make_unique<ReferenceIndex>(hash_secret_);
    }
  }
}

void ReferenceStore::Apply(const AddReferences& added) {
  ReferenceIndex* index = FindIndex(added.place);
  if (index == nullptr) return;
  IdCursor sources(added.sources);
  IdCursor targets(added.targets);
  for (uint32_t done = 0; done < added.sources.count;) {
    const uint32_t chunk = std::min(kApplyChunk, added.sources.count - done);
    const BigReaderLock::WriterGuard guard(lock_);
    for (uint32_t i = 0; i < chunk; ++i) {
      const std::string_view source = sources.Next();
      index->Add(source, targets.Next());
    }
    done += chunk;
  }
}

}  // namespace xref
