#include "bench/fairness.h"

#include <fmt/format.h>
#include <sys/resource.h>

#include <atomic>
#include <chrono>
#include <limits>
#include <memory>
#include <optional>
#include <thread>
#include <utility>
#include <vector>

#include "bench/questions.h"
#include "bench/table.h"
#include "bench/xrefd_peer.h"

namespace xref::bench {
namespace {

// Asks large batches from its making, which returns once answers come, until Stop.
class LargeClient {
 public:
  LargeClient(const AskedPeer& peer, std::unique_ptr<Connection> connection,
              const std::vector<Prepared>& questions, uint32_t in_flight)
      : connection_(std::move(connection)), thread_([this, &peer, &questions, in_flight] {
          // The server is to be measured, not how the clients share a processor.
          setpriority(PRIO_PROCESS, 0, 19);
          const auto number = [&](uint64_t i) { return i % questions.size(); };
          const auto take = [&](uint64_t i, std::string_view received) -> absl::StatusOr<size_t> {
            if (stopped_) return absl::CancelledError("it was stopped");
            const auto taken = peer.TakeAnswer(received, questions[number(i)].answer);
            if (!taken.ok() || *taken == 0) return taken;
            answered_.fetch_add(1);
            answered_.notify_one();
            return taken;
          };
          const auto request = [&](uint64_t i) -> std::string_view {
            return questions[number(i)].request;
          };
          status_ =
              connection_->Exchange(UINT64_MAX, {.in_flight = in_flight}, request, take).status();
          answered_.store(kOver);
          answered_.notify_one();
        }) {
    answered_.wait(0);
    begun_ = Clock::now();
  }
  ~LargeClient() {
    stopped_ = true;
    if (thread_.joinable()) thread_.join();
  }

  // Returns how many requests a second were answered.
  absl::StatusOr<double> Stop() {
    const auto answered = static_cast<double>(answered_.load());
    const double seconds = std::chrono::duration<double>(Clock::now() - begun_).count();
    stopped_ = true;
    thread_.join();
    if (!absl::IsCancelled(status_)) return status_;
    return answered / seconds;
  }

 private:
  static constexpr uint64_t kOver = std::numeric_limits<uint64_t>::max();

  std::unique_ptr<Connection> connection_;
  absl::Status status_;  // of the thread, until it has ended
  std::atomic<uint64_t> answered_ = 0;
  std::atomic<bool> stopped_ = false;
  Clock::time_point begun_;
  std::thread thread_;
};

class Fairness {
 public:
  Fairness(const FairnessOptions& options, const AskedPeer& peer)
      : options_(options),
        peer_(peer),
        small_(Questions(options.batch)),
        large_(Questions(options.large_batch)) {}

  absl::Status Connect() {
    for (uint32_t i = 0; i < options_.clients; ++i) {
      auto connection = peer_.Open();
      if (!connection.ok()) return connection.status();
      clients_.push_back(*std::move(connection));
      borrowed_.push_back(clients_.back().get());
    }
    return absl::OkStatus();
  }

  absl::StatusOr<Figures> AskSmall() {
    const auto asked = AskRound(
        peer_, borrowed_, small_, options_.batch,
        {.in_flight = 1, .requests_per_second = options_.rate},
        {.ids = uint64_t{options_.requests} * options_.batch * options_.clients}, std::nullopt);
    if (!asked.ok()) return asked.status();
    const auto us = [&](double share) {
      return static_cast<double>(asked->latency.Quantile(share)) / 1'000;
    };
    return Figures{{"p50 of a small request, us", us(0.5)},
                   {"p99 of a small request, us", us(0.99)}};
  }

  absl::StatusOr<Figures> AskSmallBesideLarge() {
    // A client that was stopped has replies under way: each phase takes another connection.
    auto connection = peer_.Open();
    if (!connection.ok()) return connection.status();
    LargeClient large(peer_, *std::move(connection), large_, options_.large_in_flight);
    auto figures = AskSmall();
    const auto rate = large.Stop();
    if (!rate.ok()) return rate.status();
    if (figures.ok()) figures->emplace_back("large requests a second", *rate);
    return figures;
  }

 private:
  std::vector<Prepared> Questions(uint32_t batch) const {
    return DrawQuestions(
        peer_, {.shape = options_.shape, .references = options_.references, .batch = batch});
  }

  const FairnessOptions& options_;
  const AskedPeer& peer_;
  const std::vector<Prepared> small_;
  const std::vector<Prepared> large_;
  std::vector<std::unique_ptr<Connection>> clients_;
  std::vector<Connection*> borrowed_;
};

}  // namespace

absl::StatusOr<std::string> MeasureFairness(const FairnessOptions& options) {
  const auto peer = ConnectLoaded(options.server, options.tls, options.shape, options.shape_name,
                                  options.references);
  if (!peer.ok()) return peer.status();
  Fairness fairness(options, **peer);
  if (auto status = fairness.Connect(); !status.ok()) return status;
  Table table("beside", "alone");
  for (uint32_t r = 0; r < options.rounds; ++r) {
    const auto alone = fairness.AskSmall();
    if (!alone.ok()) return alone.status();
    const auto beside = fairness.AskSmallBesideLarge();
    if (!beside.ok()) return beside.status();
    table.AddRound(*beside, *alone);
  }
  return fmt::format(
      "fairness, {} clients with {} IDs {:.0f} times a second each, beside one with {} IDs and {} "
      "in flight, medians of {}\n{}",
      options.clients, options.batch, options.rate, options.large_batch, options.large_in_flight,
      options.rounds, table.Print());
}

}  // namespace xref::bench
