#include "bench/initial_import.h"

#include <absl/cleanup/cleanup.h>
#include <fmt/format.h>
#include <pthread.h>
#include <signal.h>
#include <unistd.h>

#include <algorithm>
#include <boost/json.hpp>
#include <cstdio>
#include <filesystem>
#include <fstream>
#include <numeric>
#include <span>
#include <utility>
#include <vector>

#include "bench/add_workload.h"
#include "bench/progress.h"
#include "bench/server_cpu.h"
#include "bench/servers.h"

namespace xref::bench {
namespace {

namespace json = boost::json;

constexpr uint32_t kLoadBatch = 10'000;
constexpr size_t kLoadPart = 1'000'000;  // references that are loaded at once
constexpr uint32_t kLoadInFlight = 4;

// ---- Signals ----

sigset_t EndSignals() {
  sigset_t signals;
  sigemptyset(&signals);
  sigaddset(&signals, SIGINT);
  sigaddset(&signals, SIGTERM);
  return signals;
}

// The signals wait from now on, in threads and servers that are started later as well.
void HoldEndSignals() {
  const sigset_t signals = EndSignals();
  pthread_sigmask(SIG_BLOCK, &signals, nullptr);
}

bool IsEndWanted() {
  sigset_t pending;
  sigpending(&pending);
  return sigismember(&pending, SIGINT) == 1 || sigismember(&pending, SIGTERM) == 1;
}

// ---- Progress ----

// How far an import is, until it is over.
class ProgressLine {
 public:
  ProgressLine(const char* what, uint64_t total) : what_(what), total_(total) {}
  ~ProgressLine() { EndProgress(); }
  ProgressLine(const ProgressLine&) = delete;
  ProgressLine& operator=(const ProgressLine&) = delete;

  void Show(uint64_t done) const {
    const double seconds = std::chrono::duration<double>(Clock::now() - begun_).count();
    const auto count = static_cast<double>(done);
    ShowProgress(fmt::format(
        "{}: {} of {} records, {:.1f} %, {:.0f} records/s", what_, done, total_,
        100 * count / static_cast<double>(std::max<uint64_t>(total_, 1)), count / seconds));
  }

