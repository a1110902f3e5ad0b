#include "daemon/committer.h"

#include <fmt/format.h>
#include <spdlog/spdlog.h>

#include <chrono>
#include <utility>

#include "daemon/limits.h"
#include "persistence/failpoint.h"
#include "protocol/change_codec.h"

namespace xref {
namespace {

using protocol::StatusCode;

constexpr std::string_view kReadOnlyHint =
    "a commit failed and the daemon is read-only; see its log, mend the disk and restart it";

// A standby that asks whether it may follow must be answered where none follows yet. It is alone in
// its group.
bool IsFromStandby(const std::vector<std::unique_ptr<ChangeRequest>>& group) {
  return std::holds_alternative<protocol::FollowRequest>(group.front()->asked);
}

uint64_t BytesOf(const std::vector<std::unique_ptr<ChangeRequest>>& group) {
  uint64_t bytes = 0;
  for (const auto& change : group) bytes += change->payload.size();
  return bytes;
}

}  // namespace

void Committer::Run() {
  store_.DropGathered();
  store_.WriterReservations().LimitLeases(clock_.Now() + int64_t{kLeaseMsMax} * 1000);
  for (bool reclaiming = false;; reclaiming = store_.ReclaimStep()) {
    auto group = queue_.TakeGroup(reclaiming ? std::chrono::seconds(0) : compare_interval_);
    if (!group) return;
    CompareIfDue();
    if (!group->empty()) Take(*group);
  }
}

void Committer::Take(Group& group) {
  if (const auto obstacle = FindObstacle(group)) {
    RefuseAll(group, *obstacle);
  } else {
    Commit(group);
  }
}

void Committer::CompareIfDue() {
  const auto now = std::chrono::steady_clock::now();
  if (now < compare_next_) return;
  compare_next_ = now + compare_interval_;
  if (state_.lsn == compared_lsn_ || feed_.Standbys().empty()) return;
  Group group;
  group.push_back(std::make_unique<ChangeRequest>());
  group.front()->asked = protocol::CompareRequest();
  group.front()->done = [](std::string) {};
  Take(group);
}

protocol::MaybeRefusal Committer::FindObstacle(const Group& group) {
  // It waited while the daemon ceased to be the primary.
  if (state_.is_standby()) {
    return protocol::Refusal{StatusCode::kNotPrimary, protocol::kNoItem,
                             "this daemon is not the primary any more, and nothing of this was "
                             "done; ask the one that is"};
  }
  if (group.front()->is_question()) return std::nullopt;
  const auto read_only = [](std::string why) {
    return protocol::Refusal{StatusCode::kReadOnly, protocol::kNoItem, std::move(why)};
  };
  if (state_.phase() == Phase::kReadOnly) return read_only(std::string(kReadOnlyHint));
  // It writes nothing, and a standby that may not come back keeps changes from being acknowledged.
  if (IsFromStandby(group)) return std::nullopt;
  if (std::string why = feed_.FindObstacle(); !why.empty()) return read_only(std::move(why));
  const auto by = [&](Limit limit, std::string why) {
    state_.refusals.Count(limit, group.size());
    return read_only(std::move(why));
  };
  if (journal_.DiskBytesFree() < kDiskBytesFreeMin) {
    return by(
        Limit::kDiskFreeBytes,
        fmt::format("less than {} MiB of disk are free; changes are refused until there is more",
                    kDiskBytesFreeMin >> 20));
  }
  if (journal_room_.IsFull(journal_)) {
    return by(
        Limit::kJournalBytes,
        fmt::format("the journal holds {} bytes and the limit is {} (--journal-limit); changes "
                    "are refused until a checkpoint, which is under way, has made room",
                    journal_.BytesHeld(), journal_room_.limit()));
  }
  if (store_.bytes_reserved() >= memory_limit_) {
    // A restore that does not fit, or that nobody goes on with, must not keep others from changes.
    store_.DropGathered();
    return by(Limit::kMemoryBytes,
              fmt::format("the references take {} bytes of memory and the limit is {}; changes are "
                          "refused and questions answered. Restart the daemon with a higher "
                          "--memory-limit",
                          store_.bytes_reserved(), memory_limit_));
  }
  return std::nullopt;
}

void Committer::Commit(Group& group) {
  const auto begun = std::chrono::steady_clock::now();
  GroupPlan plan(store_, safeguards_, state_.lsn, state_.epoch, clock_.Now());
  std::vector<GroupPlan::Reply> replies;
  replies.reserve(group.size());
  for (const auto& change : group) replies.push_back(plan.Decide(*change));
  for (size_t i = 0; i < kLimits; ++i) {
    const auto limit = static_cast<Limit>(i);
    if (plan.refused(limit) > 0) state_.refusals.Count(limit, plan.refused(limit));
  }

  const std::vector<JournalRecord> records = plan.Records();
  if (!records.empty()) {
    Pass(Failpoint::kCommitBefore);
    const absl::Status status = journal_.Append(records);
    if (absl::IsResourceExhausted(status)) {
      // The pages did not fit, so the commit point was not reached: the journal is as it was.
      spdlog::error("a group of changes was refused: {}", status.ToString());
      return RefuseAll(group, {StatusCode::kReadOnly, protocol::kNoItem,
                               "the disk is full: nothing of this change was kept; try again when "
                               "there is room"});
    }
    if (!status.ok()) {
      spdlog::error("read-only from now on, no further change is accepted: {}", status.ToString());
      state_.set_trouble(Trouble::kCommit, status.ToString());
      state_.set_phase(Phase::kReadOnly);
      RefuseAll(group, {StatusCode::kReadOnly, protocol::kNoItem,
                        fmt::format("this change was not acknowledged and may be lost: {}",
                                    kReadOnlyHint)});
      return;
    }
    Pass(Failpoint::kCommitAfter);
  }
  const auto took = std::chrono::duration_cast<std::chrono::microseconds>(
      std::chrono::steady_clock::now() - begun);
  // Standbys make it durable while it is applied here.
  if (!records.empty()) feed_.Committed(records.back().lsn);
  for (const JournalRecord& record : records) ApplyRecord(record);
  for (size_t i = 0; i < group.size(); ++i) {
    const auto* gather = std::get_if<GatherRequest>(&group[i]->asked);
    if (gather == nullptr || replies[i].status != StatusCode::kOk) continue;
    // It was read from the disk and nobody sees it yet, so nothing of it is to be made durable.
    if (gather->begin) store_.DropGathered();
    store_.Gather(gather->place, gather->sources, gather->targets);
  }
  WriterCounters& counters = state_.writer;
  Count(counters.groups, 1);
  Note(counters.group_changes_last, counters.group_changes_max, group.size());
  Note(counters.group_bytes_last, counters.group_bytes_max, BytesOf(group));
  Note(counters.group_us_last, counters.group_us_max, static_cast<uint64_t>(took.count()));
  for (size_t i = 0; i < counters.verdicts.size(); ++i) {
    Count(counters.verdicts[i], plan.count(static_cast<protocol::Verdict>(i)));
  }

  for (const GroupPlan::PlaceResult& result : plan.place_results()) {
    counters.places.Count(result.place, WriterCounters::kAdded, result.added);
    counters.places.Count(result.place, WriterCounters::kConflicts, result.conflicts);
  }

  Pass(Failpoint::kReplyBefore);
  // What changed nothing is held as well: it tells of changes that a standby must have first.
  if (group.front()->is_question() || IsFromStandby(group)) {
    for (size_t i = 0; i < group.size(); ++i) {
      Answer(*group[i], replies[i].status, replies[i].payload);
    }
    return;
  }
  AnswerWhenHeld(std::move(group), std::move(replies));
}

void Committer::ApplyRecord(const JournalRecord& record) {
  Change change;
  if (const auto fault = protocol::DecodeChange(record.bytes, change)) {
    spdlog::critical("change {} cannot be read back: {}", record.lsn, *fault);
    std::abort();  // what was just encoded must decode: this is a defect, not an input
  }
  store_.Apply(change);
  state_.lsn = record.lsn;
  if (std::holds_alternative<CompareState>(change.what)) compared_lsn_ = record.lsn;
  // A primary restores nothing before the drop of it is on the disk.
  if (std::holds_alternative<DropIntegration>(change.what)) store_.DropGathered();
}

absl::Status Committer::BeginEpoch(Epoch epoch) {
  const Change begun{.lsn = state_.lsn + 1,
                     .epoch = epoch,
                     .time_us = clock_.Now(),
                     .actor = "xrefd",
                     .what = xref::BeginEpoch{safeguards_.DrawMark()}};
  std::string bytes;
  protocol::EncodeChange(begun, bytes);
  const JournalRecord record{begun.lsn, bytes};
  if (auto status = journal_.Append({&record, 1}); !status.ok()) return status;
  ApplyRecord(record);
  state_.epoch = epoch;
  return absl::OkStatus();
}

void Committer::AnswerWhenHeld(Group group, std::vector<GroupPlan::Reply> replies) {
  const auto answer = [this](Group& changes, std::vector<GroupPlan::Reply>& owed,
                             protocol::AckLevel held, bool known) {
    if (!known) {
      for (const auto& change : changes) std::move(change->done)({});
      return;
    }
    for (size_t i = 0; i < changes.size(); ++i) {
      Answer(*changes[i], owed[i].status, owed[i].payload,
             held == protocol::AckLevel::kStandby ? protocol::kFlagOnStandby : 0);
    }
  };
  if (feed_.rule().level == protocol::AckLevel::kDisk) {
    return answer(group, replies, protocol::AckLevel::kDisk, true);
  }
  feed_.Hold(state_.lsn, [answer, group = std::move(group), replies = std::move(replies)](
                             protocol::AckLevel held, bool known) mutable {
    answer(group, replies, held, known);
  });
}

void Committer::RefuseAll(Group& group, const protocol::Refusal& refusal) {
  std::string payload;
  protocol::Encode(refusal, payload);
  for (const auto& change : group) Answer(*change, refusal.status, payload);
}

void Committer::Answer(ChangeRequest& change, StatusCode status, std::string_view payload,
                       uint8_t flags) {
  std::string frame;
  frame.reserve(protocol::kHeaderBytes + payload.size());
  protocol::FrameHeader header = protocol::ReplyHeader(change.header, status, state_.epoch);
  header.flags |= flags;
  protocol::FrameWriter writer(frame, header);
  frame.append(payload);
  writer.Close();
  std::move(change.done)(std::move(frame));
}

}  // namespace xref
