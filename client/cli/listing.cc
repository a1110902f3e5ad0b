#include "client/cli/listing.h"

#include <fmt/format.h>

#include <algorithm>
#include <string>
#include <thread>
#include <utility>
#include <vector>

#include "client/cli/command.h"

namespace xref::cli {

namespace {

using protocol::ListedReference;
using protocol::ListRequest;

// A row that outlives its page.
struct KeptRow {
  explicit KeptRow(const ListedReference& row)
      : source(row.source),
        target(row.target),
        created_by(row.created_by),
        updated_by(row.updated_by),
        rest(row) {}

  ListedReference View() const {
    ListedReference row = rest;
    row.source = source;
    row.target = target;
    row.created_by = created_by;
    row.updated_by = updated_by;
    return row;
  }

  std::string source;
  std::string target;
  std::string created_by;
  std::string updated_by;
  ListedReference rest;  // all but its texts
};

// Whether it comes before the other one where the newest come first.
bool IsNewer(const KeptRow& a, const KeptRow& b) {
  return a.rest.lsn != b.rest.lsn ? a.rest.lsn > b.rest.lsn : a.source < b.source;
}

// Asks for one page after the other. Returns ListReply::complete_from of the last.
absl::StatusOr<Lsn> ForEachRow(Client& client, ListRequest request,
                               absl::FunctionRef<bool(const ListedReference&)> take) {
  if (request.rows_max == 0) request.rows_max = protocol::kRowsListedMax;
  std::string payload;
  std::string after;
  std::string after_target;
  for (;;) {
    const auto page = client.List(request, payload);
    if (!page.ok()) return page.status();
    for (const auto& row : page->rows) {
      if (!take(row)) return 0;
    }
    if (!page->more) return page->complete_from;
    // The next page is read into what `next` borrows from.
    after = page->next;
    after_target = page->next_target;
    request.after = after;
    request.after_target = after_target;
    request.after_lsn = page->next_lsn;
  }
}

// Those that come last of all, the newest of them first.
absl::Status ForEachOlder(Client& client, ListRequest request, uint64_t rows_max,
                          absl::FunctionRef<void(const ListedReference&)> take) {
  const std::string_view after = std::exchange(request.after, {});
  const Lsn after_lsn = std::exchange(request.after_lsn, 0);
  if (after_lsn != 0) request.until_lsn = std::min(request.until_lsn, after_lsn);
  request.order = protocol::ListOrder::kSource;
  request.rows_max = 0;
  std::vector<KeptRow> rows;  // a heap, the oldest at its front
  const auto scanned = ForEachRow(client, request, [&](const ListedReference& row) {
    if (row.lsn == after_lsn && row.source <= after) return true;
    rows.emplace_back(row);
    std::push_heap(rows.begin(), rows.end(), IsNewer);
    if (rows.size() > rows_max) {
      std::pop_heap(rows.begin(), rows.end(), IsNewer);
      rows.pop_back();
    }
    return true;
  });
  if (!scanned.ok()) return scanned.status();
  std::sort_heap(rows.begin(), rows.end(), IsNewer);
  for (const KeptRow& row : rows) take(row.View());
  return absl::OkStatus();
}

}  // namespace

absl::Status ForEachReference(Client& client, ListRequest request,
                              absl::FunctionRef<bool(const ListedReference&)> take) {
  return ForEachRow(client, request, take).status();
}

absl::Status ForEachNewest(Client& client, ListRequest request, uint64_t rows_max,
                           absl::FunctionRef<void(const ListedReference&)> take) {
  request.order = protocol::ListOrder::kNewest;
  uint64_t taken = 0;
  const auto complete_from = ForEachRow(client, request, [&](const ListedReference& row) {
    if (taken == rows_max) return false;
    take(row);
    ++taken;
    return true;
  });
  if (!complete_from.ok()) return complete_from.status();
  if (taken == rows_max || *complete_from == 0) return absl::OkStatus();
  request.until_lsn = *complete_from - 1;
  return ForEachOlder(client, request, rows_max - taken, take);
}

namespace {

// Of the server's last change.
absl::StatusOr<Lsn> LastLsn(Client& client) {
  std::string payload;
  const auto status = client.Status(payload);
  if (!status.ok()) return status.status();
  const std::string lsn = status->Fact("lsn");
  if (lsn.empty()) return absl::InternalError("the server does not tell its LSN");
  return std::stoull(lsn);
}

}  // namespace

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
