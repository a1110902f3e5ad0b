#include "protocol/frame.h"

#include <fmt/format.h>

#include <cstring>

namespace xref::protocol {

// offset  bytes  field
//      0      4  payload_bytes
//      4      1  version
//      5      1  opcode
//      6      1  flags
//      7      1  status
//      8      8  request_id
//     16      8  epoch
//     24      -  payload

std::string_view Name(StatusCode status) {
  switch (status) {
    case StatusCode::kOk:
      return "OK";
    case StatusCode::kNotReady:
      return "NOT_READY";
    case StatusCode::kNotPrimary:
      return "NOT_PRIMARY";
    case StatusCode::kStaleEpoch:
      return "STALE_EPOCH";
    case StatusCode::kReadOnly:
      return "READ_ONLY";
    case StatusCode::kTooLarge:
      return "TOO_LARGE";
    case StatusCode::kOverloaded:
      return "OVERLOADED";
    case StatusCode::kUnauthenticated:
      return "UNAUTHENTICATED";
    case StatusCode::kForbidden:
      return "FORBIDDEN";
    case StatusCode::kUnknownPlace:
      return "UNKNOWN_PLACE";
    case StatusCode::kBadRequest:
      return "BAD_REQUEST";
    case StatusCode::kInternal:
      return "INTERNAL";
  }
  return "UNKNOWN";
}

FrameHeader ReplyHeader(const FrameHeader& request, StatusCode status, Epoch epoch) {
  FrameHeader reply;
  reply.opcode = request.opcode;
  reply.flags = kFlagReply;
  reply.status = status;
  reply.request_id = request.request_id;
  reply.epoch = epoch;
  return reply;
}

void Encode(const StandbyMark& mark, std::string& out) {
  Writer writer(out);
  writer.U64(mark.lsn);
  writer.U32(mark.lag_ms);
}

bool TakeMark(Frame& reply, std::optional<StandbyMark>& mark) {
  mark.reset();
  if ((reply.header.flags & kFlagFromStandby) == 0) return true;
  if (reply.payload.size() < kStandbyMarkBytes) return false;
  Reader reader(reply.payload);
  mark.emplace();
  mark->lsn = reader.U64();
  mark->lag_ms = reader.U32();
  reply.payload = reply.payload.subspan(kStandbyMarkBytes);
  return true;
}

void SetEpoch(std::string& frame, Epoch epoch) {
  std::string bytes;
  Writer(bytes).U64(epoch);
  frame.replace(kHeaderBytes - bytes.size(), bytes.size(), bytes);
}

ParseResult ParseFrame(Bytes stream, size_t payload_bytes_max) {
  if (stream.size() < kHeaderBytes) {
    // The version stands early, so that a stranger is told at once and not after 24 bytes.
    if (stream.size() < 5 || stream[4] == kVersion) return NeedMore{kHeaderBytes};
  }
  Reader reader(stream);
  FrameHeader header;
  header.payload_bytes = reader.U32();
  header.version = reader.U8();
  if (header.version != kVersion) {
    return Malformed{StatusCode::kBadRequest,
                     fmt::format("not an xref protocol frame of version {} (version byte is {}); "
                                 "HTTP has a port of its own",
                                 kVersion, header.version),
                     0};
  }
  header.opcode = static_cast<Opcode>(reader.U8());
  header.flags = reader.U8();
  header.status = static_cast<StatusCode>(reader.U8());
  header.request_id = reader.U64();
  header.epoch = reader.U64();
  if (header.payload_bytes > payload_bytes_max) {
    return Malformed{StatusCode::kTooLarge,
                     fmt::format("a payload of {} bytes is announced, the limit is {}; send "
                                 "smaller batches",
                                 header.payload_bytes, payload_bytes_max),
                     header.request_id};
  }
  const size_t whole = kHeaderBytes + header.payload_bytes;
  if (stream.size() < whole) return NeedMore{whole};
  return Parsed{{header, stream.subspan(kHeaderBytes, header.payload_bytes)}, whole};
}

FrameWriter::FrameWriter(std::string& out, const FrameHeader& header)
    : out_(out), start_(out.size()) {
  Writer writer(out);
  writer.U32(0);
  writer.U8(header.version);
  writer.U8(static_cast<uint8_t>(header.opcode));
  writer.U8(header.flags);
  writer.U8(static_cast<uint8_t>(header.status));
  writer.U64(header.request_id);
  writer.U64(header.epoch);
}

void FrameWriter::Close() {
  const auto payload_bytes = static_cast<uint32_t>(out_.size() - start_ - kHeaderBytes);
  std::memcpy(out_.data() + start_, &payload_bytes, sizeof payload_bytes);
}

}  // namespace xref::protocol
