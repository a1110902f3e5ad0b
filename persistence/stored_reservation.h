#pragma once

// Claims and the marks of ignored sources as the snapshot keeps them. README.md beside this file
// has the layout.

#include <absl/status/status.h>

#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "index/reservations.h"

namespace xref {

// All entries, key and value, in the order of keys.
std::vector<std::pair<std::string, std::string>> StoredEntriesOf(const Reservations& reservations);

// Takes an entry in. DataLoss: the value does not match its checksum, or the key is none, or one of
// a place from `places_end` on, up to which memory would be taken; the message names it.
[[nodiscard]] absl::Status LoadEntry(std::string_view key, std::string_view value,
                                     PlaceId places_end, Reservations& reservations);

}  // namespace xref
