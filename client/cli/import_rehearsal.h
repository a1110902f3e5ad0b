#pragma once

#include <absl/container/flat_hash_map.h>

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "client/cli/mutation_batch.h"

namespace xref::cli {

// Answers adds and puts in place of the server and changes nothing: from what stands there, and
// from what was answered so far. It does not know which source IDs are ignored, nor of rules.
class ImportRehearsal {
 public:
  // What the mutation would be answered, were it made now. `standing` is what the server has for
  // the sources of the batch. The outcomes borrow from it and from this.
  protocol::MutationReply Answer(protocol::Mutation mutation, const MutationBatch& batch,
                                 const protocol::LookupReply& standing);

 private:
  void Link(const Item& item);

  // By the fingerprint of the source ID, the target that it would be linked to.
  absl::flat_hash_map<uint64_t, std::string_view> linked_;
  std::vector<std::string> blocks_;  // the bytes of these targets; a block never moves
};

}  // namespace xref::cli
