// What is listed page by page.

#include <fmt/format.h>

#include <algorithm>
#include <boost/json/array.hpp>
#include <boost/json/serialize.hpp>
#include <chrono>

#include "client/csv.h"
#include "console/api/handlers.h"
#include "console/cursor.h"
#include "console/facts.h"
#include "console/fields.h"
#include "console/limits.h"

namespace xref::console {

namespace json = boost::json;
using protocol::ListedReference;
using protocol::ListOrder;
using protocol::ListReply;
using protocol::ListRequest;
using protocol::Opcode;

namespace {

using Clock = std::chrono::steady_clock;

// A page that is still not full after that time goes as it is: with filters, the next rows may be
// far.
constexpr std::chrono::milliseconds kPageTime{150};
constexpr uint64_t kPageRowsMax = 1'000;
constexpr uint32_t kRowsScanned = 10'000;  // asked for at a time where most are passed over

// A listing as the query asks for it.
struct Asked {
  std::string search;  // IDs of either side begin with it; empty for a plain listing
  std::string prefix;
  std::string target_prefix;
  std::string contains;
  ListOrder order = ListOrder::kSource;
  uint8_t origin = protocol::kAnyOrigin;
  int64_t from_us = 0;
  int64_t until_us = 0;

  // Stands for all of it, in cursors.
  std::string Name(PlaceId place) const {
    return fmt::format("references {} {} {} {} {} {}:{}{}:{}{}:{}{}", place,
                       static_cast<int>(order), origin, from_us, until_us, search.size(), search,
                       prefix.size(), prefix, target_prefix.size(), target_prefix, contains);
  }
};

ListOrder OrderIn(const Call& call) {
  const std::string name = call.Param("order").value_or("source");
  if (name == "source") return ListOrder::kSource;
  if (name == "newest") return ListOrder::kNewest;
  if (name == "target") return ListOrder::kTarget;
  throw BadRequest("order is none of source, newest and target");
}

uint8_t OriginIn(const Call& call) {
  const auto name = call.Param("origin");
  if (!name) return protocol::kAnyOrigin;
  for (uint8_t origin = 0; origin <= kOriginLast; ++origin) {
    if (OriginName(origin) == *name) return origin;
  }
  throw BadRequest("origin is none of sync, manual and import");
}

int64_t TimeIn(const Call& call, std::string_view name) {
  const auto text = call.Param(name);
  return text ? ParseTime(name, *text) : 0;
}

Asked AskedIn(const Call& call) {
  Asked asked{.search = call.MaybeId("q"),
              .prefix = call.MaybeId("prefix"),
              .target_prefix = call.MaybeId("target_prefix"),
              .contains = call.MaybeId("contains"),
              .order = OrderIn(call),
              .origin = OriginIn(call),
              .from_us = TimeIn(call, "from"),
              .until_us = TimeIn(call, "until")};
  if (!asked.search.empty() && (!asked.prefix.empty() || !asked.target_prefix.empty() ||
                                asked.order != ListOrder::kSource)) {
    throw BadRequest(
        "q looks for source IDs and then for target IDs, each in their order: leave out order, "
        "prefix and target_prefix");
  }
  return asked;
}

// Where a listing stands. A search lists what is found by its source first, then by its target.
struct Position {
  bool by_target = false;
  std::string after;
  std::string after_target;
  Lsn after_lsn = 0;

