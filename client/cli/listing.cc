#include "client/cli/listing.h"

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

}  // namespace xref::cli
