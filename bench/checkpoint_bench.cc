// What a checkpoint costs: so many new references in the journal, folded into a snapshot that holds
// none, or so many already. README.md has the method and the figures.
//
//   xref_checkpoint_bench [--references N] [--held N] [--prefix TEXT] [--folder DIR]
//
// The snapshot is then read back, verified and counted; a wrong count aborts.

#include <fmt/format.h>
#include <time.h>
#include <unistd.h>

#include <CLI/CLI.hpp>
#include <algorithm>
#include <atomic>
#include <chrono>
#include <cstdio>
#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <memory>
#include <string>
#include <thread>
#include <utility>
#include <vector>

#include "persistence/checkpoint.h"
#include "persistence/journal.h"
#include "persistence/snapshot_folder.h"
#include "protocol/change_codec.h"

namespace xref {
namespace {

using Clock = std::chrono::steady_clock;

constexpr uint64_t kMapBytes = uint64_t{4} << 30;
constexpr uint32_t kBatch = 10'000;  // references of one change, as import sends them

struct Options {
  uint64_t references = 10'000'000;
  uint64_t held = 0;
  std::string prefix;  // of each source ID
  std::string folder = "/tmp";
};

void Verify(bool right, const std::string& what) {
  if (right) return;
  fmt::print(stderr, "{}\n", what);
  std::abort();
}

template <typename T>
T Value(absl::StatusOr<T> value) {
  Verify(value.ok(), value.status().ToString());
  return *std::move(value);
}

double CpuSeconds() {
  timespec now;
  clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &now);
  return static_cast<double>(now.tv_sec) + static_cast<double>(now.tv_nsec) * 1e-9;
}

// Memory of the process's own, without the files that it has mapped.
uint64_t OwnKilobytes() {
  std::ifstream status("/proc/self/status");
  for (std::string line; std::getline(status, line);) {
    if (line.starts_with("RssAnon:")) return std::stoull(line.substr(8));
  }
  return 0;
}

// The most memory that was in use while it lived.
class MemoryPeak {
 public:
  MemoryPeak() : before_(OwnKilobytes()), thread_([this] { Watch(); }) {}
  uint64_t Megabytes() {
    done_ = true;
    thread_.join();
    return (peak_ - before_) >> 10;
  }

 private:
  void Watch() {
    while (!done_) {
      peak_ = std::max(peak_, OwnKilobytes());
      std::this_thread::sleep_for(std::chrono::milliseconds(5));
    }
  }

  const uint64_t before_;
  uint64_t peak_ = before_;
  std::atomic<bool> done_ = false;
  std::thread thread_;
};

// A number of 42 bits for each number of 42 bits, in no order: no two give the same.
uint64_t Scatter(uint64_t n) {
  constexpr uint64_t kMask = (uint64_t{1} << 42) - 1;
  n = n * 0x9E3779B97F4A7C15 & kMask;
  n ^= n >> 21;
  return n * 0xBF58476D1CE4E5B9 & kMask;
}

void Append(Journal& journal, Lsn lsn, decltype(Change::what) what) {
  const Change change{.lsn = lsn,
                      .epoch = 1,
                      .time_us = 1'700'000'000'000'000,
                      .actor = "import",
                      .what = std::move(what)};
  std::string bytes;
  protocol::EncodeChange(change, bytes);
  const JournalRecord record{lsn, bytes};
  const auto status = journal.Append({&record, 1});
  Verify(status.ok(), status.ToString());
}

// Appends references with 13-digit source IDs in random order to the journal.
void FillJournal(Journal& journal, Lsn lsn, uint64_t first, uint64_t references,
                 const std::string& prefix) {
  for (uint64_t n = first; n < first + references;) {
    IdList sources;
    IdList targets;
    for (uint32_t i = 0; i < kBatch && n < first + references; ++i, ++n) {
      sources.Add(prefix + std::to_string(1'000'000'000'000 + Scatter(n)));
      targets.Add(std::to_string(100'000'000'000 + n));
    }
    Append(journal, ++lsn, AddReferences{1, Origin::kImport, sources.View(), targets.View()});
  }
}

uint64_t CountVerified(Snapshot& snapshot) {
  uint64_t found = 0;
  const auto status = snapshot.ReadReferences([&](const StoredReference&) {
    ++found;
    return absl::OkStatus();
  });
  Verify(status.ok(), status.ToString());
  return found;
}

void Measure(const Options& options, const std::string& folder) {
  std::filesystem::create_directories(folder + "/journal");
  std::filesystem::create_directories(folder + "/snapshot");
  const auto journal = Value(Journal::Open(folder + "/journal", kMapBytes));
  const auto snapshots = Value(SnapshotFolder::Open(folder + "/snapshot", kMapBytes));
  Lsn held_lsn = 1;
  Append(*journal, held_lsn, CreateIntegration{1, "shop-erp", "Shop", "ERP", {{1, "orders"}}});
  if (options.held > 0) {
    FillJournal(*journal, held_lsn, 0, options.held, options.prefix);
    held_lsn = Value(Checkpoint(*journal, *snapshots));
  }
  FillJournal(*journal, held_lsn, options.held, options.references, options.prefix);

  MemoryPeak memory;
  const auto begin = Clock::now();
  const double cpu = CpuSeconds();
  Value(Checkpoint(*journal, *snapshots));
  const double seconds = std::chrono::duration<double>(Clock::now() - begin).count();
  const uint64_t rows = options.references + options.held;
  fmt::print(
      "{} into {}: {:.2f} s, {:.2f} M rows/s, {:.2f} s of CPU, {} MB, {:.1f} bytes on disk each\n",
      options.references, options.held, seconds, static_cast<double>(rows) / seconds / 1e6,
      CpuSeconds() - cpu, memory.Megabytes(),
      static_cast<double>(snapshots->current()->BytesUsed()) / static_cast<double>(rows));
  Verify(CountVerified(*snapshots->current()) == rows, "the snapshot does not hold what it should");
}

}  // namespace
}  // namespace xref

int main(int argc, char** argv) {
  CLI::App app("Measures a checkpoint.");
  xref::Options options;
  app.add_option("--references", options.references, "New references")->capture_default_str();
  app.add_option("--held", options.held, "References in the snapshot")->capture_default_str();
  app.add_option("--prefix", options.prefix, "What every source ID begins with");
  app.add_option("--folder", options.folder, "On the disk to measure")->capture_default_str();
  CLI11_PARSE(app, argc, argv);
  std::string path = options.folder + "/xref-checkpoint-bench-XXXXXX";
  xref::Verify(mkdtemp(path.data()) != nullptr, path + " cannot be made");
  xref::Measure(options, path);
  std::filesystem::remove_all(path);
}
