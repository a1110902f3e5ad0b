#pragma once

// Frames: what travels on a connection. A frame is a fixed header and a payload; this file cuts
// them out of a stream of bytes and puts them into one. It knows nothing of sockets or of what
// payloads mean (messages.h).

#include <cstddef>
#include <cstdint>
#include <limits>
#include <optional>
#include <string>
#include <string_view>
#include <variant>

#include "protocol/wire.h"

namespace xref::protocol {

inline constexpr uint8_t kVersion = 1;
inline constexpr size_t kHeaderBytes = 24;

// The largest request payload that a server takes unless it is configured otherwise.
inline constexpr size_t kRequestBytesMax = 4 << 20;
// The largest reply payload: a mutation of a whole batch, each item of which is answered with a
// longest ID (count; and an item's verdict, length and ID; no verdict with a number has one).
inline constexpr size_t kReplyBytesMax = 4 + kBatchIdsMax * (2 + kIdBytesMax);

enum class Opcode : uint8_t {
  kHello = 0x01,
  kStatus = 0x02,
  kResolve = 0x03,
  kIntegrationCreate = 0x04,
  kIntegrationList = 0x05,
  kVerify = 0x06,
  kBackup = 0x07,
  kCheck = 0x10,
  kLookup = 0x11,
  kReverse = 0x12,
  // Mutations (messages.h), in their order.
  kAdd = 0x20,
  kRenew = 0x29,
  // What ADD and PUT would be answered.
  kRehearseAdd = 0x2A,
  kRehearsePut = 0x2B,
  kClaims = 0x30,
  kTypeCreate = 0x38,
  kPlatformsRename = 0x39,
  kRulesSet = 0x3A,
  kPurgePreview = 0x40,
  kPurge = 0x41,
  kTrashList = 0x42,
  kRestore = 0x43,
  kDropPreview = 0x44,
  kDrop = 0x45,
  kList = 0x50,
  kHistory = 0x51,
  kLookupAt = 0x52,
  kFollow = 0x60,
  kFetch = 0x61,
  kPromote = 0x62,
  kCompare = 0x63,
  kTokenCreate = 0x70,
  kTokenList = 0x71,
  kTokenRevoke = 0x72,
};

// The outcome of a request as a whole. Items of a batch have verdicts of their own.
enum class StatusCode : uint8_t {
  kOk = 0,
  kNotReady = 1,
  kNotPrimary = 2,
  kStaleEpoch = 3,
  kReadOnly = 4,
  kTooLarge = 5,
  kOverloaded = 6,
  kUnauthenticated = 7,
  kForbidden = 8,
  kUnknownPlace = 9,
  kBadRequest = 10,
  kInternal = 11,
};

// The name as the specification writes it, e.g. "NOT_READY"; "UNKNOWN" for another number.
std::string_view Name(StatusCode status);

inline constexpr uint8_t kFlagReply = 0x01;
// Of an OK reply: it is from a standby, and its payload begins with a StandbyMark.
inline constexpr uint8_t kFlagFromStandby = 0x04;
// Of the reply to a change: a standby has it on its disk as well.
inline constexpr uint8_t kFlagOnStandby = 0x02;

struct FrameHeader {
  uint32_t payload_bytes = 0;
  uint8_t version = kVersion;
  Opcode opcode{};
  uint8_t flags = 0;
  StatusCode status = StatusCode::kOk;  // replies only; 0 in requests
  uint64_t request_id = 0;              // chosen by the client, returned in the reply
  Epoch epoch = 0;  // reply: the server's term; request: the highest the client has seen
};

// The header of the reply to `request`.
FrameHeader ReplyHeader(const FrameHeader& request, StatusCode status, Epoch epoch);

// What a standby tells of the state that it answers from.
struct StandbyMark {
  Lsn lsn = 0;          // of the last change that the answer is sure to know of
  uint32_t lag_ms = 0;  // the state is no older; kLagUnknown where that is not known
};
inline constexpr uint32_t kLagUnknown = std::numeric_limits<uint32_t>::max();
inline constexpr size_t kStandbyMarkBytes = 12;

void Encode(const StandbyMark& mark, std::string& out);

struct Frame {
  FrameHeader header;
  Bytes payload;  // borrowed from the bytes that were parsed
};

// Takes the mark from the beginning of a reply's payload; nothing where it has none. False: it is
// cut short, and the frame is left as it is.
[[nodiscard]] bool TakeMark(Frame& reply, std::optional<StandbyMark>& mark);

// The three outcomes of parsing.
struct Parsed {
  Frame frame;
  size_t consumed;  // bytes to drop from the front of the stream
};
struct NeedMore {
  size_t bytes;  // how long the stream must be for the next step; never above header + payload_max
};
struct Malformed {
  StatusCode status;  // kBadRequest, or kTooLarge for a payload over the limit
  std::string message;
  uint64_t request_id;  // 0 where the header cannot be trusted
};
using ParseResult = std::variant<Parsed, NeedMore, Malformed>;

// Takes the first frame from `stream`. After Malformed nothing more of the stream can be
// understood. Pure; allocates only for the message of Malformed.
[[nodiscard]] ParseResult ParseFrame(Bytes stream, size_t payload_bytes_max);

// Of a whole frame that is sent once more.
void SetEpoch(std::string& frame, Epoch epoch);

// Appends a frame to `out`: open it, append the payload, close it. The header's payload_bytes is
// filled in on closing.
class FrameWriter {
 public:
  FrameWriter(std::string& out, const FrameHeader& header);
  void Close();

 private:
  std::string& out_;
  const size_t start_;
};

}  // namespace xref::protocol
