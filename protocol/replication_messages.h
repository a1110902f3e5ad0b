#pragma once

// What a standby and its primary say to one another, and how a standby is made a primary.
// messages.h says how messages are written and read.

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "protocol/messages.h"

namespace xref::protocol {

// Records in one FETCH reply end after this many bytes, but for the last.
inline constexpr uint32_t kFetchBytesMax = 8 << 20;
// A FETCH that finds nothing new is answered after this long, so that both sides know of each
// other.
inline constexpr uint32_t kFetchWaitMs = 250;

// ---- FOLLOW: whether a standby's changes are the beginning of the primary's ----

struct FollowRequest {
  Epoch epoch = 0;          // that the standby has seen last
  uint64_t epoch_mark = 0;  // of that epoch (BeginEpoch); 0 where the standby knows of none
  Lsn lsn = 0;              // of the standby's last change; 0 for an empty one
};
enum class FollowVerdict : uint8_t {
  kFollow = 0,    // they are: FETCH what comes after them
  kDiverged = 1,  // up to `common`; what the standby has after that never was the primary's
  kForeign = 2,   // they have nothing to do with the primary's
};
struct FollowReply {
  FollowVerdict verdict{};
  Lsn common = 0;  // the last change that both have
  Lsn lsn = 0;     // of the primary's last change
};
void Encode(const FollowRequest& message, std::string& out);
void Encode(const FollowReply& message, std::string& out);
[[nodiscard]] MaybeRefusal Decode(Bytes payload, FollowRequest& message);
[[nodiscard]] MaybeRefusal Decode(Bytes payload, FollowReply& message);

// ---- FETCH: the changes after those that the standby has on its disk ----

struct FetchRequest {
  Lsn after = 0;          // everything up to here is durable at the standby
  uint64_t node = 0;      // of the standby's data folder, drawn at random when it was made
  std::string_view name;  // of the standby, for the primary's status
};
// Which copies of a change there must be before it is acknowledged.
enum class AckLevel : uint8_t { kDisk = 0, kStandby = 1 };
struct FetchReply {
  Lsn lsn = 0;          // of the primary's last change
  bool lost = false;    // what comes after `after` is not in the journal any more: take a backup
  AckLevel ack{};       // that held when this was sent
  int64_t time_us = 0;  // of the primary's clock: microseconds since 1970
  std::vector<std::string_view> records;  // of consecutive changes (change_codec.h), from after + 1
};
void Encode(const FetchRequest& message, std::string& out);
void Encode(const FetchReply& message, std::string& out);
[[nodiscard]] MaybeRefusal Decode(Bytes payload, FetchRequest& message);
[[nodiscard]] MaybeRefusal Decode(Bytes payload, FetchReply& message);

// ---- PROMOTE: a standby becomes the primary ----

struct PromoteRequest {
  bool force = false;  // even where changes may be lost
};
struct PromoteReply {
  Epoch epoch = 0;  // the term that begins
  Lsn lsn = 0;      // of the last change that it has of the terms before
};
void Encode(const PromoteRequest& message, std::string& out);
void Encode(const PromoteReply& message, std::string& out);
[[nodiscard]] MaybeRefusal Decode(Bytes payload, PromoteRequest& message);
[[nodiscard]] MaybeRefusal Decode(Bytes payload, PromoteReply& message);

// ---- COMPARE: a primary has its standbys compare their state with its own ----

struct CompareRequest {};
struct CompareReply {
  Lsn lsn = 0;   // of the change by which they do (CompareState)
  StateSum sum;  // of the primary's state before it
};
void Encode(const CompareRequest& message, std::string& out);
void Encode(const CompareReply& message, std::string& out);
[[nodiscard]] MaybeRefusal Decode(Bytes payload, CompareRequest& message);
[[nodiscard]] MaybeRefusal Decode(Bytes payload, CompareReply& message);

}  // namespace xref::protocol
