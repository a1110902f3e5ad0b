#pragma once

// What became of the items of a mutation, for people and for scripts.

#include <boost/json/object.hpp>
#include <chrono>
#include <string>
#include <string_view>

#include "client/cli/mutation_batch.h"

namespace xref::cli {

// Whether nothing is left to do or to look at for this item.
bool IsGood(protocol::Verdict verdict);

// The verdict in a word; what was done is named after the mutation, e.g. "added".
std::string_view Word(protocol::Mutation mutation, protocol::Verdict verdict);

// One sentence on one line, e.g. "added: A -> 1". `place` is INTEGRATION/TYPE.
std::string Sentence(protocol::Mutation mutation, std::string_view place, const Item& item,
                     const protocol::Outcome& outcome);

// source_id; target_id, what the source ID is linked to now, where that is known; verdict; and what
// the verdict has beside it.
boost::json::object ToJson(protocol::Mutation mutation, const Item& item,
                           const protocol::Outcome& outcome);

// A span of time, for people: "2 h 5 min", "59 s".
std::string InWords(std::chrono::milliseconds span);

}  // namespace xref::cli
