#include "tests/change_history.h"

#include <gtest/gtest.h>

#include <algorithm>

namespace xref::test {

void ChangeHistory::Asked(const std::string& source, Change change) {
  const std::lock_guard lock(mutex_);
  Source& facts = sources_[source];
  (change == Change::kAdd ? facts.maybe_added : facts.maybe_deleted) = true;
}

void ChangeHistory::Acknowledged(const std::string& source, Change change, Epoch epoch,
                                 Clock::time_point asked) {
  const auto now = Clock::now();
  const std::lock_guard lock(mutex_);
  Source& facts = sources_[source];
  (change == Change::kAdd ? facts.added : facts.deleted) = true;
  const auto [at, is_first] = terms_.try_emplace(epoch);
  Term& term = at->second;
  ++term.acknowledged;
  if (is_first) term.first_told = now;
  term.last_asked = std::max(term.last_asked, asked);
}

void ChangeHistory::Refused(const std::string& source, Change change) {
  const std::lock_guard lock(mutex_);
  Source& facts = sources_[source];
  (change == Change::kAdd ? facts.maybe_added : facts.maybe_deleted) = false;
}

std::optional<bool> ChangeHistory::Expectation(const std::string& source) const {
  const std::lock_guard lock(mutex_);
  const Source& facts = sources_.at(source);
  if (facts.deleted || !facts.maybe_added) return false;
  if (facts.added && !facts.maybe_deleted) return true;
  return std::nullopt;
}

void ChangeHistory::Answered(const std::string& source, bool expected, bool synced) {
  EXPECT_EQ(synced, expected) << source << ", as the primary of a moment tells it";
}

std::vector<std::string> ChangeHistory::Sources() const {
  const std::lock_guard lock(mutex_);
  std::vector<std::string> all;
  for (const auto& [source, facts] : sources_) all.push_back(source);
  return all;
}

uint64_t ChangeHistory::acknowledged() const {
  const std::lock_guard lock(mutex_);
  uint64_t all = 0;
  for (const auto& [epoch, term] : terms_) all += term.acknowledged;
  return all;
}

size_t ChangeHistory::epochs() const {
  const std::lock_guard lock(mutex_);
  return terms_.size();
}

void ChangeHistory::ExpectOnePrimaryAtATime() const {
  const std::lock_guard lock(mutex_);
  for (auto older = terms_.begin(); older != terms_.end(); ++older) {
    for (auto newer = std::next(older); newer != terms_.end(); ++newer) {
      EXPECT_LE(older->second.last_asked, newer->second.first_told)
          << "epoch " << older->first << " acknowledged what was asked after epoch " << newer->first
          << " had acknowledged something";
    }
  }
}

void ChangeHistory::ExpectHeldBy(Client& client, PlaceId place) const {
  const std::vector<std::string> sources = Sources();
  IdList ids;
  for (const std::string& source : sources) ids.Add(source);
  const auto synced = client.Check(place, ids.View());
  ASSERT_TRUE(synced.ok()) << synced.status();
  for (size_t i = 0; i < sources.size(); ++i) {
    const auto expected = Expectation(sources[i]);
    if (!expected) continue;
    EXPECT_EQ((*synced)[i], *expected)
        << sources[i] << (*expected ? " was acknowledged and is lost" : " was deleted and is back");
  }
}

}  // namespace xref::test
