#pragma once

// What clients asked a cluster for and were told, in the order of one clock; and whether all of it
// can be true of one primary at a time that forgets nothing.

#include <chrono>
#include <cstdint>
#include <map>
#include <mutex>
#include <optional>
#include <string>
#include <vector>

#include "client/client.h"

namespace xref::test {

// Every source ID belongs to one client, is added once, and perhaps deleted once after that.
// Thread-safe.
class ChangeHistory {
 public:
  using Clock = std::chrono::steady_clock;

  enum class Change { kAdd, kDelete };

  // Before a change is sent.
  void Asked(const std::string& source, Change change);
  // When the daemon of that epoch has acknowledged it.
  void Acknowledged(const std::string& source, Change change, Epoch epoch, Clock::time_point asked);
  // When it has refused it, so that nothing was done.
  void Refused(const std::string& source, Change change);

  // Whether a source must be there (true) or must not; nothing where nobody knows.
  std::optional<bool> Expectation(const std::string& source) const;
  // A primary's answer to a question that was asked when that was expected.
  void Answered(const std::string& source, bool expected, bool synced);

  std::vector<std::string> Sources() const;
  uint64_t acknowledged() const;
  size_t epochs() const;

  // Fails the test if two primaries have acknowledged in overlapping epochs.
  void ExpectOnePrimaryAtATime() const;
  // Fails the test unless the primary holds what it must, and nothing that it must not.
  void ExpectHeldBy(Client& client, PlaceId place) const;

 private:
  struct Source {
    bool added = false;
    bool maybe_added = false;
    bool deleted = false;
    bool maybe_deleted = false;
  };
  struct Term {
    uint64_t acknowledged = 0;
    Clock::time_point first_told;  // when its first acknowledgement had arrived
    Clock::time_point last_asked;  // when the last change that it acknowledged was sent
  };

  mutable std::mutex mutex_;
  std::map<std::string, Source> sources_;  // guarded by mutex_
  std::map<Epoch, Term> terms_;            // guarded by mutex_
};

}  // namespace xref::test
