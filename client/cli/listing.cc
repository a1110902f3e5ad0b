#include "client/cli/listing.h"

#include <fmt/format.h>

#include <iostream>
#include <string>

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

absl::Status WarnIfListingLags(Client& client, PlaceId place) {
  std::string payload;
  const auto status = client.Status(payload);
  if (!status.ok()) return status.status();
  Lsn lsn = 0;
  for (const auto& [name, value] : status->facts) {
    if (name == "lsn") lsn = std::stoull(value);
  }
  const auto page = client.List({.place = place, .rows_max = 1}, payload);
  if (!page.ok()) return page.status();
  if (page->as_of < lsn) {
    std::cerr << fmt::format("the last {} changes of the server may not show yet\n",
                             lsn - page->as_of);
  }
  return absl::OkStatus();
}

}  // namespace xref::cli
