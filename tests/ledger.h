#pragma once

#include <array>
#include <atomic>
#include <cstdint>
#include <deque>
#include <map>
#include <random>
#include <set>
#include <string>

#include "client/client.h"
#include "tests/mutation_model.h"

namespace xref::test {

// The source IDs that one client alone changes, by all mutations there are: what it was told about
// them, and what it asked for and was not told of. The changes of a connection are made in the
// order in which they were asked for, each as a whole; so whenever the daemon dies, what it holds
// later is what the client was told, and then the first of the changes in flight, however many.
//
// For the thread of its client, and for another one once that has ended; changed() from any.
class Ledger {
 public:
  // Its sources and actors are named after the client's number.
  explicit Ledger(int client);

  // A mutation of some sources, such that every verdict comes about.
  Asked Draw(std::mt19937_64& random) const;

  // Before a request is sent, and when its answer is there. Fails the test if the answer is another
  // than what was told before comes to.
  uint64_t Asking(Asked asked);  // the number of the request
  void Told(uint64_t request, const protocol::MutationReply& reply);
  // It was refused whole.
  void ToldThatNothingWasDone(uint64_t request);

  // What the source is linked to, "" for nothing, as far as was told.
  std::string TargetOf(const std::string& source) const;
  bool was_told_all() const { return unanswered_.empty(); }

  // Items that changed something, as far as was told.
  uint64_t changed(protocol::Mutation mutation) const {
    return changed_[static_cast<size_t>(mutation)];
  }

  // Whose claims are whose, as CLAIMS lists them.
  using Claims = std::map<std::string, MutationModel::Claimed>;

  // Fails the test unless the daemon holds of every source just what it may. Then what was in
  // flight is told by what is there.
  void ExpectHeldBy(Client& client, PlaceId place, const Claims& claims_of_all);
  // Once that went well.
  uint64_t references() const { return told_.links().size(); }
  uint64_t claims() const { return told_.claims().size(); }

 private:
  struct Request {
    uint64_t number;
    Asked asked;
  };
  struct Held {
    std::map<std::string, std::string> links;
    Claims claims;
    std::set<std::string> ignored;
  };

  std::string SourceOf(uint64_t number) const;
  Held Ask(Client& client, PlaceId place, const Claims& claims_of_all) const;
  // Words for all that holds for a source. Tokens that cannot be known are all the same.
  std::string Describe(const std::string& source, const Held& held) const;
  // Of a source that differs; empty where none does.
  std::string FindDifference(const MutationModel& expected, const Held& held) const;
  // From now on that is what the client was told, with the tokens that are there.
  void Adopt(const MutationModel& state, const Held& held);
  void ExpectIgnored(Client& client, PlaceId place) const;

  const std::string prefix_;
  const std::string actor_;
  const std::string other_actor_;
  MutationModel told_;
  std::deque<Request> unanswered_;
  uint64_t last_request_ = 0;
  uint64_t last_token_ = 0;  // that the client was told
  std::array<std::atomic<uint64_t>, protocol::kMutations> changed_{};
};

}  // namespace xref::test
