#include "index/record_arena.h"

#include <algorithm>

namespace xref {

RecordArena::~RecordArena() {
  for (uint32_t i = 0; i < block_count_; ++i) {
    heap_->Free(blocks_[i], i + 1 < block_count_ ? kBlockBytes : last_block_bytes_);
  }
}

void RecordArena::Swap(RecordArena& other) {
  std::swap(blocks_, other.blocks_);
  std::swap(heap_, other.heap_);
  std::swap(block_count_, other.block_count_);
  std::swap(last_block_bytes_, other.last_block_bytes_);
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
  const uint32_t left = block_count_ * kBlockUnits - end_;
  if (left < units) {
    if (block_count_ == kBlocks) return false;
    if (left > 0) {
      GrowLastBlock(kBlockBytes);
      MakeHole(end_, left);
    }
    end_ += left;
    ++block_count_;
    last_block_bytes_ = 0;
  }
  const uint32_t bytes = (end_ + units - (block_count_ - 1) * kBlockUnits) * kUnitBytes;
  if (bytes > last_block_bytes_) {
    // The first block follows an entity type of a few references closely; later ones grow by pages.
    GrowLastBlock(block_count_ == 1 ? bytes + bytes / 2
                                    : std::max<size_t>(bytes, PageHeap::kPageBytes));
  }
  return true;
}

void RecordArena::GrowLastBlock(size_t bytes) {
  const size_t grown_bytes = PageHeap::RoundUp(std::min<size_t>(bytes, kBlockBytes));
  if (grown_bytes == last_block_bytes_) return;
  char*& block = blocks_[block_count_ - 1];
  auto* grown = static_cast<char*>(heap_->Allocate(grown_bytes));
  if (last_block_bytes_ > 0) {
    std::memcpy(grown, block, last_block_bytes_);
    heap_->Free(block, last_block_bytes_);
  }
  block = grown;
  last_block_bytes_ = static_cast<uint32_t>(grown_bytes);
}

}  // namespace xref
