#pragma once

// How the API writes what the daemon knows.

#include <boost/json/array.hpp>
#include <boost/json/object.hpp>
#include <cstdint>
#include <string>
#include <string_view>

#include "protocol/query_messages.h"

namespace xref::console {

inline boost::json::string_view Json(std::string_view text) { return {text.data(), text.size()}; }
// Null for an empty text.
boost::json::value TextOrNull(std::string_view text);
// E.g. "2026-11-28T15:32:42.000123Z".
std::string TimeText(int64_t time_us);
std::string_view OriginName(uint8_t origin);
// All digits, as JSON texts: 64 bits do not fit into the numbers of many languages.
std::string TokenText(uint64_t token);

boost::json::object ReferenceObject(const protocol::ListedReference& reference);
boost::json::object ClaimObject(const protocol::ListedClaim& claim);
boost::json::object OutcomeObject(const protocol::Outcome& outcome);
// {"outcomes": [...], "totals": {...}}
boost::json::object OutcomesObject(const protocol::MutationReply& reply);

}  // namespace xref::console
