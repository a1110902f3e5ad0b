#include "tests/load.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <random>
#include <utility>

#include "tests/references.h"

namespace xref::test {
namespace {

constexpr int kThreads = 3;
constexpr size_t kBatch = 40;
constexpr size_t kInFlight = 8;
constexpr uint64_t kSources = 1'000'000;
constexpr uint64_t kTargets = 3;  // so that the same source is asked for with several

}  // namespace

// ---- Model ----

void Model::Asked(const std::string& source, const std::string& target) {
  const std::lock_guard lock(mutex_);
  asked_[source].insert(target);
}

void Model::Told(const std::string& source, const std::string& target, protocol::Verdict verdict,
                 const std::string& standing_target) {
  using protocol::Verdict;
  if (verdict == Verdict::kDuplicate) return;  // says nothing that the first did not
  const std::string& stands = verdict == Verdict::kConflict ? standing_target : target;
  const std::lock_guard lock(mutex_);
  const auto [at, first] = told_.emplace(source, stands);
  EXPECT_EQ(at->second, stands) << "two answers about " << source;
  if (verdict != Verdict::kDone) return;
  EXPECT_TRUE(told_added_.insert(source).second) << source << " was added twice";
  ++added_;
}

void Model::ExpectHeldBy(Client& client, PlaceId place, uint64_t references) const {
  const std::lock_guard lock(mutex_);
  uint64_t held = 0;
  uint64_t wrong = 0;
  for (auto at = asked_.begin(); at != asked_.end();) {
    IdList ids;
    const auto chunk = at;
    for (; at != asked_.end() && ids.size() < 10'000; ++at) ids.Add(at->first);
    const auto targets = client.Lookup(place, ids.View());
    ASSERT_TRUE(targets.ok()) << targets.status();
    auto asked = chunk;
    for (const std::string& target : *targets) {
      const auto told = told_.find(asked->first);
      const bool right = told != told_.end() ? target == told->second
                                             : target.empty() || asked->second.contains(target);
      if (!right && ++wrong <= 10) {
        ADD_FAILURE() << asked->first << " is linked to \"" << target << "\", told was "
                      << (told != told_.end() ? told->second : "nothing");
      }
      held += !target.empty();
      ++asked;
    }
  }
  EXPECT_EQ(wrong, 0U);
  EXPECT_EQ(held, references) << "references that nobody asked for";
}

// ---- Load ----

Load::Load(const std::string& address, Model& model, uint64_t seed) {
  for (int i = 0; i < kThreads; ++i) {
    threads_.emplace_back([address, &model, seed = seed * kThreads + static_cast<uint64_t>(i)] {
      Run(address, model, seed);
    });
  }
}

void Load::Join() {
  for (std::thread& thread : threads_) thread.join();
  threads_.clear();
}

void Load::Run(const std::string& address, Model& model, uint64_t seed) {
  ClientOptions options;
  options.servers = {address};
  auto connected = Client::Connect(options);
  if (!connected.ok()) return;
  Client& client = **connected;
  const auto place = client.Resolve("shop", "orders");
  if (!place.ok()) return;
  std::mt19937_64 random(seed);
  for (absl::Status status; status.ok();) {
    References batch;
    for (size_t i = 0; i < kBatch; ++i) {
      // Half of them from a few, so that they meet one another.
      const uint64_t source = random() % (i % 2 == 0 ? kSources : kSources / 100);
      batch.emplace_back("S-" + std::to_string(source),
                         "T-" + std::to_string(source) + "-" + std::to_string(random() % kTargets));
      model.Asked(batch.back().first, batch.back().second);
    }
    const IdList sources = Sources(batch);
    const IdList targets = Targets(batch);
    const protocol::MutationRequest request{.place = *place,
                                            .origin = Origin::kSync,
                                            .actor = "load",
                                            .sources = sources.View(),
                                            .targets = targets.View()};
    status = client.StartMutation(
        request, kInFlight,
        [&model, batch = std::move(batch)](absl::StatusOr<protocol::MutationReply> reply) {
          if (!reply.ok()) return;
          for (size_t i = 0; i < batch.size(); ++i) {
            const protocol::Outcome& outcome = reply->outcomes[i];
            model.Told(batch[i].first, batch[i].second, outcome.verdict,
                       std::string(outcome.other));
          }
        });
  }
  // Answers that came before the end, and were not looked at yet.
  client.Finish().IgnoreError();
}

}  // namespace xref::test
