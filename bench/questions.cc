#include "bench/questions.h"

#include <fmt/format.h>

#include <algorithm>
#include <numeric>
#include <random>
#include <thread>

#include "bench/progress.h"
#include "bench/server_cpu.h"

namespace xref::bench {
namespace {

constexpr uint64_t kDistinctIds = 2'000'000;
constexpr uint64_t kDistinctQuestions = 500'000;
constexpr uint32_t kLoadBatch = 10'000;
constexpr uint64_t kLoadedAtOnce = 1'000'000;  // whose requests are encoded beforehand

struct Share {
  absl::StatusOr<Timing> timing;
  uint64_t hits = 0;
};

Share Ask(const AskedPeer& peer, Connection& connection, const std::vector<Prepared>& questions,
          uint64_t first, uint64_t count, const Pace& pace) {
  Share share{absl::UnknownError("it did not run")};
  const auto number = [&](uint64_t i) { return (first + i) % questions.size(); };
  share.timing = connection.Exchange(
      count, pace, [&](uint64_t i) { return std::string_view(questions[number(i)].request); },
      [&](uint64_t i, std::string_view received) {
        const Prepared& asked = questions[number(i)];
        auto taken = peer.TakeAnswer(received, asked.answer);
        if (taken.ok() && *taken > 0) share.hits += asked.hits;
        return taken;
      });
  return share;
}

}  // namespace

void Asked::NoteLatencies(const Timing& timing) {
  for (const double ms : timing.latency_ms) latency.Record(static_cast<uint64_t>(ms * 1e6));
}

std::vector<Prepared> DrawQuestions(const AskedPeer& peer, const Draw& draw) {
  std::mt19937_64 random(draw.batch);
  const uint64_t ids = std::min({draw.ids_max, kDistinctIds, kDistinctQuestions * draw.batch});
  std::vector<Prepared> questions(std::max<uint64_t>(1, ids / draw.batch));
  IdList sources;
  std::vector<std::string> targets(draw.batch);
  for (Prepared& question : questions) {
    sources.Clear();
    for (std::string& target : targets) {
      const bool hit = random() % 100 < draw.hit_percent;
      const uint64_t number = random() % draw.references;
      sources.Add(SourceId(draw.shape, hit ? number : kNeverHeld + number));
      target = hit ? TargetId(number) : "";
      question.hits += hit;
    }
    question.request = peer.EncodeQuestion(sources.View());
    question.answer = peer.EncodeAnswer(sources.View(), targets);
  }
  return questions;
}

absl::StatusOr<Asked> AskRound(const AskedPeer& peer, std::span<Connection* const> connections,
                               const std::vector<Prepared>& questions, uint32_t batch,
                               const Pace& pace, const Amount& amount,
                               std::optional<int> server_pid) {
  // Of one connection.
  const uint64_t count = std::max<uint64_t>(1, amount.ids / batch / connections.size());
  Pace paced = pace;
  paced.time = amount.time;
  std::vector<Share> shares;
  for (size_t c = 0; c < connections.size(); ++c) shares.push_back({absl::UnknownError("")});
  const auto cpu_before = server_pid ? ProcessCpuNs(*server_pid) : 0;
  if (!cpu_before.ok()) return cpu_before.status();
  const auto begun = Clock::now();
  std::vector<std::thread> threads;
  for (size_t c = 0; c < connections.size(); ++c) {
    threads.emplace_back([&, c] {
      const uint64_t first = c * questions.size() / connections.size();
      shares[c] = Ask(peer, *connections[c], questions, first, count, paced);
    });
  }
  for (std::thread& thread : threads) thread.join();
  Asked asked{.seconds = std::chrono::duration<double>(Clock::now() - begun).count()};
  const auto cpu_after = server_pid ? ProcessCpuNs(*server_pid) : 0;
  if (!cpu_after.ok()) return cpu_after.status();
  for (const Share& share : shares) {
    if (!share.timing.ok()) return share.timing.status();
    asked.ids += share.timing->latency_ms.size() * batch;
    asked.hits += share.hits;
    asked.NoteLatencies(*share.timing);
  }
  if (server_pid) {
    asked.server_ns_per_id =
        static_cast<double>(*cpu_after - *cpu_before) / static_cast<double>(asked.ids);
  }
  return asked;
}

absl::Status LoadReferences(AskedPeer& peer, Shape shape, uint64_t references) {
  for (uint64_t begin = 0; begin < references; begin += kLoadedAtOnce) {
    ShowProgress(fmt::format("loading {} of {} references", begin, references));
    const uint64_t end = std::min(references, begin + kLoadedAtOnce);
    std::vector<std::string> requests;
    IdList sources;
    IdList targets;
    for (uint64_t next = begin; next < end;) {
      sources.Clear();
      targets.Clear();
      for (; next < end && sources.size() < kLoadBatch; ++next) {
        sources.Add(SourceId(shape, next));
        targets.Add(TargetId(next));
      }
      requests.push_back(peer.EncodeAdd(sources.View(), targets.View()));
    }
    const auto timing = peer.connection().Exchange(
        requests.size(), {.in_flight = 4},
        [&](uint64_t i) { return std::string_view(requests[i]); },
        [&](uint64_t, std::string_view received) { return peer.TakeLoaded(received); });
    if (!timing.ok()) return timing.status();
  }
  EndProgress();
  return absl::OkStatus();
}

}  // namespace xref::bench
