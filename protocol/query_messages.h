#pragma once

// Questions that are answered from the disk, for people: listing, history, the trash. As messages.h
// says of its messages.

#include <cstdint>
#include <optional>
#include <string_view>
#include <vector>

#include "protocol/change_messages.h"

namespace xref::protocol {

// ---- LIST: references, page by page ----

inline constexpr uint32_t kRowsListedMax = 10'000;  // in one reply
inline constexpr uint8_t kAnyOrigin = 0xFF;

enum class ListOrder : uint8_t {
  kSource = 0,  // by source ID
  kNewest = 1,  // by the LSN of the last change, the highest first; of one change by source ID
  kTarget = 2,  // by target ID; of one target by source ID
};
inline constexpr uint8_t kListOrderLast = static_cast<uint8_t>(ListOrder::kTarget);

struct ListRequest {
  PlaceId place = 0;
  uint32_t rows_max = 0;
  ListOrder order = ListOrder::kSource;
  // Only what comes after these, of which each order has its own: `next` of the page before. Empty,
  // empty and 0 for all.
  std::string_view after;  // source ID, in all orders
  std::string_view after_target;
  Lsn after_lsn = 0;
  std::string_view prefix;  // of the source ID; like the next two, empty for any
  std::string_view target_prefix;
  std::string_view contains;  // in the source ID or the target ID
  uint8_t origin = kAnyOrigin;
  int64_t from_us = 0;   // last changed at or after that time
  int64_t until_us = 0;  // and before this one; 0 for no limit
  Lsn from_lsn = 0;      // last changed by that change, or a later one
  Lsn until_lsn = 0;     // or an earlier one; 0 for no limit
};
struct ListedReference {
  std::string_view source;
  std::string_view target;
  uint8_t origin = 0;
  int64_t created_us = 0;
  std::string_view created_by;
  int64_t updated_us = 0;  // 0 where it still has its first target
  std::string_view updated_by;
  Lsn lsn = 0;  // of its last change
};
struct ListReply {
  Lsn as_of = 0;      // the changes after this one do not show yet
  bool more = false;  // there may be more: go on after these
  std::string_view next;
  std::string_view next_target;
  Lsn next_lsn = 0;
  // The newest first, and no more: what was last changed before this one is not in this order.
  Lsn complete_from = 0;
  uint64_t examined = 0;  // references that were looked at for this reply
  std::vector<ListedReference> rows;
};
void Encode(const ListRequest& message, std::string& out);
void Encode(const ListReply& message, std::string& out);
[[nodiscard]] MaybeRefusal Decode(Bytes payload, ListRequest& message);
[[nodiscard]] MaybeRefusal Decode(Bytes payload, ListReply& message);

// ---- HISTORY: everything that is known of one source ID ----

struct HistoryRequest {
  PlaceId place = 0;
  std::string_view source;
};
enum class PastEventKind : uint8_t {
  kAdded = 0,  // known of references that have been deleted; otherwise see HistoryReply::reference
  kPut = 1,
  kEdited = 2,
  kDeleted = 3,
  kIgnored = 4,
  kUnignored = 5,
  kReclaimed = 6,  // claimed after the claim of `before` was never settled
  kPurged = 7,     // with all references of its type
};
struct PastEvent {
  PastEventKind kind{};
  uint8_t origin = kAnyOrigin;
  int64_t time_us = 0;
  Lsn lsn = 0;
  std::string_view actor;
  std::string_view before;  // the target until then, empty for none
  std::string_view after;   // the target from then on, empty for none
};
struct HistoryReply {
  Lsn as_of = 0;
  std::optional<ListedReference> reference;  // as it stands
  std::vector<PastEvent> events;             // oldest first
  bool ignored = false;
  std::optional<ListedClaim> claim;
  std::vector<std::string_view> other_sources;  // of the same target, some of them
};
void Encode(const HistoryRequest& message, std::string& out);
void Encode(const HistoryReply& message, std::string& out);
[[nodiscard]] MaybeRefusal Decode(Bytes payload, HistoryRequest& message);
[[nodiscard]] MaybeRefusal Decode(Bytes payload, HistoryReply& message);

// ---- LOOKUP_AT: what source IDs were linked to at a time ----

inline constexpr uint32_t kLookupAtIdsMax = 1'000;

// The reply is that of LOOKUP.
struct LookupAtRequest {
  PlaceId place = 0;
  int64_t time_us = 0;  // what was changed at that time is changed
  IdBatch sources;
};
void Encode(const LookupAtRequest& message, std::string& out);
[[nodiscard]] MaybeRefusal Decode(Bytes payload, LookupAtRequest& message);

// ---- TRASH_LIST and RESTORE ----

// What a purge left, or an integration that was dropped.
struct ListedTrash {
  uint32_t trash = 0;  // its number
  std::string_view integration;
  std::string_view type;  // empty for a whole integration
  uint64_t references = 0;
  int64_t purged_us = 0;
  int64_t expires_us = 0;  // when it is emptied
  std::string_view actor;
};
struct TrashReply {
  std::vector<ListedTrash> trash;  // in the order in which it was thrown away
};
void Encode(const TrashReply& message, std::string& out);
[[nodiscard]] MaybeRefusal Decode(Bytes payload, TrashReply& message);

// Puts some references of a purge back, as ADD would: one verdict an item. Or reads in some of a
// dropped integration, which is back, with all of them, after the last step. To be sent again with
// `next_part` and `next` until there is no more.
struct RestoreRequest {
  uint32_t trash = 0;
  uint8_t part = 0;        // the entity type of an integration; 0 at first
  std::string_view after;  // only source IDs above this one; empty at first
  std::string_view name;   // under which an integration comes back; empty for its own
  std::string_view actor;
};
struct RestoredItem {
  std::string_view source;
  std::string_view target;
  Outcome outcome;
};
struct RestoreReply {
  bool more = false;
  uint8_t next_part = 0;
  std::string_view next;
  uint64_t restored = 0;
  uint64_t unchanged = 0;
  std::vector<RestoredItem> refused;  // where something else stands in the way
};
void Encode(const RestoreRequest& message, std::string& out);
void Encode(const RestoreReply& message, std::string& out);
[[nodiscard]] MaybeRefusal Decode(Bytes payload, RestoreRequest& message);
[[nodiscard]] MaybeRefusal Decode(Bytes payload, RestoreReply& message);

}  // namespace xref::protocol
