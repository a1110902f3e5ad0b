#include "client/cli/import_rehearsal.h"

#include <xxhash.h>

namespace xref::cli {

using protocol::Mutation;
using protocol::Outcome;
using protocol::Verdict;

namespace {

constexpr size_t kBlockBytes = 1 << 20;

uint64_t Fingerprint(std::string_view id) { return XXH3_64bits(id.data(), id.size()); }

}  // namespace

protocol::MutationReply ImportRehearsal::Answer(Mutation mutation, const MutationBatch& batch,
                                                const protocol::LookupReply& standing) {
  protocol::MutationReply reply;
  IdCursor stands(standing.targets);
  batch.ForEach([&](uint32_t, const Item& item) {
    std::string_view target = stands.Next();
    const auto found = linked_.find(Fingerprint(item.source));
    if (found != linked_.end()) target = found->second;
    Outcome outcome{.verdict = Verdict::kDone};
    if (target == item.target) {
      outcome.verdict = Verdict::kUnchanged;
    } else if (mutation == Mutation::kAdd && !target.empty()) {
      outcome = {.verdict = Verdict::kConflict, .other = target};
    } else {
      Link(item);
    }
    reply.outcomes.push_back(outcome);
  });
  return reply;
}

void ImportRehearsal::Link(const Item& item) {
  if (blocks_.empty() || blocks_.back().size() + item.target.size() > kBlockBytes) {
    blocks_.emplace_back().reserve(kBlockBytes);
  }
  std::string& block = blocks_.back();
  const size_t at = block.size();
  block += item.target;
  linked_[Fingerprint(item.source)] = std::string_view(block).substr(at);
}

}  // namespace xref::cli
