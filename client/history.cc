#include "client/history.h"

#include <fmt/format.h>

#include <algorithm>
#include <chrono>

namespace xref {
namespace {

using protocol::PastEvent;
using protocol::PastEventKind;

bool Links(PastEventKind kind) {
  return kind == PastEventKind::kAdded || kind == PastEventKind::kPut ||
         kind == PastEventKind::kEdited;
}

bool Unlinks(PastEventKind kind) {
  return kind == PastEventKind::kDeleted || kind == PastEventKind::kPurged;
}

std::string_view Who(std::string_view actor) { return actor.empty() ? "somebody unknown" : actor; }

std::string_view Way(uint8_t origin) {
  switch (origin) {
    case static_cast<uint8_t>(Origin::kSync):
      return "by a sync";
    case static_cast<uint8_t>(Origin::kManual):
      return "by hand";
    case static_cast<uint8_t>(Origin::kImport):
      return "by an import";
    default:
      return "";
  }
}

std::string Sentence(const PastEvent& event, std::string_view place) {
  const std::string when = FormatTime(event.time_us);
  const std::string_view who = Who(event.actor);
  switch (event.kind) {
    case PastEventKind::kAdded:
      return fmt::format("{}: {} linked it to {}, {}.", when, who, event.after, Way(event.origin));
    case PastEventKind::kPut:
      return fmt::format("{}: {} linked it to {} in place of {} (put).", when, who, event.after,
                         event.before);
    case PastEventKind::kEdited:
      return fmt::format("{}: {} repointed it from {} to {}.", when, who, event.before,
                         event.after);
    case PastEventKind::kDeleted:
      return fmt::format("{}: {} deleted its reference, which was to {}.", when, who, event.before);
    case PastEventKind::kIgnored:
      return fmt::format("{}: {} marked it as never to be synced.", when, who);
    case PastEventKind::kUnignored:
      return fmt::format("{}: {} allowed it to be synced again.", when, who);
    case PastEventKind::kReclaimed:
      return fmt::format(
          "{}: {} claimed it after {} had claimed it and never said what became of it. If {} had "
          "created the record, and {} did not look, there are two.",
          when, who, event.before, event.before, who);
    case PastEventKind::kPurged:
      if (event.before.empty()) {
        return fmt::format(
            "{}: {} purged all references of {}; whether it was among them is not "
            "known any more.",
            when, who, place);
      }
      return fmt::format("{}: {} purged all references of {}, this one to {} among them.", when,
                         who, place, event.before);
  }
  return {};
}

// Times between a removal and the next link: the syncs of that time took the source for new.
void ExplainGaps(const std::vector<PastEvent>& timeline, std::vector<std::string>& sentences) {
  const PastEvent* removed = nullptr;
  for (const PastEvent& event : timeline) {
    if (Unlinks(event.kind) && !event.before.empty()) removed = &event;
    if (!Links(event.kind) || removed == nullptr) continue;
    if (removed->before != event.after) {
      sentences.push_back(fmt::format(
          "Between {} and {} it was not linked, so a sync took it for new: {} is most likely a "
          "second record of what was {} before.",
          FormatTime(removed->time_us), FormatTime(event.time_us), event.after, removed->before));
    }
    removed = nullptr;
  }
}

}  // namespace

std::vector<PastEvent> Timeline(const protocol::HistoryReply& history) {
  std::vector<PastEvent> timeline = history.events;
  if (!history.reference) return timeline;
  const protocol::ListedReference& reference = *history.reference;
  // What it was first linked to is what the first change since then found.
  std::string_view first_target = reference.target;
  for (const PastEvent& event : timeline) {
    const bool repoints = event.kind == PastEventKind::kPut || event.kind == PastEventKind::kEdited;
    if (!repoints || event.time_us < reference.created_us) continue;
    first_target = event.before;
    break;
  }
  const PastEvent added{.kind = PastEventKind::kAdded,
                        .origin = reference.origin,
                        .time_us = reference.created_us,
                        .lsn = reference.updated_us == 0 ? reference.lsn : 0,
                        .actor = reference.created_by,
                        .before = {},
                        .after = first_target};
  const auto at = std::find_if(timeline.begin(), timeline.end(), [&](const PastEvent& event) {
    const bool repoints = event.kind == PastEventKind::kPut || event.kind == PastEventKind::kEdited;
    return event.time_us > added.time_us ||
           (event.time_us == added.time_us && repoints && event.before == first_target);
  });
  timeline.insert(at, added);
  return timeline;
}

std::vector<std::string> Explain(const protocol::HistoryReply& history, std::string_view place,
                                 std::string_view source) {
  std::vector<std::string> sentences;
  const std::vector<PastEvent> timeline = Timeline(history);
  if (history.reference) {
    sentences.push_back(
        fmt::format("{} is synced: it is linked to {}, so no sync creates it again.", source,
                    history.reference->target));
  } else if (history.ignored) {
    sentences.push_back(fmt::format("{} is not synced, and is marked as never to be.", source));
  } else {
    sentences.push_back(
        fmt::format("{} is not synced: a sync that meets it takes it for new.", source));
  }
  if (timeline.empty()) {
    sentences.push_back(fmt::format(
        "Nothing is known of it: no reference of it was ever recorded in {}, or its history is no "
        "longer kept.",
        place));
  }
  for (const PastEvent& event : timeline) sentences.push_back(Sentence(event, place));
  ExplainGaps(timeline, sentences);
  if (const auto& claim = history.claim) {
    const bool open = claim->remaining_ms > 0;
    if (open) {
      sentences.push_back(
          fmt::format("{} has claimed it and {} s left to settle it; others must wait.",
                      claim->owner, claim->remaining_ms / 1000));
    } else {
      sentences.push_back(fmt::format(
          "{} claimed it and never said what became of it: the record may exist in the target. "
          "Whoever claims it next is told so. Search the target, then settle or release the claim "
          "with token {}.",
          claim->owner, claim->token));
    }
    if (!claim->lost_owner.empty()) {
      sentences.push_back(
          fmt::format("Before, {} had claimed it and never settled.", claim->lost_owner));
    }
  }
  if (!history.other_sources.empty()) {
    sentences.push_back(fmt::format(
        "Its target is shared: {} {} linked to it as well, so two source records became one.",
        fmt::join(history.other_sources, ", "), history.other_sources.size() == 1 ? "is" : "are"));
  }
  return sentences;
}

std::string FormatTime(int64_t time_us) {
  const auto time = std::chrono::floor<std::chrono::seconds>(
      std::chrono::sys_time(std::chrono::microseconds(time_us)));
  const auto day = std::chrono::floor<std::chrono::days>(time);
  const std::chrono::year_month_day date(day);
  const std::chrono::hh_mm_ss clock(time - day);
  return fmt::format("{:04}-{:02}-{:02}T{:02}:{:02}:{:02}Z", static_cast<int>(date.year()),
                     static_cast<unsigned>(date.month()), static_cast<unsigned>(date.day()),
                     clock.hours().count(), clock.minutes().count(), clock.seconds().count());
}

}  // namespace xref
