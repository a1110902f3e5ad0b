#pragma once

// Workers that create records in a platform and may die at any moment: what claims are for. The
// platform is simulated, so that every record is known and duplicates can be counted; what the
// workers claim from is real.

#include <absl/status/status.h>
#include <absl/status/statusor.h>

#include <atomic>
#include <chrono>
#include <cstdint>
#include <functional>
#include <map>
#include <memory>
#include <mutex>
#include <random>
#include <set>
#include <string>
#include <thread>
#include <vector>

namespace xref::bench {

// A platform in which records are created, each with an ID of its own, for whoever asks.
// Thread-safe.
class TargetPlatform {
 public:
  using Clock = std::chrono::steady_clock;

  // The ID of a new record for this source; "" and no record after `deadline`, as with a request
  // that carries one: a worker must not create once its lease may have ended.
  std::string Create(const std::string& source, Clock::time_point deadline);
  // The ID of the first record that was created for this source, "" if there is none.
  std::string Search(const std::string& source) const;

  bool Has(const std::string& source, const std::string& target) const;
  uint64_t records() const { return records_; }
  // Sources for which more than one was created.
  std::set<std::string> Duplicated() const;

 private:
  mutable std::mutex mutex_;
  std::map<std::string, std::vector<std::string>> created_;  // by source; guarded by mutex_
  std::atomic<uint64_t> records_ = 0;
};

// ---- What workers claim from ----

struct ClaimAnswer {
  enum class Kind {
    kSynced,   // there is a reference, to `target`
    kGranted,  // to be created
    kUnknown,  // the same, but somebody else may have created it already
    kHeld,     // by somebody else
  };
  Kind kind{};
  std::string target;
  uint64_t token = 0;
};

struct CreatedRecord {
  std::string source;
  std::string target;
  uint64_t token = 0;
};

struct SettleAnswer {
  bool linked = false;  // by this settle, and not before
  std::string target;   // that stands; "" if the server does not say
};

// One worker's connection. Unavailable or DeadlineExceeded: connect again.
class ClaimServer {
 public:
  virtual ~ClaimServer() = default;
  virtual absl::StatusOr<std::vector<ClaimAnswer>> Claim(
      const std::vector<std::string>& sources) = 0;
  virtual absl::StatusOr<std::vector<SettleAnswer>> Settle(
      const std::vector<CreatedRecord>& records) = 0;
};
using ConnectAs =
    std::function<absl::StatusOr<std::unique_ptr<ClaimServer>>(const std::string& owner)>;

// ---- The workers ----

struct ClaimOptions {
  uint32_t workers = 8;
  uint32_t sources = 20'000;  // to be created, each worker may take any
  uint32_t batch = 50;
  uint32_t crash_percent = 10;  // of the batches, in which the worker dies at a random point
  uint32_t lease_ms = 1'000;
  uint64_t seed = 1;
  bool search_when_unknown = true;  // as workers must
};

// What all workers were told. Thread-safe.
class ClaimLedger {
 public:
  // A reference stands. Only the first target of a source is kept.
  void Told(const std::string& source, const std::string& target);
  void Settled(const std::string& source);
  void ToldUnknown(const std::string& source);

  uint64_t synced() const { return synced_; }
  struct Summary {
    std::map<std::string, std::string> targets;  // that were told, by source
    std::set<std::string> unknown;               // of which the outcome was ever unknown
    uint64_t unknown_answers = 0;
    uint64_t contradictions = 0;  // another target than was told before
    uint64_t settled_again = 0;   // a second settle of a source linked it anew
  };
  Summary Take() const;

 private:
  mutable std::mutex mutex_;
  Summary summary_;                // guarded by mutex_
  std::set<std::string> settled_;  // guarded by mutex_
  std::atomic<uint64_t> synced_ = 0;
};

// Threads that claim, create and settle until every source is synced. A worker that dies forgets
// everything and starts again under another name.
class ClaimWorkers {
 public:
  ClaimWorkers(const ClaimOptions& options, ConnectAs connect);
  ~ClaimWorkers();
  ClaimWorkers(const ClaimWorkers&) = delete;
  ClaimWorkers& operator=(const ClaimWorkers&) = delete;

  // Returns once all sources are synced, or with what went wrong.
  absl::Status Join();

  // Everything is synced, or something went wrong.
  bool stopped() const { return failed_ || ledger_.synced() == options_.sources; }

  const TargetPlatform& platform() const { return platform_; }
  const ClaimLedger& ledger() const { return ledger_; }
  uint64_t crashes() const { return crashes_; }

  static std::string SourceOf(uint32_t number) { return "S-" + std::to_string(number); }

 private:
  class Worker;

  void Fail(const absl::Status& status);

  const ClaimOptions options_;
  const ConnectAs connect_;
  const TargetPlatform::Clock::time_point give_up_;
  TargetPlatform platform_;
  ClaimLedger ledger_;
  std::atomic<uint64_t> crashes_ = 0;
  std::atomic<bool> failed_ = false;
  std::mutex mutex_;
  absl::Status failure_;  // the first; guarded by mutex_
  std::vector<std::thread> threads_;
};

}  // namespace xref::bench
