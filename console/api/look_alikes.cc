// Source IDs that look alike.

#include "console/look_alikes.h"

#include <fmt/format.h>

#include <algorithm>
#include <boost/asio/steady_timer.hpp>
#include <boost/asio/use_awaitable.hpp>
#include <boost/json/array.hpp>
#include <chrono>

#include "console/api/handlers.h"
#include "console/cursor.h"
#include "console/facts.h"

namespace xref::console {

namespace asio = boost::asio;
namespace json = boost::json;

namespace {

// How long an answer waits for the end of the search, which is then nearer.
constexpr std::chrono::milliseconds kWait{150};
constexpr uint64_t kGroupsPerPageMax = 1'000;

json::object GroupObject(const LookAlikeSearch::Group& group) {
  json::array sources;
  for (const std::string& source : group.sources) sources.push_back(Json(source));
  return {{"key", group.key},
          {"source_ids", std::move(sources)},
          {"more", group.met > group.sources.size()}};
}

}  // namespace

Reply ListLookAlikes(Call& call) {
  const uint64_t limit = call.Number("limit", 1, kGroupsPerPageMax, 50);
  const PlaceId place = co_await call.Place();
  const std::string listing = fmt::format("look-alikes {}", place);
  Cursor cursor = Cursor::Parse(listing, call.Param("cursor").value_or(""));
  const auto search = cursor.is_beginning() ? call.look_alikes().Begin(place, call.asker())
                                            : call.look_alikes().Find(cursor.Number(), place);
  const uint64_t first = cursor.Number();
  const uint64_t examined_before = cursor.Number();
  if (!search->is_over()) {
    asio::steady_timer pause(call.asker().executor(), kWait);
    co_await pause.async_wait(asio::use_awaitable);
  }
  if (search->failure()) throw *search->failure();

  json::array groups;
  uint64_t end = first;
  if (search->is_over()) {
    end = std::min<uint64_t>(first + limit, search->groups().size());
    for (uint64_t i = first; i < end; ++i) groups.push_back(GroupObject(search->groups()[i]));
  }
  const uint64_t references = co_await call.ReferencesThere();
  const uint64_t examined = search->examined() / 2;
  json::value next;
  if (!search->is_over() || end < search->groups().size()) {
    next = Json(Cursor::Of(listing).Add(search->number()).Add(end).Add(examined).ToText());
  }
  co_return JsonResponse({{"groups", std::move(groups)},
                          {"next_cursor", std::move(next)},
                          {"examined", examined - examined_before},
                          {"references", references}});
}

}  // namespace xref::console
