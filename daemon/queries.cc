#include "daemon/queries.h"

#include <fmt/chrono.h>
#include <fmt/format.h>
#include <spdlog/spdlog.h>
#include <sys/resource.h>
#include <unistd.h>

#include <algorithm>
#include <future>
#include <limits>
#include <utility>
#include <vector>

#include "daemon/limits.h"
#include "daemon/list_page.h"
#include "daemon/wall_clock.h"
#include "persistence/past.h"
#include "persistence/snapshot.h"

namespace xref {
namespace {

using protocol::kNoItem;
using protocol::StatusCode;

// Sources of one target that are taken from memory at a time, while its writer waits.
constexpr uint32_t kSourcesToldMax = 10'000;
// More changes than these are not folded before a question: that could take seconds.
constexpr Lsn kFoldedForAQuestion = 2'000;
constexpr std::chrono::milliseconds kFoldWait{2'000};
constexpr Lsn kAnyChanges = std::numeric_limits<Lsn>::max();
constexpr std::chrono::milliseconds kLongFoldWait{10'000};
// References put back in one step of a restore.
constexpr uint32_t kRestoredAtOnce = 4'096;
// Sources of the same target that HISTORY tells.
constexpr uint32_t kOtherSourcesMax = 100;
constexpr std::chrono::minutes kTrashInterval{1};

}  // namespace

// ---- The thread ----

void Queries::Start() {
  const std::lock_guard lock(mutex_);
  if (!stopping_) thread_ = std::thread([this] { Run(); });
}

void Queries::Stop() {
  std::thread thread;
  {
    const std::lock_guard lock(mutex_);
    stopping_ = true;
    waiting_.clear();
    waiting_bytes_ = 0;
    thread.swap(thread_);
  }
  changed_.notify_all();
  if (thread.joinable()) thread.join();
}

bool Queries::TryPush(std::unique_ptr<Query>& query) {
  {
    const std::lock_guard lock(mutex_);
    const size_t size = query->payload.size();
    if (stopping_ || waiting_.size() >= kQueriesWaitingMax ||
        waiting_bytes_ + size > kQueriesWaitingBytesMax) {
      return false;
    }
    waiting_bytes_ += size;
    waiting_.push_back(std::move(query));
  }
  changed_.notify_all();
  return true;
}

void Queries::Run() {
  // On Linux this is about the calling thread alone.
  setpriority(PRIO_PROCESS, static_cast<id_t>(gettid()), kBackgroundNice);
  auto next_emptying = std::chrono::steady_clock::now();
  std::unique_lock lock(mutex_);
  for (;;) {
    changed_.wait_until(lock, next_emptying, [this] { return stopping_ || !waiting_.empty(); });
    if (stopping_) return;
    if (waiting_.empty()) {
      lock.unlock();
      EmptyOldTrash();
      next_emptying = std::chrono::steady_clock::now() + kTrashInterval;
      lock.lock();
      continue;
    }
    const std::unique_ptr<Query> query = std::move(waiting_.front());
    waiting_.pop_front();
    waiting_bytes_ -= query->payload.size();
    lock.unlock();
    auto currency = CurrencyOf(state_);
    const Reply reply =
        std::visit([this](const auto& asked) { return Answer(asked); }, query->asked);
    if (currency && reply.as_of) currency = CurrencyOfAnswer(*currency, *reply.as_of);
    std::string frame;
    protocol::FrameWriter writer =
        reply.status == StatusCode::kOk
            ? OpenReply(query->header, state_, currency, frame)
            : protocol::FrameWriter(
                  frame, protocol::ReplyHeader(query->header, reply.status, state_.epoch));
    frame.append(reply.payload);
    writer.Close();
    std::move(query->done)(std::move(frame));
    lock.lock();
  }
}

Currency Queries::CurrencyOfAnswer(const Currency& before, Lsn as_of) {
  if (as_of >= before.lsn) {
    disk_ = before;
  } else if (as_of < disk_.lsn) {
    disk_ = {};  // it was begun anew
  }
  return {.as_of = disk_.as_of, .lsn = std::min(before.lsn, as_of)};
}

void Queries::Freshen(Lsn changes_max, std::chrono::milliseconds wait) {
  if (state_.phase() == Phase::kReadOnly) return;  // the snapshot stays as it is
  const Lsn behind = state_.lsn - state_.snapshot_lsn;
  if (behind == 0 || behind > changes_max) return;
  const auto deadline = std::chrono::steady_clock::now() + wait;
  // One at a time: a verification may keep it waiting for minutes, and every question would add
  // another. It may have begun before the latest changes, so it does not stand for the next one.
  if (folded_.valid() && folded_.wait_until(deadline) == std::future_status::timeout) return;
  const auto folded = std::make_shared<std::promise<void>>();
  folded_ = folded->get_future();
  const bool asked = maintenance_.Ask([this, folded] {
    maintenance_.Fold().IgnoreError();  // it says by itself what went wrong
    folded->set_value();
  });
  if (asked) folded_.wait_until(deadline);
}

// ---- Replies ----

namespace {

template <typename Reply>
Reply Refusing(const protocol::Refusal& refusal) {
  Reply reply;
  reply.status = refusal.status;
  protocol::Encode(refusal, reply.payload);
  return reply;
}

template <typename Reply>
Reply Refusing(StatusCode status, std::string message) {
  return Refusing<Reply>(protocol::Refusal{status, kNoItem, std::move(message)});
}

template <typename Reply, typename Message>
Reply ReplyOf(const Message& message, std::optional<Lsn> as_of = {}) {
  Reply reply;
  reply.as_of = as_of;
  protocol::Encode(message, reply.payload);
  return reply;
}

template <typename Reply>
Reply RefusingFor(const absl::Status& status) {
  return Refusing<Reply>(StatusCode::kInternal, std::string(status.message()));
}

}  // namespace

Queries::Reply Queries::Answer(const protocol::ListRequest& asked) {
  std::optional<PlaceId> partition;
  store_.ReadCatalog(slot_, [&](const Catalog& catalog, auto) {
    if (const CatalogType* type = catalog.FindType(asked.place)) partition = type->partition;
  });
  if (!partition) {
    return Refusing<Reply>(protocol::NoSuchPlace(asked.place));
  }
  // The pages that follow are of the same time, as far as that goes.
  if (asked.after.empty()) {
    // Who takes out everything would rather wait than miss the latest.
    const bool everything = asked.rows_max == protocol::kRowsListedMax;
    Freshen(everything ? kAnyChanges : kFoldedForAQuestion, everything ? kLongFoldWait : kFoldWait);
  }
  const auto snapshot = files_.snapshots->current();
  const auto applied = snapshot->ReadApplied();
  if (!applied.ok()) return RefusingFor<Reply>(applied.status());
  ListPage page(asked);
  absl::Status status;
  const auto take_met = [&](const Snapshot::Met& met) { return page.Take(met); };
  Lsn complete_from = 0;
  switch (asked.order) {
    case protocol::ListOrder::kSource:
      status = snapshot->List(*partition, {.after = asked.after, .prefix = asked.prefix},
                              [&](const StoredReference& reference) {
                                return page.Take({0, {}, reference.source, &reference});
                              });
      break;
    case protocol::ListOrder::kNewest: {
      const auto listed = snapshot->ListNewest(
          *partition, {.lsn = asked.after_lsn, .source = asked.after}, take_met);
      status = listed.status();
      if (listed.ok()) complete_from = *listed;
      break;
    }
    case protocol::ListOrder::kTarget:
      status = snapshot->ListByTarget(
          *partition,
          {.target = asked.after_target, .source = asked.after, .prefix = asked.target_prefix},
          [&](std::string_view target, std::string_view after) {
            return SourcesOf(asked.place, target, after);
          },
          take_met);
      break;
  }
  if (!status.ok()) return RefusingFor<Reply>(status);
  return ReplyOf<Reply>(page.End(applied->lsn, complete_from), applied->lsn);
}

std::optional<std::vector<std::string>> Queries::SourcesOf(PlaceId place, std::string_view target,
                                                           std::string_view after) {
  IdList targets;
  targets.Add(target);
  uint32_t told = 0;
  std::vector<std::string> sources;
  const bool found = store_.Reverse(slot_, place, targets.View(), kSourcesToldMax,
                                    [&](uint32_t, std::string_view source) {
                                      ++told;
                                      if (source > after) sources.emplace_back(source);
                                    });
  if (!found || told == kSourcesToldMax) return std::nullopt;
  std::sort(sources.begin(), sources.end());
  return sources;
}

Queries::Reply Queries::Answer(const protocol::HistoryRequest& asked) {
  bool exists = false;
  store_.ReadCatalog(slot_, [&](const Catalog& catalog, auto) {
    exists = catalog.FindType(asked.place) != nullptr;
  });
  if (!exists) return Refusing<Reply>(protocol::NoSuchPlace(asked.place));
  // Rare, and wrong where it lacks the latest changes: so it waits for them.
  Freshen(kAnyChanges, kLongFoldWait);
  const auto snapshot = files_.snapshots->current();
  Texts texts;
  const auto keep = [&](std::string_view text) -> std::string_view {
    return texts.emplace_back(text);
  };
  protocol::HistoryReply reply;
  const auto applied = snapshot->ReadApplied();
  if (!applied.ok()) return RefusingFor<Reply>(applied.status());
  reply.as_of = applied->lsn;

  const auto partitions = PastPartitionsOf(*snapshot, asked.place);
  if (!partitions.ok()) return RefusingFor<Reply>(partitions.status());
  absl::Status status;
  for (const PastPartition& past : *partitions) {
    protocol::PastEvent purged{.kind = protocol::PastEventKind::kPurged,
                               .time_us = past.purged_us,
                               .lsn = past.purged_lsn,
                               .actor = keep(past.purged_by)};
    std::string_view first_target;
    const auto added = [&](const Stamp& created, std::string_view target) {
      reply.events.push_back({.kind = protocol::PastEventKind::kAdded,
                              .origin = static_cast<uint8_t>(created.origin),
                              .time_us = created.time_us,
                              .lsn = created.lsn,
                              .actor = keep(created.actor),
                              .after = first_target.empty() ? target : first_target});
    };
    status = snapshot->ReadHistory(past.partition, asked.source, [&](const HistoryEvent& event) {
      const bool links = event.kind == EventKind::kPut || event.kind == EventKind::kEdited;
      const protocol::PastEvent told{
          .kind = static_cast<protocol::PastEventKind>(event.kind),
          .origin = links ? static_cast<uint8_t>(event.made.origin) : protocol::kAnyOrigin,
          .time_us = event.made.time_us,
          .lsn = event.made.lsn,
          .actor = keep(event.made.actor),
          .before = keep(event.before),
          .after = keep(event.after)};
      if (links && first_target.empty()) first_target = told.before;
      if (event.kind == EventKind::kDeleted) {
        if (event.created.lsn != 0) added(event.created, told.before);
        first_target = {};
      }
      reply.events.push_back(told);
    });
    if (!status.ok()) return RefusingFor<Reply>(status);
    const bool current = past.purged_lsn == 0;
    status.Update(snapshot
                      ->Find(past.partition, asked.source,
                             [&](const StoredReference& reference) {
                               if (current) {
                                 Keep(reply.reference.emplace(Listed(reference)), texts);
                                 return;
                               }
                               purged.before = keep(reference.target);
                               added(reference.created, purged.before);
                             })
                      .status());
    if (!current) reply.events.push_back(purged);
  }
  if (!status.ok()) return RefusingFor<Reply>(status);
  std::stable_sort(reply.events.begin(), reply.events.end(),
                   [](const auto& a, const auto& b) { return a.lsn < b.lsn; });

  store_.ReadReservations([&](const Reservations& reservations) {
    reply.ignored = reservations.IsIgnored(asked.place, asked.source);
    if (const Claim* claim = reservations.FindClaim(asked.place, asked.source)) {
      reply.claim = {.source = asked.source,
                     .owner = keep(claim->owner),
                     .lost_owner = keep(claim->lost_owner),
                     .token = claim->token,
                     .remaining_ms = (claim->until_us - WallClockNow()) / 1000};
    }
  });
  if (reply.reference) {
    IdList target;
    target.Add(reply.reference->target);
    const bool found = store_.Reverse(slot_, asked.place, target.View(), kOtherSourcesMax,
                                      [&](uint32_t, std::string_view source) {
                                        if (source == asked.source) return;
                                        reply.other_sources.push_back(keep(source));
                                      });
    if (!found) reply.other_sources.clear();  // the place was dropped meanwhile
  }
  return ReplyOf<Reply>(reply, reply.as_of);
}

bool Queries::IsKept(PlaceId place, PlaceId partition) {
  bool kept = false;
  store_.ReadCatalog(slot_, [&](const Catalog& catalog, auto) {
    const CatalogType* type = catalog.FindType(place);
    if (type == nullptr) return;  // dropped meanwhile
    kept = type->partition == partition || catalog.FindTrash(partition) != nullptr;
  });
  return kept;
}

Queries::Reply Queries::Answer(const protocol::LookupAtRequest& asked) {
  bool exists = false;
  store_.ReadCatalog(slot_, [&](const Catalog& catalog, auto) {
    exists = catalog.FindType(asked.place) != nullptr;
  });
  if (!exists) return Refusing<Reply>(protocol::NoSuchPlace(asked.place));
  const Lsn wanted = state_.lsn;
  Freshen(kAnyChanges, kLongFoldWait);
  if (state_.snapshot_lsn < wanted) {
    return Refusing<Reply>(StatusCode::kOverloaded,
                           "the latest changes are still being written to the disk; try again");
  }
  const auto snapshot = files_.snapshots->current();
  const auto applied = snapshot->ReadApplied();
  if (!applied.ok()) return RefusingFor<Reply>(applied.status());
  if (asked.time_us < applied->history_from_us) {
    return Refusing<Reply>(
        StatusCode::kBadRequest,
        fmt::format("what was linked then is not known any more: history reaches back to "
                    "{:%Y-%m-%dT%H:%M:%S}Z, since the server keeps it for so many days "
                    "(--history-days)",
                    fmt::gmtime(applied->history_from_us / 1'000'000 + 1)));
  }
  const auto partitions = PastPartitionsOf(*snapshot, asked.place);
  if (!partitions.ok()) return RefusingFor<Reply>(partitions.status());
  const auto then =
      std::find_if(partitions->begin(), partitions->end(), [&](const PastPartition& past) {
        return past.purged_lsn == 0 || past.purged_us > asked.time_us;
      });
  Reply reply;
  reply.as_of = applied->lsn;
  protocol::LookupReplyWriter targets(asked.sources.count, reply.payload);
  IdCursor sources(asked.sources);
  for (uint32_t i = 0; i < asked.sources.count; ++i) {
    const auto target = TargetAt(*snapshot, then->partition, sources.Next(), asked.time_us);
    if (!target.ok()) return RefusingFor<Reply>(target.status());
    const std::string_view view = *target;
    targets.Append({&view, 1});
  }
  // Only now: it may have been emptied while it was read.
  if (!IsKept(asked.place, then->partition)) {
    return Refusing<Reply>(
        StatusCode::kBadRequest,
        fmt::format("what was linked then is not known any more: it was purged at "
                    "{:%Y-%m-%dT%H:%M:%S}Z, and the trash was emptied since (--trash-days)",
                    fmt::gmtime(then->purged_us / 1'000'000)));
  }
  return reply;
}

// ---- The trash ----

Queries::Reply Queries::Answer(const TrashListRequest& asked) {
  Reply encoded;
  store_.ReadCatalog(slot_, [&](const Catalog& catalog, auto) {
    protocol::TrashReply reply;
    const int64_t kept_us = std::chrono::microseconds(trash_kept_).count();
    for (const Trash& trash : catalog.trash()) {
      const CatalogType* type = catalog.FindType(trash.place);
      // What is left of purges in a dropped integration cannot be restored before that is.
      if (type == nullptr && !trash.integration) continue;
      const Integration* integration =
          trash.integration ? &*trash.integration : catalog.FindIntegrationOf(trash.place);
      if (!asked.access.Sees(integration->name)) continue;
      reply.trash.push_back({.trash = trash.number,
                             .integration = integration->name,
                             .type = type != nullptr ? std::string_view(type->name) : "",
                             .references = trash.references,
                             .purged_us = trash.time_us,
                             .expires_us = trash.time_us + kept_us,
                             .actor = trash.actor});
    }
    encoded = ReplyOf<Reply>(reply);
  });
  return encoded;
}

template <typename Request>
Queries::Reply Queries::Commit(const Request& request) {
  auto change = std::make_unique<ChangeRequest>();
  if constexpr (!std::is_same_v<Request, protocol::MutationRequest>) {
    change->asked = request;
  } else {
    protocol::Encode(request, change->payload);
    const protocol::Bytes payload(reinterpret_cast<const uint8_t*>(change->payload.data()),
                                  change->payload.size());
    auto& asked = change->asked.template emplace<Request>(Request{.mutation = request.mutation});
    if (const auto refusal = Decode(payload, asked)) {
      return Refusing<Reply>(refusal->status, refusal->message);
    }
  }
  const auto frame = std::make_shared<std::promise<std::string>>();
  auto committed = frame->get_future();
  change->done = [frame](std::string bytes) { frame->set_value(std::move(bytes)); };
  if (commits_.TryPush(change) != CommitQueue::Push::kTaken) {
    return Refusing<Reply>(StatusCode::kOverloaded,
                           "too many changes wait to be committed; try again");
  }
  const std::string bytes = committed.get();
  if (bytes.empty()) {
    return Refusing<Reply>(StatusCode::kReadOnly,
                           "this daemon ceased to be the primary before this was confirmed, so it "
                           "may have been done or not; look at the new primary");
  }
  const auto parsed = protocol::ParseFrame(
      {reinterpret_cast<const uint8_t*>(bytes.data()), bytes.size()}, protocol::kReplyBytesMax);
  const auto& whole = std::get<protocol::Parsed>(parsed).frame;
  return {whole.header.status,
          std::string(reinterpret_cast<const char*>(whole.payload.data()), whole.payload.size())};
}

Queries::Reply Queries::Answer(const protocol::RestoreRequest& asked) {
  std::optional<Trash> trash;
  std::optional<std::string> refused;
  store_.ReadCatalog(slot_, [&](const Catalog& catalog, auto) {
    const Trash* found = catalog.FindTrash(asked.trash);
    if (found == nullptr) return;
    trash = *found;
    if (const Trash* dropped = catalog.FindDroppedOf(found->place)) {
      refused = fmt::format(
          "the integration \"{}\" of this purge was dropped, and waits in the trash under the "
          "number {}; restore that first",
          dropped->integration->name, dropped->number);
    } else if (!found->integration && !asked.name.empty()) {
      refused = "what a purge removed comes back where it was; only an integration takes a name";
    }
  });
  if (refused) return Refusing<Reply>(StatusCode::kForbidden, *refused);
  if (!trash) {
    const protocol::Refusal refusal = protocol::NoSuchTrash(asked.trash);
    return Refusing<Reply>(refusal.status, refusal.message);
  }
  // What was there when it was thrown away must all be on the disk.
  if (state_.snapshot_lsn < trash->lsn) Freshen(kAnyChanges, kLongFoldWait);
  if (state_.snapshot_lsn < trash->lsn) {
    return Refusing<Reply>(StatusCode::kOverloaded,
                           "what was there is still being written to the disk; try again");
  }
  return trash->integration ? RestoreIntegration(asked, *trash->integration)
                            : RestorePurged(asked, trash->place);
}

Queries::Reply Queries::RestoreIntegration(const protocol::RestoreRequest& asked,
                                           const Integration& dropped) {
  const std::vector<CatalogType>& types = dropped.types;
  if (asked.part >= types.size()) {
    return Refusing<Reply>(StatusCode::kBadRequest,
                           fmt::format("the integration has {} entity types", types.size()));
  }
  const CatalogType& type = types[asked.part];
  const std::string_view name = asked.name.empty() ? std::string_view(dropped.name) : asked.name;
  IdList sources;
  IdList targets;
  std::string last;
  protocol::RestoreReply reply{.next_part = asked.part};
  const auto read = files_.snapshots->current()->List(
      type.partition, {.after = asked.after, .prefix = {}}, [&](const StoredReference& reference) {
        reply.more = sources.size() == kRestoredAtOnce;
        if (reply.more) return false;
        sources.Add(reference.source);
        targets.Add(reference.target);
        last = reference.source;
        return true;
      });
  if (!read.ok()) return RefusingFor<Reply>(read);
  Reply step = Commit(GatherRequest{.trash = asked.trash,
                                    .name = name,
                                    .begin = asked.part == 0 && asked.after.empty(),
                                    .place = type.place,
                                    .sources = sources.View(),
                                    .targets = targets.View()});
  if (step.status != StatusCode::kOk) return step;
  reply.restored = sources.size();
  if (reply.more) {
    reply.next = last;
  } else if (asked.part + 1U < types.size()) {
    reply.more = true;
    ++reply.next_part;
  } else {
    step = Commit(RestoreIntegrationRequest{asked.trash, name, asked.actor});
    if (step.status != StatusCode::kOk) return step;
  }
  return ReplyOf<Reply>(reply);
}

Queries::Reply Queries::RestorePurged(const protocol::RestoreRequest& asked, PlaceId place) {
  const auto snapshot = files_.snapshots->current();
  protocol::RestoreReply reply;
  struct Batch {
    IdList sources;
    IdList targets;
  };
  Batch batches[kOriginLast + 1];
  Texts texts;
  uint32_t taken = 0;
  auto status = snapshot->List(
      asked.trash, {.after = asked.after, .prefix = {}}, [&](const StoredReference& reference) {
        if (taken == kRestoredAtOnce) {
          reply.more = true;
          return false;
        }
        ++taken;
        Batch& batch = batches[static_cast<uint8_t>(reference.created.origin)];
        batch.sources.Add(reference.source);
        batch.targets.Add(reference.target);
        if (taken == kRestoredAtOnce) {
          reply.next = texts.emplace_back(reference.source);
        }
        return true;
      });
  if (!status.ok()) return RefusingFor<Reply>(status);
  for (uint8_t origin = 0; origin <= kOriginLast; ++origin) {
    const Batch& batch = batches[origin];
    if (batch.sources.size() == 0) continue;
    Reply committed = Commit(protocol::MutationRequest{.mutation = protocol::Mutation::kAdd,
                                                       .place = place,
                                                       .origin = static_cast<Origin>(origin),
                                                       .actor = asked.actor,
                                                       .sources = batch.sources.View(),
                                                       .targets = batch.targets.View()});
    if (committed.status != StatusCode::kOk) return committed;
    const std::string& payload = texts.emplace_back(std::move(committed.payload));
    protocol::MutationReply added;
    const auto unreadable =
        protocol::Decode({reinterpret_cast<const uint8_t*>(payload.data()), payload.size()}, added);
    if (unreadable) return Refusing<Reply>(StatusCode::kInternal, unreadable->message);
    IdCursor sources(batch.sources.View());
    IdCursor targets(batch.targets.View());
    for (const protocol::Outcome& outcome : added.outcomes) {
      const std::string_view source = sources.Next();
      const std::string_view target = targets.Next();
      if (outcome.verdict == protocol::Verdict::kDone) {
        ++reply.restored;
      } else if (outcome.verdict == protocol::Verdict::kUnchanged) {
        ++reply.unchanged;
      } else {
        reply.refused.push_back({source, target, outcome});
      }
    }
  }
  return ReplyOf<Reply>(reply);
}

void Queries::EmptyOldTrash() {
  if (state_.phase() != Phase::kReady) return;
  std::vector<PlaceId> old;
  store_.ReadCatalog(slot_, [&](const Catalog& catalog, auto) {
    const int64_t before = WallClockNow() - std::chrono::microseconds(trash_kept_).count();
    for (const Trash& trash : catalog.trash()) {
      if (trash.time_us < before) old.push_back(trash.number);
    }
  });
  for (const PlaceId number : old) {
    const Reply reply = Commit(EmptyTrashRequest{number});
    if (reply.status == StatusCode::kOk) {
      spdlog::info("the trash {} was kept for long enough and is emptied", number);
    }
  }
}

}  // namespace xref
