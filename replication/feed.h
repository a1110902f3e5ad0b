#pragma once

#include <absl/functional/any_invocable.h>

#include <algorithm>
#include <atomic>
#include <chrono>
#include <condition_variable>
#include <cstdint>
#include <deque>
#include <limits>
#include <map>
#include <mutex>
#include <optional>
#include <set>
#include <string>
#include <thread>
#include <utility>
#include <vector>

#include "index/vocabulary.h"
#include "persistence/journal.h"
#include "protocol/replication_messages.h"
#include "replication/change_clock.h"
#include "replication/member.h"

namespace xref {

// When a change is acknowledged.
struct AckRule {
  protocol::AckLevel level = protocol::AckLevel::kDisk;
  // While no standby is in sync: acknowledge what is on this disk alone, and say so; or refuse.
  bool degrade = false;
  // How long a change waits for its standby before there is none in sync.
  std::chrono::milliseconds timeout{2'000};
};

// What the primary knows of a standby.
struct StandbyStatus {
  std::string name;
  Lsn durable = 0;       // everything up to here is on its disk
  bool in_sync = false;  // it is there, and a round trip ago it had all that there was
};

// The primary's side of replication: answers FETCH from the journal, knows the standbys by what
// they ask for, and lets changes be acknowledged once a standby has them.
//
// Where a record is kept of the standbys that may take over by themselves, a change is held until
// every one of them has it, since any of them may be the next primary: so one joins the record only
// once changes wait for it as well and it has all that came before, and changes wait for it until a
// record without it is kept. Elsewhere a change is held until one standby has it.
//
// What can be seen of a change before that could still be lost with this daemon: so answers to
// questions wait as well (HoldAnswer).
//
// It never holds the writer up: a standby that is slow is answered late, from the journal, which
// keeps what standbys need within a bound (KeepFrom). Thread-safe.
class Feed {
 public:
  // Called once, with the payload of a reply, or with a refusal's.
  using Answer = absl::AnyInvocable<void(protocol::StatusCode, std::string payload) &&>;
  // Called once: whether a standby has the change; nothing if that is not known, and never will be.
  using Release = absl::AnyInvocable<void(protocol::AckLevel held, bool known) &&>;

  static constexpr size_t kStandbysMax = 64;
  // What the journal keeps beyond the snapshot for standbys that come back, and for those that lag.
  static constexpr uint64_t kTailBytes = 256 << 20;
  static constexpr uint64_t kTailBytesMax = uint64_t{4} << 30;

  // `tail_bytes_max` where the journal may hold less than kTailBytesMax for standbys.
  explicit Feed(AckRule rule, uint64_t tail_bytes_max = kTailBytesMax)
      : rule_(rule), tail_bytes_max_(std::min(tail_bytes_max, kTailBytesMax)) {}
  ~Feed() { Stop(); }
  Feed(const Feed&) = delete;
  Feed& operator=(const Feed&) = delete;

  // From now on this daemon is a primary, whose last change is `durable` and whose clock is that;
  // `recorded` are those that the record names, null where there is none. The journal must outlive
  // the feed.
  void Start(Journal& journal, Lsn durable, ChangeClock clock, const std::vector<Member>* recorded);
  // Answers what waits: fetches with what there is, changes as not known. It may be started again.
  void Stop();

  // ---- The writer ----

  // Everything up to `lsn` is on this disk.
  void Committed(Lsn lsn);
  // Releases once a standby has everything up to `lsn`, in order of the calls; at once where the
  // rule does not ask for that. On the feed's thread, or this one.
  void Hold(Lsn lsn, Release release);
  // Why no change may be made now, or an empty text.
  std::string FindObstacle() const;

  // ---- Sessions ----

  // Whether what is seen now may tell of a change that could be lost with this daemon. Cheap. To be
  // asked after having looked.
  bool HasUnheld() const {
    return committed_.load(std::memory_order_acquire) > shown_.load(std::memory_order_acquire);
  }
  // Releases once that is not so any more for what could be seen at this call. Without a record
  // that takes no longer than the rule's timeout: questions go on without a standby.
  void HoldAnswer(Release release);
  void Fetch(const protocol::FetchRequest& asked, Answer answer);

  // ---- The keeper of the record ----

  // Which standbys the record should name, in order, if others than it does. Until NoteRecord says
  // which it names, that may be those or the former ones: so changes wait for both.
  std::optional<std::vector<Member>> FindNewRecord();
  // Which it names from now on, for certain: nothing that was written before can change it any
  // more.
  void NoteRecord(std::vector<Member> members);

  // ---- Others ----

  AckRule rule() const { return rule_; }
  // What holds for changes at present.
  protocol::AckLevel level() const;
  std::vector<StandbyStatus> Standbys() const;
  // The journal must keep everything from here on; above all LSNs where nobody needs it.
  Lsn KeepFrom() const;

 private:
  using Clock = std::chrono::steady_clock;
  struct Standby {
    uint64_t node = 0;
    Lsn durable = 0;
    Lsn told = 0;  // the primary's last change, as of the reply before
    bool in_sync = false;
    Clock::time_point seen;
  };
  struct Parked {
    Lsn after;
    std::string name;
    Clock::time_point until;
    Answer answer;
  };
  struct Held {
    Lsn lsn;
    Clock::time_point since;
    Release release;
  };

  void Run();
  // All of these with the mutex held.
  bool HasStandbyInSync(Clock::time_point now) const;
  bool keeps_record() const { return recorded_.has_value(); }
  const Standby* FindStandby(const Member& member) const;
  // Up to where changes may be released.
  Lsn Reached() const;
  // Nobody is waited for: nobody else may lead, or all were told that nothing is waited for.
  bool StandsAlone() const { return degraded_ || (keeps_record() && awaited_.empty()); }
  void Show(Lsn lsn) { shown_ = std::max<Lsn>(shown_, lsn); }
  void Degrade();
  protocol::AckLevel LevelHeld() const;
  std::deque<Parked> TakeDue(Clock::time_point now);
  struct Released {
    Release release;
    protocol::AckLevel held;
    bool known;
  };
  std::deque<Released> TakeReleased(Clock::time_point now);
  Clock::time_point NextDeadline() const;

  std::string ReplyTo(const Parked& fetch, Lsn durable, protocol::AckLevel level) const;

  const AckRule rule_;
  const uint64_t tail_bytes_max_;
  Journal* journal_ = nullptr;  // constant while it runs, like the clock
  ChangeClock clock_;
  mutable std::mutex mutex_;
  std::condition_variable changed_;
  // Guarded by mutex_.
  bool running_ = false;
  bool degraded_ = false;
  Lsn durable_ = 0;
  Clock::time_point started_;
  std::map<std::string, Standby> standbys_;
  std::optional<std::vector<Member>> recorded_;
  std::set<Member> offered_;  // by FindNewRecord, and it is not known whether they are recorded
  // With a record: those that changes wait for, and what each must have before it is recorded.
  std::map<Member, Lsn> awaited_;
  std::deque<Parked> parked_;
  std::deque<Held> held_;
  std::deque<Held> held_answers_;
  // Written with the mutex held.
  std::atomic<Lsn> committed_ = 0;  // as durable_, of the changes that may be seen
  std::atomic<Lsn> shown_ = 0;      // up to where answers may tell of them
  std::thread thread_;
};

}  // namespace xref
