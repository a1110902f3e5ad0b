#pragma once

#include <absl/status/statusor.h>

#include <cstdint>
#include <string>
#include <string_view>
#include <unordered_map>

#include "client/cli/command.h"
#include "client/cli/mutation_batch.h"
#include "client/cli/repeated_rows.h"

namespace xref::cli {

// Whether a place allows one source for a target. Asked by rehearsing what would show it.
absl::StatusOr<bool> HasUniqueTargets(const Target& target);

// Makes of what the server answers to rehearsed adds and puts what it would answer had the rows
// before them been taken. The server knows all but these; of them only rows that depend on each
// other matter, and only those are remembered.
class ImportRehearsal {
 public:
  // `repeated` must outlive this; of targets too where they are unique.
  ImportRehearsal(const RepeatedRows& repeated, bool unique_targets)
      : repeated_(repeated), unique_targets_(unique_targets) {}

  // Must be called for every row in the order in which they are sent. The outcome borrows from this
  // and from `answered`.
  protocol::Outcome Correct(protocol::Mutation mutation, const Item& item, uint64_t line,
                            const protocol::Outcome& answered);

 private:
  protocol::Outcome Decide(protocol::Mutation mutation, const Item& item,
                           const protocol::Outcome& answered) const;

  const RepeatedRows& repeated_;
  const bool unique_targets_;
  // What rows have linked, by the hash of the source or target ID. Nothing may move in there.
  std::unordered_map<uint64_t, std::string> targets_;
  std::unordered_map<uint64_t, std::string> sources_;
};

}  // namespace xref::cli
