#include "client/cli/import_rehearsal.h"

#include <fmt/format.h>

#include <random>

#include "client/cli/id_hashes.h"

namespace xref::cli {

using protocol::Mutation;
using protocol::Outcome;
using protocol::Verdict;

absl::StatusOr<bool> HasUniqueTargets(const Target& target) {
  // Two sources for one target, all of which nobody has: only that rule can refuse the second.
  std::random_device random;
  const std::string nobodys =
      fmt::format("{:08x}{:08x}{:08x}{:08x}", random(), random(), random(), random());
  MutationBatch batch(Mutation::kAdd);
  for (const char* which : {"-1", "-2"}) {
    batch.Add({.source = nobodys + which, .target = nobodys});
  }
  const auto answered = target.client->Mutate(batch.Request({.mutation = Mutation::kAdd,
                                                             .rehearsal = true,
                                                             .place = target.place,
                                                             .origin = Origin::kImport}));
  if (!answered.ok()) return answered.status();
  return (*answered)[1].verdict == Verdict::kTargetTaken;
}

Outcome ImportRehearsal::Correct(Mutation mutation, const Item& item, uint64_t line,
                                 const Outcome& answered) {
  // On an earlier row of its own request the server has the last word.
  if (!repeated_.all.Contains(line) || answered.verdict == Verdict::kDuplicate) return answered;
  const Outcome outcome = Decide(mutation, item, answered);
  if (outcome.verdict == Verdict::kDone) {
    targets_[HashOf(item.source)] = item.target;
    if (unique_targets_) sources_[HashOf(item.target)] = item.source;
  }
  return outcome;
}

Outcome ImportRehearsal::Decide(Mutation mutation, const Item& item,
                                const Outcome& answered) const {
  const auto linked = targets_.find(HashOf(item.source));
  if (linked != targets_.end()) {
    if (linked->second == item.target) return {.verdict = Verdict::kUnchanged};
    if (mutation == Mutation::kAdd) {
      return {.verdict = Verdict::kConflict, .other = linked->second};
    }
  }
  const bool taken = answered.verdict == Verdict::kTargetTaken;
  if (!unique_targets_ || (!taken && answered.verdict != Verdict::kDone)) return answered;
  const auto holder = sources_.find(HashOf(item.target));
  if (holder != sources_.end() && holder->second != item.source) {
    return {.verdict = Verdict::kTargetTaken, .other = holder->second};
  }
  // The source that the server names may have been linked to another target by an earlier row.
  const auto other = taken ? targets_.find(HashOf(answered.other)) : targets_.end();
  if (other != targets_.end() && other->second != item.target) {
    return {.verdict = Verdict::kDone};
  }
  return answered;
}

}  // namespace xref::cli
