#include "tests/load.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <random>
#include <utility>

#include "tests/references.h"

namespace xref::test {
namespace {

constexpr size_t kBatch = 40;
constexpr size_t kInFlight = 8;
constexpr uint64_t kSources = 1'000'000;
constexpr uint64_t kTargets = 3;  // so that the same source is asked for with several
constexpr uint64_t kIntegrations = 300;
constexpr size_t kIdsAtOnce = 10'000;
constexpr const char* kIntegration = "shop";  // the fixture's, whose orders the references are

}  // namespace

// ---- Model ----

Model::Model() {
  for (int client = 0; client < kLoadClients; ++client) ledgers_.emplace_back(client);
}

uint64_t Model::changed() const {
  uint64_t changed = added_;
  for (size_t i = 0; i < protocol::kMutations; ++i) {
    changed += this->changed(static_cast<protocol::Mutation>(i));
  }
  return changed;
}

uint64_t Model::changed(protocol::Mutation mutation) const {
  uint64_t changed = 0;
  for (const Ledger& ledger : ledgers_) changed += ledger.changed(mutation);
  return changed;
}

void Model::Asked(const std::string& source, const std::string& target) {
  const std::lock_guard lock(mutex_);
  asked_[source].insert(target);
}

void Model::Settle(Facts& facts, const std::string& name, const std::string& value) {
  const auto [at, first] = facts.emplace(name, value);
  EXPECT_EQ(at->second, value) << "two answers about " << name;
}

void Model::Told(const std::string& source, const std::string& target, protocol::Verdict verdict,
                 const std::string& standing_target) {
  using protocol::Verdict;
  if (verdict == Verdict::kDuplicate) return;  // says nothing that the first did not
  const std::lock_guard lock(mutex_);
  Settle(told_, source, verdict == Verdict::kConflict ? standing_target : target);
  if (verdict != Verdict::kDone) return;
  EXPECT_TRUE(told_added_.insert(source).second) << source << " was added twice";
  ++added_;
}

Model::Known Model::KnownOf(const References& batch) const {
  const std::lock_guard lock(mutex_);
  Known known;
  for (const auto& [source, target] : batch) {
    const auto told = told_.find(source);
    known.push_back(told == told_.end() ? std::nullopt : std::optional(told->second));
  }
  return known;
}

void Model::Looked(const std::string& source, const std::optional<std::string>& known,
                   const std::string& target) {
  ++looked_up_;
  const std::lock_guard lock(mutex_);
  EXPECT_EQ(target, known.value_or(target)) << source << " was looked up";
  if (target.empty()) return;
  EXPECT_TRUE(asked_[source].contains(target)) << source << " has a target of nobody: " << target;
  Settle(told_, source, target);
}

void Model::Checked(const std::string& source, const std::optional<std::string>& known,
                    bool synced) {
  ++checked_;
  const std::lock_guard lock(mutex_);
  EXPECT_TRUE(synced || !known) << source << " was told of before it was checked";
  if (!synced) return;
  EXPECT_TRUE(asked_.contains(source)) << source << " is synced, and nobody asked for it";
  told_synced_.insert(source);
}

void Model::AskedToCreate(const std::string& name, const std::string& platform) {
  const std::lock_guard lock(mutex_);
  integrations_asked_[name].insert(platform);
}

void Model::ToldOfIntegration(const std::string& name, const std::string& platform) {
  const std::lock_guard lock(mutex_);
  EXPECT_TRUE(integrations_asked_[name].contains(platform)) << name << " has " << platform;
  Settle(integrations_told_, name, platform);
}

void Model::ExpectHeldBy(Client& client, PlaceId place, uint64_t references) {
  const std::lock_guard lock(mutex_);
  const uint64_t shared = ExpectSharedHeldBy(client, place);
  EXPECT_EQ(shared + ExpectOwnHeldBy(client, place), references)
      << "references that nobody asked for";
  ExpectIntegrationsHeldBy(client);
}

uint64_t Model::ExpectSharedHeldBy(Client& client, PlaceId place) const {
  uint64_t held = 0;
  uint64_t wrong = 0;
  for (auto at = asked_.begin(); at != asked_.end();) {
    IdList ids;
    const auto chunk = at;
    for (; at != asked_.end() && ids.size() < kIdsAtOnce; ++at) ids.Add(at->first);
    const auto targets = client.Lookup(place, ids.View());
    if (!targets.ok()) {
      ADD_FAILURE() << targets.status();
      return held;
    }
    auto asked = chunk;
    for (const std::string& target : *targets) {
      const auto told = told_.find(asked->first);
      const bool may_be_absent = target.empty() && !told_synced_.contains(asked->first);
      const bool right = told != told_.end() ? target == told->second
                                             : may_be_absent || asked->second.contains(target);
      if (!right && ++wrong <= 10) {
        ADD_FAILURE() << asked->first << " is linked to \"" << target << "\", told was "
                      << (told != told_.end()                   ? told->second
                          : told_synced_.contains(asked->first) ? "that it is synced"
                                                                : "nothing");
      }
      held += !target.empty();
      ++asked;
    }
  }
  EXPECT_EQ(wrong, 0U);
  return held;
}

uint64_t Model::ExpectOwnHeldBy(Client& client, PlaceId place) {
  Ledger::Claims claims;
  const auto listed = client.ListClaims(place, [&](const protocol::ListedClaim& claim) {
    claims[std::string(claim.source)] = {claim.token, claim.remaining_ms, std::string(claim.owner),
                                         std::string(claim.lost_owner)};
  });
  EXPECT_TRUE(listed.ok()) << listed.status();
  uint64_t references = 0;
  uint64_t claimed = 0;
  for (Ledger& ledger : ledgers_) {
    ledger.ExpectHeldBy(client, place, claims);
    references += ledger.references();
    claimed += ledger.claims();
  }
  EXPECT_EQ(claims.size(), claimed) << "claims that nobody asked for";
  return references;
}

void Model::ExpectIntegrationsHeldBy(Client& client) const {
  std::string payload;
  const auto list = client.ListIntegrations(payload);
  ASSERT_TRUE(list.ok()) << list.status();
  size_t told_and_held = 0;
  for (const auto& integration : list->integrations) {
    const std::string name(integration.name);
    const std::string platform(integration.target_platform);
    if (name == kIntegration) continue;
    EXPECT_EQ(integration.types.size(), 4U) << name;
    const auto asked = integrations_asked_.find(name);
    EXPECT_TRUE(asked != integrations_asked_.end() && asked->second.contains(platform)) << name;
    const auto told = integrations_told_.find(name);
    if (told == integrations_told_.end()) continue;
    EXPECT_EQ(platform, told->second) << name;
    ++told_and_held;
  }
  EXPECT_EQ(told_and_held, integrations_told_.size()) << "integrations are missing";
}

// ---- Load ----

namespace {

// One client, and what it asks.
class Asker {
 public:
  Asker(Client& client, PlaceId place, Model& model, Ledger& ledger, uint64_t seed)
      : client_(client), place_(place), model_(model), ledger_(ledger), random_(seed) {}

