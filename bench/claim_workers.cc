#include "bench/claim_workers.h"

#include <fmt/format.h>

#include <algorithm>
#include <utility>

namespace xref::bench {
namespace {

using Clock = TargetPlatform::Clock;

// Before a worker asks again, while others hold what is left or the server is away.
constexpr std::chrono::milliseconds kPause{10};
// How long all workers together may take: far more than the largest run needs.
constexpr std::chrono::minutes kPatience{30};

// The server is away, or a primary that waits for a standby to be there, or not the primary any
// more.
bool IsForNow(const absl::Status& status) {
  return absl::IsUnavailable(status) || absl::IsDeadlineExceeded(status) ||
         absl::IsFailedPrecondition(status);
}

}  // namespace

// ---- The platform ----

std::string TargetPlatform::Create(const std::string& source, Clock::time_point deadline) {
  const std::lock_guard lock(mutex_);
  if (Clock::now() > deadline) return "";
  return created_[source].emplace_back(fmt::format("T-{}", ++records_));
}

std::string TargetPlatform::Search(const std::string& source) const {
  const std::lock_guard lock(mutex_);
  const auto found = created_.find(source);
  return found == created_.end() ? "" : found->second.front();
}

bool TargetPlatform::Has(const std::string& source, const std::string& target) const {
  const std::lock_guard lock(mutex_);
  const auto found = created_.find(source);
  return found != created_.end() && std::ranges::count(found->second, target) == 1;
}

std::set<std::string> TargetPlatform::Duplicated() const {
  const std::lock_guard lock(mutex_);
  std::set<std::string> duplicated;
  for (const auto& [source, targets] : created_) {
    if (targets.size() > 1) duplicated.insert(source);
  }
  return duplicated;
}

// ---- The ledger ----

void ClaimLedger::Told(const std::string& source, const std::string& target) {
  const std::lock_guard lock(mutex_);
  const auto [at, first] = summary_.targets.emplace(source, target);
  if (first) ++synced_;
  if (at->second != target) ++summary_.contradictions;
}

void ClaimLedger::Settled(const std::string& source) {
  const std::lock_guard lock(mutex_);
  if (!settled_.insert(source).second) ++summary_.settled_again;
}

void ClaimLedger::ToldUnknown(const std::string& source) {
  const std::lock_guard lock(mutex_);
  summary_.unknown.insert(source);
  ++summary_.unknown_answers;
}

ClaimLedger::Summary ClaimLedger::Take() const {
  const std::lock_guard lock(mutex_);
  return summary_;
}

// ---- A worker ----

class ClaimWorkers::Worker {
 public:
  Worker(ClaimWorkers& all, uint32_t number)
      : all_(all), number_(number), random_(all.options_.seed * 1000 + number) {}

  void Run() {
    for (uint32_t life = 0; !all_.stopped(); ++life) {
      Live(fmt::format("worker-{}-{}", number_, life));
      server_ = nullptr;
    }
  }

 private:
  // Returns when the worker dies, or there is nothing left to do.
  void Live(const std::string& owner) {
    owner_ = owner;
    const ClaimOptions& options = all_.options_;
    uint64_t next = random_() % options.sources;
    while (!all_.stopped()) {
      std::vector<std::string> sources;
      for (uint32_t i = 0; i < std::min(options.batch, options.sources); ++i) {
        sources.push_back(SourceOf(static_cast<uint32_t>(next++ % options.sources)));
      }
      // Drawn whether or not it is used, so that a seed gives every server the same.
      const bool crashes = random_() % 100 < options.crash_percent;
      const uint64_t crash_at = random_() % (options.batch + 1);
      if (!TryBatch(sources, crashes ? crash_at : UINT64_MAX)) return;
    }
  }

