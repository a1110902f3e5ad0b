#include "bench/durability.h"

#include <absl/cleanup/cleanup.h>
#include <fcntl.h>
#include <fmt/format.h>
#include <unistd.h>

#include <algorithm>
#include <chrono>
#include <cstdlib>
#include <filesystem>
#include <span>
#include <string>
#include <thread>
#include <utility>
#include <vector>

#include "bench/add_workload.h"
#include "bench/progress.h"
#include "bench/servers.h"
#include "bench/table.h"

namespace xref::bench {
namespace {

constexpr Shape kShape = Shape::kDigits;
constexpr const char* kSet = "durability";
constexpr uint32_t kBatch = 1'000;
constexpr Pace kLoadPace{.in_flight = 4};
constexpr uint32_t kLoadBatch = 10'000;
constexpr size_t kLoadedAtOnce = 1'000'000;  // whose requests are encoded beforehand
constexpr uint32_t kStreamInFlight = 16;
constexpr const char* kReadyLine = "ready: ";
constexpr const char* kCheckpointLine = "checkpoint: the snapshot reaches";
constexpr uint32_t kCheckpointSeconds = 1;
// After it is ready a daemon still has memory made ready for its writer; then that is over.
constexpr std::chrono::milliseconds kSettle{800};
static_assert(kSettle < std::chrono::seconds(kCheckpointSeconds));
constexpr std::chrono::milliseconds kPollInterval{5};

double SecondsOf(Clock::duration time) { return std::chrono::duration<double>(time).count(); }

double Mebibytes(uint64_t bytes) { return static_cast<double>(bytes) / (1 << 20); }

// Written to the disk, so that it is not written while something is measured.
void CopyFolder(const std::string& from, const std::string& to) {
  std::filesystem::remove_all(to);
  std::filesystem::copy(from, to, std::filesystem::copy_options::recursive);
  const int fd = open(to.c_str(), O_RDONLY | O_DIRECTORY | O_CLOEXEC);
  syncfs(fd);
  close(fd);
}

absl::Status Load(Peer& peer, std::span<const uint32_t> numbers) {
  for (size_t done = 0; done < numbers.size(); done += kLoadedAtOnce) {
    const auto part = numbers.subspan(done, std::min(kLoadedAtOnce, numbers.size() - done));
    const auto timing = AddReferences(peer, kShape, part, kLoadBatch, kLoadPace);
    if (!timing.ok()) return timing.status();
  }
  return absl::OkStatus();
}

// What the disk takes for the bytes of a batch, here and now, without any server.
double SyncedWriteMs(const std::string& folder) {
  constexpr int kWrites = 200;
  constexpr size_t kReferenceBytes = 1 + 13 + 1 + 12;  // lengths and digits
  const std::string data(kBatch * kReferenceBytes, 'x');
  const std::string path = folder + "/synced";
  const int fd = open(path.c_str(), O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0600);
  std::vector<double> took_ms;
  for (int i = 0; i < kWrites; ++i) {
    const auto begun = Clock::now();
    const bool written = write(fd, data.data(), data.size()) == static_cast<ssize_t>(data.size());
    if (!written || fdatasync(fd) != 0) break;
    took_ms.push_back(SecondsOf(Clock::now() - begun) * 1'000);
  }
  close(fd);
  std::filesystem::remove(path);
  return took_ms.empty() ? 0 : Quantile(took_ms, 0.5);
}

class Comparison {
 public:
  Comparison(const DurabilityOptions& options, std::string folder)
      : options_(options),
        folder_(std::move(folder)),
        held_(RandomOrder(options.references)),
        added_(RandomOrder(options.adds)),
        streamed_(RandomOrder(options.rate * options.seconds)),
        against_redis_("xrefd", options.redis.empty() ? "" : "Redis"),
        checkpoints_("during", "without") {}

  absl::StatusOr<std::string> Run() {
    if (auto status = LoadBoth(); !status.ok()) return status;
    for (uint32_t round = 1; round <= options_.rounds; ++round) {
      ShowProgress(fmt::format("round {}", round));
      if (auto status = RunRound(); !status.ok()) return status;
    }
    EndProgress();
    return fmt::format(
        "durability, {} references (13 digits -> 12 digits) held, {} added in batches of {}, "
        "medians of {}\n{}\n"
        "one batch of {} after another at {} references a second, while checkpoints run and while "
        "none does\n{}",
        options_.references, options_.adds, kBatch, options_.rounds, against_redis_.Print(), kBatch,
        options_.rate, checkpoints_.Print());
  }

 private:
  bool with_redis() const { return !options_.redis.empty(); }
  std::string loaded() const { return folder_ + "/loaded"; }
  std::string copy() const { return folder_ + "/copy"; }
  std::string redis_folder() const { return folder_ + "/redis"; }

  // xrefd's references stay in the journal of a folder that every round copies; Redis keeps its
  // own.
  absl::Status LoadBoth() {
    const auto xrefd = StartXrefd(options_.xrefd, loaded(), kNoCheckpoint);
    if (!xrefd.ok()) return xrefd.status();
    const auto peer = ConnectWhenReady<XrefdPeer>(*xrefd, &Peer::Make, kSet);
    if (!peer.ok()) return peer.status();
    if (auto status = Load(**peer, held_); !status.ok()) return status;
    if (!with_redis()) return absl::OkStatus();
    auto redis = StartRedis(options_.redis, redis_folder(), false);
    if (!redis.ok()) return redis.status();
    redis_ = *std::move(redis);
    const auto redis_peer = ConnectWhenReady<RedisPeer>(redis_, &Peer::Make, kSet);
    return redis_peer.ok() ? Load(**redis_peer, held_) : redis_peer.status();
  }

  absl::Status RunRound() {
    Figures ours;
    Figures theirs;
    Figures during;
    Figures without;
    absl::Status status = MeasureXrefdAdds(ours);
    if (status.ok() && with_redis()) status = MeasureRedisAdds(theirs);
    if (status.ok()) status = MeasureCheckpoint(ours);
    if (status.ok()) status = MeasureXrefdRestart(ours);
    if (status.ok() && with_redis()) status = MeasureBackgroundSave(theirs);
    if (status.ok() && with_redis()) status = MeasureRedisRestart(theirs);
    if (status.ok()) status = MeasureLatency(kNoCheckpoint, without);
    if (status.ok()) status = MeasureLatency(kCheckpointSeconds, during);
    against_redis_.AddRound(ours, theirs);
    checkpoints_.AddRound(during, without);
    return status;
  }

  // ---- Durable adds ----

  absl::Status MeasureXrefdAdds(Figures& figures) {
    const std::string folder = folder_ + "/adds";
    std::filesystem::remove_all(folder);
    const auto server = StartXrefd(options_.xrefd, folder, kNoCheckpoint);
    if (!server.ok()) return server.status();
    figures.emplace_back("the disk alone: write and fdatasync a batch, ms", SyncedWriteMs(folder));
    return MeasureAddsTo<XrefdPeer>(*server, figures);
  }

  absl::Status MeasureRedisAdds(Figures& figures) {
    const std::string folder = folder_ + "/redis-adds";
    std::filesystem::remove_all(folder);
    const auto server = StartRedis(options_.redis, folder, true);
    return server.ok() ? MeasureAddsTo<RedisPeer>(*server, figures) : server.status();
  }

  template <typename PeerType>
  absl::Status MeasureAddsTo(const Server& server, Figures& figures) {
    for (const uint32_t in_flight : {1U, 4U}) {
      const auto peer =
          ConnectWhenReady<PeerType>(server, &Peer::Make, fmt::format("adds-{}", in_flight));
      if (!peer.ok()) return peer.status();
      const auto round = MeasureAdds(**peer, server.process->pid(), kShape, added_, kBatch,
                                     {.in_flight = in_flight});
      if (!round.ok()) return round.status();
      const auto add = [&](const char* what, double value) {
        figures.emplace_back(fmt::format("durable adds, {} in flight: {}", in_flight, what), value);
      };
      add("adds/s", round->adds_per_second);
      add("p50 of a batch, ms", Quantile(round->timing.latency_ms, 0.5));
      add("p99 of a batch, ms", Quantile(round->timing.latency_ms, 0.99));
      add("server CPU ns/add", round->server_ns_per_add);
    }
    return absl::OkStatus();
  }

  // ---- Checkpoint and background save ----

  // Of all that was loaded, which until then only the journal holds.
  absl::Status MeasureCheckpoint(Figures& figures) {
    CopyFolder(loaded(), copy());
    const auto server = StartXrefd(options_.xrefd, copy(), kCheckpointSeconds);
    if (!server.ok()) return server.status();
    // The interval to the first checkpoint begins when the daemon is ready.
    const auto ready = server->process->AwaitLine(kReadyLine);
    if (!ready.ok()) return ready.status();
    std::this_thread::sleep_until(ready->at + kSettle);
    const uint64_t before = server->process->PrivateBytes();
    PeakMemory peak(*server->process);
    const auto done = server->process->AwaitLine(kCheckpointLine);
    if (!done.ok()) return done.status();
    const uint64_t extra = peak.Stop();
    const auto peer = ConnectWhenReady<XrefdPeer>(*server, &Peer::Use, kSet);
    if (!peer.ok()) return peer.status();
    const auto disk_bytes = StatusFact((*peer)->client(), "snapshot_bytes");
    if (!disk_bytes.ok()) return disk_bytes.status();
    AddSaved(done->at - ready->at - std::chrono::seconds(kCheckpointSeconds), extra, before,
             *disk_bytes, figures);
    return absl::OkStatus();
  }

  absl::Status MeasureBackgroundSave(Figures& figures) {
    const auto peer = ConnectWhenReady<RedisPeer>(redis_, &Peer::Use, kSet);
    if (!peer.ok()) return peer.status();
    const uint64_t before = redis_.process->PrivateBytes();
    const auto begun = Clock::now();
    if (auto status = (*peer)->Call({"BGSAVE"}).status(); !status.ok()) return status;
    for (bool saving = true; saving;) {
      std::this_thread::sleep_for(kPollInterval);
      const auto told = (*peer)->Info("rdb_bgsave_in_progress");
      if (!told.ok()) return told.status();
      saving = *told != 0;
    }
    const auto took = Clock::now() - begun;
    const auto copied = (*peer)->Info("rdb_last_cow_size");
    if (!copied.ok()) return copied.status();
    AddSaved(took, *copied, before, std::filesystem::file_size(redis_folder() + "/dump.rdb"),
             figures);
    return absl::OkStatus();
  }

  void AddSaved(Clock::duration took, uint64_t extra, uint64_t before, uint64_t disk_bytes,
                Figures& figures) const {
    figures.emplace_back("checkpoint, references/s", options_.references / SecondsOf(took));
    figures.emplace_back("checkpoint, extra memory, MiB", Mebibytes(extra));
    figures.emplace_back("checkpoint, extra memory, % of all",
                         100.0 * static_cast<double>(extra) / static_cast<double>(before));
    figures.emplace_back("memory, bytes/reference",
                         static_cast<double>(before) / options_.references);
    figures.emplace_back("disk, bytes/reference",
                         static_cast<double>(disk_bytes) / options_.references);
  }

  // ---- Restart after kill -9 ----

  absl::Status MeasureXrefdRestart(Figures& figures) {
    const auto server = StartXrefd(options_.xrefd, copy(), kNoCheckpoint);
    return server.ok() ? MeasureRestart<XrefdPeer>(*server, figures) : server.status();
  }

  absl::Status MeasureRedisRestart(Figures& figures) {
    redis_.process->Kill();
    auto server = StartRedis(options_.redis, redis_folder(), false);
    if (!server.ok()) return server.status();
    redis_ = *std::move(server);
    return MeasureRestart<RedisPeer>(redis_, figures);
  }

  template <typename PeerType>
  absl::Status MeasureRestart(const Server& server, Figures& figures) {
    const auto peer = ConnectWhenReady<PeerType>(server, &Peer::Use, kSet);
    if (!peer.ok()) return peer.status();
    if (auto status = VerifySample(**peer, kShape, 0, options_.references); !status.ok()) {
      return status;
    }
    const double seconds = SecondsOf(Clock::now() - server.process->started());
    figures.emplace_back("restart to the first right answers, s", seconds);
    figures.emplace_back("restart, references/s", options_.references / seconds);
    return absl::OkStatus();
  }

  // ---- Latency while checkpoints run ----

  // The first checkpoint folds all that was loaded; each after it what came during the one before.
  absl::Status MeasureLatency(uint32_t checkpoint_seconds, Figures& figures) {
    CopyFolder(loaded(), copy());
    const auto server = StartXrefd(options_.xrefd, copy(), checkpoint_seconds);
    if (!server.ok()) return server.status();
    const auto peer = ConnectWhenReady<XrefdPeer>(*server, &Peer::Make, "streamed");
    if (!peer.ok()) return peer.status();
    const Pace pace{.in_flight = kStreamInFlight,
                    .requests_per_second = static_cast<double>(options_.rate) / kBatch};
    const auto round = MeasureAdds(**peer, server->process->pid(), kShape, streamed_, kBatch, pace);
    if (!round.ok()) return round.status();
    const auto ready = server->process->AwaitLine(kReadyLine);
    if (!ready.ok()) return ready.status();

    const bool checkpoints = checkpoint_seconds != kNoCheckpoint;
    std::vector<double> in_first;
    std::vector<double> in_later;
    const std::vector<LogLine> ends = server->process->Lines(kCheckpointLine);
    for (size_t i = 0; i < round->timing.latency_ms.size(); ++i) {
      const std::chrono::duration<double> after(static_cast<double>(i) / pace.requests_per_second);
      const auto due = round->timing.begun + std::chrono::duration_cast<Clock::duration>(after);
      const auto end = std::find_if(ends.begin(), ends.end(),
                                    [&](const LogLine& line) { return line.at > due; });
      const auto before = end == ends.begin() ? ready->at : (end - 1)->at;
      // Without checkpoints there is a log of none: every batch stands for both.
      if (checkpoints && due < before + std::chrono::seconds(checkpoint_seconds)) continue;
      if (!checkpoints || end == ends.begin()) in_first.push_back(round->timing.latency_ms[i]);
      if (!checkpoints || end != ends.begin()) in_later.push_back(round->timing.latency_ms[i]);
    }
    AddLatencies("all that was loaded is folded", in_first, figures);
    AddLatencies("what came meanwhile is folded", in_later, figures);
    return absl::OkStatus();
  }

  static void AddLatencies(const char* when, const std::vector<double>& latency_ms,
                           Figures& figures) {
    if (latency_ms.empty()) return;
    const auto add = [&](const char* what, double value) {
      figures.emplace_back(fmt::format("{}: {}", when, what), value);
    };
    add("p50, ms", Quantile(latency_ms, 0.5));
    add("p99, ms", Quantile(latency_ms, 0.99));
    add("max, ms", Quantile(latency_ms, 1));
    add("batches", static_cast<double>(latency_ms.size()));
  }

  const DurabilityOptions options_;
  const std::string folder_;
  const std::vector<uint32_t> held_;      // loaded before everything else
  const std::vector<uint32_t> added_;     // as fast as can be
  const std::vector<uint32_t> streamed_;  // at a fixed rate
  Table against_redis_;
  Table checkpoints_;
  Server redis_;
};

}  // namespace

absl::StatusOr<std::string> CompareDurability(const DurabilityOptions& options) {
  const auto folder = MakeTemporaryFolder(options.folder);
  if (!folder.ok()) return folder.status();
  const absl::Cleanup remove = [&] { std::filesystem::remove_all(*folder); };
  return Comparison(options, *folder).Run();
}

}  // namespace xref::bench
