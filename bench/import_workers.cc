#include "bench/import_workers.h"

#include <fmt/format.h>

#include <algorithm>
#include <numeric>
#include <span>
#include <thread>
#include <utility>

namespace xref::bench {

using protocol::Mutation;
using protocol::Verdict;

namespace {

// Before a worker asks again for what others hold.
constexpr std::chrono::milliseconds kPause{1};
constexpr std::chrono::milliseconds kWatchInterval{100};
// Beside what the platform takes. A server that is silent for so long is given up as well.
constexpr uint64_t kLeaseMarginMs = 60'000;
// Above the numbers of all records.
constexpr uint64_t kNextCopy = 1'000'000'000;

// Of each worker, before a page is tried again.
constexpr uint32_t kPagesLater = 4;

std::string TargetOf(uint32_t record, uint32_t creates) {
  return TargetId((creates - 1) * kNextCopy + record);
}

uint32_t Parts(uint32_t whole, uint32_t part) { return (whole + part - 1) / part; }

}  // namespace

uint64_t LeaseMs(const ImportOptions& options) {
  const uint64_t requests = Parts(options.batch, options.create_batch);
  return kLeaseMarginMs + 2 * options.create_ms * requests;
}

// ---- The platforms ----

std::optional<uint32_t> ImportSource::NextPage(uint32_t worker) {
  const std::lock_guard lock(mutex_);
  const auto given = std::ranges::find_if(again_, [&](const Given& one) {
    return (one.worker != worker || workers_ == 1) && one.due <= next_;
  });
  if (given != again_.end()) {
    const uint32_t page = given->page;
    again_.erase(given);
    return page;
  }
  // What is left in again_ is for the others, none of whom ends before it is handed out.
  if (next_ == pages_) return std::nullopt;
  const uint32_t page = next_++;
  const uint64_t overlaps_before = page * overlap_percent_ / 100;
  if ((page + 1) * overlap_percent_ / 100 > overlaps_before) {
    const uint32_t later = overlaps_before % 2 == 0 ? 0 : kPagesLater * workers_;
    again_.push_back({page, worker, std::min(next_ + later, pages_)});
  }
  return page;
}

std::string ImportTarget::Create(uint32_t record) { return TargetOf(record, ++creates_[record]); }

uint64_t ImportTarget::Duplicates() const {
  return static_cast<uint64_t>(
      std::ranges::count_if(creates_, [](const auto& creates) { return creates > 1; }));
}

uint64_t ImportTarget::Missing() const {
  return static_cast<uint64_t>(
      std::ranges::count_if(creates_, [](const auto& creates) { return creates == 0; }));
}

void ImportTally::Add(const ImportTally& other) {
  created += other.created;
  already_synced += other.already_synced;
  held += other.held;
  asked_again += other.asked_again;
  round_trips += other.round_trips;
  request_time += other.request_time;
}

// ---- A worker ----

class ImportWorkers::Worker {
 public:
  Worker(ImportWorkers& all, uint32_t number, std::unique_ptr<Client> client)
      : all_(all),
        number_(number),
        name_(fmt::format("worker-{}", number)),
        client_(std::move(client)) {}

  // Returns when all pages are imported, or the import is stopped.
  absl::Status Run() {
    std::vector<uint32_t> records;
    while (!all_.stopped_) {
      const auto page = all_.source_.NextPage(number_);
      if (!page.has_value()) break;
      const uint32_t first = *page * all_.options_.batch;
      records.resize(std::min(all_.options_.batch, all_.options_.records - first));
      std::iota(records.begin(), records.end(), first);
      const auto synced = Import(records);
      if (!synced.ok()) return synced.status();
      tally_.already_synced += *synced;
    }
    tally_.held = held_.size();
    return ImportHeld();
  }

  const ImportTally& tally() const { return tally_; }

 private:
  struct Claimed {
    uint32_t record;
    uint64_t token;
  };

