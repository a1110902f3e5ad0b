#include "daemon/list_page.h"

#include <string_view>

namespace xref {
namespace {

// References that one LIST looks at, whether they match or not: some ten milliseconds.
constexpr uint64_t kExaminedMax = 200'000;
// The same in an order in which each has to be looked up.
constexpr uint64_t kLookedUpMax = 20'000;
// What a reply may take of the frame that carries it.
constexpr size_t kReplyBytesAimed = 1 << 20;

bool Matches(const protocol::ListRequest& asked, const StoredReference& reference) {
  const Stamp& changed = reference.updated ? *reference.updated : reference.created;
  if (reference.lsn() < asked.from_lsn || changed.time_us < asked.from_us) return false;
  if (asked.until_lsn != 0 && reference.lsn() > asked.until_lsn) return false;
  if (asked.until_us != 0 && changed.time_us >= asked.until_us) return false;
  const auto origin = static_cast<uint8_t>(reference.created.origin);
  if (asked.origin != protocol::kAnyOrigin && asked.origin != origin) return false;
  if (!reference.source.starts_with(asked.prefix)) return false;
  if (!reference.target.starts_with(asked.target_prefix)) return false;
  return asked.contains.empty() ||
         reference.source.find(asked.contains) != std::string_view::npos ||
         reference.target.find(asked.contains) != std::string_view::npos;
}

}  // namespace

protocol::ListedReference Listed(const StoredReference& reference) {
  protocol::ListedReference row{.source = reference.source,
                                .target = reference.target,
                                .origin = static_cast<uint8_t>(reference.created.origin),
                                .created_us = reference.created.time_us,
                                .created_by = reference.created.actor,
                                .lsn = reference.lsn()};
  if (reference.updated) {
    row.updated_us = reference.updated->time_us;
    row.updated_by = reference.updated->actor;
  }
  return row;
}

void Keep(protocol::ListedReference& row, std::deque<std::string>& texts) {
  for (std::string_view* text : {&row.source, &row.target, &row.created_by, &row.updated_by}) {
    *text = texts.emplace_back(*text);
  }
}

bool ListPage::IsFull() const {
  const bool in_order = asked_.order == protocol::ListOrder::kSource;
  return reply_.examined == (in_order ? kExaminedMax : kLookedUpMax) ||
         reply_.rows.size() == asked_.rows_max || bytes_ >= kReplyBytesAimed;
}

bool ListPage::Take(const Snapshot::Met& met) {
  reply_.more = IsFull();
  if (reply_.more) return false;
  ++reply_.examined;
  source_ = met.source;
  target_ = met.target;
  reply_.next_lsn = met.lsn;
  if (met.reference != nullptr && Matches(asked_, *met.reference)) {
    Keep(reply_.rows.emplace_back(Listed(*met.reference)), texts_);
    bytes_ += met.source.size() + met.reference->target.size() + 64;
  }
  return true;
}

const protocol::ListReply& ListPage::End(Lsn as_of, Lsn complete_from) {
  reply_.as_of = as_of;
  reply_.complete_from = complete_from;
  reply_.next = source_;
  reply_.next_target = target_;
  return reply_;
}

}  // namespace xref
