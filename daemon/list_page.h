#pragma once

#include <cstdint>
#include <deque>
#include <string>

#include "persistence/snapshot.h"
#include "persistence/stored_reference.h"
#include "protocol/query_messages.h"

namespace xref {

// A reference as replies show it; it borrows from the reference.
protocol::ListedReference Listed(const StoredReference& reference);
// Copies the texts of a row to where they stay.
void Keep(protocol::ListedReference& row, std::deque<std::string>& texts);

// The reply to a LIST, as it fills up. Thread-compatible.
class ListPage {
 public:
  // The request must outlive it.
  explicit ListPage(const protocol::ListRequest& asked) : asked_(asked) {}

  // False: the page is full, and this one is not on it.
  bool Take(const Snapshot::Met& met);
  // Valid as long as the page.
  const protocol::ListReply& End(Lsn as_of, Lsn complete_from);

 private:
  bool IsFull() const;

  const protocol::ListRequest& asked_;
  protocol::ListReply reply_;
  std::deque<std::string> texts_;  // what the rows refer to
  size_t bytes_ = 0;
  std::string source_;  // where it is
  std::string target_;
};

}  // namespace xref
