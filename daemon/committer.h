#pragma once

#include <chrono>
#include <cstdint>
#include <memory>
#include <string>
#include <vector>

#include "daemon/commit_queue.h"
#include "daemon/group_plan.h"
#include "daemon/journal_room.h"
#include "daemon/safeguards.h"
#include "daemon/server_state.h"
#include "index/reference_store.h"
#include "persistence/journal.h"
#include "replication/change_clock.h"
#include "replication/feed.h"

namespace xref {

// The one that makes changes: takes groups from the queue, decides them, makes them durable in one
// transaction, applies them to the store and answers. After a failed commit it accepts nothing
// more, since what the disk holds is no longer known: the daemon is then read-only.
class Committer {
 public:
  Committer(CommitQueue& queue, Journal& journal, Feed& feed, ReferenceStore& store,
            ServerState& state, JournalRoom& journal_room, ChangeClock clock, uint64_t memory_limit,
            uint64_t deletes_max, std::chrono::seconds compare_interval)
      : queue_(queue),
        journal_(journal),
        feed_(feed),
        store_(store),
        state_(state),
        journal_room_(journal_room),
        memory_limit_(memory_limit),
        safeguards_(deletes_max),
        clock_(clock),
        compare_interval_(compare_interval),
        compare_next_(std::chrono::steady_clock::now() + compare_interval) {}

  // Begins a new epoch, durably, before anything is done in it. Any error is final, as after a
  // failed commit. On the writer's thread, before Run.
  absl::Status BeginEpoch(Epoch epoch);

  const ChangeClock& clock() const { return clock_; }

  // Runs on the writer's thread until the queue is closed or suspended, and empty.
  void Run();

 private:
  using Group = std::vector<std::unique_ptr<ChangeRequest>>;

  // Why the group cannot be taken now, or nothing.
  protocol::MaybeRefusal FindObstacle(const Group& group);
  // Commits the group, or refuses it.
  void Take(Group& group);
  void Commit(Group& group);
  // Has standbys compare their state with this one, where that is due and anything has changed
  // since they did.
  void CompareIfDue();
  // Answers every change of the group with the same refusal.
  void RefuseAll(Group& group, const protocol::Refusal& refusal);
  void Answer(ChangeRequest& change, protocol::StatusCode status, std::string_view payload,
              uint8_t flags = 0);
  // Answers the changes once as many copies of them are durable as the rule asks for.
  void AnswerWhenHeld(Group group, std::vector<GroupPlan::Reply> replies);
  void ApplyRecord(const JournalRecord& record);

  CommitQueue& queue_;
  Journal& journal_;
  Feed& feed_;
  ReferenceStore& store_;
  ServerState& state_;
  JournalRoom& journal_room_;
  const uint64_t memory_limit_;
  Safeguards safeguards_;
  const ChangeClock clock_;
  const std::chrono::seconds compare_interval_;
  std::chrono::steady_clock::time_point compare_next_;
  Lsn compared_lsn_ = 0;  // of the last CompareState that was committed here
};

}  // namespace xref
