#pragma once

// Workers that bring the records of a source platform into a target platform, each of them once:
// what an initial import is. Both platforms are simulated, so that every answer can be held against
// what is true; the server that is asked is a real one.

#include <absl/functional/function_ref.h>
#include <absl/status/status.h>
#include <absl/status/statusor.h>

#include <atomic>
#include <chrono>
#include <condition_variable>
#include <cstdint>
#include <memory>
#include <mutex>
#include <optional>
#include <string>
#include <vector>

#include "bench/exchange.h"
#include "bench/id_shapes.h"
#include "client/client.h"
#include "index/vocabulary.h"

namespace xref::bench {

struct ImportOptions {
  Shape shape = Shape::kDigits;
  uint32_t records = 1'000'000;
  uint32_t workers = 8;
  uint32_t batch = 1'000;         // records in a page, and in a request to xrefd
  uint32_t overlap_percent = 10;  // of the pages, which two workers are given
  uint32_t create_ms = 0;         // that the platform takes for a request that creates records
  uint32_t create_batch = 100;    // records that such a request may hold
};

// How long a worker claims a page for: far longer than it needs. May exceed kLeaseMsMax.
uint64_t LeaseMs(const ImportOptions& options);

// Hands out pages 0 to `pages` - 1, and some of them once more, to another worker: by turns at
// once, as where two engines overlap, and later, as where a page is tried again. Thread-safe.
class ImportSource {
 public:
  ImportSource(uint32_t pages, const ImportOptions& options)
      : pages_(pages), workers_(options.workers), overlap_percent_(options.overlap_percent) {}

  // Nothing when there is none left for this worker.
  std::optional<uint32_t> NextPage(uint32_t worker);

 private:
  struct Given {
    uint32_t page;
    uint32_t worker;
    uint32_t due;  // when so many pages are handed out
  };

  const uint32_t pages_;
  const uint32_t workers_;
  const uint64_t overlap_percent_;
  std::mutex mutex_;
  uint32_t next_ = 0;         // guarded by mutex_
  std::vector<Given> again_;  // to be given to another worker as well; guarded by mutex_
};

// Remembers how often each record was created. Thread-safe.
class ImportTarget {
 public:
  explicit ImportTarget(uint32_t records) : creates_(records) {}

  // The target ID of the new record, which tells the how many-th it is for this one of the source.
  std::string Create(uint32_t record);
  uint32_t creates(uint32_t record) const { return creates_[record]; }

  // Records of which there are more than one, and of which there is none.
  uint64_t Duplicates() const;
  uint64_t Missing() const;

 private:
  std::vector<std::atomic<uint32_t>> creates_;  // by record
};

// What a worker did, or all of them.
struct ImportTally {
  uint64_t created = 0;
  uint64_t already_synced = 0;  // when a page was asked for
  uint64_t held = 0;            // by another worker, when a page was asked for
  uint64_t asked_again = 0;     // of those; each as often as it takes
  uint64_t round_trips = 0;
  Clock::duration request_time{};  // from a request to xrefd until its answer

  void Add(const ImportTally& other);
};

struct ImportResult {
  ImportTally tally;
  double seconds = 0;
};

// One import. Thread-compatible.
class ImportWorkers {
 public:
  // The place must be empty but for the records that the target has from the start.
  ImportWorkers(const ImportOptions& options, std::string server, Channel::Tls tls, PlaceId place,
                ImportTarget& target);
  ImportWorkers(const ImportWorkers&) = delete;
  ImportWorkers& operator=(const ImportWorkers&) = delete;

  // Is told every so often how many records were created by now; false ends the import.
  using Watch = absl::FunctionRef<bool(uint64_t created)>;

  // Returns once every record is synced. Internal: an answer was wrong. Cancelled: the watch wanted
  // it; what was created is linked, and nothing is claimed any more.
  absl::StatusOr<ImportResult> Run(Watch watch);

 private:
  class Worker;

  // Returns when all workers are done.
  void Await(Watch watch);

  const ImportOptions options_;
  const std::string server_;
  const Channel::Tls tls_;
  const PlaceId place_;
  ImportTarget& target_;
  ImportSource source_;
  std::atomic<uint64_t> created_ = 0;
  std::atomic<bool> stopped_ = false;
  std::mutex mutex_;
  std::condition_variable changed_;
  uint32_t running_ = 0;  // guarded by mutex_
  absl::Status failure_;  // the first; guarded by mutex_
};

}  // namespace xref::bench
