#pragma once

// What the threads of the daemon know of one another: the phase it is in, where the journal stands,
// and what was counted. Everything here is atomic and may be used from any thread.

#include <array>
#include <atomic>
#include <cstdint>
#include <mutex>
#include <string>
#include <string_view>
#include <vector>

#include "daemon/latency_counters.h"
#include "daemon/place_counters.h"
#include "daemon/refusals.h"
#include "index/vocabulary.h"
#include "protocol/change_messages.h"
#include "replication/leadership.h"

namespace xref {

enum class Phase : uint8_t {
  kLoading,   // not everything is in memory yet: no question may be answered
  kStandby,   // answers questions, and follows a primary, which is where changes go
  kReady,     // serves everything
  kReadOnly,  // a commit failed: no change is accepted any more, questions are answered
  kDraining,  // finishes what was begun, then ends
  kDiverged,  // its state is not the primary's: tells its status for a moment, then ends
};

// As STATUS tells it, e.g. "read-only".
constexpr std::string_view NameOf(Phase phase) {
  switch (phase) {
    case Phase::kLoading:
      return "loading";
    case Phase::kStandby:
      return "standby";
    case Phase::kReady:
      return "ready";
    case Phase::kReadOnly:
      return "read-only";
    case Phase::kDraining:
      return "draining";
    case Phase::kDiverged:
      return "diverged";
  }
  return "unknown";
}

// What can be wrong with the daemon, each on its own.
enum class Trouble : uint8_t { kCommit, kCheckpoint, kDamage, kFollowing, kCount };

// What one I/O thread counts. Only that thread adds; others read.
struct alignas(64) IoCounters {
  std::atomic<uint64_t> connections = 0;  // open now
  // What its connections' buffers take now, beyond what each connection has for itself.
  std::atomic<uint64_t> buffer_bytes = 0;
  std::atomic<uint64_t> requests = 0;
  std::atomic<uint64_t> ids_checked = 0;
  std::atomic<uint64_t> ids_synced = 0;  // of those checked
  std::atomic<uint64_t> ids_looked_up = 0;
  std::atomic<uint64_t> targets_reversed = 0;
  // Of source IDs that were checked, by place.
  enum : size_t { kChecked, kSynced, kPlaceCounters };
  PlaceCounters<kPlaceCounters> places;
  LatencyCounters questions;  // the first of each read from a connection
  LatencyCounters changes;
};

// Adds to a counter that has one writer: cheaper than an atomic read-modify-write.
inline void Count(std::atomic<uint64_t>& counter, uint64_t more) {
  counter.store(counter.load(std::memory_order_relaxed) + more, std::memory_order_relaxed);
}

// Keeps the last value and the largest; for one writer.
inline void Note(std::atomic<uint64_t>& last, std::atomic<uint64_t>& max, uint64_t value) {
  last.store(value, std::memory_order_relaxed);
  if (value > max.load(std::memory_order_relaxed)) max.store(value, std::memory_order_relaxed);
}

// What the writer thread counts.
struct alignas(64) WriterCounters {
  std::atomic<uint64_t> groups = 0;
  std::atomic<uint64_t> group_changes_last = 0;
  std::atomic<uint64_t> group_changes_max = 0;  // since the start, as every maximum here
  std::atomic<uint64_t> group_bytes_last = 0;   // of the requests
  std::atomic<uint64_t> group_bytes_max = 0;
  std::atomic<uint64_t> group_us_last = 0;  // from decision to durable
  std::atomic<uint64_t> group_us_max = 0;
  std::array<std::atomic<uint64_t>, protocol::kVerdictLast + 1> verdicts{};  // items, by verdict
  enum : size_t { kAdded, kConflicts, kPlaceCounters };
  PlaceCounters<kPlaceCounters> places;
};

class ServerState {
 public:
  explicit ServerState(size_t io_threads) : io(io_threads) {}

  Phase phase() const { return phase_.load(std::memory_order_acquire); }
  void set_phase(Phase phase) {
    if (phase == Phase::kStandby || phase == Phase::kDiverged) is_standby_ = true;
    if (phase == Phase::kReady) is_standby_ = false;
    phase_.store(phase, std::memory_order_release);
  }
  // Whether somebody else is the primary, or may be by now: also while it drains, and once it is
  // read-only.
  bool is_standby() const {
    return is_standby_.load(std::memory_order_acquire) || leadership.HasLapsed();
  }
  // Drains if it is ready or a standby, in one step: a commit may fail at that moment, and draining
  // in place of read-only would accept changes again.
  void DrainIfReady() {
    for (Phase from : {Phase::kReady, Phase::kStandby}) {
      phase_.compare_exchange_strong(from, Phase::kDraining);
    }
  }

  // A standby instead of the primary, unless it drains or a commit has failed.
  void StepDown() {
    is_standby_ = true;
    Phase from = Phase::kReady;
    phase_.compare_exchange_strong(from, Phase::kStandby);
  }

  // Why the daemon is read-only, why the last checkpoint failed, what is damaged; empty where all
  // is well.
  std::string troubles() const {
    const std::lock_guard lock(mutex_);
    std::string all;
    for (const std::string& trouble : troubles_) {
      if (!all.empty() && !trouble.empty()) all += "; ";
      all += trouble;
    }
    return all;
  }
  // An empty text is the end of it.
  void set_trouble(Trouble which, std::string text) {
    const std::lock_guard lock(mutex_);
    troubles_[static_cast<size_t>(which)] = std::move(text);
  }

  uint64_t buffer_bytes() const {
    uint64_t all = 0;
    for (const IoCounters& counters : io) {
      all += counters.buffer_bytes.load(std::memory_order_relaxed);
    }
    return all;
  }

  Leadership leadership;
  std::atomic<Epoch> epoch = 1;
  std::atomic<Lsn> lsn = 0;  // of the last durable change
  // Of a standby: since then (steady_clock, its own unit) it lacks nothing that its primary had; 0
  // while that is not known. Stored after `lsn`.
  std::atomic<int64_t> current_as_of = 0;
  std::atomic<Lsn> snapshot_lsn = 0;              // that the snapshot reaches
  std::atomic<uint64_t> references_loaded = 0;    // while loading
  std::atomic<uint64_t> references_expected = 0;  // as far as the snapshot tells
  std::vector<IoCounters> io;
  WriterCounters writer;
  Refusals refusals;

 private:
  std::atomic<Phase> phase_ = Phase::kLoading;
  std::atomic<bool> is_standby_ = false;
  mutable std::mutex mutex_;
  std::array<std::string, static_cast<size_t>(Trouble::kCount)> troubles_;  // guarded by mutex_
};

}  // namespace xref
