#include "index/reference_index.h"

#include <algorithm>
#include <span>

#include "index/state_sum.h"

namespace xref {
namespace {

// References whose memory is asked for in advance when a batch is added.
constexpr uint32_t kAddGroup = 32;

// References moved by a call of Add before it stops early: those of one large segment or two.
constexpr uint64_t kMovesPerCall = 8'000;

// Segments freed by a call of FreeSome.
constexpr int kSegmentsPerFree = 16;

}  // namespace

ReferenceIndex::ReferenceIndex(PageHeap& heap, const KeyedHash& hash)
    : hash_(hash),
      source_heap_(heap),
      target_heap_(heap),
      sources_(source_heap_, hash),
      targets_(target_heap_) {}

std::optional<std::string_view> ReferenceIndex::Find(std::string_view source) const {
  const Record record = sources_.Find(hash_(source), source);
  if (record == nullptr) return std::nullopt;
  return TargetOf(record);
}

struct ReferenceIndex::Addition {
  std::string_view source, target;
  uint32_t source_hash, target_hash;
  uint64_t summand;  // of sum_: while the memory is on its way
};

void ReferenceIndex::Prepare(std::string_view source, std::string_view target,
                             Addition& addition) const {
  addition = {source, target, hash_(source), hash_(target), HashOfReference(source, target)};
  __builtin_prefetch(sources_.SegmentOf(addition.source_hash).Home(addition.source_hash), 1);
}

bool ReferenceIndex::AddSource(const Addition& addition) {
  if (sources_.Find(addition.source_hash, addition.source) != nullptr) return false;
  sources_.Insert(addition.source_hash, addition.source, addition.target);
  sum_ += addition.summand;
  return true;
}

bool ReferenceIndex::Add(std::string_view source, std::string_view target) {
  Addition addition;
  Prepare(source, target, addition);
  if (!AddSource(addition)) return false;
  targets_.Insert(addition.target_hash, addition.source_hash);
  return true;
}

uint32_t ReferenceIndex::Add(IdCursor& sources, IdCursor& targets, uint32_t count) {
  Addition group[kAddGroup];
  const uint64_t moved_before = sources_.moved() + targets_.moved();
  uint32_t done = 0;
  while (done < count && sources_.moved() + targets_.moved() - moved_before < kMovesPerCall) {
    const uint32_t size = std::min(kAddGroup, count - done);
    for (Addition& a : std::span(group, size)) {
      const std::string_view source = sources.Next();
      Prepare(source, targets.Next(), a);
      __builtin_prefetch(targets_.SegmentOf(a.target_hash).Home(a.target_hash), 1);
    }
    for (const Addition& a : std::span(group, size)) {
      if (AddSource(a)) targets_.Insert(a.target_hash, a.source_hash);
    }
    done += size;
  }
  return done;
}

void ReferenceIndex::AddSources(const IdBatch& sources, const IdBatch& targets,
                                std::vector<BackLink>& links) {
  IdCursor source(sources);
  IdCursor target(targets);
  Addition group[kAddGroup];
  for (uint32_t done = 0; done < sources.count;) {
    const uint32_t size = std::min(kAddGroup, sources.count - done);
    for (Addition& a : std::span(group, size)) {
      const std::string_view next = source.Next();
      Prepare(next, target.Next(), a);
    }
    for (const Addition& a : std::span(group, size)) {
      if (AddSource(a)) links.push_back({a.target_hash, a.source_hash});
    }
    done += size;
  }
}

void ReferenceIndex::AddBackLinks(std::span<const BackLink> links) {
  for (size_t i = 0; i < links.size(); ++i) {
    if (i + kAddGroup < links.size()) {
      const uint32_t ahead = links[i + kAddGroup].target_hash;
      __builtin_prefetch(targets_.SegmentOf(ahead).Home(ahead), 1);
    }
    targets_.Insert(links[i].target_hash, links[i].source_hash);
  }
}

ReferenceIndex::PutResult ReferenceIndex::Put(std::string_view source, std::string_view target) {
  const uint32_t hash = hash_(source);
  const Record record = sources_.Find(hash, source);
  if (record == nullptr) {
    sources_.Insert(hash, source, target);
    targets_.Insert(hash_(target), hash);
    sum_ += HashOfReference(source, target);
    return PutResult::kAdded;
  }
  if (HasTarget(record, target)) return PutResult::kUnchanged;
  Repoint(hash, source, record, target);
  return PutResult::kReplaced;
}

ReferenceIndex::EditResult ReferenceIndex::Edit(std::string_view source,
                                                std::optional<std::string_view> expected,
                                                std::string_view target) {
  const uint32_t hash = hash_(source);
  const Record record = sources_.Find(hash, source);
  if (record == nullptr) return EditResult::kAbsent;
  if (expected.has_value() && !HasTarget(record, *expected)) return EditResult::kOtherTarget;
  if (!HasTarget(record, target)) Repoint(hash, source, record, target);
  return EditResult::kDone;
}

void ReferenceIndex::Repoint(uint32_t source_hash, std::string_view source, Record record,
                             std::string_view target) {
  sum_ += HashOfReference(source, target) - HashOfReference(source, TargetOf(record));
  targets_.Erase(hash_(TargetOf(record)), source_hash);
  targets_.Insert(hash_(target), source_hash);
  sources_.SetTarget(source_hash, source, target);
}

bool ReferenceIndex::Erase(std::string_view source) {
  const uint32_t hash = hash_(source);
  const Record record = sources_.Find(hash, source);
  if (record == nullptr) return false;
  sum_ -= HashOfReference(source, TargetOf(record));
  targets_.Erase(hash_(TargetOf(record)), hash);
  sources_.Erase(hash, source);
  return true;
}

void ReferenceIndex::Reserve(uint64_t references) {
  sources_.Reserve(references);
  targets_.Reserve(references);
}

bool ReferenceIndex::FreeSome() {
  for (int i = 0; i < kSegmentsPerFree; ++i) {
    const bool freed_source = sources_.FreeOne();
    const bool freed_target = targets_.FreeOne();
    if (!freed_source && !freed_target) return false;
  }
  return true;
}

uint64_t ReferenceIndex::bytes_outside_heap() const {
  return sizeof *this + sources_.bytes_outside_heap() + targets_.bytes_outside_heap();
}

uint64_t ReferenceIndex::bytes_used() const {
  return sources_.bytes_used() + targets_.bytes_used(size());
}

}  // namespace xref
