#include "index/reference_index.h"

#include <xxhash.h>

#include <algorithm>
#include <cstring>

namespace xref {
namespace {

// IDs in flight at once in a batch: enough to cover a memory access, few enough to stay in the
// first-level cache and within the processor's line-fill buffers.
constexpr uint32_t kGroup = 24;

constexpr size_t kRecordHeaderBytes = 2;

std::string_view SourceOf(const char* record) {
  return {record + kRecordHeaderBytes, static_cast<uint8_t>(record[0])};
}

std::string_view TargetOf(const char* record) {
  return {record + kRecordHeaderBytes + static_cast<uint8_t>(record[0]),
          static_cast<uint8_t>(record[1])};
}

}  // namespace

uint64_t RecordArena::Append(std::string_view source, std::string_view target) {
  const uint64_t size = kRecordHeaderBytes + source.size() + target.size();
  const uint64_t room = bytes_reserved() - end_;
  if (room < size) {
    end_ = bytes_reserved();
    blocks_.push_back(std::make_unique_for_overwrite<char[]>(kBlockBytes));
  }
  const uint64_t offset = end_;
  char* at = blocks_.back().get() + (offset & (kBlockBytes - 1));
  at[0] = static_cast<char>(source.size());
  at[1] = static_cast<char>(target.size());
  std::memcpy(at + kRecordHeaderBytes, source.data(), source.size());
  std::memcpy(at + kRecordHeaderBytes + source.size(), target.data(), target.size());
  end_ += size;
  bytes_used_ += size;
  return offset;
}

ReferenceIndex::ReferenceIndex(uint64_t hash_secret)
    : hash_secret_(hash_secret), handles_(0, Hash{this}, Equal{this}) {}

uint64_t ReferenceIndex::HashOf(std::string_view source) const {
  return XXH3_64bits_withSeed(source.data(), source.size(), hash_secret_);
}

size_t ReferenceIndex::Hash::operator()(Handle handle) const {
  return index->HashOf(SourceOf(index->RecordOf(handle)));
}

bool ReferenceIndex::Equal::operator()(Handle handle, const Key& key) const {
  return handle >> 40 == TagOf(key.hash) && SourceOf(index->RecordOf(handle)) == key.source;
}

bool ReferenceIndex::Equal::operator()(Handle handle, const TagKey& key) const {
  return handle >> 40 == TagOf(key.hash);
}

template <typename Answer>
void ReferenceIndex::Find(IdCursor& ids, uint32_t count, Answer answer) const {
  Key keys[kGroup];
  const char* records[kGroup];
  for (uint32_t first = 0; first < count; first += kGroup) {
    const uint32_t group = std::min(kGroup, count - first);
    for (uint32_t i = 0; i < group; ++i) {
      keys[i].source = ids.Next();
      keys[i].hash = HashOf(keys[i].source);
      handles_.prefetch(keys[i]);
    }
    for (uint32_t i = 0; i < group; ++i) {
      const auto candidate = handles_.find(TagKey{keys[i].hash});
      records[i] = candidate == handles_.end() ? nullptr : RecordOf(*candidate);
      if (records[i] != nullptr) __builtin_prefetch(records[i]);
    }
    for (uint32_t i = 0; i < group; ++i) {
      const char* record = records[i];
      if (record != nullptr && SourceOf(record) != keys[i].source) {
        // Another ID of the same tag came first: ask again, now comparing records.
        const auto exact = handles_.find(keys[i]);
        record = exact == handles_.end() ? nullptr : RecordOf(*exact);
      }
      answer(first + i, record);
    }
  }
}

void ReferenceIndex::Check(IdCursor& ids, uint32_t count, uint8_t* bitmap) const {
  std::memset(bitmap, 0, (count + 7) / 8);
  Find(ids, count, [&](uint32_t i, const char* record) {
    bitmap[i / 8] |= static_cast<uint8_t>((record != nullptr) << (i % 8));
  });
}

void ReferenceIndex::Lookup(IdCursor& ids, uint32_t count, std::string_view* targets) const {
  Find(ids, count, [&](uint32_t i, const char* record) {
    targets[i] = record == nullptr ? std::string_view() : TargetOf(record);
  });
}

bool ReferenceIndex::Add(std::string_view source, std::string_view target) {
  const Key key{HashOf(source), source};
  bool added = false;
  handles_.lazy_emplace(key, [&](const auto& construct) {
    construct(arena_.Append(source, target) | TagOf(key.hash) << 40);
    added = true;
  });
  return added;
}

uint64_t ReferenceIndex::bytes_reserved() const {
  return arena_.bytes_reserved() + handles_.capacity() * (sizeof(Handle) + 1);
}

}  // namespace xref
