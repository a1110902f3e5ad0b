// The hot path: questions in batches.
//
// A question about one ID touches memory that is in no cache: the line of the table where its tag
// would be, and, if the tag is there, the record. Each access takes about 100 ns, but the processor
// can wait for many at once. So a batch is answered in groups, and each group in stages: a stage
// asks for the memory that the next stage will read, for all IDs of the group, before that reads
// it.

#include <absl/container/inlined_vector.h>

#include <algorithm>
#include <cstring>

#include "index/reference_index.h"

namespace xref {
namespace {

// IDs in flight at once: enough to cover a memory access, few enough to stay in the first-level
// cache and within what the processor can wait for at once.
constexpr uint32_t kGroup = 80;

// Sources that one call of Reverse hands out before it stops after the current group.
constexpr uint32_t kSourcesPerCall = 4096;

// Without a constructor: a group of these is made for every call, and most requests are smaller.
struct Id {
  const char* bytes;
  size_t size;
  void operator=(std::string_view id) {
    bytes = id.data();
    size = id.size();
  }
  operator std::string_view() const { return {bytes, size}; }
};

struct Question {
  Id source;
  uint32_t hash;
  const SourceSegment* segment;
  const SourceSegment::LineType* home;
  Record candidate;
};

// A target, and what leads to its source if it has exactly one.
struct ReverseQuestion {
  Id target;
  uint32_t target_hash;
  const TargetSegment::LineType* home;
  uint32_t entries;  // of the target's hash: 0, 1, or 2 for several
  Question source;
};

// Asks for a record as far as `bytes` past its header: it may lie across the border of two lines.
void Prefetch(Record record, size_t bytes) {
  __builtin_prefetch(record);
  __builtin_prefetch(record + kRecordHeaderBytes + bytes);
}

}  // namespace

template <typename Found>
void ReferenceIndex::FindBatch(IdCursor& ids, uint32_t count, Found found) const {
  Question group[kGroup];
  uint32_t candidates[kGroup];
  for (uint32_t first = 0; first < count; first += kGroup) {
    const uint32_t size = std::min(kGroup, count - first);
    for (uint32_t i = 0; i < size; ++i) {
      Question& q = group[i];
      q.source = ids.Next();
      q.hash = hash_(q.source);
      q.segment = &sources_.SegmentOf(q.hash);
      q.home = q.segment->Home(q.hash);
      __builtin_prefetch(q.home);
    }
    // Whether an ID is known is what no processor can foresee: so it decides no branch here, only
    // whether the ID stays in the list.
    uint32_t listed = 0;
    for (uint32_t i = 0; i < size; ++i) {
      Question& q = group[i];
      q.candidate = q.segment->FirstCandidate(q.home, q.hash);
      candidates[listed] = i;
      listed += q.candidate != nullptr;
      // An absent ID asks for what is there already.
      const char* memory =
          q.candidate != nullptr ? q.candidate : reinterpret_cast<const char*>(q.home);
      Prefetch(memory, q.source.size);
    }
    for (uint32_t i = 0; i < listed; ++i) {
      const Question& q = group[candidates[i]];
      Record record = q.candidate;
      if (!HasSource(record, q.source)) [[unlikely]] {
        // Another ID of the same tag came first: now compare all of that tag.
        record = sources_.Find(q.hash, q.source);
        if (record == nullptr) continue;
      }
      found(first + candidates[i], record);
    }
  }
}

void ReferenceIndex::Check(IdCursor& ids, uint32_t count, uint8_t* bitmap) const {
  std::memset(bitmap, 0, (count + 7) / 8);
  FindBatch(ids, count,
            [&](uint32_t i, Record) { bitmap[i / 8] |= static_cast<uint8_t>(1 << (i % 8)); });
}

void ReferenceIndex::Lookup(IdCursor& ids, uint32_t count, std::string_view* targets) const {
  std::fill_n(targets, count, std::string_view());
  FindBatch(ids, count, [&](uint32_t i, Record record) { targets[i] = TargetOf(record); });
}

uint32_t ReferenceIndex::Reverse(IdCursor& targets, uint32_t count, uint32_t sources_max,
                                 TakeSource take) const {
  ReverseQuestion group[kGroup];
  uint32_t taken = 0;
  uint32_t first = 0;
  while (first < count && taken < kSourcesPerCall) {
    const uint32_t size = std::min(kGroup, count - first);
    for (uint32_t i = 0; i < size; ++i) {
      ReverseQuestion& q = group[i];
      q.target = targets.Next();
      q.target_hash = hash_(q.target);
      q.home = targets_.SegmentOf(q.target_hash).Home(q.target_hash);
      __builtin_prefetch(q.home);
    }
    for (uint32_t i = 0; i < size; ++i) {
      ReverseQuestion& q = group[i];
      q.entries = 0;
      targets_.FindEach(q.target_hash, [&](uint32_t source_hash) {
        q.source.hash = source_hash;
        return ++q.entries == 2;
      });
      if (q.entries != 1) continue;
      q.source.segment = &sources_.SegmentOf(q.source.hash);
      q.source.home = q.source.segment->Home(q.source.hash);
      __builtin_prefetch(q.source.home);
    }
    for (uint32_t i = 0; i < size; ++i) {
      ReverseQuestion& q = group[i];
      if (q.entries != 1) continue;
      q.source.candidate = q.source.segment->FirstCandidate(q.source.home, q.source.hash);
      if (q.source.candidate != nullptr) Prefetch(q.source.candidate, 2 * q.target.size);
    }
    for (uint32_t i = 0; i < size; ++i) {
      const ReverseQuestion& q = group[i];
      if (q.entries == 0) continue;
      const Record record = q.source.candidate;
      if (q.entries == 1 && record != nullptr && HasTarget(record, q.target)) [[likely]] {
        // Every source of this target has an entry of this hash, so there is no other.
        take(first + i, SourceOf(record));
        ++taken;
      } else {
        taken += TakeSources(q.target_hash, q.target, sources_max,
                             [&](std::string_view source) { take(first + i, source); });
      }
    }
    first += size;
  }
  return first;
}

// The general case: several sources, or other targets of the same hash.
uint32_t ReferenceIndex::TakeSources(uint32_t target_hash, std::string_view target,
                                     uint32_t sources_max,
                                     absl::FunctionRef<void(std::string_view)> take) const {
  absl::InlinedVector<uint32_t, 64> hashes;
  targets_.FindEach(target_hash, [&](uint32_t source_hash) {
    hashes.push_back(source_hash);
    return hashes.size() >= sources_max;
  });
  // Sources of equal hash have equal entries, and each entry leads to all of them.
  std::sort(hashes.begin(), hashes.end());
  hashes.erase(std::unique(hashes.begin(), hashes.end()), hashes.end());
  for (const uint32_t hash : hashes) __builtin_prefetch(sources_.SegmentOf(hash).Home(hash));
  uint32_t taken = 0;
  for (const uint32_t hash : hashes) {
    sources_.SegmentOf(hash).FindIf(hash, [&](Record record) {
      if (HasTarget(record, target) && hash_(SourceOf(record)) == hash) {
        take(SourceOf(record));
        ++taken;
      }
      return taken == sources_max;
    });
  }
  return taken;
}

}  // namespace xref