  // Claims, creates and settles; dies instead of creating item `crash_at` of what was granted, or
  // before settling if there are fewer. False if it died, or all is over.
  bool TryBatch(const std::vector<std::string>& sources, uint64_t crash_at) {
    Clock::time_point asked;
    const auto answers = Ask([&](ClaimServer& server) {
      asked = Clock::now();
      return server.Claim(sources);
    });
    if (!answers.ok()) return false;
    // Some time before the lease ends on the server's clock, which runs from a later moment.
    const auto deadline = asked + std::chrono::milliseconds(all_.options_.lease_ms) * 9 / 10;
    std::vector<CreatedRecord> created;
    bool granted = false;
    for (size_t i = 0; i < sources.size(); ++i) {
      const ClaimAnswer& answer = (*answers)[i];
      if (answer.kind == ClaimAnswer::Kind::kSynced) all_.ledger_.Told(sources[i], answer.target);
      const bool unknown = answer.kind == ClaimAnswer::Kind::kUnknown;
      if (unknown) all_.ledger_.ToldUnknown(sources[i]);
      if (!unknown && answer.kind != ClaimAnswer::Kind::kGranted) continue;
      granted = true;
      if (created.size() == crash_at) return Die();
      std::string target;
      if (unknown && all_.options_.search_when_unknown) target = all_.platform_.Search(sources[i]);
      if (target.empty()) target = all_.platform_.Create(sources[i], deadline);
      if (!target.empty()) created.push_back({sources[i], target, answer.token});
    }
    if (!granted) {
      std::this_thread::sleep_for(kPause);
      return true;
    }
    return crash_at == UINT64_MAX ? Settle(created) : Die();
  }

  bool Die() {
    ++all_.crashes_;
    return false;
  }

  bool Settle(const std::vector<CreatedRecord>& created) {
    const auto answers = Ask([&](ClaimServer& server) { return server.Settle(created); });
    if (!answers.ok()) return false;
    for (size_t i = 0; i < created.size(); ++i) {
      const SettleAnswer& answer = (*answers)[i];
      if (answer.linked) all_.ledger_.Settled(created[i].source);
      if (!answer.target.empty()) all_.ledger_.Told(created[i].source, answer.target);
    }
    return true;
  }

  // Asks until there is an answer, connecting as often as it takes.
  template <typename Question>
  auto Ask(Question question) -> decltype(question(std::declval<ClaimServer&>())) {
    for (;;) {
      absl::Status status;
      if (server_ == nullptr) {
        auto connected = all_.connect_(owner_);
        status = connected.status();
        if (connected.ok()) server_ = *std::move(connected);
      }
      if (server_ != nullptr) {
        auto answers = question(*server_);
        if (answers.ok()) return answers;
        status = answers.status();
        server_ = nullptr;
      }
      if (!IsForNow(status) || Clock::now() > all_.give_up_) all_.Fail(status);
      if (all_.stopped()) return status;
      std::this_thread::sleep_for(kPause);
    }
  }

  ClaimWorkers& all_;
  const uint32_t number_;
  std::mt19937_64 random_;
  std::string owner_;
  std::unique_ptr<ClaimServer> server_;
};

// ---- All workers ----

ClaimWorkers::ClaimWorkers(const ClaimOptions& options, ConnectAs connect)
    : options_(options), connect_(std::move(connect)), give_up_(Clock::now() + kPatience) {
  for (uint32_t i = 0; i < options_.workers; ++i) {
    threads_.emplace_back([this, i] { Worker(*this, i).Run(); });
  }
}

ClaimWorkers::~ClaimWorkers() {
  Fail(absl::CancelledError("the workers were stopped"));
  Join().IgnoreError();
}

absl::Status ClaimWorkers::Join() {
  for (std::thread& thread : threads_) thread.join();
  threads_.clear();
  const std::lock_guard lock(mutex_);
  return failure_;
}

void ClaimWorkers::Fail(const absl::Status& status) {
  const std::lock_guard lock(mutex_);
  failure_.Update(status);
  failed_ = true;
}

}  // namespace xref::bench
