#pragma once

#include <absl/functional/any_invocable.h>
#include <absl/status/status.h>

#include <chrono>
#include <condition_variable>
#include <cstdint>
#include <memory>
#include <mutex>
#include <optional>
#include <string>
#include <thread>
#include <vector>

#include "replication/etcd.h"
#include "replication/feed.h"
#include "replication/follower.h"
#include "replication/leadership.h"
#include "replication/member.h"

namespace xref {

// What an election tells of itself.
struct ElectionStatus {
  std::string trouble;            // with etcd, or why there is no primary; empty where all is well
  std::vector<Member> in_record;  // the standbys that may take over, as far as is known here
};

// Has etcd decide which daemon of a cluster is the primary. Two keys below /xrefd/CLUSTER/ matter:
//
//   primary    who it is, and its address. Hangs on a lease, and goes with it.
//   in-sync    the record: the last primary, and the standbys that have everything it acknowledged.
//              Stays. Only the primary changes it, and only while the first key is its own.
//
// Where there is no primary, those that the record names may become it, and no others. Each says
// how far it reaches (candidates/NODE), and the one that reaches furthest makes the first key and
// writes the record, in one transaction, whose revision is the epoch.
//
// The primary stops acting before its lease can have ended (Leadership), and then follows whoever
// is next. Runs on a thread of its own; thread-safe.
class Election {
 public:
  struct Options {
    std::string cluster;
    Member self;
    std::string address;         // where others reach it, HOST:PORT
    std::chrono::seconds lease;  // at least 2: etcd knows no shorter ones
  };

  // Both are called on the election's thread.
  struct Actions {
    // Whether the daemon can lead: it has loaded what it has, and its disk works.
    absl::AnyInvocable<bool()> can_lead;
    // Takes no change any more, and ends Leadership. Returns once nothing more is acknowledged.
    absl::AnyInvocable<void()> step_down;
  };

  // What is passed by reference must outlive it.
  Election(Options options, std::unique_ptr<Etcd> etcd, Follower& follower, Feed& feed,
           Leadership& leadership, Actions actions);
  ~Election() { Stop(); }
  Election(const Election&) = delete;
  Election& operator=(const Election&) = delete;

  // Once the daemon has loaded what it has.
  void Start();
  // Gives up the lease, so that another may follow at once: call it when nothing is acknowledged
  // any more.
  void Stop();

  ElectionStatus status() const;
  const std::string& cluster() const { return options_.cluster; }

 private:
  using Clock = std::chrono::steady_clock;

  // What stands in etcd.
  struct View {
    std::optional<EtcdKey> primary;
    Member primary_member;
    std::string primary_address;
    int64_t record_modified = 0;  // 0: there is no record
    Member last_primary;
    std::vector<Member> in_sync;
    // Others that would lead, by how far they reach.
    struct Candidate {
      uint64_t node = 0;
      Epoch epoch = 0;
      Lsn lsn = 0;
    };
    std::vector<Candidate> candidates;
  };

  void Run();
  // Waits so long, or until Stop; then false.
  bool Wait(std::chrono::milliseconds time);
  void NoteTrouble(std::string trouble);

  absl::StatusOr<View> Look();
  std::string KeyOf(std::string_view name) const;
  std::string RecordOf(const std::vector<Member>& in_sync) const;

  // As a standby.
  void FollowOn();
  bool MayTakeOver(const View& view) const;
  // Offers itself, and leads afterwards if it was the best. It waits for others if there are any
  // who may take over.
  void Stand(bool has_rivals);
  // Writes both keys; false where somebody was faster.
  absl::StatusOr<bool> Claim(const View& view, Clock::time_point lease_from);
  absl::Status BeginTerm(Epoch epoch, std::vector<Member> in_sync);

  // As the primary.
  void LeadOn();
  absl::Status Renew();
  absl::Status KeepRecord();
  void StepDown(const std::string& why);

  Clock::time_point LeadsUntil(Clock::time_point lease_from) const;

  const Options options_;
  const std::string prefix_;
  const std::unique_ptr<Etcd> etcd_;
  Follower& follower_;
  Feed& feed_;
  Leadership& leadership_;
  Actions actions_;

  // Of the thread.
  int64_t lease_ = 0;
  int64_t key_created_ = 0;  // by which revision this daemon leads; 0: it does not
  int64_t record_modified_ = 0;
  Clock::time_point leads_until_;
  Clock::time_point renew_at_;

  mutable std::mutex mutex_;
  std::condition_variable changed_;
  bool stopping_ = false;  // guarded by mutex_
  ElectionStatus status_;  // guarded by mutex_
  std::thread thread_;
};

}  // namespace xref
