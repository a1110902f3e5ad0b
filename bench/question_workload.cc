#include <fmt/format.h>

#include <algorithm>
#include <memory>
#include <thread>
#include <utility>

#include "bench/add_workload.h"
#include "bench/progress.h"
#include "bench/workload.h"
#include "bench/xrefd_peer.h"

namespace xref::bench {
namespace {

// Numbers of IDs that RunMixed adds: from here on, and far below those that are never held. Each
// second has a million of its own, so that no two runs add the same.
constexpr uint64_t kAddedFrom = 100'000'000'000;
constexpr uint64_t kAddedInASecond = 1'000'000;
constexpr uint64_t kSecondsUntilTheSame = 300'000;

// A server, what was loaded into it, and the connections that ask.
class Asking {
 public:
  static absl::StatusOr<std::unique_ptr<Asking>> Begin(const WorkloadOptions& options,
                                                       protocol::Opcode question) {
    if (options.ids == 0 && options.seconds == 0) {
      return absl::InvalidArgumentError("a round would never end: give --seconds or --ids");
    }
    auto peer = ConnectLoaded(options.server, options.tls, options.shape, options.shape_name,
                              options.references);
    if (!peer.ok()) return peer.status();
    std::unique_ptr<Asking> asking(new Asking(options, *std::move(peer)));
    asking->peer().set_question(question);
    if (asking->peer().connection().IsLocal()) {
      const auto pid = StatusFact(asking->peer().client(), "pid");
      if (!pid.ok()) return pid.status();
      asking->pid_ = static_cast<int>(*pid);
    }
    for (uint32_t c = 0; c < options.connections; ++c) {
      auto connection = asking->peer().Open();
      if (!connection.ok()) return connection.status();
      asking->connections_.push_back(*std::move(connection));
      asking->borrowed_.push_back(asking->connections_.back().get());
    }
    return asking;
  }

  std::vector<Prepared> Questions(uint32_t batch) const {
    ShowProgress(fmt::format("encoding requests of {} IDs", batch));
    return DrawQuestions(*peer_, {.shape = options_.shape,
                                  .references = options_.references,
                                  .hit_percent = options_.hit_percent,
                                  .batch = batch,
                                  .ids_max = options_.amount().ids});
  }

  absl::StatusOr<Asked> Round(const std::vector<Prepared>& questions, uint32_t batch) {
    return AskRound(*peer_, borrowed_, questions, batch, options_.pace(batch), options_.amount(),
                    pid_);
  }

  XrefdPeer& peer() { return *peer_; }

 private:
  Asking(const WorkloadOptions& options, std::unique_ptr<XrefdPeer> peer)
      : options_(options), peer_(std::move(peer)) {}

