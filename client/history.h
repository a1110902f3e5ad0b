#pragma once

// What the known past of a source ID means.

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "protocol/query_messages.h"

namespace xref {

// All that happened, oldest first, the creation of the reference that stands included.
std::vector<protocol::PastEvent> Timeline(const protocol::HistoryReply& history);

// Why the source ID was, or was not, treated as synced, in sentences for people. `source` and
// `place` (INTEGRATION/TYPE) are what they are called there.
std::vector<std::string> Explain(const protocol::HistoryReply& history, std::string_view place,
                                 std::string_view source);

// E.g. "2026-11-23T21:07:28Z", of microseconds since 1970.
std::string FormatTime(int64_t time_us);

}  // namespace xref