  // Asks again for what others held until all of it is synced.
  absl::Status ImportHeld() {
    while (!held_.empty() && !all_.stopped_) {
      const std::vector<uint32_t> asked = std::exchange(held_, {});
      tally_.asked_again += asked.size();
      for (size_t at = 0; at < asked.size(); at += all_.options_.batch) {
        const size_t size = std::min<size_t>(all_.options_.batch, asked.size() - at);
        const auto synced = Import(std::span(asked).subspan(at, size));
        if (!synced.ok()) return synced.status();
      }
      if (held_.size() == asked.size()) std::this_thread::sleep_for(kPause);
    }
    return absl::OkStatus();
  }

  // Creates and links those that are missing, and remembers in held_ those that others hold.
  // Returns how many were synced already.
  absl::StatusOr<size_t> Import(std::span<const uint32_t> records) {
    const auto missing = FindMissing(records);
    if (!missing.ok()) return missing.status();
    if (missing->empty()) return records.size();
    const size_t held_before = held_.size();
    const auto claimed = Claim(*missing);
    if (!claimed.ok()) return claimed.status();
    const size_t held = held_.size() - held_before;
    if (auto status = CreateAndSettle(*claimed); !status.ok()) return status;
    return records.size() - claimed->size() - held;
  }

  absl::StatusOr<std::vector<uint32_t>> FindMissing(std::span<const uint32_t> records) {
    IdList ids;
    for (const uint32_t record : records) ids.Add(SourceOf(record));
    const auto synced = Ask([&] { return client_->Check(all_.place_, ids.View()); });
    if (!synced.ok()) return synced.status();
    std::vector<uint32_t> missing;
    for (size_t i = 0; i < records.size(); ++i) {
      if (!(*synced)[i]) {
        missing.push_back(records[i]);
      } else if (all_.target_.creates(records[i]) == 0) {
        return Wrong("is said to be synced, but was not created", records[i]);
      }
    }
    return missing;
  }

  absl::StatusOr<std::vector<Claimed>> Claim(const std::vector<uint32_t>& records) {
    IdList ids;
    for (const uint32_t record : records) ids.Add(SourceOf(record));
    const auto results = Ask([&] {
      return client_->Mutate({.mutation = Mutation::kClaim,
                              .place = all_.place_,
                              .lease_ms = static_cast<uint32_t>(LeaseMs(all_.options_)),
                              .actor = name_,
                              .sources = ids.View()});
    });
    if (!results.ok()) return results.status();
    std::vector<Claimed> claimed;
    for (size_t i = 0; i < records.size(); ++i) {
      const uint32_t record = records[i];
      const ItemResult& result = (*results)[i];
      const uint32_t creates = all_.target_.creates(record);
      switch (result.verdict) {
        case Verdict::kGranted:
          if (creates > 0) return Wrong("was granted, but is created already", record);
          claimed.push_back({record, result.number});
          break;
        case Verdict::kHeld:
          held_.push_back(record);
          break;
        case Verdict::kSynced:
          if (creates == 0 || result.other != TargetOf(record, 1)) {
            return Wrong("is said to be linked to what was not created for it", record);
          }
          break;
        default:  // no lease of this import ends before its worker is done
          return Wrong(fmt::format("was claimed, and answered {}", Name(result.verdict)), record);
      }
    }
    return claimed;
  }

  // Gives back what is not created when the import is stopped.
  absl::Status CreateAndSettle(std::span<const Claimed> claimed) {
    size_t created = 0;
    IdList targets;
    while (created < claimed.size() && !all_.stopped_) {
      std::this_thread::sleep_for(std::chrono::milliseconds(all_.options_.create_ms));
      const size_t end = std::min<size_t>(created + all_.options_.create_batch, claimed.size());
      all_.created_ += end - created;
      for (; created < end; ++created) {
        targets.Add(all_.target_.Create(claimed[created].record));
      }
    }
    tally_.created += created;
    if (auto status = EndClaims(Mutation::kSettle, claimed.first(created), targets.View());
        !status.ok()) {
      return status;
    }
    return EndClaims(Mutation::kRelease, claimed.subspan(created), {});
  }