  // Until the daemon goes away.
  void Run() {
    for (absl::Status status; status.ok() && !gone_;) {
      const uint64_t draw = random_() % 100;
      status = draw < 30   ? Add()
               : draw < 40 ? Check()
               : draw < 50 ? Lookup()
               : draw < 98 ? Mutate()
                           : Create();
    }
    // Answers that came before the end, and were not looked at yet.
    client_.Finish().IgnoreError();
  }

 private:
  References DrawBatch() {
    References batch;
    for (size_t i = 0; i < kBatch; ++i) {
      // Half of them from a few, so that they meet one another.
      const uint64_t source = random_() % (i % 2 == 0 ? kSources : kSources / 100);
      batch.emplace_back("S-" + std::to_string(source), "T-" + std::to_string(source) + "-" +
                                                            std::to_string(random_() % kTargets));
    }
    return batch;
  }

  absl::Status Add() {
    References batch = DrawBatch();
    for (const auto& [source, target] : batch) model_.Asked(source, target);
    const IdList sources = Sources(batch);
    const IdList targets = Targets(batch);
    const protocol::MutationRequest request{.place = place_,
                                            .origin = Origin::kSync,
                                            .actor = "load",
                                            .sources = sources.View(),
                                            .targets = targets.View()};
    return client_.StartMutation(
        request, kInFlight,
        [&model = model_, batch = std::move(batch)](absl::StatusOr<protocol::MutationReply> reply) {
          if (!reply.ok()) return;
          for (size_t i = 0; i < batch.size(); ++i) {
            const protocol::Outcome& outcome = reply->outcomes[i];
            model.Told(batch[i].first, batch[i].second, outcome.verdict,
                       std::string(outcome.other));
          }
        });
  }

  absl::Status Check() {
    References batch = DrawBatch();
    const IdList sources = Sources(batch);
    return client_.StartCheck(
        place_, sources.View(), kInFlight,
        [&model = model_, known = model_.KnownOf(batch),
         batch = std::move(batch)](absl::StatusOr<protocol::CheckReply> reply) {
          if (!reply.ok()) return;
          for (uint32_t i = 0; i < reply->count; ++i) {
            model.Checked(batch[i].first, known[i], reply->synced(i));
          }
        });
  }

