// What a session tells of the daemon.

#include <fmt/format.h>
#include <unistd.h>

#include <chrono>
#include <iterator>
#include <string_view>

#include "daemon/limits.h"
#include "daemon/session.h"

namespace xref {
namespace {

using protocol::FrameHeader;
using protocol::FrameWriter;

// How many items of mutations were answered with each verdict.
constexpr std::string_view kItemFacts[] = {
    "items_done",    "items_unchanged",       "items_conflict",     "items_duplicate",
    "items_missing", "items_ignored",         "items_target_taken", "items_synced",
    "items_granted", "items_outcome_unknown", "items_held",         "items_stale_token"};
static_assert(std::size(kItemFacts) == protocol::kVerdictLast + 1);

}  // namespace

void Session::AnswerStatus(const FrameHeader& header, std::string& out) {
  const ServerState& state = service_.state;
  const Phase phase = this->phase();
  protocol::StatusReply reply;
  const auto fact = [&](std::string_view name, const auto& value) {
    reply.facts.emplace_back(name, fmt::format("{}", value));
  };
  const auto sum = [&](std::atomic<uint64_t> IoCounters::*counter) {
    uint64_t total = 0;
    for (const IoCounters& io : state.io) total += io.*counter;
    return total;
  };
  fact("version", XREF_VERSION);
  fact("state", NameOf(phase));
  // While it loads nobody knows who may see what.
  const bool shows_all = access_ && access_->SeesAll();
  if (access_) AddAccessFacts(reply);
  if (shows_all) {
    const std::string troubles = state.troubles();
    if (!troubles.empty()) fact("trouble", troubles);
    fact("pid", getpid());
  }
  fact("uptime_seconds", std::chrono::duration_cast<std::chrono::seconds>(
                             std::chrono::steady_clock::now() - service_.started)
                             .count());
  if (shows_all) fact("data_folder", service_.data_folder);
  fact("epoch", state.epoch.load());
  fact("lsn", state.lsn.load());
  fact("snapshot_lsn", state.snapshot_lsn.load());
  AddReplicationFacts(reply);
  if (shows_all) {
    fact("memory_bytes", service_.store.bytes_reserved());
    fact("memory_limit_bytes", service_.memory_limit);
    fact("buffer_bytes", state.buffer_bytes());
    AddLimitFacts(reply);
  }

  const auto answer = [&] {
    FrameWriter writer = BeginReply(header, out);
    protocol::Encode(reply, out);
    writer.Close();
  };
  uint64_t references = state.references_loaded;
  const auto list_places = [&](const Catalog& catalog, ReferenceStore::SizeOf size_of) {
    references = 0;
    uint64_t integrations = 0;
    for (const auto& [name, integration] : catalog.integrations()) {
      if (!access_->Sees(name)) continue;
      ++integrations;
      for (const CatalogType& type : integration.types) {
        const auto size = size_of(type.place);
        references += size.references;
        reply.places.push_back(
            {name, type.name, size.references, size.bytes_used, size.bytes_reserved});
      }
    }
    fact("integrations", integrations);
    fact("references", references);
    // What is counted of all integrations together.
    if (!shows_all) return answer();
    fact("connections", sum(&IoCounters::connections));
    fact("requests", sum(&IoCounters::requests));
    fact("ids_checked", sum(&IoCounters::ids_checked));
    fact("ids_synced", sum(&IoCounters::ids_synced));
    fact("ids_looked_up", sum(&IoCounters::ids_looked_up));
    fact("targets_reversed", sum(&IoCounters::targets_reversed));
    for (uint8_t i = 0; i <= protocol::kVerdictLast; ++i) {
      fact(kItemFacts[i], state.writer.verdicts[i].load());
    }
    fact("commit_groups", state.writer.groups.load());
    fact("commit_group_changes_last", state.writer.group_changes_last.load());
    fact("commit_group_changes_max", state.writer.group_changes_max.load());
    fact("commit_group_changes_limit", kGroupChangesMax);
    fact("commit_group_bytes_last", state.writer.group_bytes_last.load());
    fact("commit_group_bytes_max", state.writer.group_bytes_max.load());
    fact("commit_group_bytes_limit", kGroupBytesMax);
    fact("commit_us_last", state.writer.group_us_last.load());
    fact("commit_us_max", state.writer.group_us_max.load());
    // The names in the reply are the catalog's own, so it is encoded before they are let go.
    answer();
  };
  if (phase == Phase::kLoading) {
    // Half a catalog would be taken for a whole one.
    fact("references_loaded", references);
    fact("references_expected", state.references_expected.load());
    answer();
  } else {
    if (shows_all) {
      fact("journal_bytes", service_.files.journal->BytesUsed());
      fact("journal_held_bytes", service_.files.journal->BytesHeld());
      fact("snapshot_bytes", service_.files.snapshots->current()->BytesUsed());
    }
    service_.store.ReadCatalog(io_thread_, list_places);
  }
}

void Session::AddLimitFacts(protocol::StatusReply& reply) const {
  for (size_t i = 0; i < kLimits; ++i) {
    const auto& [name, refused] = kLimitNames[i];
    reply.facts.emplace_back(name, fmt::format("{}", service_.limits[i]));
    if (refused.empty()) continue;
    const uint64_t count = service_.state.refusals.of(static_cast<Limit>(i));
    reply.facts.emplace_back(refused, fmt::format("{}", count));
  }
}

void Session::AddReplicationFacts(protocol::StatusReply& reply) const {
  const auto fact = [&](std::string_view name, const auto& value) {
    reply.facts.emplace_back(name, fmt::format("{}", value));
  };
  const ServerState& state = service_.state;
  if (service_.election) {
    const ElectionStatus election = service_.election->status();
    fact("cluster", service_.election->cluster());
    if (!election.trouble.empty()) fact("cluster_trouble", election.trouble);
    fact("may_take_over", NamesOf(election.in_record));
  }
  if (state.is_standby() || (service_.follower && state.phase() == Phase::kLoading)) {
    const FollowerStatus follower = service_.follower->status();
    fact("role", "standby");
    fact("primary", service_.follower->primary());
    fact("following", follower.connected ? "yes" : "no");
    if (!follower.trouble.empty()) fact("following_trouble", follower.trouble);
    if (follower.heard_ms >= 0) {
      const Lsn lsn = state.lsn;
      fact("primary_lsn", follower.primary_lsn);
      fact("lag_changes", follower.primary_lsn > lsn ? follower.primary_lsn - lsn : 0);
      const uint32_t lag_ms = LagMs(state.current_as_of);
      if (lag_ms != protocol::kLagUnknown) fact("lag_ms", lag_ms);
      fact("primary_heard_ms_ago", follower.heard_ms);
    }
    if (follower.compared_lsn > 0) {
      fact("compared_lsn", follower.compared_lsn);
      fact("compared_sum", Describe(follower.compared_sum));
    }
    return;
  }
  fact("role", "primary");
  fact("ack", service_.feed.level() == protocol::AckLevel::kStandby ? "standby" : "disk");
  const auto standbys = service_.feed.Standbys();
  size_t in_sync = 0;
  std::string list;
  for (const StandbyStatus& standby : standbys) {
    in_sync += standby.in_sync ? 1 : 0;
    if (!list.empty()) list += ", ";
    list += fmt::format("{} {} at LSN {}", standby.name,
                        standby.in_sync ? "in sync" : "not in sync", standby.durable);
  }
  fact("standbys", standbys.size());
  fact("standbys_in_sync", in_sync);
  if (!list.empty()) fact("standby_list", list);
}

}  // namespace xref
