#include "bench/check_workload.h"

#include <fmt/format.h>
#include <unistd.h>

#include <algorithm>
#include <cstdio>
#include <memory>
#include <random>
#include <thread>
#include <utility>

#include "bench/exchange.h"
#include "bench/server_cpu.h"
#include "bench/xrefd_peer.h"
#include "protocol/messages.h"

namespace xref::bench {
namespace {

// IDs in the distinct requests of one batch size: their records and slots are far more than a
// processor's caches hold, and so are the requests themselves.
constexpr uint64_t kDistinctIds = 2'000'000;
// Numbers of IDs that are never loaded start here.
constexpr uint64_t kUnknownFrom = 500'000'000'000;
constexpr uint32_t kLoadBatch = 10'000;
constexpr size_t kLoadWindow = 4;

// A request in its frame, and the bitmap that is the right answer. The request ID is its number.
struct Prepared {
  std::string frame;
  std::vector<uint8_t> expected;
  uint64_t hits = 0;
};

absl::StatusOr<PlaceId> Load(XrefdPeer& peer, const CheckOptions& options) {
  // A place of its own for each shape and size, so that what is loaded is known exactly.
  const auto made = peer.Make(fmt::format("bench-{}-{}", options.shape_name, options.references));
  if (!made.ok()) return made;
  IdList sources;
  IdList targets;
  absl::Status failure;
  for (uint64_t next = 0; next < options.references;) {
    sources.Clear();
    targets.Clear();
    for (; sources.size() < kLoadBatch && next < options.references; ++next) {
      sources.Add(SourceId(options.shape, next));
      targets.Add(TargetId(next));
    }
    const auto status = peer.client().StartMutation(
        {.place = peer.place(),
         .origin = Origin::kSync,
         .actor = "xref-bench",
         .sources = sources.View(),
         .targets = targets.View()},
        kLoadWindow, [&](absl::StatusOr<protocol::MutationReply> reply) {
          if (!reply.ok()) failure.Update(reply.status());
        });
    if (!status.ok()) return status;
    if (!failure.ok()) return failure;
    if (isatty(STDERR_FILENO) == 1) {
      std::fprintf(stderr, "\rloading %llu of %llu references\x1b[K",
                   static_cast<unsigned long long>(next),
                   static_cast<unsigned long long>(options.references));
    }
  }
  if (isatty(STDERR_FILENO) == 1) std::fputs("\r\x1b[K", stderr);
  if (auto status = peer.client().Finish(); !status.ok()) return status;
  if (!failure.ok()) return failure;
  return peer.place();
}

std::vector<Prepared> Prepare(const CheckOptions& options, PlaceId place, uint32_t batch) {
  std::mt19937_64 random(batch);
  std::vector<Prepared> requests(
      std::max<uint64_t>(1, std::min(options.ids, kDistinctIds) / batch));
  for (size_t r = 0; r < requests.size(); ++r) {
    Prepared& request = requests[r];
    request.expected.resize((batch + 7) / 8);
    IdList ids;
    for (uint32_t i = 0; i < batch; ++i) {
      const bool hit = random() % 100 < options.hit_percent;
      const uint64_t number = random() % options.references;
      ids.Add(SourceId(options.shape, hit ? number : kUnknownFrom + number));
      request.expected[i / 8] |= static_cast<uint8_t>(hit << (i % 8));
      request.hits += hit;
    }
    request.frame = EncodeFrame(protocol::Opcode::kCheck, r,
                                protocol::IdsRequest{.place = place, .ids = ids.View()});
  }
  return requests;
}

struct Answers {
  uint64_t hits = 0;
  uint64_t wrong = 0;
  absl::Status status;
};

// Sends `count` of the requests, starting with number `first` and going round, and verifies
// replies.
Answers Ask(Connection& connection, const std::vector<Prepared>& requests, uint64_t first,
            uint64_t count, uint32_t in_flight) {
  Answers answers;
  const auto take_reply = [&](uint64_t, std::string_view received) -> absl::StatusOr<size_t> {
    protocol::CheckReply reply;
    protocol::FrameHeader header;
    const auto taken = TakeFrame(received, reply, header);
    if (!taken.ok() || *taken == 0) return taken;
    if (header.request_id >= requests.size()) {
      return absl::InternalError("a request was answered that was not asked");
    }
    const Prepared& asked = requests[header.request_id];
    const bool right = std::equal(asked.expected.begin(), asked.expected.end(),
                                  reply.bitmap.begin(), reply.bitmap.end());
    answers.hits += asked.hits;
    answers.wrong += right ? 0 : 1;
    return taken;
  };
  answers.status = connection
                       .Exchange(
                           count, {.in_flight = in_flight},
                           [&](uint64_t i) -> std::string_view {
                             return requests[(first + i) % requests.size()].frame;
                           },
                           take_reply)
                       .status();
  return answers;
}

struct Round {
  double server_ns_per_id;
  double ids_per_second;
  uint64_t ids;
  uint64_t hits;
  uint64_t wrong;
};

absl::StatusOr<Round> RunRound(const CheckOptions& options,
                               std::vector<std::unique_ptr<Connection>>& connections,
                               const std::vector<Prepared>& requests, uint32_t batch, int pid) {
  const uint64_t share =
      std::max<uint64_t>(1, options.ids / batch / connections.size());  // requests a connection
  std::vector<Answers> answers(connections.size());
  const auto cpu_before = ProcessCpuNs(pid);
  if (!cpu_before.ok()) return cpu_before.status();
  const auto begun = Clock::now();
  std::vector<std::thread> threads;
  for (size_t c = 0; c < connections.size(); ++c) {
    threads.emplace_back([&, c] {
      answers[c] = Ask(*connections[c], requests, c * share, share, options.in_flight);
    });
  }
  for (std::thread& thread : threads) thread.join();
  const double seconds = std::chrono::duration<double>(Clock::now() - begun).count();
  const auto cpu_after = ProcessCpuNs(pid);
  if (!cpu_after.ok()) return cpu_after.status();
  Round round{};
  round.ids = share * connections.size() * batch;
  for (const Answers& one : answers) {
    if (!one.status.ok()) return one.status;
    round.hits += one.hits;
    round.wrong += one.wrong;
  }
  round.server_ns_per_id =
      static_cast<double>(*cpu_after - *cpu_before) / static_cast<double>(round.ids);
  round.ids_per_second = static_cast<double>(round.ids) / seconds;
  return round;
}

}  // namespace

absl::StatusOr<std::vector<CheckFigures>> RunCheckWorkload(const CheckOptions& options) {
  auto peer = XrefdPeer::Connect(options.server);
  if (!peer.ok()) return peer.status();
  const auto pid = StatusFact((*peer)->client(), "pid");
  if (!pid.ok()) return pid.status();
  const auto place = Load(**peer, options);
  if (!place.ok()) return place.status();
  std::vector<std::unique_ptr<Connection>> connections;
  for (uint32_t c = 0; c < options.connections; ++c) {
    auto connection = OpenGreeted(options.server);
    if (!connection.ok()) return connection.status();
    connections.push_back(*std::move(connection));
  }
  std::vector<CheckFigures> all;
  for (const uint32_t batch : options.batches) {
    const std::vector<Prepared> requests = Prepare(options, *place, batch);
    CheckFigures figures{.batch = batch};
    for (uint32_t r = 0; r < options.rounds; ++r) {
      const auto round = RunRound(options, connections, requests, batch, static_cast<int>(*pid));
      if (!round.ok()) return round.status();
      figures.server_ns_per_id.Add(round->server_ns_per_id);
      figures.ids_per_second.Add(round->ids_per_second);
      figures.ids = round->ids;
      figures.hits = round->hits;
      figures.wrong += round->wrong;
    }
    all.push_back(std::move(figures));
  }
  return all;
}

}  // namespace xref::bench
