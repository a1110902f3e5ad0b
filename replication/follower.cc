#include "replication/follower.h"

#include <fmt/format.h>
#include <spdlog/spdlog.h>

#include <filesystem>
#include <utility>
#include <vector>

#include "persistence/arrival.h"
#include "persistence/backup.h"
#include "persistence/failpoint.h"
#include "persistence/places.h"
#include "persistence/recovery.h"
#include "protocol/change_codec.h"
#include "replication/discarded.h"
#include "replication/primary_link.h"

namespace xref {
namespace {

constexpr std::chrono::milliseconds kRetryPause{200};
// More than a primary takes to answer, or to be given up.
constexpr std::chrono::seconds kLetGoTimeout{3};

// The changes of a reply, which must be those after `lsn`, in order and whole.
absl::StatusOr<std::vector<Change>> DecodeGroup(const protocol::FetchReply& reply, Lsn lsn,
                                                Epoch epoch) {
  std::vector<Change> changes(reply.records.size());
  for (size_t i = 0; i < changes.size(); ++i) {
    Change& change = changes[i];
    if (const auto fault = protocol::DecodeChange(reply.records[i], change)) {
      return absl::DataLossError(fmt::format("change {} of the primary: {}", lsn + i + 1, *fault));
    }
    if (change.lsn != lsn + i + 1 || change.epoch < epoch) {
      return absl::DataLossError(
          fmt::format("after change {} of epoch {} the primary sent change {} of epoch {}", lsn + i,
                      epoch, change.lsn, change.epoch));
    }
    epoch = change.epoch;
  }
  return changes;
}

// Follows on one link, until it breaks.
class Follow {
 public:
  Follow(PrimaryLink& link, Journal& journal, SnapshotFolder& snapshots, ReferenceStore& store,
         Epoch& epoch, Lsn& lsn)
      : link_(link),
        journal_(journal),
        snapshots_(snapshots),
        store_(store),
        epoch_(epoch),
        lsn_(lsn) {}

  // An epoch that ended before any standby heard of it is known to this daemon alone: then the
  // primary is asked about the one before, and it is there that the two part.
  absl::StatusOr<protocol::FollowReply> Begin() {
    using protocol::FollowVerdict;
    const auto& epochs = store_.WriterCatalog().epochs();
    Lsn lsn = lsn_;
    for (size_t known = epochs.size();; --known) {
      auto reply = link_.Follow(
          {.epoch = epoch_, .epoch_mark = known == 0 ? 0 : epochs[known - 1].mark, .lsn = lsn});
      if (!reply.ok()) return reply;
      if (reply->verdict == FollowVerdict::kFollow && lsn < lsn_) {
        reply->verdict = FollowVerdict::kDiverged;
      }
      if (reply->verdict != FollowVerdict::kForeign || known <= 1) return reply;
      lsn = epochs[known - 1].first - 1;
    }
  }

  // Makes what the reply holds durable, then true. ResourceExhausted: the disk is full, and nothing
  // was kept. Internal: it cannot be relied upon any more. FailedPrecondition: the store is not as
  // the primary's.
  absl::Status Take(const protocol::FetchReply& reply) {
    const auto changes = DecodeGroup(reply, lsn_, epoch_);
    if (!changes.ok()) return changes.status();
    std::vector<JournalRecord> records;
    records.reserve(changes->size());
    for (size_t i = 0; i < changes->size(); ++i) {
      records.push_back({(*changes)[i].lsn, reply.records[i]});
    }
    if (auto status = journal_.Append(records); !status.ok()) return status;
    for (const Change& change : *changes) {
      auto status = CheckChange(change, store_.WriterCatalog());
      if (status.ok()) status = GatherFor(change, *snapshots_.current(), store_);
      if (!status.ok()) return status;
      if (const auto same = CheckState(change, store_); !same.ok()) {
        return absl::FailedPreconditionError(same.message());
      }
      if (const auto* compared = std::get_if<CompareState>(&change.what)) {
        compared_ = {change.lsn, compared->sum};
      }
      // Added references alone: comparisons come when they will.
      const bool is_lost =
          std::holds_alternative<AddReferences>(change.what) && Trips(Failpoint::kFollowSkip);
      if (!is_lost) store_.Apply(change);
      epoch_ = change.epoch;
      lsn_ = change.lsn;
    }
    return absl::OkStatus();
  }

  struct Compared {
    Lsn lsn = 0;
    StateSum sum;
  };
  // The last time that the store was found to be as the primary's.
  const Compared& compared() const { return compared_; }

  // Frees some of what was purged or dropped: all of it where there is time.
  absl::Status Reclaim(bool idle) {
    if (store_.has_gathered()) {
      const auto applied = snapshots_.current()->ReadApplied();
      if (!applied.ok()) return applied.status();
      // From there on it can be read again, should the primary restore it.
      if (applied->lsn >= store_.WriterCatalog().last_drop()) store_.DropGathered();
    }
    while (store_.ReclaimStep() && idle) {
    }
    return absl::OkStatus();
  }

