// Random sequences of all mutations, held against a model that knows no groups and no journal.

#include <array>
#include <random>

#include "tests/mutation_model.h"
#include "tests/plans_fixture.h"

namespace xref {
namespace {

using protocol::Mutation;
using protocol::Outcome;
using protocol::Verdict;

constexpr int64_t kSecond = 1'000'000;

// What there is, to be compared whole.
struct State {
  std::map<std::string, std::string> links;
  std::map<std::string, MutationModel::Claimed> claims;
  std::set<std::string> ignored;
  uint64_t references;
  uint64_t claims_counted;
  uint64_t ignored_counted;
  uint64_t next_token;
  bool operator==(const State&) const = default;
};

State StateOf(const MutationModel& model) {
  return {model.links(),         model.claims(),         model.ignored(),   model.links().size(),
          model.claims().size(), model.ignored().size(), model.next_token()};
}

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
    model_.Do(asked, now_us_, [&](uint32_t i, const Outcome& expected) {
      const AskedItem& item = asked.items[i];
      ASSERT_EQ(Name(outcomes[i].verdict), Name(expected.verdict)) << Describe(asked, item);
      ASSERT_EQ(outcomes[i].number, expected.number) << Describe(asked, item);
      ++verdicts_[static_cast<size_t>(expected.verdict)];
      if (expected.verdict == Verdict::kTargetTaken) {
        ASSERT_TRUE(model_.Has(outcomes[i].other, item.target)) << Describe(asked, item);
      } else {
        ASSERT_EQ(outcomes[i].other, expected.other) << Describe(asked, item);
      }
    });
  }

  static std::string Describe(const Asked& asked, const AskedItem& item) {
    return "mutation " + std::to_string(static_cast<int>(asked.mutation)) + " of " + item.source +
           " to " + item.target + ", expected " + item.expected + ", token " +
           std::to_string(item.token) + ", by " + asked.actor;
  }

  State HeldBy(const ReferenceStore& store) const {
    const ReferenceIndex& index = *store.WriterIndex(orders_);
    const Reservations& reservations = store.WriterReservations();
    State state{.links = {},
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
        ASSERT_EQ(HeldBy(store_), StateOf(model_));
      }
      if (random_() % 100 == 0) {
        model_.unique_targets = !model_.unique_targets;
        ASSERT_TRUE(SetUniqueTargets(model_.unique_targets));
      }
    }
    Commit();
    ASSERT_EQ(HeldBy(store_), StateOf(model_));
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
    EXPECT_EQ(HeldBy(replayed), StateOf(model_));
  }
}

TEST_F(RandomMutations, EachAppliedTwiceGiveTheSame) {
  Run(5'000);
  ReferenceStore replayed(1);
  for (const std::string& record : journal_) {
    Apply(record, replayed);
    Apply(record, replayed);
  }
  EXPECT_EQ(HeldBy(replayed), StateOf(model_));
}

}  // namespace
}  // namespace xref
