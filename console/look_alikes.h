#pragma once

// Source IDs of a place that look alike. Nothing is ordered by what they have in common, so that
// all references are looked through: a search takes seconds for millions of them, and goes on by
// itself while whoever began it asks how far it is.

#include <absl/container/flat_hash_set.h>

#include <boost/asio/awaitable.hpp>
#include <cstdint>
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "console/asker.h"

namespace xref::console {

// For the console's thread.
class LookAlikeSearch {
 public:
  struct Group {
    std::string key;
    std::vector<std::string> sources;  // at most kGroupSourcesMax
    uint64_t met = 0;
  };

  LookAlikeSearch(uint64_t number, PlaceId of) : number_(number), place_(of) {}

  // To the end. Keeps itself alive.
  static boost::asio::awaitable<void> Run(std::shared_ptr<LookAlikeSearch> search, Asker asker);

  uint64_t number() const { return number_; }
  PlaceId place() const { return place_; }
  uint64_t examined() const { return examined_; }  // of each reference twice
  bool is_over() const { return is_over_; }
  // Why it has failed, or nothing.
  const std::optional<Problem>& failure() const { return failure_; }
  // In the order of their keys, once it is over.
  const std::vector<Group>& groups() const { return groups_; }

 private:
  // Calls take(source) for each reference of the place.
  template <typename Take>
  boost::asio::awaitable<void> ForEach(Asker& asker, Take& take);
  boost::asio::awaitable<void> Search(Asker& asker);

  const uint64_t number_;
  const PlaceId place_;
  uint64_t examined_ = 0;
  bool is_over_ = false;
  std::optional<Problem> failure_;
  std::vector<Group> groups_;
};

// The search that was begun last: one runs at a time. For the console's thread.
class LookAlikes {
 public:
  // Throws a Problem while another one runs.
  std::shared_ptr<LookAlikeSearch> Begin(PlaceId place, Asker& asker);
  // Throws a Problem where that is not the last one.
  std::shared_ptr<LookAlikeSearch> Find(uint64_t number, PlaceId place) const;

 private:
  uint64_t last_number_ = 0;
  std::shared_ptr<LookAlikeSearch> last_;
};

}  // namespace xref::console
