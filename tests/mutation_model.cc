#include "tests/mutation_model.h"

namespace xref {

using protocol::Mutation;
using protocol::Outcome;
using protocol::Verdict;

void MutationModel::Do(const Asked& asked, int64_t now_us, Take take) {
  std::map<std::string, uint32_t> first_item;
  for (uint32_t i = 0; i < asked.items.size(); ++i) {
    const AskedItem& item = asked.items[i];
    const auto [first, is_first] = first_item.try_emplace(item.source, i);
    take(i,
         is_first ? DoOne(asked, item, now_us) : Outcome{Verdict::kDuplicate, "", first->second});
  }
}

bool MutationModel::Has(std::string_view source, const std::string& target) const {
  const auto link = links_.find(std::string(source));
  return link != links_.end() && link->second == target;
}

uint64_t MutationModel::TokenOf(const std::string& source, uint64_t otherwise) const {
  const auto claim = claims_.find(source);
  return claim == claims_.end() ? otherwise : claim->second.token;
}

Outcome MutationModel::DoOne(const Asked& asked, const AskedItem& item, int64_t now_us) {
  const auto link = links_.find(item.source);
  const std::string stands = link == links_.end() ? "" : link->second;
  const auto claim = claims_.find(item.source);
  const bool claimed = claim != claims_.end();
  const bool owns = claimed && claim->second.token == item.token;
  const int64_t lease_end = now_us + int64_t{asked.lease_ms} * 1000;
  switch (asked.mutation) {
    case Mutation::kAdd:
      if (!stands.empty() && stands != item.target) return Stands(Verdict::kConflict, item);
      return Link(item);
    case Mutation::kPut:
      return Link(item);
    case Mutation::kEdit:
      if (stands.empty()) return {Verdict::kMissing};
      if (stands == item.target) return {Verdict::kUnchanged};
      if (!item.expected.empty() && item.expected != stands) {
        return Stands(Verdict::kConflict, item);
      }
      return Link(item);
    case Mutation::kDelete:
      if (stands.empty()) return {Verdict::kMissing};
      if (!item.expected.empty() && item.expected != stands) {
        return Stands(Verdict::kConflict, item);
      }
      links_.erase(item.source);
      return {Verdict::kDone};
    case Mutation::kIgnore:
      if (!stands.empty()) return Stands(Verdict::kSynced, item);
      return {ignored_.insert(item.source).second ? Verdict::kDone : Verdict::kUnchanged};
    case Mutation::kUnignore:
      return {ignored_.erase(item.source) > 0 ? Verdict::kDone : Verdict::kUnchanged};
    case Mutation::kClaim: {
      if (ignored_.contains(item.source)) return {Verdict::kIgnored};
      if (!stands.empty()) return Stands(Verdict::kSynced, item);
      Claimed granted{next_token_, lease_end, asked.actor, ""};
      if (claimed) {
        other_ = granted.lost_owner = claim->second.owner;
        const int64_t left_us = claim->second.until_us - now_us;
        if (left_us > 0 && other_ != asked.actor) {
          return {Verdict::kHeld, other_, static_cast<uint64_t>((left_us + 999) / 1000)};
        }
      }
      claims_[item.source] = granted;
      ++next_token_;
      if (claimed) return {Verdict::kUnknown, other_, granted.token};
      return {Verdict::kGranted, "", granted.token};
    }
    case Mutation::kSettle:
      if (stands == item.target) return {Verdict::kUnchanged};
      if (!stands.empty()) return Stands(Verdict::kConflict, item);
      if (!owns) return {Verdict::kStaleToken};
      return Link(item);
    case Mutation::kRelease:
      if (!owns) return {Verdict::kStaleToken};
      if (claim->second.lost_owner.empty()) {
        claims_.erase(claim);
      } else {
        claim->second.until_us = now_us;
      }
      return {Verdict::kDone};
    case Mutation::kRenew:
      if (!owns) return {Verdict::kStaleToken};
      claim->second.until_us = lease_end;
      return {Verdict::kDone};
  }
  return {};
}

Outcome MutationModel::Stands(Verdict verdict, const AskedItem& item) {
  other_ = links_.at(item.source);
  return {verdict, other_};
}

Outcome MutationModel::Link(const AskedItem& item) {
  if (Has(item.source, item.target)) return {Verdict::kUnchanged};
  if (ignored_.contains(item.source)) return {Verdict::kIgnored};
  if (unique_targets) {
    for (const auto& [source, target] : links_) {
      if (source != item.source && target == item.target) return {Verdict::kTargetTaken, source};
    }
  }
  links_[item.source] = item.target;
  claims_.erase(item.source);
  return {Verdict::kDone};
}

}  // namespace xref