  const WorkloadOptions& options_;
  const std::unique_ptr<XrefdPeer> peer_;
  std::optional<int> pid_;  // of a server on this machine
  std::vector<std::unique_ptr<Connection>> connections_;
  std::vector<Connection*> borrowed_;
};

void ShowRound(const char* name, uint32_t batch, uint32_t round, const WorkloadOptions& options,
               const WorkloadResult& result) {
  ShowProgress(fmt::format("{}, batch {}, round {} of {}: {:.0f} IDs/s", name, batch, round + 1,
                           options.rounds, result.ids_per_second.Median()));
}

WorkloadResults RunQuestions(const WorkloadOptions& options, const char* name,
                             protocol::Opcode question) {
  const auto asking = Asking::Begin(options, question);
  if (!asking.ok()) return asking.status();
  std::vector<WorkloadResult> results;
  for (const uint32_t batch : options.batches) {
    const std::vector<Prepared> questions = (*asking)->Questions(batch);
    WorkloadResult result{.name = name, .batch = batch};
    for (uint32_t round = 0; round < options.rounds; ++round) {
      const auto asked = (*asking)->Round(questions, batch);
      if (!asked.ok()) return asked.status();
      result.AddRound(*asked);
      ShowRound(name, batch, round, options, result);
    }
    results.push_back(std::move(result));
  }
  EndProgress();
  return results;
}

// Adds references `first`, `first` + 1, ... for as long as there is time.
absl::StatusOr<Asked> AddFor(XrefdPeer& peer, const WorkloadOptions& options, uint32_t batch,
                             uint64_t first) {
  std::string request;
  const auto timing = peer.connection().Exchange(
      UINT64_MAX,
      {.in_flight = options.in_flight,
       .requests_per_second = static_cast<double>(options.add_rate) / batch,
       .time = options.amount().time},
      [&](uint64_t i) {
        IdList sources;
        IdList targets;
        for (uint64_t number = first + i * batch; sources.size() < batch; ++number) {
          sources.Add(SourceId(options.shape, number));
          targets.Add(TargetId(number));
        }
        request = peer.EncodeAdd(sources.View(), targets.View());
        return std::string_view(request);
      },
      [&](uint64_t, std::string_view received) { return peer.TakeAdded(received, batch); });
  if (!timing.ok()) return timing.status();
  Asked added{.ids = timing->latency_ms.size() * batch, .seconds = timing->seconds};
  added.NoteLatencies(*timing);
  return added;
}

}  // namespace

absl::StatusOr<std::unique_ptr<XrefdPeer>> ConnectLoaded(const std::string& server,
                                                         const Channel::Tls& tls, Shape shape,
                                                         const std::string& shape_name,
                                                         uint64_t references) {
  auto peer = XrefdPeer::Connect(server, tls);
  if (!peer.ok()) return peer.status();
  auto status = (*peer)->Make(fmt::format("bench-{}-{}", shape_name, references));
  if (!status.ok()) return status;
  // They were loaded in their order, so where the last of them are there, all are.
  constexpr uint64_t kLastOnes = 10'000;
  const uint64_t last = std::min(references, kLastOnes);
  if (VerifySample(**peer, shape, references - last, last).ok()) return peer;
  status = LoadReferences(**peer, shape, references);
  if (!status.ok()) return status;
  return peer;
}

// ---- Options and results ----

Amount WorkloadOptions::amount() const {
  Amount amount;
  if (ids > 0) amount.ids = ids;
  if (seconds > 0) {
    amount.time =
        std::chrono::duration_cast<Clock::duration>(std::chrono::duration<double>(seconds));
  }
  return amount;
}

Pace WorkloadOptions::pace(uint32_t batch) const {
  return {.in_flight = in_flight,
          .requests_per_second = static_cast<double>(rate) / batch / connections};
}

void WorkloadResult::AddRound(const Asked& asked) {
  ids += asked.ids;
  hits += asked.hits;
  if (asked.server_ns_per_id) server_ns_per_id.Add(*asked.server_ns_per_id);
  ids_per_second.Add(static_cast<double>(asked.ids) / asked.seconds);
  latency.Merge(asked.latency);
}

// ---- Workloads ----

WorkloadResults RunChecks(const WorkloadOptions& options) {
  return RunQuestions(options, "check", protocol::Opcode::kCheck);
}

WorkloadResults RunLookups(const WorkloadOptions& options) {
  return RunQuestions(options, "lookup", protocol::Opcode::kLookup);
}

WorkloadResults RunMixed(const WorkloadOptions& options) {
  const auto asking = Asking::Begin(options, protocol::Opcode::kCheck);
  if (!asking.ok()) return asking.status();
  XrefdPeer& peer = (*asking)->peer();
  const auto now = std::chrono::duration_cast<std::chrono::seconds>(
      std::chrono::system_clock::now().time_since_epoch());
  uint64_t next =
      kAddedFrom + static_cast<uint64_t>(now.count()) % kSecondsUntilTheSame * kAddedInASecond;
  std::vector<WorkloadResult> results;
  for (const uint32_t batch : options.batches) {
    const std::vector<Prepared> questions = (*asking)->Questions(batch);
    WorkloadResult both{.name = "mixed", .batch = batch};
    WorkloadResult checks{.name = "checks of it", .batch = batch};
    WorkloadResult adds{.name = "adds of it", .batch = batch};
    for (uint32_t round = 0; round < options.rounds; ++round) {
      absl::StatusOr<Asked> added = absl::UnknownError("");
      std::thread adding([&] { added = AddFor(peer, options, batch, next); });
      auto asked = (*asking)->Round(questions, batch);
      adding.join();
      if (!asked.ok()) return asked.status();
      if (!added.ok()) return added.status();
      if (auto status = VerifySample(peer, options.shape, next, added->ids); !status.ok()) {
        return status;
      }
      next += added->ids;
      Asked all = *asked;
      all.ids += added->ids;
      all.seconds = std::max(asked->seconds, added->seconds);
      all.latency.Merge(added->latency);
      if (all.server_ns_per_id) {
        // What was measured is the whole process: it belongs to both.
        *all.server_ns_per_id *= static_cast<double>(asked->ids) / static_cast<double>(all.ids);
      }
      asked->server_ns_per_id.reset();
      both.AddRound(all);
      checks.AddRound(*asked);
      adds.AddRound(*added);
      ShowRound("mixed", batch, round, options, both);
    }
    for (WorkloadResult* result : {&both, &checks, &adds}) results.push_back(std::move(*result));
  }
  EndProgress();
  return results;
}

}  // namespace xref::bench
