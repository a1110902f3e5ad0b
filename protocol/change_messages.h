#pragma once

// The messages that change something: mutations, which come in batches, and changes of the catalog;
// and what belongs to them, claims and the preview of a purge. messages.h says how messages are
// written and read.

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "protocol/messages.h"

namespace xref::protocol {

// ---- Mutations: batches that change references, claims or the list of ignored IDs ----

// In the order of their opcodes, from Opcode::kAdd on.
enum class Mutation : uint8_t {
  kAdd,       // link where there is no link
  kPut,       // link, whatever there is
  kEdit,      // repoint a link that is there
  kDelete,    // remove the link
  kIgnore,    // must never be synced
  kUnignore,  // may be synced again
  kClaim,     // reserve for the actor, before creating the record in the target
  kSettle,    // the claimed record was created: link it
  kRelease,   // the claim was not used
  kRenew,     // the claim's lease begins again
};
inline constexpr size_t kMutations = 10;

// Which of a request's fields an operation has.
struct MutationFields {
  bool origin = false;
  bool lease = false;
  bool confirmation = false;
  bool targets = false;
  bool expected = false;
  bool tokens = false;
};
MutationFields FieldsOf(Mutation mutation);
struct MutationRequest {
  Mutation mutation{};     // from the frame's opcode, like the next
  bool rehearsal = false;  // decide, but change nothing; only of kAdd and kPut
  PlaceId place = 0;
  Origin origin{};
  uint32_t lease_ms = 0;      // kLeaseMsMin..kLeaseMsMax
  uint64_t confirmation = 0;  // the token that a refusal asked for; 0 for none
  std::string_view actor;     // empty for "unknown"; a claim's owner, and then not empty
  IdBatch sources;
  IdBatch targets;   // as many as sources, like the next two
  IdBatch expected;  // targets that must stand, length 0 for any; may be left out whole
  Bytes tokens;      // u64 each, little-endian

