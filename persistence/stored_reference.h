#pragma once

// References as the snapshot keeps them: with what memory has no room for. README.md beside this
// file has the layout.

#include <absl/status/status.h>
#include <absl/status/statusor.h>

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

#include "index/vocabulary.h"
#include "protocol/wire.h"

namespace xref {

// Who did something, and when.
struct Stamp {
  Lsn lsn = 0;
  int64_t time_us = 0;  // microseconds since 1970, UTC
  Origin origin{};
  std::string_view actor;
};

// The views are those of the bytes that it was parsed from.
struct StoredReference {
  PlaceId partition = 0;
  std::string_view source;
  std::string_view target;
  Stamp created;
  std::optional<Stamp> updated;  // the last time that it got another target

  // Of the last change that it shows.
  Lsn lsn() const { return updated ? updated->lsn : created.lsn; }
};

// The key of a reference, and what the keys of a partition begin with.
void AppendKey(PlaceId partition, std::string_view source, std::string& out);
// Appends the value that belongs to the key.
void AppendValue(const StoredReference& reference, std::string_view key, std::string& out);
// Appends key and value, and returns the size of the key.
size_t AppendReference(const StoredReference& reference, std::string& out);

// DataLoss: the value does not match its checksum, or the key is none; the message names it.
[[nodiscard]] absl::StatusOr<StoredReference> ParseReference(std::string_view key,
                                                             std::string_view value);

// The target in a value that is known to be sound.
std::string_view TargetIn(std::string_view value);

// ---- For values of all kinds ----

// All of a stamp but its origin.
void PutStamp(const Stamp& stamp, protocol::Writer& writer);
Stamp TakeStamp(Origin origin, protocol::Reader& reader);

// A value begins with its checksum: these leave room for it, fill it in once the value is whole,
// from `start` to the end of `out`; and verify it. All values but those of the table meta.
void BeginSealed(std::string& out);
void EndSealed(std::string_view key, size_t start, std::string& out);
// A reader of what follows the checksum, or nothing if it does not match.
[[nodiscard]] std::optional<protocol::Reader> OpenSealed(std::string_view key,
                                                         std::string_view value);

}  // namespace xref
