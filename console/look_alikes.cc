#include "console/look_alikes.h"

#include <fmt/format.h>

#include <boost/asio/co_spawn.hpp>
#include <boost/asio/detached.hpp>
#include <exception>
#include <functional>

#include "client/look_alike.h"
#include "console/limits.h"
#include "protocol/query_messages.h"

namespace xref::console {

namespace asio = boost::asio;

namespace {

uint64_t HashOf(const std::string& key) { return std::hash<std::string>()(key); }

}  // namespace

template <typename Take>
asio::awaitable<void> LookAlikeSearch::ForEach(Asker& asker, Take& take) {
  std::string after;
  bool more = true;
  while (more) {
    const protocol::ListRequest request{
        .place = place_, .rows_max = protocol::kRowsListedMax, .after = after};
    const auto answer = co_await asker.Ask<protocol::ListReply>(protocol::Opcode::kList, request);
    for (const protocol::ListedReference& row : answer.value.rows) take(row.source);
    examined_ += answer.value.rows.size();
    more = answer.value.more;
    after = std::string(answer.value.next);
  }
}

asio::awaitable<void> LookAlikeSearch::Search(Asker& asker) {
  // Hashes of the keys that were met, and of those that were met again.
  absl::flat_hash_set<uint64_t> met;
  absl::flat_hash_set<uint64_t> repeated;
  auto note = [&](std::string_view source) {
    const uint64_t hash = HashOf(LookAlikeKey(source));
    if (!met.insert(hash).second) repeated.insert(hash);
    if (met.size() > kLookAlikeReferencesMax) {
      throw Problem{413, "too-large",
                    fmt::format("there are more than {} references: use xref duplicates",
                                kLookAlikeReferencesMax)};
    }
  };
  co_await ForEach(asker, note);
  met = {};
  std::map<std::string, Group> groups;
  auto collect = [&](std::string_view source) {
    std::string key = LookAlikeKey(source);
    if (!repeated.contains(HashOf(key))) return;
    const bool is_full = groups.size() >= kLookAlikeGroupsMax;
    const auto at = is_full ? groups.find(key) : groups.try_emplace(key).first;
    if (at == groups.end()) return;
    Group& group = at->second;
    ++group.met;
    if (group.sources.size() < kGroupSourcesMax) group.sources.emplace_back(source);
  };
  co_await ForEach(asker, collect);
  for (auto& [key, group] : groups) {
    // One may be alone: its hash is that of another key, or the others have gone meanwhile.
    if (group.met < 2) continue;
    group.key = key;
    groups_.push_back(std::move(group));
  }
}

asio::awaitable<void> LookAlikeSearch::Run(std::shared_ptr<LookAlikeSearch> search, Asker asker) {
  try {
    co_await search->Search(asker);
  } catch (const Problem& problem) {
    search->failure_ = problem;
  } catch (const std::exception& unexpected) {
    search->failure_ = Problem{500, "internal", unexpected.what()};
  }
  search->is_over_ = true;
}

std::shared_ptr<LookAlikeSearch> LookAlikes::Begin(PlaceId place, Asker& asker) {
  if (last_ && !last_->is_over()) {
    throw Problem{429, "overloaded", "a search for IDs that look alike runs already: try again"};
  }
  last_ = std::make_shared<LookAlikeSearch>(++last_number_, place);
  asio::co_spawn(asker.executor(), LookAlikeSearch::Run(last_, asker), asio::detached);
  return last_;
}

std::shared_ptr<LookAlikeSearch> LookAlikes::Find(uint64_t number, PlaceId place) const {
  if (last_ && last_->number() == number && last_->place() == place) return last_;
  throw Problem{400, "bad-cursor", "this search is over and another one was begun: begin again"};
}

}  // namespace xref::console
