#include "client/cli/listing.h"

#include <fmt/format.h>

#include <string>
#include <thread>

#include "client/cli/command.h"

namespace xref::cli {

absl::Status ForEachReference(Client& client, protocol::ListRequest request,
                              absl::FunctionRef<bool(const protocol::ListedReference&)> take) {
  if (request.rows_max == 0) request.rows_max = protocol::kRowsListedMax;
  std::string payload;
  std::string after;
  for (;;) {
    const auto page = client.List(request, payload);
    if (!page.ok()) return page.status();
    for (const auto& row : page->rows) {
      if (!take(row)) return absl::OkStatus();
    }
    if (!page->more) return absl::OkStatus();
    // The next page is read into what `next` borrows from.
    after = page->next;
    request.after = after;
  }
}

absl::StatusOr<Lsn> LastLsn(Client& client) {
  std::string payload;
  const auto status = client.Status(payload);
  if (!status.ok()) return status.status();
  for (const auto& [name, value] : status->facts) {
    if (name == "lsn") return std::stoull(value);
  }
  return absl::InternalError("the server does not tell its LSN");
}

absl::Status AwaitListing(Client& client, PlaceId place, std::chrono::milliseconds stall_max) {
  using Clock = std::chrono::steady_clock;
  const auto lsn = LastLsn(client);
  if (!lsn.ok()) return lsn.status();
  Lsn seen = 0;
  for (auto give_up = Clock::now() + stall_max;;) {
    std::string payload;
    // Asked for as much as there can be, the server has what is missing written down first.
    const auto page = client.List({.place = place, .rows_max = protocol::kRowsListedMax}, payload);
    if (!page.ok()) return page.status();
    if (page->as_of >= *lsn) return absl::OkStatus();
    if (page->as_of > seen) give_up = Clock::now() + stall_max;
    seen = page->as_of;
    if (Clock::now() >= give_up) {
      return absl::UnavailableError(
          fmt::format("the server is {} changes behind with writing down what is to be listed; "
                      "try again later",
                      *lsn - seen));
    }
    std::this_thread::sleep_for(kPollPause);
  }
}

}  // namespace xref::cli