  static Position Parse(std::string_view listing, const std::string& text) {
    Cursor cursor = Cursor::Parse(listing, text);
    Position position{.by_target = cursor.Number() != 0};
    position.after = cursor.Text();
    position.after_target = cursor.Text();
    position.after_lsn = cursor.Number();
    return position;
  }
  std::string ToText(std::string_view listing) const {
    return Cursor::Of(listing)
        .Add(uint64_t{by_target})
        .Add(after)
        .Add(after_target)
        .Add(after_lsn)
        .ToText();
  }
};

ListRequest RequestFor(const Asked& asked, const Position& position, PlaceId place, uint32_t rows) {
  ListRequest request{.place = place,
                      .rows_max = rows,
                      .order = position.by_target ? ListOrder::kTarget : asked.order,
                      .after = position.after,
                      .after_target = position.after_target,
                      .after_lsn = position.after_lsn,
                      .prefix = asked.prefix,
                      .target_prefix = asked.target_prefix,
                      .contains = asked.contains,
                      .origin = asked.origin,
                      .from_us = asked.from_us,
                      .until_us = asked.until_us};
  if (!asked.search.empty())
    (position.by_target ? request.target_prefix : request.prefix) = asked.search;
  return request;
}

void MoveOn(Position& position, const ListReply& page) {
  position.after = std::string(page.next);
  position.after_target = std::string(page.next_target);
  position.after_lsn = page.next_lsn;
}

json::value NextCursor(bool more, const Position& position, std::string_view listing) {
  return more ? json::value(Json(position.ToText(listing))) : json::value();
}

}  // namespace

Reply ListReferences(Call& call) {
  const Asked asked = AskedIn(call);
  const auto limit = static_cast<uint32_t>(call.Number("limit", 1, kPageRowsMax, 100));
  const PlaceId place = co_await call.Place();
  const std::string listing = asked.Name(place);
  Position position = Position::Parse(listing, call.Param("cursor").value_or(""));
  const auto begun = Clock::now();
  json::array rows;
  uint64_t examined = 0;
  Lsn as_of = 0;
  bool more = true;
  while (more && rows.size() < limit && Clock::now() - begun < kPageTime) {
    const ListRequest request =
        RequestFor(asked, position, place, limit - static_cast<uint32_t>(rows.size()));
    const auto answer = co_await call.Ask<ListReply>(Opcode::kList, request);
    const ListReply& page = answer.value;
    for (const ListedReference& row : page.rows) {
      // Those were told before.
      if (position.by_target && row.source.starts_with(asked.search)) continue;
      rows.push_back(ReferenceObject(row));
    }
    examined += page.examined;
    as_of = page.as_of;
    more = page.more;
    if (more) {
      MoveOn(position, page);
    } else if (!asked.search.empty() && !position.by_target) {
      position = {.by_target = true};
      more = true;
    }
  }
  co_return JsonResponse({{"references", std::move(rows)},
                          {"next_cursor", NextCursor(more, position, listing)},
                          {"as_of_lsn", as_of},
                          {"examined", examined}});
}

Reply ListClaims(Call& call) {
  const auto limit = static_cast<uint32_t>(call.Number("limit", 1, kPageRowsMax, 100));
  const PlaceId place = co_await call.Place();
  const std::string listing = fmt::format("claims {}", place);
  const std::string after = Cursor::Parse(listing, call.Param("cursor").value_or("")).Text();
  const protocol::ClaimsRequest request{place, limit, after};
  const auto answer = co_await call.Ask<protocol::ClaimsReply>(Opcode::kClaims, request);
  json::array claims;
  for (const protocol::ListedClaim& claim : answer.value.claims) {
    claims.push_back(ClaimObject(claim));
  }
  json::value next;
  if (answer.value.claims.size() == limit) {
    next = Json(Cursor::Of(listing).Add(answer.value.claims.back().source).ToText());
  }
  co_return JsonResponse({{"claims", std::move(claims)}, {"next_cursor", std::move(next)}});
}

// Targets that several sources are linked to: neighbours in the order of targets.
Reply ListDuplicates(Call& call) {
  const uint64_t limit = call.Number("limit", 1, kPageRowsMax, 50);
  const PlaceId place = co_await call.Place();
  const std::string listing = fmt::format("duplicates {}", place);
  Position position = Position::Parse(listing, call.Param("cursor").value_or(""));
  const auto begun = Clock::now();
  json::array groups;
  uint64_t examined = 0;
  bool more = true;

  // The rows of one target that were met last.
  std::string target;
  std::vector<std::string> sources;
  size_t sources_met = 0;
  Position last_row = position;
  // A page ends behind the last row of a target, so that no group is cut in two.
  Position end = position;
  const auto close_group = [&] {
    if (sources_met > 1) {
      json::array listed;
      for (const std::string& source : sources) listed.push_back(Json(source));
      groups.push_back(json::object{{"target_id", target},
                                    {"source_ids", std::move(listed)},
                                    {"more", sources_met > sources.size()}});
    }
    examined += sources_met;
    sources.clear();
    sources_met = 0;
    end = last_row;
  };
  while (more && groups.size() < limit && Clock::now() - begun < kPageTime) {
    const ListRequest request{.place = place,
                              .rows_max = kRowsScanned,
                              .order = ListOrder::kTarget,
                              .after = position.after,
                              .after_target = position.after_target};
    const auto answer = co_await call.Ask<ListReply>(Opcode::kList, request);
    const ListReply& page = answer.value;
    for (const ListedReference& row : page.rows) {
      if (sources_met > 0 && row.target != target) close_group();
      if (groups.size() == limit) break;
      target = std::string(row.target);
      ++sources_met;
      if (sources.size() < kGroupSourcesMax) sources.emplace_back(row.source);
      last_row.after = std::string(row.source);
      last_row.after_target = target;
    }
    more = page.more;
    MoveOn(position, page);
  }
  // One target may have more sources than were looked at: then it is told in parts.
  if (!more || examined == 0) close_group();
  const uint64_t references = co_await call.ReferencesThere();
  const bool goes_on = more || groups.size() == limit;
  co_return JsonResponse({{"groups", std::move(groups)},
                          {"next_cursor", NextCursor(goes_on, end, listing)},
                          {"examined", examined},
                          {"references", references}});
}

boost::asio::awaitable<void> Export(Call& call, BodyStream& stream) {
  const std::string format = call.Param("format").value_or("csv");
  if (format != "csv" && format != "ndjson") throw BadRequest("format is neither csv nor ndjson");
  const bool as_csv = format == "csv";
  const PlaceId place = co_await call.Place();
  const std::string name =
      fmt::format("attachment; filename=\"{}.{}.{}\"", call.integration(), call.type(), format);
  bool more = true;
  bool begun = false;
  std::string after;
  while (more) {
    const ListRequest request{.place = place, .rows_max = protocol::kRowsListedMax, .after = after};
    const auto answer = co_await call.Ask<ListReply>(Opcode::kList, request);
    std::string text;
    if (!begun) {
      begun = true;
      const Response head{
          .content_type = as_csv ? "text/csv; charset=utf-8" : "application/x-ndjson",
          .headers = {{"Content-Disposition", name}}};
      if (!co_await stream.Begin(head)) co_return;
      if (as_csv) text = "source_id,target_id\n";
    }
    for (const ListedReference& row : answer.value.rows) {
      if (as_csv) {
        AppendCsvRow({row.source, row.target}, text);
      } else {
        const json::object object{{"source_id", Json(row.source)}, {"target_id", Json(row.target)}};
        text += json::serialize(object);
        text += '\n';
      }
    }
    more = answer.value.more;
    after = std::string(answer.value.next);
    if (!co_await stream.Write(text)) co_return;
  }
}

}  // namespace xref::console
