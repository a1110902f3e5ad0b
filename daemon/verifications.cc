#include "daemon/verifications.h"

#include <fmt/format.h>
#include <spdlog/spdlog.h>

#include <algorithm>
#include <chrono>
#include <utility>

#include "daemon/limits.h"

namespace xref {
namespace {

using Clock = std::chrono::steady_clock;

Clock::duration TimeFor(uint64_t bytes) {
  const std::chrono::duration<double> seconds(static_cast<double>(bytes) / kVerifyBytesPerSecond);
  return std::chrono::duration_cast<Clock::duration>(seconds);
}

}  // namespace

void Verification::Finish(Examination found) {
  found_ = std::move(found);
  is_over_ = true;
}

absl::StatusOr<std::shared_ptr<const Verification>> Verifications::Begin() {
  const std::lock_guard lock(mutex_);
  if (running_ != nullptr) return running_;
  const auto begun = std::make_shared<Verification>();
  const bool asked = maintenance_.Ask([this, begun] {
    Examination found = Run(*begun);
    Report(found);
    // Whoever sees that it is over and begins again gets another one.
    const std::lock_guard in_one_step(mutex_);
    begun->Finish(std::move(found));
    running_.reset();
  });
  if (!asked) return absl::UnavailableError("the daemon is shutting down and verifies nothing");
  running_ = begun;
  return begun;
}

Examination Verifications::Run(Verification& verification) {
  spdlog::info("verify: begun");
  const auto snapshot = files_.snapshots->current();
  uint64_t seen = 0;
  Clock::time_point due = Clock::now();
  return Examine(*files_.journal, *snapshot, [&](const ExaminationProgress& progress) {
    verification.Advance(progress);
    // Time that was lost is not made up for: the limit holds at any moment.
    due = std::max(due, Clock::now()) + TimeFor(progress.done - std::exchange(seen, progress.done));
    return maintenance_.PauseUntil(due) ? absl::OkStatus()
                                        : absl::CancelledError("the daemon is shutting down");
  });
}

void Verifications::Report(const Examination& found) {
  for (const std::string& damage : found.damages) spdlog::error("verify: DAMAGED: {}", damage);
  if (!found.damages.empty()) {
    const size_t more = found.damages.size() - 1;
    state_.set_trouble(
        Trouble::kDamage,
        fmt::format("damaged on disk: {}{}; xrefd will not start again on this "
                    "folder: see xref status --verify",
                    found.damages.front(), more > 0 ? fmt::format(" (and {} more)", more) : ""));
  } else if (!found.interrupted.ok()) {
    spdlog::warn("verify: it did not come to its end: {}", found.interrupted.ToString());
  } else {
    spdlog::info(
        "verify: sound, {} pages, {} references in the snapshot, {} changes in the journal",
        found.pages, found.references, found.changes);
    state_.set_trouble(Trouble::kDamage, "");
  }
}

}  // namespace xref
