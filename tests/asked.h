#pragma once

// A mutation as tests write it down, and the request that it makes.

#include <cstdint>
#include <string>
#include <vector>

#include "index/vocabulary.h"
#include "protocol/change_messages.h"

namespace xref {

// One item of a mutation; what the operation does not have is not sent.
struct AskedItem {
  std::string source;
  std::string target;
  std::string expected;
  uint64_t token = 0;
};

// A mutation, with what most tests leave as it is.
struct Asked {
  protocol::Mutation mutation{};
  std::vector<AskedItem> items;
  std::string actor = "ada";
  uint32_t lease_ms = kLeaseMsMin;
  uint64_t confirmation = 0;
  bool rehearsal = false;
};

// What is sent for it. Must not outlive it.
class AskedRequest {
 public:
  AskedRequest(const Asked& asked, PlaceId place) {
    for (const AskedItem& item : asked.items) {
      sources_.Add(item.source);
      targets_.Add(item.target);
      expected_.Add(item.expected);
      tokens_.append(reinterpret_cast<const char*>(&item.token), sizeof item.token);
    }
    const protocol::MutationFields has = FieldsOf(asked.mutation);
    request_ = {.mutation = asked.mutation,
                .rehearsal = asked.rehearsal,
                .place = place,
                .lease_ms = asked.lease_ms,
                .confirmation = asked.confirmation,
                .actor = asked.actor,
                .sources = sources_.View()};
    if (has.targets) request_.targets = targets_.View();
    if (has.expected) request_.expected = expected_.View();
    if (has.tokens) {
      request_.tokens = {reinterpret_cast<const uint8_t*>(tokens_.data()), tokens_.size()};
    }
  }
  AskedRequest(const AskedRequest&) = delete;
  AskedRequest& operator=(const AskedRequest&) = delete;

  const protocol::MutationRequest& request() const { return request_; }

 private:
  IdList sources_;
  IdList targets_;
  IdList expected_;
  std::string tokens_;
  protocol::MutationRequest request_;
};

}  // namespace xref
