#include "console/facts.h"

#include <fmt/format.h>

#include <array>
#include <chrono>

#include "index/vocabulary.h"

namespace xref::console {

namespace json = boost::json;
using protocol::Verdict;

json::value TextOrNull(std::string_view text) {
  return text.empty() ? json::value(nullptr) : json::value(Json(text));
}

std::string TimeText(int64_t time_us) {
  using namespace std::chrono;
  const sys_time<microseconds> time{microseconds(time_us)};
  const auto day = floor<days>(time);
  const year_month_day date(day);
  const hh_mm_ss clock(time - day);
  return fmt::format("{:04}-{:02}-{:02}T{:02}:{:02}:{:02}.{:06}Z", int(date.year()),
                     unsigned(date.month()), unsigned(date.day()), clock.hours().count(),
                     clock.minutes().count(), clock.seconds().count(), clock.subseconds().count());
}

std::string_view OriginName(uint8_t origin) {
  switch (static_cast<Origin>(origin)) {
    case Origin::kManual:
      return "manual";
    case Origin::kImport:
      return "import";
    default:
      return "sync";
  }
}

std::string TokenText(uint64_t token) { return fmt::format("{}", token); }

json::object ReferenceObject(const protocol::ListedReference& row) {
  const bool was_updated = row.updated_us != 0;
  return {{"source_id", Json(row.source)},
          {"target_id", Json(row.target)},
          {"origin", Json(OriginName(row.origin))},
          {"created_at", TimeText(row.created_us)},
          {"created_by", Json(row.created_by)},
          {"updated_at", was_updated ? json::value(TimeText(row.updated_us)) : json::value()},
          {"updated_by", was_updated ? json::value(Json(row.updated_by)) : json::value()},
          {"lsn", row.lsn}};
}

json::object ClaimObject(const protocol::ListedClaim& claim) {
  return {
      {"source_id", Json(claim.source)},    {"owner", Json(claim.owner)},
      {"token", TokenText(claim.token)},    {"state", claim.remaining_ms > 0 ? "open" : "expired"},
      {"remaining_ms", claim.remaining_ms}, {"lost_owner", TextOrNull(claim.lost_owner)}};
}

json::object OutcomeObject(const protocol::Outcome& outcome) {
  json::object object{{"verdict", Json(protocol::Name(outcome.verdict))}};
  if (!outcome.other.empty()) object["other"] = Json(outcome.other);
  switch (outcome.verdict) {
    case Verdict::kGranted:
    case Verdict::kUnknown:
      object["token"] = TokenText(outcome.number);
      break;
    case Verdict::kDuplicate:
    case Verdict::kHeld:
      object["number"] = outcome.number;
      break;
    default:
      break;
  }
  return object;
}

json::object OutcomesObject(const protocol::MutationReply& reply) {
  json::array outcomes;
  outcomes.reserve(reply.outcomes.size());
  std::array<uint64_t, protocol::kVerdictLast + 1> counts{};
  for (const protocol::Outcome& outcome : reply.outcomes) {
    outcomes.push_back(OutcomeObject(outcome));
    ++counts[static_cast<size_t>(outcome.verdict)];
  }
  json::object totals;
  for (size_t i = 0; i < counts.size(); ++i) {
    if (counts[i] > 0) totals[Json(protocol::Name(static_cast<Verdict>(i)))] = counts[i];
  }
  return {{"outcomes", std::move(outcomes)}, {"totals", std::move(totals)}};
}

}  // namespace xref::console
