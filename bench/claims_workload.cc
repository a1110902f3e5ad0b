#include "bench/claims_workload.h"

#include <absl/cleanup/cleanup.h>
#include <fmt/format.h>

#include <chrono>
#include <filesystem>

#include "bench/redis_claims.h"
#include "bench/servers.h"
#include "bench/xrefd_claims.h"

namespace xref::bench {
namespace {

struct ClaimFigures {
  uint64_t creates = 0;
  uint64_t duplicates = 0;
  uint64_t unknown_answers = 0;
  uint64_t crashes = 0;
  double seconds = 0;
};

absl::StatusOr<ClaimFigures> RunWorkers(const ClaimOptions& options, ConnectAs connect) {
  const auto begun = Clock::now();
  ClaimWorkers workers(options, std::move(connect));
  if (auto status = workers.Join(); !status.ok()) return status;
  const std::chrono::duration<double> took = Clock::now() - begun;
  return ClaimFigures{.creates = workers.platform().records(),
                      .duplicates = workers.platform().records() - options.sources,
                      .unknown_answers = workers.ledger().Take().unknown_answers,
                      .crashes = workers.crashes(),
                      .seconds = took.count()};
}

absl::StatusOr<ClaimFigures> RunXrefd(const ClaimComparison& comparison,
                                      const std::string& folder) {
  const auto server = StartXrefd(comparison.xrefd, folder, kNoCheckpoint);
  if (!server.ok()) return server.status();
  constexpr const char* kIntegration = "claims";
  const auto peer = ConnectWhenReady<XrefdPeer>(*server, &Peer::Make, kIntegration);
  if (!peer.ok()) return peer.status();
  const ClaimOptions& options = comparison.workers;
  const auto figures = RunWorkers(options, [&](const std::string& owner) {
    return XrefdClaims::Connect(server->address, kIntegration, owner, options.lease_ms);
  });
  if (!figures.ok()) return figures.status();
  const auto references = StatusFact((*peer)->client(), "references");
  if (!references.ok()) return references.status();
  if (figures->duplicates != 0 || *references != options.sources) {
    return absl::InternalError(
        fmt::format("{} records were created twice, and {} of {} references are there",
                    figures->duplicates, *references, options.sources));
  }
  return figures;
}

absl::StatusOr<ClaimFigures> RunRedis(const ClaimComparison& comparison,
                                      const std::string& folder) {
  const auto server = StartRedis(comparison.redis, folder, true);
  if (!server.ok()) return server.status();
  const ClaimOptions& options = comparison.workers;
  return RunWorkers(options, [&](const std::string& owner) {
    return RedisClaims::Connect(server->address, owner, options.lease_ms);
  });
}

std::string Print(std::string_view server, const ClaimFigures& figures, uint32_t sources) {
  return fmt::format("{:<7} {:>8} {:>11} {:>16} {:>8} {:>8.1f} {:>10.0f}\n", server,
                     figures.creates, figures.duplicates, figures.unknown_answers, figures.crashes,
                     figures.seconds, sources / figures.seconds);
}

}  // namespace

absl::StatusOr<std::string> CompareClaims(const ClaimComparison& comparison) {
  const auto folder = MakeTemporaryFolder(comparison.folder);
  if (!folder.ok()) return folder.status();
  const absl::Cleanup remove = [&] { std::filesystem::remove_all(*folder); };
  const ClaimOptions& options = comparison.workers;
  std::string table = fmt::format(
      "claims, {} records by {} workers, batches of {}, {} % of them end in a crash, leases of {} "
      "ms\n{:<7} {:>8} {:>11} {:>16} {:>8} {:>8} {:>10}\n",
      options.sources, options.workers, options.batch, options.crash_percent, options.lease_ms, "",
      "creates", "duplicates", "outcome unknown", "crashes", "seconds", "records/s");
  const auto xrefd = RunXrefd(comparison, *folder + "/xrefd");
  if (!xrefd.ok()) return xrefd.status();
  table += Print("xrefd", *xrefd, options.sources);
  if (comparison.redis.empty()) return table;
  const auto redis = RunRedis(comparison, *folder + "/redis");
  if (!redis.ok()) return redis.status();
  return table + Print("Redis", *redis, options.sources);
}

}  // namespace xref::bench