  absl::Status Lookup() {
    References batch = DrawBatch();
    const IdList sources = Sources(batch);
    return client_.StartLookup(
        place_, sources.View(), kInFlight,
        [&model = model_, known = model_.KnownOf(batch),
         batch = std::move(batch)](absl::StatusOr<protocol::LookupReply> reply) {
          if (!reply.ok()) return;
          IdCursor targets(reply->targets);
          for (uint32_t i = 0; i < reply->targets.count; ++i) {
            model.Looked(batch[i].first, known[i], std::string(targets.Next()));
          }
        });
  }

  // Of sources that are the client's own.
  absl::Status Mutate() {
    Asked asked = ledger_.Draw(random_);
    auto status = Start(asked);
    if (asked.mutation != protocol::Mutation::kDelete || !status.ok()) return status;
    // It may be refused: so nothing is sent meanwhile, and in flight all follows from what was.
    status = client_.Finish();
    if (!status.ok() || confirmation_ == 0) return status.ok() ? LookUpOwn(asked) : status;
    asked.confirmation = std::exchange(confirmation_, 0);
    model_.Confirmed();
    return Start(asked);
  }

  absl::Status Start(const Asked& asked) {
    const uint64_t number = ledger_.Asking(asked);
    return client_.StartMutation(AskedRequest(asked, place_).request(), kInFlight,
                                 [this, number](absl::StatusOr<protocol::MutationReply> reply) {
                                   if (reply.ok()) return ledger_.Told(number, *reply);
                                   // It is ending, or not the primary any more: nobody knows.
                                   gone_ = gone_ || absl::IsUnavailable(reply.status()) ||
                                           absl::IsFailedPrecondition(reply.status());
                                   if (gone_) return;
                                   const auto needed = FindConfirmation(reply.status());
                                   EXPECT_TRUE(needed.has_value()) << reply.status();
                                   if (needed) confirmation_ = needed->number;
                                   ledger_.ToldThatNothingWasDone(number);
                                 });
  }

  // While no change of them is in flight: so what was told is what must show.
  absl::Status LookUpOwn(const Asked& asked) {
    if (!ledger_.was_told_all()) return absl::OkStatus();
    IdList sources;
    std::vector<std::string> expected;
    for (const AskedItem& item : asked.items) {
      sources.Add(item.source);
      expected.push_back(ledger_.TargetOf(item.source));
    }
    return client_.StartLookup(
        place_, sources.View(), kInFlight,
        [expected = std::move(expected)](absl::StatusOr<protocol::LookupReply> reply) {
          if (!reply.ok()) return;
          IdCursor targets(reply->targets);
          for (const std::string& target : expected) EXPECT_EQ(targets.Next(), target);
        });
  }

  absl::Status Create() {
    const std::string name = "load-" + std::to_string(random_() % kIntegrations);
    const std::string platform = "P-" + std::to_string(random_() % kTargets);
    model_.AskedToCreate(name, platform);
    const auto created = client_.CreateIntegration(
        {.name = name, .source_platform = "load", .target_platform = platform, .actor = "load"});
    if (created.ok()) model_.ToldOfIntegration(name, created->target_platform);
    return created.status();
  }

  Client& client_;
  const PlaceId place_;
  Model& model_;
  Ledger& ledger_;
  std::mt19937_64 random_;
  bool gone_ = false;          // the daemon takes no changes any more
  uint64_t confirmation_ = 0;  // that the deletion which was just refused needs
};

}  // namespace

Load::Load(const std::string& address, Model& model, uint64_t seed) {
  for (int client = 0; client < kLoadClients; ++client) {
    threads_.emplace_back([this, address, &model, client,
                           seed = seed * kLoadClients + static_cast<uint64_t>(client)] {
      Run(address, model, client, seed);
      --clients_;
    });
  }
}

void Load::Join() {
  for (std::thread& thread : threads_) thread.join();
  threads_.clear();
}

void Load::Run(const std::string& address, Model& model, int number, uint64_t seed) {
  ClientOptions options;
  options.servers = {address};
  auto connected = Client::Connect(options);
  if (!connected.ok()) return;
  Client& client = **connected;
  const auto place = client.Resolve(kIntegration, "orders");
  if (!place.ok()) return;
  Asker(client, *place, model, model.ledger(number), seed).Run();
}

}  // namespace xref::test
