#include "tests/ledger.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <functional>
#include <utility>
#include <vector>

namespace xref::test {

using protocol::Mutation;
using protocol::Verdict;

namespace {

constexpr uint64_t kSources = 1'000;
constexpr uint64_t kTargets = 50;
constexpr size_t kItems = 40;
// Leases end with the day, and so does the test: only what was released is over.
constexpr int64_t kNow = 0;
// Tokens from here on stand for those that the client was not told.
constexpr uint64_t kFirstUntold = uint64_t{1} << 63;

bool IsChange(Verdict verdict) {
  return verdict == Verdict::kDone || verdict == Verdict::kGranted || verdict == Verdict::kUnknown;
}
bool IsGrant(Verdict verdict) {
  return verdict == Verdict::kGranted || verdict == Verdict::kUnknown;
}

void Ignore(uint32_t, const protocol::Outcome&) {}

}  // namespace

Ledger::Ledger(int client)
    : prefix_("O" + std::to_string(client) + "-"),
      actor_("load-" + std::to_string(client)),
      other_actor_(actor_ + "-other") {}

std::string Ledger::SourceOf(uint64_t number) const { return prefix_ + std::to_string(number); }

std::string Ledger::TargetOf(const std::string& source) const {
  const auto link = told_.links().find(source);
  return link == told_.links().end() ? "" : link->second;
}

Asked Ledger::Draw(std::mt19937_64& random) const {
  Asked asked{.mutation = static_cast<Mutation>(random() % protocol::kMutations),
              .items = {},
              .actor = random() % 4 == 0 ? other_actor_ : actor_,
              .lease_ms = kLeaseMsMax};
  const bool of_claims = FieldsOf(asked.mutation).tokens;
  for (size_t i = 0; i < kItems; ++i) {
    std::string source = SourceOf(random() % kSources);
    if (of_claims && random() % 8 != 0) {
      const auto claim = told_.claims().lower_bound(source);
      if (claim != told_.claims().end()) source = claim->first;
    }
    const std::string target = "T-" + std::to_string(random() % kTargets);
    const std::string other_target = "T-" + std::to_string(random() % kTargets);
    const std::string expected[] = {"", TargetOf(source), other_target};
    const uint64_t wrong_token = random() % (last_token_ + 1);
    asked.items.push_back(
        {.source = source,
         .target = target,
         .expected = expected[random() % 3],
         .token = random() % 8 == 0 ? wrong_token : told_.TokenOf(source, wrong_token)});
  }
  return asked;
}

// ---- Answers ----

uint64_t Ledger::Asking(Asked asked) {
  unanswered_.push_back({++last_request_, std::move(asked)});
  return last_request_;
}

void Ledger::Told(uint64_t request, const protocol::MutationReply& reply) {
  ASSERT_EQ(unanswered_.front().number, request) << "changes were answered out of order";
  const Asked asked = std::move(unanswered_.front().asked);
  unanswered_.pop_front();
  const auto grant = std::find_if(reply.outcomes.begin(), reply.outcomes.end(),
                                  [](const auto& outcome) { return IsGrant(outcome.verdict); });
  if (grant != reply.outcomes.end()) {
    EXPECT_GT(grant->number, last_token_) << "a token that was granted before";
    told_.set_next_token(grant->number);
  }
  uint64_t wrong = 0;
  told_.Do(asked, kNow, [&](uint32_t i, const protocol::Outcome& expected) {
    const protocol::Outcome& outcome = reply.outcomes[i];
    const bool right = outcome.verdict == expected.verdict && outcome.other == expected.other &&
                       (outcome.number == expected.number || expected.verdict == Verdict::kHeld);
    if (!right && ++wrong == 1) {
      ADD_FAILURE() << "mutation " << static_cast<int>(asked.mutation) << " of "
                    << asked.items[i].source << " was answered " << Name(outcome.verdict) << " \""
                    << outcome.other << "\" " << outcome.number << ", not "
                    << Name(expected.verdict) << " \"" << expected.other << "\" "
                    << expected.number;
    }
    changed_[static_cast<size_t>(asked.mutation)] += IsChange(outcome.verdict);
  });
  if (grant != reply.outcomes.end()) last_token_ = told_.next_token() - 1;
}

void Ledger::ToldThatNothingWasDone(uint64_t request) {
  ASSERT_EQ(unanswered_.front().number, request) << "changes were answered out of order";
  unanswered_.pop_front();
}

// ---- What is there ----

void Ledger::ExpectHeldBy(Client& client, PlaceId place, const Claims& claims_of_all) {
  const Held held = Ask(client, place, claims_of_all);
  MutationModel expected = told_;
  expected.set_next_token(kFirstUntold);
  std::string differences;
  for (size_t done = 0;; ++done) {
    const std::string difference = FindDifference(expected, held);
    if (difference.empty()) break;
    differences += "\n  after " + std::to_string(done) + " of " +
                   std::to_string(unanswered_.size()) + " in flight " + difference;
    ASSERT_LT(done, unanswered_.size()) << "what is there cannot have come about:" << differences;
    expected.Do(unanswered_[done].asked, kNow, Ignore);
  }
  Adopt(expected, held);
  ExpectIgnored(client, place);
}

Ledger::Held Ledger::Ask(Client& client, PlaceId place, const Claims& claims_of_all) const {
  Held held;
  IdList sources;
  for (uint64_t i = 0; i < kSources; ++i) sources.Add(SourceOf(i));
  const auto targets = client.Lookup(place, sources.View());
  EXPECT_TRUE(targets.ok()) << targets.status();
  for (size_t i = 0; targets.ok() && i < kSources; ++i) {
    if (!(*targets)[i].empty()) held.links[SourceOf(i)] = (*targets)[i];
  }
  for (const auto& [source, claim] : claims_of_all) {
    if (source.starts_with(prefix_)) held.claims.emplace(source, claim);
  }
  // One after another, so only where it cannot be known. The others are seen to afterwards.
  held.ignored = told_.ignored();
  std::set<std::string> doubtful;
  for (const Request& request : unanswered_) {
    const Mutation mutation = request.asked.mutation;
    if (mutation != Mutation::kIgnore && mutation != Mutation::kUnignore) continue;
    for (const AskedItem& item : request.asked.items) doubtful.insert(item.source);
  }
  std::string payload;
  for (const std::string& source : doubtful) {
    const auto history = client.History({.place = place, .source = source}, payload);
    EXPECT_TRUE(history.ok()) << history.status();
    held.ignored.erase(source);
    if (history.ok() && history->ignored) held.ignored.insert(source);
  }
  return held;
}

std::string Ledger::Describe(const std::string& source, const Held& held) const {
  std::string words = source;
  if (const auto link = held.links.find(source); link != held.links.end()) {
    words += " -> " + link->second;
  }
  if (const auto claim = held.claims.find(source); claim != held.claims.end()) {
    const auto& [token, until_us, owner, lost_owner] = claim->second;
    words += " claimed by " + owner + " after \"" + lost_owner + "\" until " +
             (until_us > kNow ? "later" : "now") + " with token ";
    words += token > last_token_ ? "unknown" : std::to_string(token);
  }
  if (held.ignored.contains(source)) words += " ignored";
  return words;
}

std::string Ledger::FindDifference(const MutationModel& expected, const Held& held) const {
  const Held right{expected.links(), expected.claims(), expected.ignored()};
  for (uint64_t i = 0; i < kSources; ++i) {
    const std::string source = SourceOf(i);
    const std::string should_be = Describe(source, right);
    const std::string is = Describe(source, held);
    if (should_be != is) return "it would be: " + should_be + "; and is: " + is;
  }
  return "";
}

void Ledger::Adopt(const MutationModel& state, const Held& held) {
  told_ = state;
  unanswered_.clear();
  for (const auto& [source, claim] : held.claims) {
    told_.SetToken(source, claim.token);
    last_token_ = std::max(last_token_, claim.token);
  }
}

// Asks for what is so already: as quick as any batch, and nothing is changed by it.
void Ledger::ExpectIgnored(Client& client, PlaceId place) const {
  Asked ignored{.mutation = Mutation::kIgnore, .items = {}};
  Asked not_ignored{.mutation = Mutation::kUnignore, .items = {}};
  for (uint64_t i = 0; i < kSources; ++i) {
    const std::string source = SourceOf(i);
    Asked& asked = told_.ignored().contains(source) ? ignored : not_ignored;
    asked.items.push_back({.source = source, .target = {}, .expected = {}});
  }
  for (const Asked& asked : {std::cref(ignored), std::cref(not_ignored)}) {
    if (asked.items.empty()) continue;
    const auto results = client.Mutate(AskedRequest(asked, place).request());
    ASSERT_TRUE(results.ok()) << results.status();
    for (size_t i = 0; i < results->size(); ++i) {
      ASSERT_EQ((*results)[i].verdict, Verdict::kUnchanged)
          << asked.items[i].source << " should be ignored: " << (&asked == &ignored);
    }
  }
}

}  // namespace xref::test
