#include "index/record_arena.h"

#include <algorithm>

namespace xref {

RecordArena::~RecordArena() {
  if (block_count_ > 0) heap_->Free(blocks_[0], first_block_bytes_);
  for (uint32_t i = 1; i < block_count_; ++i) heap_->Free(blocks_[i], kBlockBytes);
}

void RecordArena::Swap(RecordArena& other) {
  std::swap(blocks_, other.blocks_);
  std::swap(heap_, other.heap_);
  std::swap(block_count_, other.block_count_);
  std::swap(first_block_bytes_, other.first_block_bytes_);
  std::swap(end_, other.end_);
  std::swap(hole_units_, other.hole_units_);
}

std::optional<RecordArena::Offset> RecordArena::Append(std::string_view source,
                                                       std::string_view target) {
  const uint32_t units = UnitsOf(source.size(), target.size());
  if (!MakeRoom(units)) return std::nullopt;
  const auto offset = static_cast<Offset>(end_);
  char* record = Writable(offset);
  record[0] = static_cast<char>(source.size());
  record[1] = static_cast<char>(target.size());
  std::memcpy(record + kRecordHeaderBytes, source.data(), source.size());
  std::memcpy(record + kRecordHeaderBytes + source.size(), target.data(), target.size());
  end_ += units;
  return offset;
}

void RecordArena::Remove(Offset offset) {
  const Record record = At(offset);
  MakeHole(offset, UnitsOf(SourceOf(record).size(), TargetOf(record).size()));
}

bool RecordArena::Rewrite(Offset offset, std::string_view target) {
  char* record = Writable(offset);
  const size_t source_bytes = SourceOf(record).size();
  const size_t old_target_bytes = TargetOf(record).size();
  if (UnitsOf(source_bytes, target.size()) != UnitsOf(source_bytes, old_target_bytes)) return false;
  record[1] = static_cast<char>(target.size());
  std::memcpy(record + kRecordHeaderBytes + source_bytes, target.data(), target.size());
  return true;
}

void RecordArena::MakeHole(uint32_t unit, uint32_t units) {
  char* hole = Writable(static_cast<Offset>(unit));
  hole[0] = 0;
  hole[1] = static_cast<char>(units);
  hole_units_ += units;
}

bool RecordArena::MakeRoom(uint32_t units) {
  // A record does not cross from one block to the next: what is left of this one becomes a hole.
  const uint32_t left = (kBlockUnits - end_ % kBlockUnits) % kBlockUnits;
  const bool next_block = left < units;
  if (!next_block || end_ == 0) {
    const uint32_t bytes = (end_ + units) * kUnitBytes;
    if (block_count_ <= 1 && bytes > first_block_bytes_) GrowFirstBlock(bytes + bytes / 2);
    return true;
  }
  if (block_count_ == kBlocks) return false;
  if (first_block_bytes_ < kBlockBytes) GrowFirstBlock(kBlockBytes);
  if (left > 0) MakeHole(end_, left);
  end_ += left;
  blocks_[block_count_++] = static_cast<char*>(heap_->Allocate(kBlockBytes));
  return true;
}

void RecordArena::GrowFirstBlock(size_t bytes) {
  const size_t grown_bytes = PageHeap::RoundUp(std::min<size_t>(bytes, kBlockBytes));
  auto* grown = static_cast<char*>(heap_->Allocate(grown_bytes));
  if (block_count_ > 0) {
    std::memcpy(grown, blocks_[0], end_ * kUnitBytes);
    heap_->Free(blocks_[0], first_block_bytes_);
  }
  blocks_[0] = grown;
  block_count_ = 1;
  first_block_bytes_ = static_cast<uint32_t>(grown_bytes);
}

}  // namespace xref
