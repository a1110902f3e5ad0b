#include "protocol/replication_messages.h"

#include <fmt/format.h>

#include "protocol/decoding.h"

namespace xref::protocol {

// ---- FOLLOW ----

void Encode(const FollowRequest& message, std::string& out) {
  Writer writer(out);
  writer.U64(message.epoch);
  writer.U64(message.epoch_mark);
  writer.U64(message.lsn);
}

MaybeRefusal Decode(Bytes payload, FollowRequest& message) {
  Reader reader(payload);
  message.epoch = reader.U64();
  message.epoch_mark = reader.U64();
  message.lsn = reader.U64();
  return Finish(reader);
}

void Encode(const FollowReply& message, std::string& out) {
  Writer writer(out);
  writer.U8(static_cast<uint8_t>(message.verdict));
  writer.U64(message.common);
  writer.U64(message.lsn);
}

MaybeRefusal Decode(Bytes payload, FollowReply& message) {
  Reader reader(payload);
  const uint8_t verdict = reader.U8();
  message.verdict = static_cast<FollowVerdict>(verdict);
  message.common = reader.U64();
  message.lsn = reader.U64();
  if (auto refusal = Finish(reader)) return refusal;
  if (verdict <= static_cast<uint8_t>(FollowVerdict::kForeign)) return std::nullopt;
  return BadRequest(fmt::format("there is no verdict {}", verdict));
}

// ---- FETCH ----

void Encode(const FetchRequest& message, std::string& out) {
  Writer writer(out);
  writer.U64(message.after);
  writer.U64(message.node);
  writer.Text8(message.name);
}

MaybeRefusal Decode(Bytes payload, FetchRequest& message) {
  Reader reader(payload);
  message.after = reader.U64();
  message.node = reader.U64();
  message.name = reader.Text8();
  if (auto refusal = Finish(reader)) return refusal;
  if (IsLabel(message.name, kNameBytesMax)) return std::nullopt;
  return BadRequest("a standby's name is 1 to 64 bytes of UTF-8 without control characters");
}

void Encode(const FetchReply& message, std::string& out) {
  Writer writer(out);
  writer.U64(message.lsn);
  writer.U8(message.lost ? 1 : 0);
  writer.U8(static_cast<uint8_t>(message.ack));
  writer.U64(static_cast<uint64_t>(message.time_us));
  writer.U32(static_cast<uint32_t>(message.records.size()));
  for (const std::string_view record : message.records) {
    writer.U32(static_cast<uint32_t>(record.size()));
    writer.Raw(record.data(), record.size());
  }
}

MaybeRefusal Decode(Bytes payload, FetchReply& message) {
  Reader reader(payload);
  message.lsn = reader.U64();
  message.lost = reader.U8() != 0;
  message.ack = reader.U8() == 0 ? AckLevel::kDisk : AckLevel::kStandby;
  message.time_us = static_cast<int64_t>(reader.U64());
  for (uint32_t left = reader.U32(); left > 0 && reader.ok(); --left) {
    message.records.push_back(reader.Text(reader.U32()));
  }
  return Finish(reader);
}

// ---- PROMOTE ----

void Encode(const PromoteRequest& message, std::string& out) {
  Writer(out).U8(message.force ? 1 : 0);
}

MaybeRefusal Decode(Bytes payload, PromoteRequest& message) {
  Reader reader(payload);
  message.force = reader.U8() != 0;
  return Finish(reader);
}

void Encode(const PromoteReply& message, std::string& out) {
  Writer writer(out);
  writer.U64(message.epoch);
  writer.U64(message.lsn);
}

MaybeRefusal Decode(Bytes payload, PromoteReply& message) {
  Reader reader(payload);
  message.epoch = reader.U64();
  message.lsn = reader.U64();
  return Finish(reader);
}

// ---- COMPARE ----

void Encode(const CompareRequest&, std::string&) {}

MaybeRefusal Decode(Bytes payload, CompareRequest&) { return Finish(Reader(payload)); }

void Encode(const CompareReply& message, std::string& out) {
  Writer writer(out);
  writer.U64(message.lsn);
  writer.Sum(message.sum);
}

MaybeRefusal Decode(Bytes payload, CompareReply& message) {
  Reader reader(payload);
  message.lsn = reader.U64();
  message.sum = reader.Sum();
  return Finish(reader);
}

}  // namespace xref::protocol
