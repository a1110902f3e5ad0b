// Random sequences of all mutations, held against a model that knows no groups and no journal.

#include <array>
#include <random>

#include "tests/plans_fixture.h"

namespace xref {
namespace {

using protocol::Mutation;
using protocol::Outcome;
using protocol::Verdict;

constexpr int64_t kSecond = 1'000'000;

// What the rules of protocol/README.md come to, one item at a time and at once.
class MutationModel {
 public:
  struct Claimed {
    uint64_t token;
    int64_t until_us;
    std::string owner;
    std::string lost_owner;
    bool operator==(const Claimed&) const = default;
  };

  Outcome Do(const Asked& asked, const AskedItem& item, int64_t now_us) {
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

  bool unique_targets = false;

  // Any source that has the target, if there are several.
  bool Has(std::string_view source, const std::string& target) const {
    const auto link = links_.find(std::string(source));
    return link != links_.end() && link->second == target;
  }
  // A token that was granted for this source, or any other number.
  uint64_t TokenOf(const std::string& source, uint64_t otherwise) const {
    const auto claim = claims_.find(source);
    return claim == claims_.end() ? otherwise : claim->second.token;
  }
  uint64_t next_token() const { return next_token_; }

  // What there is, to be compared whole.
  struct State {
    std::map<std::string, std::string> links;
    std::map<std::string, Claimed> claims;
    std::set<std::string> ignored;
    uint64_t references;
    uint64_t claims_counted;
    uint64_t ignored_counted;
    uint64_t next_token;
    bool operator==(const State&) const = default;
  };
  State TakeState() const {
    return {links_, claims_, ignored_, links_.size(), claims_.size(), ignored_.size(), next_token_};
  }

 private:
  Outcome Stands(Verdict verdict, const AskedItem& item) {
    other_ = links_.at(item.source);
    return {verdict, other_};
  }
  Outcome Link(const AskedItem& item) {
    if (Has(item.source, item.target)) return {Verdict::kUnchanged};
    if (ignored_.contains(item.source)) return {Verdict::kIgnored};
    for (const auto& [source, target] : links_) {
      if (!unique_targets || source == item.source || target != item.target) continue;
      return {Verdict::kTargetTaken, source};
    }
    links_[item.source] = item.target;
    claims_.erase(item.source);
    return {Verdict::kDone};
  }

  std::map<std::string, std::string> links_;
  std::map<std::string, Claimed> claims_;
  std::set<std::string> ignored_;
  uint64_t next_token_ = 1;
  std::string other_;  // what the last outcome names
};

class RandomMutations : public Plans {
 protected:
  RandomMutations() { safeguards_ = std::make_unique<Safeguards>(UINT64_MAX); }

  static constexpr uint32_t kSources = 12;
  static constexpr uint32_t kTargets = 5;

  std::string Pick(const char* prefix, uint32_t of) {
    return prefix + std::to_string(random_() % of);
  }

  Asked MakeMutation() {
    Asked asked{.mutation = static_cast<Mutation>(random_() % protocol::kMutations),
                .items = {},
                .actor = Pick("w", 3),
                .lease_ms = static_cast<uint32_t>(1000 + random_() % 1000)};
    for (uint64_t left = random_() % 5; left > 0; --left) {
      const std::string source = Pick("S", kSources);
      asked.items.push_back({.source = source,
                             .target = Pick("T", kTargets),
                             .expected = random_() % 2 == 0 ? "" : Pick("T", kTargets),
                             .token = random_() % 3 == 0
                                          ? random_() % model_.next_token()
                                          : model_.TokenOf(source, random_() % 100)});
    }
    return asked;
  }