  uint64_t token(uint32_t i) const;
};
// An empty request of the mutation or rehearsal that has that opcode, or nothing.
std::optional<MutationRequest> MutationOf(Opcode opcode);
Opcode OpcodeOf(const MutationRequest& request);

// What became of one item. Numbers are kept for ever.
enum class Verdict : uint8_t {
  kDone = 0,
  kUnchanged = 1,    // it was so already
  kConflict = 2,     // another target stands (`other`); nothing was changed for this item
  kDuplicate = 3,    // item `number` of this batch has the same source ID; this one was not used
  kMissing = 4,      // there is no such reference
  kIgnored = 5,      // the source ID must never be synced
  kTargetTaken = 6,  // the type allows one source for a target, and `other` has this one
  kSynced = 7,       // there is a reference already, to `other`
  kGranted = 8,      // claimed with token `number`; nobody has tried before
  kUnknown = 9,      // claimed with token `number`; but the claim of `other` was never settled, so
                     // the record may exist: search the target before creating it
  kHeld = 10,        // `other` has a claim for `number` ms more
  kStaleToken = 11,  // the claim has passed on or has ended; nothing was changed
};
inline constexpr uint8_t kVerdictLast = static_cast<uint8_t>(Verdict::kStaleToken);
// As people and scripts read it, e.g. "stale_token".
std::string_view Name(Verdict verdict);

struct Outcome {
  Verdict verdict{};
  std::string_view other;
  uint64_t number = 0;
};
struct MutationReply {
  std::vector<Outcome> outcomes;  // one an item
};
void Encode(const MutationRequest& message, std::string& out);
void Encode(const MutationReply& message, std::string& out);
// `message.mutation` must be set.
[[nodiscard]] MaybeRefusal Decode(Bytes payload, MutationRequest& message);
[[nodiscard]] MaybeRefusal Decode(Bytes payload, MutationReply& message);

// ---- Claims: what is claimed, open or expired ----

struct ClaimsRequest {
  PlaceId place = 0;
  uint32_t claims_max = 0;  // of one reply; at least 1
  std::string_view after;   // only source IDs above this one; empty for all
};
struct ListedClaim {
  std::string_view source;
  std::string_view owner;
  std::string_view lost_owner;  // whose claim was never settled; empty for nobody
  uint64_t token = 0;
  int64_t remaining_ms = 0;  // of the lease; below 0 for how long it has been over
};
struct ClaimsReply {
  std::vector<ListedClaim> claims;  // in the order of source IDs
};
void Encode(const ClaimsRequest& message, std::string& out);
void Encode(const ClaimsReply& message, std::string& out);
[[nodiscard]] MaybeRefusal Decode(Bytes payload, ClaimsRequest& message);
[[nodiscard]] MaybeRefusal Decode(Bytes payload, ClaimsReply& message);

// ---- The catalog ----

struct TypeCreateRequest {
  std::string_view integration;
  std::string_view type;
  std::string_view actor;
};
struct PlatformsRenameRequest {
  std::string_view integration;
  std::string_view source_platform;
  std::string_view target_platform;
  std::string_view actor;
};
struct RulesSetRequest {
  PlaceId place = 0;
  bool unique_targets = false;
  std::string_view actor;
};
// The reply to each of these.
struct CatalogReply {
  bool changed = false;  // it was not so before
};
void Encode(const TypeCreateRequest& message, std::string& out);
void Encode(const PlatformsRenameRequest& message, std::string& out);
void Encode(const RulesSetRequest& message, std::string& out);
void Encode(const CatalogReply& message, std::string& out);
[[nodiscard]] MaybeRefusal Decode(Bytes payload, TypeCreateRequest& message);
[[nodiscard]] MaybeRefusal Decode(Bytes payload, PlatformsRenameRequest& message);
[[nodiscard]] MaybeRefusal Decode(Bytes payload, RulesSetRequest& message);
[[nodiscard]] MaybeRefusal Decode(Bytes payload, CatalogReply& message);

// ---- Purge, and dropping an integration ----

struct PurgePreviewRequest {
  PlaceId place = 0;
};
struct PurgePreviewReply {
  uint64_t references = 0;  // that would go
  uint64_t token = 0;       // good once, for a purge that finds what the preview found
  uint32_t valid_seconds = 0;
  std::string_view target_platform;
};
struct PurgeRequest {
  PlaceId place = 0;
  uint64_t token = 0;
  std::string_view actor;
};
struct PurgeReply {
  uint64_t references = 0;  // that went
  PlaceId trash = 0;        // the number under which they wait
};

struct DropPreviewRequest {
  std::string_view integration;
};
struct DropPreviewReply {
  uint8_t types = 0;
  uint64_t references = 0;  // of all types, that would go
  uint64_t claims = 0;      // that are open
  uint64_t token = 0;       // good once, for a drop that finds the references of the preview
  uint32_t valid_seconds = 0;
  std::string_view target_platform;
};
struct DropRequest {
  std::string_view integration;
  uint64_t token = 0;
  std::string_view actor;
};
// The reply to it is a PurgeReply.

void Encode(const PurgePreviewRequest& message, std::string& out);
void Encode(const PurgePreviewReply& message, std::string& out);
void Encode(const PurgeRequest& message, std::string& out);
void Encode(const PurgeReply& message, std::string& out);
[[nodiscard]] MaybeRefusal Decode(Bytes payload, PurgePreviewRequest& message);
[[nodiscard]] MaybeRefusal Decode(Bytes payload, PurgePreviewReply& message);
[[nodiscard]] MaybeRefusal Decode(Bytes payload, PurgeRequest& message);
[[nodiscard]] MaybeRefusal Decode(Bytes payload, PurgeReply& message);
void Encode(const DropPreviewRequest& message, std::string& out);
void Encode(const DropPreviewReply& message, std::string& out);
void Encode(const DropRequest& message, std::string& out);
[[nodiscard]] MaybeRefusal Decode(Bytes payload, DropPreviewRequest& message);
[[nodiscard]] MaybeRefusal Decode(Bytes payload, DropPreviewReply& message);
[[nodiscard]] MaybeRefusal Decode(Bytes payload, DropRequest& message);

}  // namespace xref::protocol
