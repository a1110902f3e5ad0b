#include "bench/add_workload.h"

#include <fmt/format.h>

#include <algorithm>
#include <numeric>
#include <random>
#include <utility>

#include "bench/progress.h"
#include "bench/server_cpu.h"
#include "bench/workload.h"
#include "bench/xrefd_peer.h"

namespace xref::bench {
namespace {

constexpr uint32_t kSample = 1'000;

}  // namespace

std::vector<uint32_t> RandomOrder(uint32_t count) {
  std::vector<uint32_t> numbers(count);
  std::iota(numbers.begin(), numbers.end(), 0U);
  std::shuffle(numbers.begin(), numbers.end(), std::mt19937_64(count));
  return numbers;
}

absl::StatusOr<Timing> AddReferences(Peer& peer, Shape shape, std::span<const uint32_t> numbers,
                                     uint32_t batch, const Pace& pace) {
  const auto part = [&](uint64_t i) {
    const size_t first = i * batch;
    return numbers.subspan(first, std::min<size_t>(batch, numbers.size() - first));
  };
  std::vector<std::string> requests((numbers.size() + batch - 1) / batch);
  IdList sources;
  IdList targets;
  for (size_t i = 0; i < requests.size(); ++i) {
    sources.Clear();
    targets.Clear();
    for (const uint32_t number : part(i)) {
      sources.Add(SourceId(shape, number));
      targets.Add(TargetId(number));
    }
    requests[i] = peer.EncodeAdd(sources.View(), targets.View());
  }
  return peer.connection().Exchange(
      requests.size(), pace, [&](uint64_t i) { return std::string_view(requests[i]); },
      [&](uint64_t i, std::string_view received) {
        return peer.TakeAdded(received, static_cast<uint32_t>(part(i).size()));
      });
}

absl::Status VerifySample(Peer& peer, Shape shape, uint64_t first, uint64_t count) {
  if (count == 0) return absl::OkStatus();
  std::mt19937_64 random(count);
  std::vector<std::string> expected;
  IdList sources;
  for (uint32_t i = 0; i < kSample; ++i) {
    const uint64_t number = first + random() % count;
    sources.Add(SourceId(shape, number));
    expected.push_back(TargetId(number));
  }
  const auto targets = peer.Lookup(sources.View());
  if (!targets.ok()) return targets.status();
  if (*targets != expected) return absl::InternalError("what was added looks up to other targets");
  return absl::OkStatus();
}

absl::StatusOr<AddRound> MeasureAdds(Peer& peer, int server_pid, Shape shape,
                                     std::span<const uint32_t> numbers, uint32_t batch,
                                     const Pace& pace) {
  const auto cpu_before = ProcessCpuNs(server_pid);
  if (!cpu_before.ok()) return cpu_before.status();
  auto timing = AddReferences(peer, shape, numbers, batch, pace);
  if (!timing.ok()) return timing.status();
  const auto cpu_after = ProcessCpuNs(server_pid);
  if (!cpu_after.ok()) return cpu_after.status();
  if (auto status = VerifySample(peer, shape, 0, numbers.size()); !status.ok()) {
    return status;
  }
  const auto added = static_cast<double>(numbers.size());
  const double seconds = timing->seconds;
  return AddRound{*std::move(timing), added / seconds,
                  static_cast<double>(*cpu_after - *cpu_before) / added};
}

WorkloadResults RunAdds(const WorkloadOptions& options) {
  auto peer = XrefdPeer::Connect(options.server, options.tls);
  if (!peer.ok()) return peer.status();
  const auto pid = StatusFact((*peer)->client(), "pid");
  if (!pid.ok()) return pid.status();
  const std::vector<uint32_t> numbers = RandomOrder(static_cast<uint32_t>(options.references));
  // No run before this one has used the names of its places.
  const auto run = std::chrono::system_clock::now().time_since_epoch().count();
  std::vector<WorkloadResult> results;
  for (const uint32_t batch : options.batches) {
    WorkloadResult result{.name = "add", .batch = batch};
    for (uint32_t r = 0; r < options.rounds; ++r) {
      ShowProgress(fmt::format("add, batch {}, round {} of {}", batch, r + 1, options.rounds));
      if (auto status = (*peer)->Make(fmt::format("add-{}-{}-{}", run, batch, r)); !status.ok()) {
        return status;
      }
      const auto round = MeasureAdds(**peer, static_cast<int>(*pid), options.shape, numbers, batch,
                                     options.pace(batch));
      if (!round.ok()) return round.status();
      Asked added{.ids = numbers.size(),
                  .seconds = round->timing.seconds,
                  .server_ns_per_id = round->server_ns_per_add};
      added.NoteLatencies(round->timing);
      result.AddRound(added);
    }
    results.push_back(std::move(result));
  }
  EndProgress();
  return results;
}

}  // namespace xref::bench
