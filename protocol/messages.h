#pragma once

// What the payloads of frames mean: one struct a message, a Decode that reads it in place and an
// Encode that appends it. Decoded messages borrow from the payload and live no longer than it.
//
// Decode returns nothing on success, and otherwise why the payload is refused. It checks every
// count and length against the payload before anything of that size is touched or allocated, and
// every ID for being one. Pure and thread-safe.

#include <cstdint>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "index/vocabulary.h"
#include "protocol/frame.h"
#include "protocol/wire.h"

namespace xref::protocol {

inline constexpr uint32_t kNoItem = 0xFFFFFFFF;

// The payload of a reply whose status is not OK.
struct Refusal {
  StatusCode status;    // carried by the frame header
  uint32_t item;        // index of the item that is at fault, or kNoItem
  std::string message;  // what happened and what to do, for people
};
using MaybeRefusal = std::optional<Refusal>;

void Encode(const Refusal& refusal, std::string& out);
// The status comes from the frame header. An unreadable refusal is one with an empty message.
Refusal DecodeRefusal(StatusCode status, Bytes payload);

// ---- HELLO: the first request on every connection ----

struct HelloRequest {
  uint8_t version_min = kVersion;
  uint8_t version_max = kVersion;
  std::string_view client;  // product and version, for the server's log
  std::string_view token;   // empty where the server asks for none
};
struct HelloReply {
  uint8_t version = kVersion;
  uint32_t request_bytes_max = 0;      // payload of one request
  uint32_t batch_ids_max = 0;          // IDs in one batch
  uint32_t changes_in_flight_max = 0;  // unanswered changes on one connection
  std::string_view server;             // product and version
};
void Encode(const HelloRequest& message, std::string& out);
void Encode(const HelloReply& message, std::string& out);
[[nodiscard]] MaybeRefusal Decode(Bytes payload, HelloRequest& message);
[[nodiscard]] MaybeRefusal Decode(Bytes payload, HelloReply& message);

// ---- STATUS: facts for people and scripts; answered even while the server is loading ----

struct PlaceStatus {
  std::string_view integration;
  std::string_view type;
  uint64_t references = 0;
  uint64_t bytes_used = 0;      // memory that the references need
  uint64_t bytes_reserved = 0;  // and what is taken: with holes, and room to grow
};
struct StatusReply {
  std::vector<std::pair<std::string_view, std::string>> facts;  // name, value; in display order
  std::vector<PlaceStatus> places;
};
void Encode(const StatusReply& message, std::string& out);
[[nodiscard]] MaybeRefusal Decode(Bytes payload, StatusReply& message);

// ---- Integrations and places ----

struct ResolveRequest {
  std::string_view integration;
  std::string_view type;
};
struct ResolveReply {
  PlaceId place = 0;  // good for this connection
};
void Encode(const ResolveRequest& message, std::string& out);
void Encode(const ResolveReply& message, std::string& out);
[[nodiscard]] MaybeRefusal Decode(Bytes payload, ResolveRequest& message);
[[nodiscard]] MaybeRefusal Decode(Bytes payload, ResolveReply& message);

struct IntegrationCreateRequest {
  std::string_view name;
  std::string_view source_platform;
  std::string_view target_platform;
  std::string_view actor;
};
enum class CreateVerdict : uint8_t {
  kCreated = 0,
  kExists = 1,    // with these very platforms
  kConflict = 2,  // with other platforms, which the reply names; nothing was changed
};
struct IntegrationCreateReply {
  CreateVerdict verdict{};
  std::string_view source_platform;
  std::string_view target_platform;
};
void Encode(const IntegrationCreateRequest& message, std::string& out);
void Encode(const IntegrationCreateReply& message, std::string& out);
[[nodiscard]] MaybeRefusal Decode(Bytes payload, IntegrationCreateRequest& message);
[[nodiscard]] MaybeRefusal Decode(Bytes payload, IntegrationCreateReply& message);

struct ListedType {
  std::string_view name;
  uint64_t references = 0;
};
struct ListedIntegration {
  std::string_view name;
  std::string_view source_platform;
  std::string_view target_platform;
  std::vector<ListedType> types;
};
struct IntegrationListReply {
  std::vector<ListedIntegration> integrations;  // ordered by name
};
void Encode(const IntegrationListReply& message, std::string& out);
[[nodiscard]] MaybeRefusal Decode(Bytes payload, IntegrationListReply& message);

// ---- VERIFY: whether what is on the server's disk is sound ----

struct VerifyRequest {
  bool begin = false;  // verify; otherwise, tell of what was begun on this connection
};
enum class VerifyState : uint8_t {
  kRunning = 0,  // ask again soon
  kOver = 1,
};
struct VerifyReply {
  VerifyState state{};
  uint64_t bytes_done = 0;
  uint64_t bytes_total = 0;      // an estimate
  uint64_t pages = 0;            // this, and all that follows: kOver only, 0 or empty before
  uint64_t references = 0;       // in the snapshot
  uint64_t changes = 0;          // in the journal
  Lsn lsn = 0;                   // of the last change
  std::string_view interrupted;  // why it did not come to its end; empty if it did
  std::vector<std::string_view> damages;  // each in a sentence
};
void Encode(const VerifyRequest& message, std::string& out);
void Encode(const VerifyReply& message, std::string& out);
[[nodiscard]] MaybeRefusal Decode(Bytes payload, VerifyRequest& message);
[[nodiscard]] MaybeRefusal Decode(Bytes payload, VerifyReply& message);

// ---- BACKUP: a copy of everything, piece by piece ----

struct BackupRequest {
  bool begin = false;   // make a new copy; otherwise, go on with the one that was begun
  uint64_t offset = 0;  // of the piece that is asked for, in bytes
};
enum class BackupState : uint8_t {
  kPreparing = 0,  // the copy is being made: ask again soon
  kReady = 1,
};
struct BackupReply {
  BackupState state{};
  Lsn lsn = 0;              // this, and all that follows: kReady only, 0 or empty before
  uint64_t references = 0;  // in the copy
  uint64_t bytes = 0;       // of the whole copy
  Bytes piece;              // from the offset on
};
void Encode(const BackupRequest& message, std::string& out);
void Encode(const BackupReply& message, std::string& out);
[[nodiscard]] MaybeRefusal Decode(Bytes payload, BackupRequest& message);
[[nodiscard]] MaybeRefusal Decode(Bytes payload, BackupReply& message);

// ---- CHECK and LOOKUP ----

// The request of both.
struct IdsRequest {
  PlaceId place = 0;
  IdBatch ids;
};
void Encode(const IdsRequest& message, std::string& out);
[[nodiscard]] MaybeRefusal Decode(Bytes payload, IdsRequest& message);

struct CheckReply {
  uint32_t count = 0;
  Bytes bitmap;  // bit i%8 of byte i/8 is 1 if ID i is synced

