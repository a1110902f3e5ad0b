#include "bench/check_workload.h"

#include <fmt/format.h>
#include <unistd.h>

#include <algorithm>
#include <chrono>
#include <cstdio>
#include <memory>
#include <random>
#include <thread>
#include <utility>

#include "bench/server_cpu.h"
#include "client/channel.h"
#include "client/client.h"
#include "protocol/frame.h"
#include "protocol/messages.h"

namespace xref::bench {
namespace {

using Clock = std::chrono::steady_clock;

constexpr std::chrono::seconds kTimeout{60};
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

absl::StatusOr<PlaceId> Load(Client& client, const CheckOptions& options) {
  // A place of its own for each shape and size, so that what is loaded is known exactly.
  const std::string name = fmt::format("bench-{}-{}", options.shape_name, options.references);
  const auto created = client.CreateIntegration({.name = name,
                                                 .source_platform = "source",
                                                 .target_platform = "target",
                                                 .actor = "xref-bench"});
  if (!created.ok()) return created.status();
  const auto place = client.Resolve(name, "orders");
  if (!place.ok()) return place;
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
    const auto status = client.StartMutation({.place = *place,
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
  if (auto status = client.Finish(); !status.ok()) return status;
  if (!failure.ok()) return failure;
  return place;
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
    protocol::FrameHeader header;
    header.opcode = protocol::Opcode::kCheck;
    header.request_id = r;
    protocol::FrameWriter writer(request.frame, header);
    protocol::Encode(protocol::IdsRequest{.place = place, .ids = ids.View()}, request.frame);
    writer.Close();
  }
  return requests;
}

struct Answers {
  uint64_t hits = 0;
  uint64_t wrong = 0;
  absl::Status status;
};

absl::StatusOr<std::unique_ptr<Channel>> OpenGreeted(const CheckOptions& options) {
  auto channel = Channel::Open(options.server, kTimeout);
  if (!channel.ok()) return channel;
  protocol::FrameHeader header;
  header.opcode = protocol::Opcode::kHello;
  std::string hello;
  protocol::FrameWriter writer(hello, header);
  protocol::Encode(protocol::HelloRequest{.client = "xref-bench"}, hello);
  writer.Close();
  if (auto status = (*channel)->Send(hello); !status.ok()) return status;
  if (const auto reply = (*channel)->Receive(kTimeout); !reply.ok()) return reply.status();
  return channel;
}

// Sends `count` of the requests, starting with number `first` and going round, and verifies
// replies.
Answers Ask(Channel& channel, const std::vector<Prepared>& requests, uint64_t first, uint64_t count,
            uint32_t in_flight) {
  Answers answers;
  uint64_t sent = 0;
  for (uint64_t received = 0; received < count; ++received) {
    for (; sent < count && sent < received + in_flight; ++sent) {
      answers.status = channel.Send(requests[(first + sent) % requests.size()].frame);
      if (!answers.status.ok()) return answers;
    }
    const auto frame = channel.Receive(kTimeout);
    if (!frame.ok()) {
      answers.status = frame.status();
      return answers;
    }
    protocol::CheckReply reply;
    if (frame->header.status != protocol::StatusCode::kOk ||
        frame->header.request_id >= requests.size() ||
        protocol::Decode(frame->payload, reply).has_value()) {
      answers.status = absl::InternalError("a request was not answered with a bitmap");
      return answers;
    }
    const Prepared& asked = requests[frame->header.request_id];
    const bool right = std::equal(asked.expected.begin(), asked.expected.end(),
                                  reply.bitmap.begin(), reply.bitmap.end());
    answers.hits += asked.hits;
    answers.wrong += right ? 0 : 1;
  }
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
                               std::vector<std::unique_ptr<Channel>>& channels,
                               const std::vector<Prepared>& requests, uint32_t batch, int pid) {
  const uint64_t share =
      std::max<uint64_t>(1, options.ids / batch / channels.size());  // requests a connection
  std::vector<Answers> answers(channels.size());
  const auto cpu_before = ProcessCpuNs(pid);
  if (!cpu_before.ok()) return cpu_before.status();
  const auto begun = Clock::now();
  std::vector<std::thread> threads;
  for (size_t c = 0; c < channels.size(); ++c) {
    threads.emplace_back(
        [&, c] { answers[c] = Ask(*channels[c], requests, c * share, share, options.in_flight); });
  }
  for (std::thread& thread : threads) thread.join();
  const double seconds = std::chrono::duration<double>(Clock::now() - begun).count();
  const auto cpu_after = ProcessCpuNs(pid);
  if (!cpu_after.ok()) return cpu_after.status();
  Round round{};
  round.ids = share * channels.size() * batch;
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

double Median(std::vector<double> values) {
  std::sort(values.begin(), values.end());
  return values[values.size() / 2];
}

absl::StatusOr<int> ServerPid(Client& client) {
  std::string payload;
  const auto status = client.Status(payload);
  if (!status.ok()) return status.status();
  for (const auto& [name, value] : status->facts) {
    if (name == "pid") return std::stoi(value);
  }
  return absl::InternalError("the server does not tell its process number");
}

}  // namespace

absl::StatusOr<std::vector<CheckFigures>> RunCheckWorkload(const CheckOptions& options) {
  auto client = Client::Connect({.servers = {options.server}});
  if (!client.ok()) return client.status();
  const auto pid = ServerPid(**client);
  if (!pid.ok()) return pid.status();
  const auto place = Load(**client, options);
  if (!place.ok()) return place.status();
  std::vector<std::unique_ptr<Channel>> channels;
  for (uint32_t c = 0; c < options.connections; ++c) {
    auto channel = OpenGreeted(options);
    if (!channel.ok()) return channel.status();
    channels.push_back(*std::move(channel));
  }
  std::vector<CheckFigures> all;
  for (const uint32_t batch : options.batches) {
    const std::vector<Prepared> requests = Prepare(options, *place, batch);
    CheckFigures figures{.batch = batch};
    std::vector<double> server_ns;
    std::vector<double> rates;
    for (uint32_t r = 0; r < options.rounds; ++r) {
      const auto round = RunRound(options, channels, requests, batch, *pid);
      if (!round.ok()) return round.status();
      server_ns.push_back(round->server_ns_per_id);
      rates.push_back(round->ids_per_second);
      figures.ids = round->ids;
      figures.hits = round->hits;
      figures.wrong += round->wrong;
    }
    figures.server_ns_per_id = Median(server_ns);
    figures.server_ns_min = *std::min_element(server_ns.begin(), server_ns.end());
    figures.server_ns_max = *std::max_element(server_ns.begin(), server_ns.end());
    figures.ids_per_second = Median(rates);
    all.push_back(figures);
  }
  return all;
}

}  // namespace xref::bench