  absl::Status EndClaims(Mutation mutation, std::span<const Claimed> claimed,
                         const IdBatch& targets) {
    if (claimed.empty()) return absl::OkStatus();
    IdList sources;
    std::string tokens;
    for (const Claimed& claim : claimed) {
      sources.Add(SourceOf(claim.record));
      tokens.append(reinterpret_cast<const char*>(&claim.token), sizeof claim.token);
    }
    const auto results = Ask([&] {
      return client_->Mutate(
          {.mutation = mutation,
           .place = all_.place_,
           .actor = name_,
           .sources = sources.View(),
           .targets = targets,
           .tokens = {reinterpret_cast<const uint8_t*>(tokens.data()), tokens.size()}});
    });
    if (!results.ok()) return results.status();
    for (size_t i = 0; i < claimed.size(); ++i) {
      const Verdict verdict = (*results)[i].verdict;
      if (verdict == Verdict::kDone) continue;
      return Wrong(fmt::format("was settled or released, and answered {}", Name(verdict)),
                   claimed[i].record);
    }
    return absl::OkStatus();
  }

  // One round trip.
  template <typename Question>
  auto Ask(Question question) -> decltype(question()) {
    const auto begun = Clock::now();
    auto answer = question();
    tally_.request_time += Clock::now() - begun;
    ++tally_.round_trips;
    return answer;
  }

  std::string SourceOf(uint32_t record) const { return SourceId(all_.options_.shape, record); }

  absl::Status Wrong(std::string_view what, uint32_t record) const {
    return absl::InternalError(fmt::format("{} {}", SourceOf(record), what));
  }

  ImportWorkers& all_;
  const uint32_t number_;
  const std::string name_;
  const std::unique_ptr<Client> client_;
  std::vector<uint32_t> held_;  // by other workers
  ImportTally tally_;
};

// ---- All workers ----

ImportWorkers::ImportWorkers(const ImportOptions& options, std::string server, Channel::Tls tls,
                             PlaceId place, ImportTarget& target)
    : options_(options),
      server_(std::move(server)),
      tls_(std::move(tls)),
      place_(place),
      target_(target),
      source_(Parts(options.records, options.batch), options) {}

absl::StatusOr<ImportResult> ImportWorkers::Run(Watch watch) {
  std::vector<std::unique_ptr<Worker>> workers;
  for (uint32_t i = 0; i < options_.workers; ++i) {
    auto client = Client::Connect({.servers = {server_}, .tls = tls_});
    if (!client.ok()) return client.status();
    workers.push_back(std::make_unique<Worker>(*this, i, *std::move(client)));
  }
  const auto begun = Clock::now();
  running_ = options_.workers;
  std::vector<std::thread> threads;
  for (const auto& worker : workers) {
    threads.emplace_back([this, &worker] {
      const absl::Status status = worker->Run();
      if (!status.ok()) stopped_ = true;
      const std::lock_guard lock(mutex_);
      failure_.Update(status);
      --running_;
      changed_.notify_all();
    });
  }
  Await(watch);
  for (std::thread& thread : threads) thread.join();
  ImportResult result{.seconds = std::chrono::duration<double>(Clock::now() - begun).count()};
  if (!failure_.ok()) return failure_;
  if (stopped_) return absl::CancelledError("the import was stopped");
  for (const auto& worker : workers) result.tally.Add(worker->tally());
  return result;
}

void ImportWorkers::Await(Watch watch) {
  std::unique_lock lock(mutex_);
  while (!changed_.wait_for(lock, kWatchInterval, [&] { return running_ == 0; })) {
    lock.unlock();
    if (!watch(created_)) stopped_ = true;
    lock.lock();
  }
}

}  // namespace xref::bench
