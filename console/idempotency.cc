#include "console/idempotency.h"

#include <functional>
#include <string_view>

#include "console/limits.h"

namespace xref::console {
namespace {

uint64_t FingerprintOf(const Request& request) {
  const std::string whole = std::to_string(static_cast<int>(request.method)) + request.target +
                            "\n" + request.actor + "\n" + request.body;
  return std::hash<std::string>()(whole);
}

}  // namespace

std::optional<Response> Idempotency::Begin(const std::string& key, const Request& request) {
  DropOld();
  const uint64_t fingerprint = FingerprintOf(request);
  const auto [at, is_new] = entries_.try_emplace(key, Entry{fingerprint, Clock::now(), {}});
  if (is_new) return std::nullopt;
  const Entry& entry = at->second;
  if (entry.fingerprint != fingerprint) {
    throw Problem{422, "idempotency-mismatch",
                  "this Idempotency-Key was used for another request: every request needs its own"};
  }
  if (!entry.answer) {
    throw Problem{409, "in-progress", "the request of this Idempotency-Key is still under way"};
  }
  Response again = *entry.answer;
  again.headers.emplace_back("Idempotency-Replayed", "true");
  return again;
}

void Idempotency::Finish(const std::string& key, const Response& answer) {
  const bool is_final = answer.status < 500 && answer.status != 429;
  if (!is_final) {
    entries_.erase(key);
    return;
  }
  bytes_ += answer.body.size();
  entries_.at(key).answer = answer;
  by_age_.push_back(key);
}

void Idempotency::DropOld() {
  const auto now = Clock::now();
  while (!by_age_.empty()) {
    const auto oldest = entries_.find(by_age_.front());
    const bool is_due = now - oldest->second.since > kAnswersKept ||
                        by_age_.size() >= kAnswersMax || bytes_ > kAnswersBytesMax;
    if (!is_due) return;
    bytes_ -= oldest->second.answer->body.size();
    entries_.erase(oldest);
    by_age_.pop_front();
  }
}

}  // namespace xref::console
