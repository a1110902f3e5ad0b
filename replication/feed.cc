#include "replication/feed.h"

#include <fmt/format.h>
#include <spdlog/spdlog.h>

#include <algorithm>
#include <iterator>
#include <limits>

namespace xref {
namespace {

using protocol::AckLevel;
using protocol::StatusCode;

constexpr std::chrono::milliseconds kFetchWait{protocol::kFetchWaitMs};
// A standby that was not heard of for so long is not there.
constexpr std::chrono::seconds kAbsentAfter{2};
// One that was not heard of for so long is forgotten, and the journal keeps nothing for it.
constexpr std::chrono::minutes kForgottenAfter{10};

}  // namespace

void Feed::Start(Journal& journal, Lsn durable, ChangeClock clock,
                 const std::vector<Member>* recorded) {
  journal_ = &journal;
  clock_ = clock;
  const std::lock_guard lock(mutex_);
  durable_ = durable;
  started_ = Clock::now();
  degraded_ = false;
  standbys_.clear();
  awaited_.clear();
  offered_.clear();
  recorded_.reset();
  if (recorded != nullptr) {
    recorded_ = *recorded;
    for (const Member& member : *recorded) awaited_[member] = 0;
  }
  // Those whom the record names may lack what this daemon has.
  shown_ = awaited_.empty() ? durable : 0;
  committed_ = durable;
  running_ = true;
  thread_ = std::thread([this] { Run(); });
}

void Feed::Stop() {
  {
    const std::lock_guard lock(mutex_);
    if (!running_) return;
    running_ = false;
  }
  changed_.notify_all();
  thread_.join();
}

// ---- The writer ----

void Feed::Committed(Lsn lsn) {
  {
    const std::lock_guard lock(mutex_);
    durable_ = lsn;
    // In this order, so that no answer is held for a moment, and passed by the next.
    if (rule_.level == AckLevel::kDisk || StandsAlone()) Show(lsn);
    committed_ = lsn;
    if (parked_.empty()) return;
  }
  changed_.notify_all();
}

void Feed::Hold(Lsn lsn, Release release) {
  bool known = true;
  if (rule_.level == AckLevel::kStandby) {
    const std::lock_guard lock(mutex_);
    if (running_ && !degraded_) {
      held_.push_back({lsn, Clock::now(), std::move(release)});
      // The standby's next FETCH wakes the thread; what waits too long does so by itself.
      if (held_.size() == 1) changed_.notify_all();
      return;
    }
    // One that keeps a record has lost its place where it is stopped, and may acknowledge nothing.
    known = rule_.degrade && (running_ || !keeps_record());
  }
  std::move(release)(AckLevel::kDisk, known);
}

void Feed::HoldAnswer(Release release) {
  {
    const std::lock_guard lock(mutex_);
    if (running_) {
      held_answers_.push_back({durable_, Clock::now(), std::move(release)});
      if (held_answers_.size() == 1) changed_.notify_all();
      return;
    }
  }
  std::move(release)(AckLevel::kDisk, false);
}

std::string Feed::FindObstacle() const {
  if (rule_.level == AckLevel::kDisk || rule_.degrade) return {};
  const std::lock_guard lock(mutex_);
  if (HasStandbyInSync(Clock::now())) return {};
  return "no standby is in sync, and a change needs one (--ack standby); changes are refused until "
         "there is one. Start a standby, or restart with --ack-degrade to go on without";
}

// ---- Sessions ----

void Feed::Fetch(const protocol::FetchRequest& asked, Answer answer) {
  bool is_full = false;
  {
    const std::lock_guard lock(mutex_);
    const auto now = Clock::now();
    std::erase_if(standbys_, [&](const auto& s) { return now - s.second.seen > kForgottenAfter; });
    const std::string name(asked.name);
    is_full = !running_ || (standbys_.size() >= kStandbysMax && !standbys_.contains(name));
    if (!is_full) {
      Standby& standby = standbys_[name];
      if (standby.node != asked.node) standby = {.node = asked.node};  // another folder
      const bool was_in_sync = standby.in_sync && now - standby.seen < kAbsentAfter;
      standby.durable = asked.after;
      standby.in_sync = standby.told != 0 && asked.after >= standby.told;
      standby.seen = now;
      if (standby.in_sync && !was_in_sync) spdlog::info("the standby {} is in sync", name);
      if (standby.in_sync && keeps_record()) {
        // What is acknowledged from now on it has as well; what was, once it is there.
        awaited_.try_emplace({name, asked.node}, durable_);
      }
      if (standby.in_sync && std::exchange(degraded_, false)) {
        spdlog::info("changes are acknowledged once a standby has them, again");
      }
      parked_.push_back({asked.after, name, now + kFetchWait, std::move(answer)});
    }
  }
  if (!is_full) return changed_.notify_all();
  std::string payload;
  protocol::Encode(
      protocol::Refusal{StatusCode::kOverloaded, protocol::kNoItem,
                        fmt::format("there are {} standbys, which is the most, or the daemon is "
                                    "shutting down",
                                    kStandbysMax)},
      payload);
  std::move(answer)(StatusCode::kOverloaded, std::move(payload));
}

// ---- The keeper of the record ----

std::optional<std::vector<Member>> Feed::FindNewRecord() {
  const std::lock_guard lock(mutex_);
  if (!running_ || !keeps_record()) return std::nullopt;
  const auto now = Clock::now();
  std::vector<Member> wanted;
  for (auto at = awaited_.begin(); at != awaited_.end();) {
    const auto& [member, from] = *at;
    const bool is_recorded = std::binary_search(recorded_->begin(), recorded_->end(), member);
    const Standby* standby = FindStandby(member);
    const bool is_late = !held_.empty() && now - held_.front().since > rule_.timeout &&
                         (standby == nullptr || standby->durable < held_.front().lsn);
    const bool is_there =
        !is_late && now - (standby == nullptr ? started_ : standby->seen) <= rule_.timeout;
    if (is_there && (is_recorded || (standby != nullptr && standby->durable >= from))) {
      wanted.push_back(member);
    }
    // Nobody can rely yet on one that was about to join.
    const bool is_given_up = !is_there && !is_recorded && !offered_.contains(member);
    at = is_given_up ? awaited_.erase(at) : std::next(at);
    if (is_given_up) changed_.notify_all();
  }
  if (wanted == *recorded_ && offered_.empty()) return std::nullopt;
  offered_.insert(wanted.begin(), wanted.end());
  return wanted;
}

void Feed::NoteRecord(std::vector<Member> members) {
  {
    const std::lock_guard lock(mutex_);
    if (!running_ || !keeps_record()) return;
    const auto is_left_out = [&](const Member& member) {
      return !std::binary_search(members.begin(), members.end(), member);
    };
    offered_.insert(recorded_->begin(), recorded_->end());
    for (const Member& member : offered_) {
      if (is_left_out(member)) awaited_.erase(member);
    }
    offered_.clear();
    for (const Member& member : members) awaited_[member] = 0;
    recorded_ = std::move(members);
  }
  changed_.notify_all();
}

// ---- The thread ----

void Feed::Degrade() {
  degraded_ = true;
  spdlog::error("no standby is in sync: changes are acknowledged once they are on this disk alone");
}

const Feed::Standby* Feed::FindStandby(const Member& member) const {
  const auto found = standbys_.find(member.name);
  return found != standbys_.end() && found->second.node == member.node ? &found->second : nullptr;
}

Lsn Feed::Reached() const {
  Lsn reached = 0;
  if (!keeps_record()) {
    for (const auto& [name, standby] : standbys_) reached = std::max(reached, standby.durable);
  } else if (!awaited_.empty()) {
    reached = std::numeric_limits<Lsn>::max();
    for (const auto& [member, from] : awaited_) {
      const Standby* standby = FindStandby(member);
      reached = std::min(reached, standby == nullptr ? 0 : standby->durable);
    }
  }
  return reached;
}

bool Feed::HasStandbyInSync(Clock::time_point now) const {
  if (keeps_record()) return !awaited_.empty();
  return std::any_of(standbys_.begin(), standbys_.end(), [&](const auto& s) {
    return s.second.in_sync && now - s.second.seen < kAbsentAfter;
  });
}

AckLevel Feed::LevelHeld() const {
  if (keeps_record() && awaited_.empty()) return AckLevel::kDisk;
  return rule_.level == AckLevel::kStandby && !degraded_ ? AckLevel::kStandby : AckLevel::kDisk;
}

std::deque<Feed::Parked> Feed::TakeDue(Clock::time_point now) {
  std::deque<Parked> due;
  std::erase_if(parked_, [&](Parked& fetch) {
    if (running_ && fetch.after >= durable_ && now < fetch.until) return false;
    due.push_back(std::move(fetch));
    return true;
  });
  return due;
}

std::deque<Feed::Released> Feed::TakeReleased(Clock::time_point now) {
  const Lsn reached = Reached();
  const bool too_late =
      !held_.empty() && held_.front().lsn > reached && now - held_.front().since >= rule_.timeout;
  if (rule_.degrade && !degraded_ && (keeps_record() ? awaited_.empty() : too_late)) Degrade();
  Show(StandsAlone() ? durable_ : reached);
  std::deque<Released> released;
  while (!held_.empty()) {
    const bool on_standby = held_.front().lsn <= reached;
    if (!on_standby && !degraded_ && running_) break;
    released.push_back({std::move(held_.front().release),
                        on_standby ? AckLevel::kStandby : AckLevel::kDisk,
                        on_standby || degraded_ || running_});
    held_.pop_front();
  }
  while (!held_answers_.empty()) {
    const Held& first = held_answers_.front();
    const bool is_shown =
        first.lsn <= shown_ || (!keeps_record() && now - first.since >= rule_.timeout);
    if (!is_shown && running_) break;
    released.push_back({std::move(held_answers_.front().release), AckLevel::kDisk, is_shown});
    held_answers_.pop_front();
  }
  return released;
}

Feed::Clock::time_point Feed::NextDeadline() const {
  auto next = Clock::time_point::max();
  for (const Parked& fetch : parked_) next = std::min(next, fetch.until);
  if (rule_.degrade && !keeps_record() && !held_.empty())
    next = std::min(next, held_.front().since + rule_.timeout);
  if (!keeps_record() && !held_answers_.empty())
    next = std::min(next, held_answers_.front().since + rule_.timeout);
  return next;
}

void Feed::Run() {
  std::unique_lock lock(mutex_);
  for (;;) {
    const auto now = Clock::now();
    auto due = TakeDue(now);
    auto released = TakeReleased(now);
    if (!due.empty() || !released.empty()) {
      const Lsn durable = durable_;
      const AckLevel level = LevelHeld();
      for (const Parked& fetch : due) standbys_[fetch.name].told = std::max<Lsn>(durable, 1);
      lock.unlock();
      for (auto& [release, held, known] : released) std::move(release)(held, known);
      for (Parked& fetch : due) {
        std::string payload = ReplyTo(fetch, durable, level);
        std::move(fetch.answer)(StatusCode::kOk, std::move(payload));
      }
      lock.lock();
      continue;
    }
    if (!running_) return;
    const auto deadline = NextDeadline();
    if (deadline == Clock::time_point::max()) {
      changed_.wait(lock);
    } else {
      changed_.wait_until(lock, deadline);
    }
  }
}

std::string Feed::ReplyTo(const Parked& fetch, Lsn durable, AckLevel level) const {
  protocol::FetchReply reply{
      .lsn = durable, .lost = false, .ack = level, .time_us = clock_.Now(), .records = {}};
  std::string bytes;
  std::vector<size_t> ends;
  if (fetch.after < durable) {
    const auto status = journal_->Read(fetch.after + 1, [&](const JournalRecord& record) {
      if (record.lsn != fetch.after + ends.size() + 1) return absl::DataLossError("a gap");
      if (record.lsn > durable || bytes.size() >= protocol::kFetchBytesMax) {
        return absl::CancelledError("enough");
      }
      bytes.append(record.bytes);
      ends.push_back(bytes.size());
      return absl::OkStatus();
    });
    // What was trimmed is in the snapshot. Anything else that is wrong shows itself there, too.
    reply.lost = ends.empty();
    if (reply.lost) spdlog::info("the standby {} needs a copy: {}", fetch.name, status.ToString());
  }
  size_t begin = 0;
  for (const size_t end : ends) {
    reply.records.push_back(std::string_view(bytes).substr(begin, end - begin));
    begin = end;
  }
  std::string payload;
  payload.reserve(bytes.size() + 64 + 4 * ends.size());
  protocol::Encode(reply, payload);
  return payload;
}

// ---- Others ----

AckLevel Feed::level() const {
  const std::lock_guard lock(mutex_);
  return LevelHeld();
}

std::vector<StandbyStatus> Feed::Standbys() const {
  const std::lock_guard lock(mutex_);
  const auto now = Clock::now();
  std::vector<StandbyStatus> all;
  for (const auto& [name, standby] : standbys_) {
    all.push_back({name, standby.durable, standby.in_sync && now - standby.seen < kAbsentAfter});
  }
  return all;
}

Lsn Feed::KeepFrom() const {
  Lsn needed = std::numeric_limits<Lsn>::max();
  {
    const std::lock_guard lock(mutex_);
    if (!running_ || standbys_.empty()) return needed;
    const auto now = Clock::now();
    for (const auto& [name, standby] : standbys_) {
      if (now - standby.seen < kForgottenAfter) needed = std::min(needed, standby.durable + 1);
    }
  }
  const auto tail = journal_->TailStart(std::min(kTailBytes, tail_bytes_max_));
  const auto most = journal_->TailStart(tail_bytes_max_);
  if (!tail.ok() || !most.ok()) return 1;
  return std::max(*most, std::min(needed, *tail));
}

}  // namespace xref
