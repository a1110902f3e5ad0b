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
// UNKNOWN_PLACE, for a place that was resolved but is there no more.
Refusal NoSuchPlace(PlaceId place);
// The same for a number in the trash.
Refusal NoSuchTrash(PlaceId number);
// The same for an integration, which may wait in the trash.
Refusal NoSuchIntegration(std::string_view name, bool dropped);

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

  // The value of that name; empty where there is none.
  std::string Fact(std::string_view name) const;
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
  bool unique_targets = false;  // no second source may be linked to a target
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

}  // namespace xref::protocol
