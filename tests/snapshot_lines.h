#pragma once

// What a snapshot holds, a line for each entry, to be compared.

#include <absl/status/statusor.h>
#include <fmt/format.h>

#include <set>
#include <string>
#include <string_view>

#include "index/reservations.h"
#include "persistence/history.h"
#include "persistence/keys.h"
#include "persistence/snapshot.h"
#include "persistence/stored_reference.h"

namespace xref::test {

using Lines = std::set<std::string>;

inline std::string LineOf(const Stamp& stamp) {
  return fmt::format("@{} {} {} {}", stamp.lsn, stamp.time_us, static_cast<int>(stamp.origin),
                     stamp.actor);
}

inline std::string LineOf(const StoredReference& reference) {
  return fmt::format("reference {} {} -> {} created {} updated {}", reference.partition,
                     reference.source, reference.target, LineOf(reference.created),
                     reference.updated ? LineOf(*reference.updated) : "never");
}

inline std::string LineOf(PlaceId partition, std::string_view source, const HistoryEvent& event) {
  return fmt::format("event {} {} {} kind {} {} -> {} created {}", partition, source,
                     LineOf(event.made), static_cast<int>(event.kind), event.before, event.after,
                     LineOf(event.created));
}

inline void AddLines(const Reservations& reservations, Lines& lines) {
  reservations.ForEachClaim([&](PlaceId place, std::string_view source, const Claim& claim) {
    lines.insert(fmt::format("claim {} {} {} until {} {} lost {}", place, source, claim.token,
                             claim.until_us, claim.owner, claim.lost_owner));
  });
  reservations.ForEachIgnored([&](PlaceId place, std::string_view source) {
    lines.insert(fmt::format("ignored {} {}", place, source));
  });
  lines.insert(fmt::format("next token {}", reservations.next_token()));
}

// Of references, history and reservations. Fails where one is damaged.
inline absl::StatusOr<Lines> LinesOf(Snapshot& snapshot) {
  Lines lines;
  auto status = snapshot.ReadReferences([&](const StoredReference& reference) {
    lines.insert(LineOf(reference));
    return absl::OkStatus();
  });
  if (!status.ok()) return status;
  auto history = snapshot.Scan(Snapshot::Table::kHistory);
  if (!history.ok()) return history.status();
  for (auto found = history->Next(); !found.ok() || *found; found = history->Next()) {
    if (!found.ok()) return found.status();
    const std::string_view key = history->key();
    const auto event = ParseEvent(key, history->value());
    if (!event.ok()) return event.status();
    const std::string_view source =
        key.substr(sizeof(PlaceId), key.find('\0', sizeof(PlaceId)) - sizeof(PlaceId));
    lines.insert(LineOf(ReadBigEndian<PlaceId>(key), source, *event));
  }
  constexpr PlaceId kPlacesEnd = 1'000;  // tests have fewer
  Reservations reservations;
  status = snapshot.ReadReservations(kPlacesEnd, reservations);
  if (!status.ok()) return status;
  AddLines(reservations, lines);
  return lines;
}

}  // namespace xref::test