  bool synced(uint32_t i) const { return (bitmap[i / 8] >> (i % 8) & 1) != 0; }
};
// Appends a CheckReply of `count` IDs and returns its bitmap, for the caller to fill before
// anything else is appended to `out`.
uint8_t* BeginCheckReply(uint32_t count, std::string& out);
[[nodiscard]] MaybeRefusal Decode(Bytes payload, CheckReply& message);

struct LookupReply {
  IdBatch targets;  // an absent reference has length 0
};
// Appends a LookupReply as the targets become known, chunk by chunk, in order.
class LookupReplyWriter {
 public:
  LookupReplyWriter(uint32_t count, std::string& out);
  // An empty target stands for an absent reference.
  void Append(std::span<const std::string_view> targets);

 private:
  std::string& out_;
  size_t next_length_;
};
[[nodiscard]] MaybeRefusal Decode(Bytes payload, LookupReply& message);

// ---- REVERSE: which source IDs have these targets ----

struct ReverseRequest {
  PlaceId place = 0;
  uint16_t sources_max = 0;  // of one target that the reply shows; at least 1
  IdBatch targets;
};
struct ReverseReply {
  uint32_t count = 0;
  Bytes counts;     // how many sources each target has here, as u16
  IdBatch sources;  // the sources of the first target, then of the second, ...

  uint16_t sources_of(uint32_t target) const;
};
void Encode(const ReverseRequest& message, std::string& out);
[[nodiscard]] MaybeRefusal Decode(Bytes payload, ReverseRequest& message);
[[nodiscard]] MaybeRefusal Decode(Bytes payload, ReverseReply& message);

// Gathers a ReverseReply, source by source, target by target in their order.
class ReverseReplyWriter {
 public:
  explicit ReverseReplyWriter(uint32_t count) : counts_(count) {}
  void Append(uint32_t target, std::string_view source);
  // What the reply's payload will be; it must not pass kReplyBytesMax.
  size_t payload_bytes() const;
  void Finish(std::string& out) const;

 private:
  std::vector<uint16_t> counts_;
  IdList sources_;
};

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
// The mutation of that opcode, or nothing.
std::optional<Mutation> MutationOf(Opcode opcode);
Opcode OpcodeOf(Mutation mutation);

struct MutationRequest {
  Mutation mutation{};  // from the frame's opcode
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

// ---- Purge ----

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
void Encode(const PurgePreviewRequest& message, std::string& out);
void Encode(const PurgePreviewReply& message, std::string& out);
void Encode(const PurgeRequest& message, std::string& out);
void Encode(const PurgeReply& message, std::string& out);
[[nodiscard]] MaybeRefusal Decode(Bytes payload, PurgePreviewRequest& message);
[[nodiscard]] MaybeRefusal Decode(Bytes payload, PurgePreviewReply& message);
[[nodiscard]] MaybeRefusal Decode(Bytes payload, PurgeRequest& message);
[[nodiscard]] MaybeRefusal Decode(Bytes payload, PurgeReply& message);

}  // namespace xref::protocol
