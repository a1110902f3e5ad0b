#pragma once

// The bytes of a change: what the journal stores, and what one daemon sends to another. README.md
// beside this file specifies them.

#include <optional>
#include <string>
#include <string_view>

#include "index/vocabulary.h"

namespace xref::protocol {

// Appends the record of `change` to `out`, its checksum included.
void EncodeChange(const Change& change, std::string& out);

// Reads a record in place; `change` borrows from it. Returns nothing on success, and otherwise what
// is wrong with the record: it comes from a disk or a peer, so everything in it is verified.
[[nodiscard]] std::optional<std::string> DecodeChange(std::string_view record, Change& change);

}  // namespace xref::protocol
