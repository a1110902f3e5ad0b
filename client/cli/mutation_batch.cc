#include "client/cli/mutation_batch.h"

namespace xref::cli {
namespace {

// What a request has beside its items: numbers and the actor.
constexpr size_t kCommonBytesMax = kActorBytesMax + 64;
// Of an item beside its texts: three lengths and a token.
constexpr size_t kItemBytes = 3 + sizeof(uint64_t);

}  // namespace

bool MutationBatch::HasRoomFor(const Item& item, uint32_t items_max,
                               uint32_t request_bytes_max) const {
  const size_t bytes = sources_.bytes_size() + targets_.bytes_size() + expected_.bytes_size() +
                       item.source.size() + item.target.size() + item.expected.size() +
                       (sources_.size() + 1) * kItemBytes + kCommonBytesMax;
  return sources_.size() < items_max && bytes <= request_bytes_max;
}

void MutationBatch::Add(const Item& item) {
  sources_.Add(item.source);
  if (has_.targets) targets_.Add(item.target);
  if (has_.expected) expected_.Add(item.expected);
  if (has_.tokens) tokens_.push_back(item.token);
}

protocol::MutationRequest MutationBatch::Request(protocol::MutationRequest common) const {
  common.sources = sources_.View();
  common.targets = targets_.View();
  common.expected = expected_.View();
  common.tokens = {reinterpret_cast<const uint8_t*>(tokens_.data()),
                   tokens_.size() * sizeof(uint64_t)};
  return common;
}

}  // namespace xref::cli
