#pragma once

#include <absl/functional/any_invocable.h>
#include <absl/status/status.h>
#include <absl/status/statusor.h>

#include <atomic>
#include <chrono>
#include <condition_variable>
#include <cstdint>
#include <memory>
#include <mutex>
#include <optional>
#include <string>
#include <vector>

#include "client/channel.h"
#include "index/reference_store.h"
#include "index/vocabulary.h"
#include "persistence/journal.h"
#include "persistence/snapshot_folder.h"
#include "protocol/replication_messages.h"
#include "replication/change_clock.h"
#include "replication/member.h"

namespace xref {

// What a standby tells of itself.
struct FollowerStatus {
  bool connected = false;
  Lsn primary_lsn = 0;    // that the primary told last; 0 if it never did
  int64_t heard_ms = -1;  // since then; -1 if never
  std::string trouble;    // why it does not follow; empty where it does
  Lsn compared_lsn = 0;   // of the last CompareState that found the same here; 0 for none
  StateSum compared_sum;  // that it found
};

// Up to where a daemon's changes reach.
struct Position {
  Epoch epoch = 0;
  Lsn lsn = 0;
};

// The standby's side of replication: asks the primary for the changes that come after its own,
// makes each group of them durable, applies it, and asks on, which is the acknowledgement. A
// standby that the journal of the primary does not reach back to takes a whole copy first.
//
// Run belongs to the thread that would otherwise be the writer; everything else is thread-safe.
class Follower {
 public:
  struct Options {
    bool elected = false;  // an Election decides whom to follow, and on promotions
    Member self;
    std::string token;        // that is shown to the primary; empty for none
    std::string data_folder;  // where a copy arrives
    uint64_t map_bytes = 0;   // as for Snapshot::Open
    Channel::Tls tls;         // that primaries are spoken to with; null for none
  };
  // Called by Run once everything is there that the primary had when it was asked first.
  using CaughtUp = absl::AnyInvocable<void()>;
  // Called by Run when a group is durable and applied.
  using Applied = absl::AnyInvocable<void(Epoch, Lsn)>;
  // Called by Run when everything is there that the primary had at that time. It is the time at
  // which the primary was asked: a reply that was held up must not look younger than it is.
  using Current = absl::AnyInvocable<void(std::chrono::steady_clock::time_point)>;

  // `primary` is HOST:PORT, or empty.
  Follower(Options options, std::string primary)
      : options_(std::move(options)), primary_(std::move(primary)) {}

  enum class End {
    kStopped,
    kPromoted,  // the promotion that was asked for may go ahead: see TakePromotion
    kReload,    // a copy has arrived, to be installed in place of what is open
    kFailed,    // nothing more can be made durable: see status().trouble
    kDiverged,  // the store is not as the primary's: see status().trouble
  };
  // Follows until one of these, after which it may be run again. `epoch` and `lsn` are of the last
  // change that the store has.
  End Run(Journal& journal, SnapshotFolder& snapshots, ReferenceStore& store, Epoch epoch, Lsn lsn,
          Applied applied, Current current, CaughtUp caught_up);
  void Stop();

  // From now on it follows this primary and no other; nobody, where that is empty.
  void SetPrimary(std::string primary);
  // Follows nobody any more, until SetPrimary. Returns what is durable then, and will not change
  // until then; nothing where Run does not get so far in a while.
  std::optional<Position> LetGo();

  struct Promotion {
    protocol::PromoteRequest asked;
    Epoch epoch = 0;  // that begins, or a later one; 0 for the next one, and not by an election
    std::optional<std::vector<Member>> in_sync;  // by an election: see Feed::Start
    // Called once.
    absl::AnyInvocable<void(absl::StatusOr<protocol::PromoteReply>) &&> done;
  };
  // Has Run decide whether this standby may become the primary; it answers where it may not.
  // One at a time: another is refused meanwhile.
  void AskPromotion(Promotion promotion);
  // The one that Run ended for; the caller answers it.
  Promotion TakePromotion();

  FollowerStatus status() const;
  // That it is to follow; may be empty.
  std::string primary() const;
  // As it was told last; nothing if it never was.
  std::optional<ChangeClock> primary_clock() const;

 private:
  using Clock = std::chrono::steady_clock;

  bool stopping() const;
  // Whether it is to go on following that primary.
  bool GoesOn(const std::string& primary) const;
  // The primary to follow; empty where it is to stop or a promotion is asked for.
  std::string AwaitPrimary(Position position);
  // Waits a little.
  void WaitBeforeRetry();
  void NoteConnected(bool connected);
  void NoteTrouble(const absl::Status& trouble);
  void NoteHeard(const protocol::FetchReply& reply);
  void NoteCompared(Lsn lsn, const StateSum& sum);
  // The one that is asked for, and all others; for good.
  void RefusePromotions();
  // Whether a promotion is asked for that may go ahead; refuses one that may not.
  bool DecidePromotion(Lsn lsn);

  const Options options_;
  mutable std::mutex mutex_;
  std::condition_variable changed_;
  // Guarded by mutex_.
  bool stopping_ = false;
  std::string primary_;
  std::optional<Position> idle_at_;  // while Run waits for a primary
  std::optional<Promotion> promotion_;
  bool connected_ = false;
  Lsn primary_lsn_ = 0;
  protocol::AckLevel primary_ack_{};
  std::optional<ChangeClock> heard_;
  std::string trouble_;
  Lsn compared_lsn_ = 0;
  StateSum compared_sum_;
};

}  // namespace xref
