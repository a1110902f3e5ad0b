#pragma once

// What has happened to source IDs, as the snapshot keeps it. A reference that was added to an
// absent source leaves no event: until it is deleted, it tells of its creation itself.

#include <absl/status/statusor.h>

#include <cstdint>
#include <string>
#include <string_view>

#include "index/vocabulary.h"
#include "persistence/stored_reference.h"
#include "protocol/wire.h"

namespace xref {

// Kinds keep their numbers for ever.
enum class EventKind : uint8_t {
  kPut = 1,      // linked to another target, by a put
  kEdited = 2,   // the same, by an edit
  kDeleted = 3,  // linked no more
  kIgnored = 4,  // must never be synced
  kUnignored = 5,
  kReclaimed = 6,  // claimed after a claim of unknown outcome
};

// The views are those of the bytes that it was parsed from.
struct HistoryEvent {
  EventKind kind{};
  Stamp made;               // the origin only of kPut and kEdited
  std::string_view before;  // the target until then; of kReclaimed, who had the claim that was lost
  std::string_view after;   // the target from then on
  Stamp created;            // of kDeleted: the reference that went; LSN 0 if that is not known
};

// What the keys of a source's events begin with. They are in the order of partition and source, as
// references are: the zero that ends a source ID is below all that an ID may hold.
void AppendEventPrefix(PlaceId partition, std::string_view source, std::string& out);
void AppendEventKey(PlaceId partition, std::string_view source, Lsn lsn, std::string& out);
// Appends the value that belongs to the key.
void AppendEventValue(const HistoryEvent& event, std::string_view key, std::string& out);

// DataLoss: the value does not match its checksum, or the key is none; the message names it.
[[nodiscard]] absl::StatusOr<HistoryEvent> ParseEvent(std::string_view key, std::string_view value);

// An event without key and checksum. After taking one, ask the reader whether it is ok.
void PutEvent(const HistoryEvent& event, protocol::Writer& writer);
HistoryEvent TakeEvent(protocol::Reader& reader);

}  // namespace xref