  void MutateBoth() {
    const Asked asked = MakeMutation();
    const auto outcomes = Mutate(asked);
    ASSERT_EQ(outcomes.size(), asked.items.size());
    std::map<std::string, uint32_t> first_item;
    for (uint32_t i = 0; i < outcomes.size(); ++i) {
      const AskedItem& item = asked.items[i];
      const auto [first, is_first] = first_item.try_emplace(item.source, i);
      const Outcome expected = is_first ? model_.Do(asked, item, now_us_)
                                        : Outcome{Verdict::kDuplicate, "", first->second};
      ASSERT_EQ(Name(outcomes[i].verdict), Name(expected.verdict)) << Describe(asked, item);
      ASSERT_EQ(outcomes[i].number, expected.number) << Describe(asked, item);
      ++verdicts_[static_cast<size_t>(expected.verdict)];
      if (expected.verdict == Verdict::kTargetTaken) {
        ASSERT_TRUE(model_.Has(outcomes[i].other, item.target)) << Describe(asked, item);
      } else {
        ASSERT_EQ(outcomes[i].other, expected.other) << Describe(asked, item);
      }
    }
  }

  static std::string Describe(const Asked& asked, const AskedItem& item) {
    return "mutation " + std::to_string(static_cast<int>(asked.mutation)) + " of " + item.source +
           " to " + item.target + ", expected " + item.expected + ", token " +
           std::to_string(item.token) + ", by " + asked.actor;
  }

  MutationModel::State StateOf(const ReferenceStore& store) const {
    const ReferenceIndex& index = *store.WriterIndex(orders_);
    const Reservations& reservations = store.WriterReservations();
    MutationModel::State state{.links = {},
                               .claims = {},
                               .ignored = {},
                               .references = index.size(),
                               .claims_counted = reservations.claims(),
                               .ignored_counted = reservations.ignored(),
                               .next_token = reservations.next_token()};
    for (uint32_t i = 0; i < kSources; ++i) {
      const std::string source = "S" + std::to_string(i);
      if (const auto target = index.Find(source)) state.links[source] = *target;
    }
    reservations.ForEachClaim([&](PlaceId place, std::string_view source, const auto& claim) {
      EXPECT_EQ(place, orders_);
      state.claims[std::string(source)] = {claim.token, claim.until_us, claim.owner,
                                           claim.lost_owner};
    });
    reservations.ForEachIgnored([&](PlaceId place, std::string_view source) {
      EXPECT_EQ(place, orders_);
      state.ignored.emplace(source);
    });
    return state;
  }

  void Run(int changes) {
    for (int i = 0; i < changes && !HasFatalFailure(); ++i) {
      MutateBoth();
      if (random_() % 4 == 0) {
        Pass(static_cast<int64_t>(random_() % kSecond));
        ASSERT_EQ(StateOf(store_), model_.TakeState());
      }
      if (random_() % 100 == 0) {
        model_.unique_targets = !model_.unique_targets;
        ASSERT_TRUE(SetUniqueTargets(model_.unique_targets));
      }
    }
    Commit();
    ASSERT_EQ(StateOf(store_), model_.TakeState());
  }

  std::mt19937 random_{11};
  MutationModel model_;
  std::array<uint64_t, protocol::kVerdictLast + 1> verdicts_{};
};

TEST_F(RandomMutations, DecideAsTheModelWouldAndMeetEveryVerdict) {
  Run(40'000);
  for (uint8_t verdict = 0; verdict <= protocol::kVerdictLast; ++verdict) {
    EXPECT_GT(verdicts_[verdict], 100U) << Name(static_cast<Verdict>(verdict));
  }
}

TEST_F(RandomMutations, ReplayedIntoAnEmptyStoreGiveTheSameAndASecondTimeAlterNothing) {
  Run(5'000);
  ReferenceStore replayed(1);
  for (int time = 0; time < 2; ++time) {
    for (const std::string& record : journal_) Apply(record, replayed);
    EXPECT_EQ(StateOf(replayed), model_.TakeState());
  }
}

TEST_F(RandomMutations, EachAppliedTwiceGiveTheSame) {
  Run(5'000);
  ReferenceStore replayed(1);
  for (const std::string& record : journal_) {
    Apply(record, replayed);
    Apply(record, replayed);
  }
  EXPECT_EQ(StateOf(replayed), model_.TakeState());
}

}  // namespace
}  // namespace xref
