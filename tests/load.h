#pragma once

// Clients that change references, claims and ignored IDs, check and look them up, and create
// integrations, as fast as they can until the daemon goes away; and a model of what they were told,
// with which every later answer must agree, and what the daemon holds when it is back.
//
// Source IDs are of two kinds. Some belong to one client each, which knows the order of all that
// happens to them and so uses every mutation (ledger.h). The others all clients add and ask for at
// the same time, so that it shows whether they are told the same.

#include <atomic>
#include <cstdint>
#include <deque>
#include <map>
#include <mutex>
#include <optional>
#include <set>
#include <string>
#include <thread>
#include <vector>

#include "client/client.h"
#include "tests/ledger.h"
#include "tests/references.h"

namespace xref::test {

inline constexpr int kLoadClients = 3;

// What clients were told, and what they asked for. Thread-safe, but for the ledgers.
class Model {
 public:
  Model();

  // What one client was told of the sources that are its own.
  Ledger& ledger(int client) { return ledgers_[static_cast<size_t>(client)]; }

  // Of the sources that all add. Before a request is sent.
  void Asked(const std::string& source, const std::string& target);
  // When its answer is there. Fails the test if it contradicts an earlier answer.
  void Told(const std::string& source, const std::string& target, protocol::Verdict verdict,
            const std::string& standing_target);

  // Before a question is sent: what its answer must not fall short of.
  using Known = std::vector<std::optional<std::string>>;  // a target where one was told of
  Known KnownOf(const References& batch) const;
  // When its answer is there: a target, or "" for none; whether it is synced. Fails the test if
  // that is not what was told before it was asked, or what nobody asked for. What is seen is
  // durable.
  void Looked(const std::string& source, const std::optional<std::string>& known,
              const std::string& target);
  void Checked(const std::string& source, const std::optional<std::string>& known, bool synced);

  // The same for integrations, of which only the target platform differs.
  void AskedToCreate(const std::string& name, const std::string& platform);
  void ToldOfIntegration(const std::string& name, const std::string& platform);

  // Items that changed something, as far as clients were told.
  uint64_t changed() const;
  uint64_t changed(protocol::Mutation mutation) const;
  // Deletions that had to be confirmed, and were.
  void Confirmed() { ++confirmed_; }
  uint64_t confirmed() const { return confirmed_; }
  uint64_t looked_up() const { return looked_up_; }
  uint64_t checked() const { return checked_; }

  // Fails the test unless everything that was told of is there, and all else that is there was
  // asked for: references, of which there are so many, claims, ignored IDs and integrations. No
  // load may run; another one can follow.
  void ExpectHeldBy(Client& client, PlaceId place, uint64_t references);

 private:
  // A name and the values that were asked for, or the one that stands.
  using Wishes = std::map<std::string, std::set<std::string>>;
  using Facts = std::map<std::string, std::string>;

  // Holds `value` to be what stands, and fails the test if something else was told before.
  static void Settle(Facts& facts, const std::string& name, const std::string& value);
  // Returns how many there are of what all clients add, and of what is their own.
  uint64_t ExpectSharedHeldBy(Client& client, PlaceId place) const;
  uint64_t ExpectOwnHeldBy(Client& client, PlaceId place);
  void ExpectIntegrationsHeldBy(Client& client) const;

  std::deque<Ledger> ledgers_;  // each of its client's thread
  mutable std::mutex mutex_;
  Wishes asked_;                       // guarded by mutex_
  Facts told_;                         // guarded by mutex_
  std::set<std::string> told_synced_;  // guarded by mutex_; their targets may not be known
  std::set<std::string> told_added_;   // guarded by mutex_
  Wishes integrations_asked_;          // guarded by mutex_
  Facts integrations_told_;            // guarded by mutex_
  std::atomic<uint64_t> added_ = 0;
  std::atomic<uint64_t> confirmed_ = 0;
  std::atomic<uint64_t> looked_up_ = 0;
  std::atomic<uint64_t> checked_ = 0;
};

// Threads with a connection each, and requests in flight on it. One at a time for a model.
class Load {
 public:
  Load(const std::string& address, Model& model, uint64_t seed);
  ~Load() { Join(); }
  Load(const Load&) = delete;
  Load& operator=(const Load&) = delete;

  // Returns when the daemon has gone, or is not the primary any more, and with it every client.
  void Join();
  // Whether no client is left.
  bool IsOver() const { return clients_ == 0; }

 private:
  static void Run(const std::string& address, Model& model, int client, uint64_t seed);

  std::atomic<int> clients_ = kLoadClients;
  std::vector<std::thread> threads_;
};

}  // namespace xref::test