 private:
  PrimaryLink& link_;
  Journal& journal_;
  SnapshotFolder& snapshots_;
  ReferenceStore& store_;
  Epoch& epoch_;
  Lsn& lsn_;
  Compared compared_;
};

}  // namespace

// ---- Every thread ----

void Follower::Stop() {
  {
    const std::lock_guard lock(mutex_);
    stopping_ = true;
  }
  changed_.notify_all();
}

void Follower::SetPrimary(std::string primary) {
  {
    const std::lock_guard lock(mutex_);
    if (primary == primary_) return;
    primary_ = std::move(primary);
    if (!primary_.empty()) idle_at_.reset();
  }
  changed_.notify_all();
}

std::optional<Position> Follower::LetGo() {
  SetPrimary({});
  std::unique_lock lock(mutex_);
  changed_.wait_for(lock, kLetGoTimeout, [this] { return stopping_ || idle_at_.has_value(); });
  return idle_at_;
}

void Follower::AskPromotion(Promotion promotion) {
  if (options_.elected && promotion.epoch == 0) {
    return std::move(promotion.done)(absl::PermissionDeniedError(
        "not promoted: etcd decides who is the primary of this cluster. Stop the primary, and a "
        "standby that has everything takes over; to decide by hand, start the daemons without "
        "--etcd"));
  }
  {
    const std::lock_guard lock(mutex_);
    if (!promotion_ && !stopping_) {
      promotion_ = std::move(promotion);
      changed_.notify_all();
      return;
    }
  }
  std::move(promotion.done)(absl::UnavailableError(
      "the daemon is being promoted or is shutting down; look at its status"));
}

Follower::Promotion Follower::TakePromotion() {
  const std::lock_guard lock(mutex_);
  Promotion taken = *std::move(promotion_);
  promotion_.reset();
  return taken;
}

FollowerStatus Follower::status() const {
  const std::lock_guard lock(mutex_);
  FollowerStatus status{.connected = connected_,
                        .primary_lsn = primary_lsn_,
                        .trouble = trouble_,
                        .compared_lsn = compared_lsn_,
                        .compared_sum = compared_sum_};
  if (heard_) {
    status.heard_ms =
        std::chrono::duration_cast<std::chrono::milliseconds>(Clock::now() - heard_->at()).count();
  }
  return status;
}

std::string Follower::primary() const {
  const std::lock_guard lock(mutex_);
  return primary_;
}

std::optional<ChangeClock> Follower::primary_clock() const {
  const std::lock_guard lock(mutex_);
  return heard_;
}

bool Follower::stopping() const {
  const std::lock_guard lock(mutex_);
  return stopping_;
}

bool Follower::GoesOn(const std::string& primary) const {
  const std::lock_guard lock(mutex_);
  return !stopping_ && primary == primary_;
}

std::string Follower::AwaitPrimary(Position position) {
  std::unique_lock lock(mutex_);
  const auto is_over = [this] { return !primary_.empty() || stopping_ || promotion_.has_value(); };
  if (!is_over()) {
    idle_at_ = position;
    connected_ = false;
    changed_.notify_all();
    changed_.wait(lock, is_over);
    idle_at_.reset();
  }
  return stopping_ || promotion_ ? std::string() : primary_;
}

void Follower::NoteConnected(bool connected) {
  const std::lock_guard lock(mutex_);
  connected_ = connected;
  if (connected) trouble_.clear();
}

void Follower::NoteTrouble(const absl::Status& trouble) {
  std::string text(trouble.message());
  const std::lock_guard lock(mutex_);
  connected_ = false;
  if (text == trouble_) return;
  spdlog::warn("not following {}: {}", primary_, text);
  trouble_ = std::move(text);
}

void Follower::NoteHeard(const protocol::FetchReply& reply) {
  const std::lock_guard lock(mutex_);
  primary_lsn_ = reply.lsn;
  primary_ack_ = reply.ack;
  heard_ = ChangeClock(reply.time_us, Clock::now());
}

void Follower::RefusePromotions() {
  std::optional<Promotion> refused;
  {
    const std::lock_guard lock(mutex_);
    stopping_ = true;
    refused.swap(promotion_);
  }
  changed_.notify_all();
  if (refused) {
    std::move(refused->done)(absl::PermissionDeniedError(
        "not promoted: the state of this standby is not that of its primary"));
  }
}

void Follower::NoteCompared(Lsn lsn, const StateSum& sum) {
  const std::lock_guard lock(mutex_);
  compared_lsn_ = lsn;
  compared_sum_ = sum;
}

void Follower::WaitBeforeRetry() {
  std::unique_lock lock(mutex_);
  const std::string primary = primary_;
  changed_.wait_for(lock, kRetryPause,
                    [&] { return stopping_ || promotion_.has_value() || primary != primary_; });
}

bool Follower::DecidePromotion(Lsn lsn) {
  std::unique_lock lock(mutex_);
  if (!promotion_) return false;
  if (promotion_->asked.force) return true;
  std::string unsafe;
  if (connected_) {
    unsafe = fmt::format(
        "the primary {} is there and answers: two daemons would accept changes. Stop it first",
        primary_);
  } else if (!heard_) {
    unsafe = fmt::format(
        "this standby has not heard of the primary {} since it was started, so it may lack changes "
        "that were acknowledged after LSN {}",
        primary_, lsn);
  } else if (primary_lsn_ > lsn) {
    unsafe = fmt::format(
        "this standby reaches LSN {}, and the primary had reached {}: {} changes would be lost",
        lsn, primary_lsn_, primary_lsn_ - lsn);
  } else if (primary_ack_ == protocol::AckLevel::kDisk) {
    unsafe = fmt::format(
        "the primary acknowledged changes without waiting for a standby (--ack disk, or degraded), "
        "so those that it made after LSN {}, in its last moments, would be lost",
        lsn);
  }
  if (unsafe.empty()) return true;
  Promotion refused = *std::move(promotion_);
  promotion_.reset();
  lock.unlock();
  std::move(refused.done)(absl::PermissionDeniedError(
      fmt::format("not promoted: {}. To promote it all the same: xref promote --force", unsafe)));
  return false;
}

// ---- Run ----

Follower::End Follower::Run(Journal& journal, SnapshotFolder& snapshots, ReferenceStore& store,
                            Epoch epoch, Lsn lsn, Applied applied, Current current,
                            CaughtUp caught_up) {
  const std::string copy = options_.data_folder + "/copy-of-primary";
  std::error_code ignored;
  std::filesystem::remove(copy, ignored);  // half of one, from a run that was killed
  bool is_caught_up = false;
  for (;;) {
    if (stopping()) return End::kStopped;
    if (DecidePromotion(lsn)) return End::kPromoted;
    const std::string primary = AwaitPrimary({epoch, lsn});
    if (primary.empty()) continue;
    auto link = PrimaryLink::Open(primary, options_.token, epoch, options_.tls);
    if (!link.ok()) {
      NoteTrouble(link.status());
      WaitBeforeRetry();
      continue;
    }
    Follow follow(*link, journal, snapshots, store, epoch, lsn);
    const auto begun = follow.Begin();
    if (!begun.ok()) {
      NoteTrouble(begun.status());
      WaitBeforeRetry();
      continue;
    }
    if (begun->verdict == protocol::FollowVerdict::kForeign) {
      NoteTrouble(absl::FailedPreconditionError(fmt::format(
          "this data folder holds changes up to LSN {} that have nothing to do with those of {}; "
          "start the standby on a new folder",
          lsn, primary)));
      WaitBeforeRetry();
      continue;
    }
    bool copying = begun->verdict == protocol::FollowVerdict::kDiverged;
    if (copying) {
      const auto kept =
          KeepDiscarded(journal, store.WriterCatalog(), begun->common + 1, options_.data_folder);
      if (!kept.ok()) {
        NoteTrouble(kept.status());
        WaitBeforeRetry();
        continue;
      }
      spdlog::warn(
          "changes {} to {} of this daemon never reached the primary {}: they are discarded, and "
          "{}",
          begun->common + 1, lsn, primary,
          kept->empty() ? "came with a copy of a former primary, which tells of them"
                        : "kept in " + *kept);
    }
    NoteConnected(true);
    spdlog::info("following {} from LSN {}", primary, copying ? begun->common : lsn);
    while (!copying && GoesOn(primary)) {
      if (DecidePromotion(lsn)) return End::kPromoted;
      const auto asked = Clock::now();
      const auto reply =
          link->Fetch({.after = lsn, .node = options_.self.node, .name = options_.self.name});
      auto status = reply.status();
      if (status.ok() && reply->lost) {
        copying = true;
        break;
      }
      if (status.ok() && !reply->records.empty()) {
        status = follow.Take(*reply);
        if (absl::IsFailedPrecondition(status)) {
          NoteTrouble(status);
          RefusePromotions();
          return End::kDiverged;
        }
        // Before it shows that it got so far.
        if (follow.compared().lsn > 0) NoteCompared(follow.compared().lsn, follow.compared().sum);
        if (status.ok()) applied(epoch, lsn);
      }
      if (status.ok()) status = follow.Reclaim(reply->records.empty());
      if (!status.ok()) {
        NoteTrouble(status);
        if (absl::IsInternal(status) && reply.ok()) return End::kFailed;
        if (absl::IsDataLoss(status)) return End::kFailed;
        WaitBeforeRetry();
        break;
      }
      NoteHeard(*reply);
      if (lsn >= reply->lsn) current(asked);
      if (!is_caught_up && lsn >= begun->lsn) {
        is_caught_up = true;
        caught_up();
      }
    }
    if (!copying) continue;
    spdlog::info("taking a copy of everything from {}", primary);
    auto status = link->Copy(copy, [&](uint64_t, uint64_t) { return GoesOn(primary); });
    if (status.ok()) {
      status =
          Restore(copy, ArrivalPath(options_.data_folder), options_.map_bytes, Restoring::kCopy)
              .status();
    }
    std::filesystem::remove(copy, ignored);
    if (status.ok()) return End::kReload;
    if (GoesOn(primary)) NoteTrouble(status);
    WaitBeforeRetry();
  }
}

}  // namespace xref
