#pragma once

#include <cstdint>
#include <string_view>
#include <vector>

#include "client/client.h"

namespace xref::cli {

// One source ID of a mutation, with what the mutation needs beside it; the rest is empty or 0.
struct Item {
  std::string_view source;
  std::string_view target;
  std::string_view expected;  // the target that must stand; empty for any
  uint64_t token = 0;
};

// The items of one request, kept until it is answered. All are for the same mutation.
class MutationBatch {
 public:
  explicit MutationBatch(protocol::Mutation mutation) : has_(FieldsOf(mutation)) {}

  uint32_t size() const { return static_cast<uint32_t>(sources_.size()); }
  // Whether the item fits the request as well, of at most that many items.
  bool HasRoomFor(const Item& item, uint32_t items_max, uint32_t request_bytes_max) const;
  void Add(const Item& item);

  // `common`, which is of the same mutation, with these items; it borrows from this.
  protocol::MutationRequest Request(protocol::MutationRequest common) const;
  IdBatch sources() const { return sources_.View(); }

  // Calls take(i, item) for every item, in their order.
  template <typename TakeIt>
  void ForEach(TakeIt take) const {
    IdCursor sources(sources_.View());
    IdCursor targets(targets_.View());
    IdCursor expected(expected_.View());
    for (uint32_t i = 0; i < size(); ++i) {
      Item item{.source = sources.Next()};
      if (has_.targets) item.target = targets.Next();
      if (has_.expected) item.expected = expected.Next();
      if (has_.tokens) item.token = tokens_[i];
      take(i, item);
    }
  }

 private:
  const protocol::MutationFields has_;
  IdList sources_;
  IdList targets_;
  IdList expected_;
  std::vector<uint64_t> tokens_;
};

}  // namespace xref::cli
