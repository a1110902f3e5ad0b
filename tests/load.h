#pragma once

// Clients that add references as fast as they can until the daemon goes away, and a model of what
// they were told, to be compared with what the daemon holds when it is back.

#include <atomic>
#include <cstdint>
#include <map>
#include <mutex>
#include <set>
#include <string>
#include <thread>
#include <vector>

#include "client/client.h"

namespace xref::test {

// What clients were told, and what they asked for. Thread-safe.
class Model {
 public:
  // Before a request is sent.
  void Asked(const std::string& source, const std::string& target);
  // When its answer is there. Fails the test if it contradicts an earlier answer.
  void Told(const std::string& source, const std::string& target, protocol::Verdict verdict,
            const std::string& standing_target);

  uint64_t added() const { return added_; }

  // Fails the test unless every reference that was told of is there, and everything else that is
  // there was asked for.
  void ExpectHeldBy(Client& client, PlaceId place, uint64_t references) const;

 private:
  mutable std::mutex mutex_;
  std::map<std::string, std::set<std::string>> asked_;  // guarded by mutex_
  std::map<std::string, std::string> told_;             // guarded by mutex_
  std::set<std::string> told_added_;                    // guarded by mutex_
  std::atomic<uint64_t> added_ = 0;
};

// Threads with a connection each, and requests in flight on it. Their source IDs overlap.
class Load {
 public:
  Load(const std::string& address, Model& model, uint64_t seed);
  ~Load() { Join(); }
  Load(const Load&) = delete;
  Load& operator=(const Load&) = delete;

  // Returns when the daemon has gone, and with it every client.
  void Join();

 private:
  static void Run(const std::string& address, Model& model, uint64_t seed);

  std::vector<std::thread> threads_;
};

}  // namespace xref::test