 private:
  const char* const what_;
  const uint64_t total_;
  const Clock::time_point begun_ = Clock::now();
};

// ---- One import ----

struct ImportFigures {
  uint64_t loaded = 0;  // before the import began
  ImportResult result;
  uint64_t server_cpu_ns = 0;
  uint64_t duplicates = 0;
};

absl::Status Load(XrefdPeer& peer, Shape shape, const std::vector<uint32_t>& numbers) {
  const ProgressLine progress("loading what is synced", numbers.size());
  for (size_t at = 0; at < numbers.size(); at += kLoadPart) {
    if (IsEndWanted()) return absl::CancelledError("interrupted before the import began");
    progress.Show(at);
    const auto part = std::span(numbers).subspan(at, std::min(kLoadPart, numbers.size() - at));
    const auto timing = AddReferences(peer, shape, part, kLoadBatch, {.in_flight = kLoadInFlight});
    if (!timing.ok()) return timing.status();
  }
  return absl::OkStatus();
}

// What the server holds afterwards, against what is true.
absl::Status Verify(XrefdPeer& peer, const std::string& integration, const ImportOptions& options,
                    const ImportTarget& target) {
  const auto held = peer.client().PreviewDrop(integration);
  if (!held.ok()) return held.status();
  if (held->references != options.records || held->open_claims != 0 || target.Duplicates() != 0 ||
      target.Missing() != 0) {
    return absl::InternalError(fmt::format(
        "{} records were created twice and {} never; {} of {} references are there, and {} claims",
        target.Duplicates(), target.Missing(), held->references, options.records,
        held->open_claims));
  }
  return VerifySample(peer, options.shape, 0, options.records);
}

absl::Status TellInterrupted(XrefdPeer& peer, const std::string& integration, uint32_t records) {
  const auto held = peer.client().PreviewDrop(integration);
  if (!held.ok()) return held.status();
  return absl::CancelledError(
      fmt::format("interrupted; {} holds {} of {} references, and {} open claims", integration,
                  held->references, records, held->open_claims));
}

// Into a new integration of that name.
absl::StatusOr<ImportFigures> Import(const char* what, XrefdPeer& peer, const std::string& server,
                                     const Channel::Tls& tls, const std::string& integration,
                                     const ImportOptions& options, uint32_t synced_percent) {
  if (auto status = peer.Make(integration); !status.ok()) return status;
  ImportTarget target(options.records);
  std::vector<uint32_t> synced;
  for (uint32_t record = 0; record < options.records; ++record) {
    if (record % 100 >= synced_percent) continue;
    target.Create(record);
    synced.push_back(record);
  }
  if (auto status = Load(peer, options.shape, synced); !status.ok()) return status;
  const auto pid = StatusFact(peer.client(), "pid");
  if (!pid.ok()) return pid.status();
  const auto cpu_before = ProcessCpuNs(static_cast<int>(*pid));
  if (!cpu_before.ok()) return cpu_before.status();
  ImportWorkers workers(options, server, tls, peer.place(), target);
  auto result = [&] {
    const ProgressLine progress(what, options.records - synced.size());
    return workers.Run([&](uint64_t created) {
      progress.Show(created);
      return !IsEndWanted();
    });
  }();
  if (absl::IsCancelled(result.status())) {
    return TellInterrupted(peer, integration, options.records);
  }
  if (!result.ok()) return result.status();
  const auto cpu_after = ProcessCpuNs(static_cast<int>(*pid));
  if (!cpu_after.ok()) return cpu_after.status();
  if (auto status = Verify(peer, integration, options, target); !status.ok()) return status;
  return ImportFigures{.loaded = synced.size(),
                       .result = *result,
                       .server_cpu_ns = *cpu_after - *cpu_before,
                       .duplicates = target.Duplicates()};
}

// ---- The figures ----

// As a row of the table, and as a member of the JSON object.
struct Row {
  std::string label;
  const char* key;
  json::value value;
  int decimals = 0;
};

double NsPerRecord(Clock::duration time, uint32_t records) {
  return std::chrono::duration<double, std::nano>(time).count() / records;
}

std::vector<Row> RowsOf(const InitialImportOptions& options, const std::string& integration,
                        const ImportFigures& all, const ImportFigures& one_by_one) {
  const ImportOptions& workers = options.workers;
  const ImportTally& tally = all.result.tally;
  const double records = workers.records;
  const double sample_ns = NsPerRecord(one_by_one.result.tally.request_time, options.sample);
  const double batch_ns = NsPerRecord(tally.request_time, workers.records);
  const double records_each = records / workers.workers;
  return {
      {"integration", "integration", json::string(integration)},
      {"records", "records", workers.records},
      {"shape of their IDs", "shape", json::string(options.shape_name)},
      {"of these, linked before the import", "loaded", all.loaded},
      {"workers", "workers", workers.workers},
      {"batch", "batch", workers.batch},
      {"pages that two workers are given, %", "overlap_percent", workers.overlap_percent},
      {"a create request of the platform, ms", "create_ms", workers.create_ms},
      {"records that it takes", "create_batch", workers.create_batch},
      {"seconds", "seconds", all.result.seconds, 2},
      {"records/s", "records_per_second", records / all.result.seconds},
      {"server CPU, ns a record", "server_cpu_ns_per_record",
       static_cast<double>(all.server_cpu_ns) / records},
      {"created", "created", tally.created},
      {"already synced", "already_synced", tally.already_synced},
      {"held by another worker", "held", tally.held},
      {"of these, asked again, as often as it took", "asked_again", tally.asked_again},
      {"duplicates", "duplicates", all.duplicates},
      {"round trips", "round_trips", tally.round_trips},
      {"waiting for xrefd, one by one, ns a record: measured", "one_by_one_request_ns_per_record",
       sample_ns},
      {"  on so many records", "one_by_one_records", options.sample},
      {"  in round trips", "one_by_one_round_trips", one_by_one.result.tally.round_trips},
      {"waiting for xrefd, in batches, ns a record: measured", "batched_request_ns_per_record",
       batch_ns},
      {"  times less", "one_by_one_to_batched", sample_ns / batch_ns, 1},
      {"a worker's wait for all, one by one, s: PROJECTED", "one_by_one_request_seconds_projected",
       sample_ns * records_each / 1e9, 2},
      {"a worker's wait for all, in batches, s: measured", "batched_request_seconds",
       batch_ns * records_each / 1e9, 2},
  };
}

std::string Cell(const Row& row) {
  if (row.value.is_double()) return fmt::format("{:.{}f}", row.value.as_double(), row.decimals);
  if (row.value.is_string()) return std::string(row.value.as_string());
  return json::serialize(row.value);
}

std::string PrintTable(const std::vector<Row>& rows) {
  std::string table;
  for (const Row& row : rows) table += fmt::format("{:<56} {:>30}\n", row.label, Cell(row));
  return table;
}

std::string PrintJson(const std::vector<Row>& rows) {
  json::object object;
  for (const Row& row : rows) object[row.key] = row.value;
  return json::serialize(object) + '\n';
}

// ---- The whole run ----

absl::StatusOr<std::vector<Row>> ImportTwice(const InitialImportOptions& options,
                                             const std::string& server) {
  // No run before this one has used the names of its integrations.
  const std::string integration =
      fmt::format("import-{}", std::chrono::system_clock::now().time_since_epoch().count());
  const auto peer = XrefdPeer::Connect(server, options.tls);
  if (!peer.ok()) return peer.status();
  ImportOptions one_by_one = options.workers;
  one_by_one.records = options.sample;
  one_by_one.batch = 1;
  one_by_one.create_ms = 0;
  const auto sample = Import("one by one", **peer, server, options.tls, integration + "-one-by-one",
                             one_by_one, options.synced_percent);
  if (!sample.ok()) return sample.status();
  const auto all = Import("importing", **peer, server, options.tls, integration, options.workers,
                          options.synced_percent);
  if (!all.ok()) return all.status();
  return RowsOf(options, integration, *all, *sample);
}

// On a server that is started for it.
absl::StatusOr<std::vector<Row>> ImportApart(const InitialImportOptions& options) {
  const auto server = TemporaryXrefd::Start(options.xrefd);
  if (!server.ok()) return server.status();
  return ImportTwice(options, (*server)->address());
}

}  // namespace

absl::StatusOr<std::string> RunInitialImport(const InitialImportOptions& options) {
  const ImportOptions& workers = options.workers;
  if (LeaseMs(workers) > kLeaseMsMax) {
    return absl::InvalidArgumentError(
        fmt::format("a batch of {} is created by requests of {} records that take {} ms each: "
                    "longer than a claim can last",
                    workers.batch, workers.create_batch, workers.create_ms));
  }
  const bool to_file = !options.json.empty() && options.json != "-";
  std::ofstream file;
  if (to_file) file.open(options.json);
  if (!file) return absl::InvalidArgumentError("cannot write " + options.json);
  HoldEndSignals();
  const auto rows =
      options.xrefd.empty() ? ImportTwice(options, options.server) : ImportApart(options);
  if (!rows.ok()) return rows.status();
  if (options.json == "-") return PrintJson(*rows);
  if (to_file && !(file << PrintJson(*rows) << std::flush)) {
    return absl::UnknownError("cannot write " + options.json);
  }
  return PrintTable(*rows);
}

}  // namespace xref::bench
