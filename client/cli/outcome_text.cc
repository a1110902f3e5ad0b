#include "client/cli/outcome_text.h"

#include <fmt/format.h>

#include "client/cli/command.h"

namespace xref::cli {

using protocol::Mutation;
using protocol::Outcome;
using protocol::Verdict;

namespace {

std::string_view DoneWord(Mutation mutation) {
  switch (mutation) {
    case Mutation::kAdd:
      return "added";
    case Mutation::kPut:
      return "put";
    case Mutation::kEdit:
      return "edited";
    case Mutation::kDelete:
      return "deleted";
    case Mutation::kIgnore:
      return "ignored";
    case Mutation::kUnignore:
      return "unignored";
    case Mutation::kClaim:
      return "granted";
    case Mutation::kSettle:
      return "settled";
    case Mutation::kRelease:
      return "released";
    case Mutation::kRenew:
      return "renewed";
  }
  return "done";
}

std::string Arrow(const Item& item) {
  return item.target.empty() ? std::string(item.source)
                             : fmt::format("{} -> {}", item.source, item.target);
}

}  // namespace

bool IsGood(Verdict verdict) {
  return verdict == Verdict::kDone || verdict == Verdict::kUnchanged ||
         verdict == Verdict::kGranted;
}

std::string_view Word(Mutation mutation, Verdict verdict) {
  return verdict == Verdict::kDone ? DoneWord(mutation) : Name(verdict);
}

std::string Sentence(Mutation mutation, std::string_view place, const Item& item,
                     const Outcome& outcome) {
  const std::string_view source = item.source;
  const std::string_view word = Word(mutation, outcome.verdict);
  switch (outcome.verdict) {
    case Verdict::kDone:
    case Verdict::kUnchanged:
      return fmt::format("{}: {}", word, Arrow(item));
    case Verdict::kConflict:
      return item.expected.empty()
                 ? fmt::format("{}: {} is linked to {} already; nothing was changed", word, source,
                               outcome.other)
                 : fmt::format("{}: {} is linked to {}, not to {}; nothing was changed", word,
                               source, outcome.other, item.expected);
    case Verdict::kDuplicate:
      return fmt::format("{}: {} was given before; this one was not used", word, source);
    case Verdict::kMissing:
      return fmt::format("{}: {} is not linked; nothing was changed", word, source);
    case Verdict::kIgnored:
      return fmt::format("{0}: {1} must never be synced; to allow it again: xref unignore {2} {1}",
                         word, source, place);
    case Verdict::kTargetTaken:
      return fmt::format(
          "{}: {} is linked from {} already, and {} allows one source for a target; nothing was "
          "changed",
          word, item.target, outcome.other, place);
    case Verdict::kSynced:
      return mutation == Mutation::kClaim
                 ? fmt::format("{}: {} is linked to {}: nothing is left to do", word, source,
                               outcome.other)
                 : fmt::format(
                       "{}: {} is linked to {}, so it was not ignored; delete the link "
                       "first",
                       word, source, outcome.other);
    case Verdict::kGranted:
      return fmt::format("{}: {} with token {}", word, source, outcome.number);
    case Verdict::kUnknown:
      return fmt::format(
          "{}: {} with token {}; but the claim of {} was never settled: search the target for the "
          "record before creating it",
          word, source, outcome.number, outcome.other);
    case Verdict::kHeld:
      return fmt::format("{}: {} is claimed by {} for {} more", word, source, outcome.other,
                         InWords(std::chrono::milliseconds(outcome.number)));
    case Verdict::kStaleToken:
      return fmt::format(
          "{}: the claim of {} with token {} has passed on or has ended; nothing was changed. "
          "What is claimed: xref claims {}",
          word, source, item.token, place);
  }
  return std::string(word);
}

boost::json::object ToJson(Mutation mutation, const Item& item, const Outcome& outcome) {
  boost::json::object row{{"source_id", Json(item.source)}};
  const Verdict verdict = outcome.verdict;
  if (verdict == Verdict::kConflict || verdict == Verdict::kSynced) {
    row["target_id"] = Json(outcome.other);
  } else if (IsGood(verdict) && !item.target.empty()) {
    row["target_id"] = Json(item.target);
  }
  row["verdict"] = Json(Word(mutation, verdict));
  if (verdict == Verdict::kTargetTaken) row["taken_by"] = Json(outcome.other);
  if (verdict == Verdict::kGranted || verdict == Verdict::kUnknown) row["token"] = outcome.number;
  if (verdict == Verdict::kUnknown) row["lost_owner"] = Json(outcome.other);
  if (verdict == Verdict::kHeld) {
    row["owner"] = Json(outcome.other);
    row["remaining_ms"] = outcome.number;
  }
  return row;
}

std::string InWords(std::chrono::milliseconds span) {
  const int64_t seconds = span.count() / 1000;
  if (seconds == 0) return "less than 1 s";
  if (seconds < 60) return fmt::format("{} s", seconds);
  const auto both = [](int64_t whole, const char* unit, int64_t rest, const char* rest_unit) {
    return rest == 0 ? fmt::format("{} {}", whole, unit)
                     : fmt::format("{} {} {} {}", whole, unit, rest, rest_unit);
  };
  if (seconds < 3600) return both(seconds / 60, "min", seconds % 60, "s");
  return both(seconds / 3600, "h", seconds / 60 % 60, "min");
}

}  // namespace xref::cli
