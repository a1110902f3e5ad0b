#include "bench/add_workload.h"

#include <fmt/format.h>
#include <unistd.h>

#include <algorithm>
#include <numeric>
#include <random>
#include <utility>

#include "bench/server_cpu.h"
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

absl::Status VerifySample(Peer& peer, Shape shape, uint32_t count) {
  std::mt19937_64 random(count);
  std::vector<std::string> expected;
  IdList sources;
  for (uint32_t i = 0; i < kSample; ++i) {
    const uint64_t number = random() % count;
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
  if (auto status = VerifySample(peer, shape, static_cast<uint32_t>(numbers.size()));
      !status.ok()) {
    return status;
  }
  const auto added = static_cast<double>(numbers.size());
  const double seconds = timing->seconds;
  return AddRound{*std::move(timing), added / seconds,
                  static_cast<double>(*cpu_after - *cpu_before) / added};
}

absl::StatusOr<std::vector<AddFigures>> RunAddWorkload(const AddOptions& options) {
  auto peer = XrefdPeer::Connect(options.server);
  if (!peer.ok()) return peer.status();
  const auto pid = StatusFact((*peer)->client(), "pid");
  if (!pid.ok()) return pid.status();
  const std::vector<uint32_t> numbers = RandomOrder(static_cast<uint32_t>(options.references));
  // No run before this one has used the names of its places.
  const auto run = std::chrono::system_clock::now().time_since_epoch().count();
  std::vector<AddFigures> all;
  for (const uint32_t batch : options.batches) {
    AddFigures figures{.batch = batch};
    const Pace pace{.in_flight = options.in_flight,
                    .requests_per_second = static_cast<double>(options.rate) / batch};
    for (uint32_t r = 0; r < options.rounds; ++r) {
      if (auto status = (*peer)->Make(fmt::format("add-{}-{}-{}", run, batch, r)); !status.ok()) {
        return status;
      }
      const auto round =
          MeasureAdds(**peer, static_cast<int>(*pid), options.shape, numbers, batch, pace);
      if (!round.ok()) return round.status();
      figures.adds_per_second.Add(round->adds_per_second);
      figures.server_ns_per_add.Add(round->server_ns_per_add);
      figures.p50_ms.Add(Quantile(round->timing.latency_ms, 0.5));
      figures.p99_ms.Add(Quantile(round->timing.latency_ms, 0.99));
      figures.max_ms.Add(Quantile(round->timing.latency_ms, 1));
    }
    all.push_back(std::move(figures));
  }
  return all;
}

}  // namespace xref::bench
