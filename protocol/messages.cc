#include "protocol/messages.h"

#include <fmt/format.h>

#include <cstring>

#include "protocol/decoding.h"

namespace xref::protocol {
namespace {

MaybeRefusal TakeBegin(Reader& reader, bool& begin) {
  const uint8_t value = reader.U8();
  begin = value == 1;
  if (value <= 1) return std::nullopt;
  return BadRequest(fmt::format("begin is 0 or 1, not {}", value));
}

}  // namespace

void Encode(const Refusal& refusal, std::string& out) {
  Writer writer(out);
  writer.U32(refusal.item);
  writer.Text16(refusal.message);
}

Refusal DecodeRefusal(StatusCode status, Bytes payload) {
  Reader reader(payload);
  const uint32_t item = reader.U32();
  const std::string_view message = reader.Text16();
  return {status, reader.ok() ? item : kNoItem, std::string(message)};
}

Refusal NoSuchPlace(PlaceId place) {
  return {StatusCode::kUnknownPlace, kNoItem,
          fmt::format("place {} does not exist; resolve it again", place)};
}

Refusal NoSuchTrash(PlaceId number) {
  return {StatusCode::kUnknownPlace, kNoItem,
          fmt::format("there is nothing under the number {} in the trash; list the trash, and look "
                      "whether it was emptied meanwhile",
                      number)};
}

Refusal NoSuchIntegration(std::string_view name, bool dropped) {
  return {StatusCode::kUnknownPlace, kNoItem,
          dropped
              ? fmt::format("the integration \"{}\" was dropped and waits in the trash; restore "
                            "it, or create a new one",
                            name)
              : fmt::format("there is no integration \"{}\"; create it first, or list those "
                            "that exist",
                            name)};
}

// ---- HELLO ----

void Encode(const HelloRequest& message, std::string& out) {
  Writer writer(out);
  writer.U8(message.version_min);
  writer.U8(message.version_max);
  writer.Text8(message.client);
  writer.Text16(message.token);
}

MaybeRefusal Decode(Bytes payload, HelloRequest& message) {
  Reader reader(payload);
  message.version_min = reader.U8();
  message.version_max = reader.U8();
  message.client = reader.Text8();
  message.token = reader.Text16();
  return Finish(reader);
}

void Encode(const HelloReply& message, std::string& out) {
  Writer writer(out);
  writer.U8(message.version);
  writer.U32(message.request_bytes_max);
  writer.U32(message.batch_ids_max);
  writer.U32(message.changes_in_flight_max);
  writer.Text8(message.server);
}

MaybeRefusal Decode(Bytes payload, HelloReply& message) {
  Reader reader(payload);
  message.version = reader.U8();
  message.request_bytes_max = reader.U32();
  message.batch_ids_max = reader.U32();
  message.changes_in_flight_max = reader.U32();
  message.server = reader.Text8();
  return Finish(reader);
}

// ---- STATUS ----

std::string StatusReply::Fact(std::string_view name) const {
  for (const auto& [fact, value] : facts) {
    if (fact == name) return value;
  }
  return {};
}

void Encode(const StatusReply& message, std::string& out) {
  Writer writer(out);
  writer.U16(static_cast<uint16_t>(message.facts.size()));
  for (const auto& [name, value] : message.facts) {
    writer.Text8(name);
    writer.Text16(value);
  }
  writer.U32(static_cast<uint32_t>(message.places.size()));
  for (const PlaceStatus& place : message.places) {
    writer.Text8(place.integration);
    writer.Text8(place.type);
    writer.U64(place.references);
    writer.U64(place.bytes_used);
    writer.U64(place.bytes_reserved);
  }
}

MaybeRefusal Decode(Bytes payload, StatusReply& message) {
  Reader reader(payload);
  for (uint16_t left = reader.U16(); left > 0 && reader.ok(); --left) {
    const std::string_view name = reader.Text8();
    message.facts.emplace_back(name, reader.Text16());
  }
  for (uint32_t left = reader.U32(); left > 0 && reader.ok(); --left) {
    PlaceStatus& place = message.places.emplace_back();
    place.integration = reader.Text8();
    place.type = reader.Text8();
    place.references = reader.U64();
    place.bytes_used = reader.U64();
    place.bytes_reserved = reader.U64();
  }
  return Finish(reader);
}

// ---- Integrations and places ----

void Encode(const ResolveRequest& message, std::string& out) {
  Writer writer(out);
  writer.Text8(message.integration);
  writer.Text8(message.type);
}

MaybeRefusal Decode(Bytes payload, ResolveRequest& message) {
  Reader reader(payload);
  message.integration = reader.Text8();
  message.type = reader.Text8();
  return Finish(reader);
}

void Encode(const ResolveReply& message, std::string& out) { Writer(out).U32(message.place); }

MaybeRefusal Decode(Bytes payload, ResolveReply& message) {
  Reader reader(payload);
  message.place = reader.U32();
  return Finish(reader);
}

void Encode(const IntegrationCreateRequest& message, std::string& out) {
  Writer writer(out);
  writer.Text8(message.name);
  writer.Text8(message.source_platform);
  writer.Text8(message.target_platform);
  writer.Text8(message.actor);
}

MaybeRefusal Decode(Bytes payload, IntegrationCreateRequest& message) {
  Reader reader(payload);
  message.name = reader.Text8();
  message.source_platform = reader.Text8();
  message.target_platform = reader.Text8();
  message.actor = reader.Text8();
  if (auto refusal = Finish(reader)) return refusal;
  if (auto refusal = CheckName(message.name, "integration")) return refusal;
  if (auto refusal = CheckPlatforms(message.source_platform, message.target_platform)) {
    return refusal;
  }
  return CheckActor(message.actor);
}

void Encode(const IntegrationCreateReply& message, std::string& out) {
  Writer writer(out);
  writer.U8(static_cast<uint8_t>(message.verdict));
  writer.Text8(message.source_platform);
  writer.Text8(message.target_platform);
}

MaybeRefusal Decode(Bytes payload, IntegrationCreateReply& message) {
  Reader reader(payload);
  const uint8_t verdict = reader.U8();
  message.verdict = static_cast<CreateVerdict>(verdict);
  message.source_platform = reader.Text8();
  message.target_platform = reader.Text8();
  if (verdict > static_cast<uint8_t>(CreateVerdict::kConflict)) {
    return BadRequest(fmt::format("unknown verdict {}", verdict));
  }
  return Finish(reader);
}

void Encode(const IntegrationListReply& message, std::string& out) {
  Writer writer(out);
  writer.U32(static_cast<uint32_t>(message.integrations.size()));
  for (const ListedIntegration& integration : message.integrations) {
    writer.Text8(integration.name);
    writer.Text8(integration.source_platform);
    writer.Text8(integration.target_platform);
    writer.U8(static_cast<uint8_t>(integration.types.size()));
    for (const ListedType& type : integration.types) {
      writer.Text8(type.name);
      writer.U64(type.references);
      writer.U8(type.unique_targets ? 1 : 0);
    }
  }
}

MaybeRefusal Decode(Bytes payload, IntegrationListReply& message) {
  Reader reader(payload);
  for (uint32_t left = reader.U32(); left > 0 && reader.ok(); --left) {
    ListedIntegration& integration = message.integrations.emplace_back();
    integration.name = reader.Text8();
    integration.source_platform = reader.Text8();
    integration.target_platform = reader.Text8();
    for (uint8_t types = reader.U8(); types > 0 && reader.ok(); --types) {
      ListedType& type = integration.types.emplace_back();
      type.name = reader.Text8();
      type.references = reader.U64();
      type.unique_targets = reader.U8() != 0;
    }
  }
  return Finish(reader);
}

// ---- VERIFY ----

void Encode(const VerifyRequest& message, std::string& out) {
  Writer(out).U8(message.begin ? 1 : 0);
}

MaybeRefusal Decode(Bytes payload, VerifyRequest& message) {
  Reader reader(payload);
  const auto refusal = TakeBegin(reader, message.begin);
  return refusal ? refusal : Finish(reader);
}

void Encode(const VerifyReply& message, std::string& out) {
  Writer writer(out);
  writer.U8(static_cast<uint8_t>(message.state));
  for (const uint64_t number : {message.bytes_done, message.bytes_total, message.pages,
                                message.references, message.changes, message.lsn}) {
    writer.U64(number);
  }
  writer.Text16(message.interrupted);
  writer.U16(static_cast<uint16_t>(message.damages.size()));
  for (const std::string_view damage : message.damages) writer.Text16(damage);
}

MaybeRefusal Decode(Bytes payload, VerifyReply& message) {
  Reader reader(payload);
  const uint8_t state = reader.U8();
  message.state = static_cast<VerifyState>(state);
  for (uint64_t* const number : {&message.bytes_done, &message.bytes_total, &message.pages,
                                 &message.references, &message.changes, &message.lsn}) {
    *number = reader.U64();
  }
  message.interrupted = reader.Text16();
  for (uint16_t left = reader.U16(); left > 0 && reader.ok(); --left) {
    message.damages.push_back(reader.Text16());
  }
  if (state > static_cast<uint8_t>(VerifyState::kOver)) {
    return BadRequest(fmt::format("unknown state {}", state));
  }
  return Finish(reader);
}

// ---- BACKUP ----

void Encode(const BackupRequest& message, std::string& out) {
  Writer writer(out);
  writer.U8(message.begin ? 1 : 0);
  writer.U64(message.offset);
}

MaybeRefusal Decode(Bytes payload, BackupRequest& message) {
  Reader reader(payload);
  if (auto refusal = TakeBegin(reader, message.begin)) return refusal;
  message.offset = reader.U64();
  return Finish(reader);
}

void Encode(const BackupReply& message, std::string& out) {
  Writer writer(out);
  writer.U8(static_cast<uint8_t>(message.state));
  writer.U64(message.lsn);
  writer.U64(message.references);
  writer.U64(message.bytes);
  writer.U32(static_cast<uint32_t>(message.piece.size()));
  writer.Raw(message.piece.data(), message.piece.size());
}

MaybeRefusal Decode(Bytes payload, BackupReply& message) {
  Reader reader(payload);
  const uint8_t state = reader.U8();
  message.state = static_cast<BackupState>(state);
  message.lsn = reader.U64();
  message.references = reader.U64();
  message.bytes = reader.U64();
  message.piece = reader.Raw(reader.U32());
  if (state > static_cast<uint8_t>(BackupState::kReady)) {
    return BadRequest(fmt::format("unknown state {}", state));
  }
  return Finish(reader);
}

// ---- CHECK and LOOKUP ----

void Encode(const IdsRequest& message, std::string& out) {
  Writer writer(out);
  writer.U32(message.place);
  writer.U32(message.ids.count);
  writer.Lengths(message.ids);
  writer.IdBytes(message.ids);
}

MaybeRefusal Decode(Bytes payload, IdsRequest& message) {
  Reader reader(payload);
  message.place = reader.U32();
  const uint32_t count = reader.U32();
  if (auto refusal = CheckCount(count, reader)) return refusal;
  message.ids = reader.Lengths(count);
  reader.IdBytes(message.ids);
  if (auto refusal = Finish(reader)) return refusal;
  return CheckIds(message.ids, "ID");
}

uint8_t* BeginCheckReply(uint32_t count, std::string& out) {
  Writer(out).U32(count);
  const size_t start = out.size();
  out.resize(start + (count + 7) / 8);
  return reinterpret_cast<uint8_t*>(out.data() + start);
}

MaybeRefusal Decode(Bytes payload, CheckReply& message) {
  Reader reader(payload);
  message.count = reader.U32();
  if (auto refusal = CheckCount(message.count, reader)) return refusal;
  message.bitmap = reader.Raw((message.count + 7) / 8);
  return Finish(reader);
}

LookupReplyWriter::LookupReplyWriter(uint32_t count, std::string& out) : out_(out) {
  Writer(out).U32(count);
  next_length_ = out.size();
  out.resize(out.size() + count);
}

void LookupReplyWriter::Append(std::span<const std::string_view> targets) {
  for (const std::string_view target : targets) {
    out_[next_length_++] = static_cast<char>(target.size());
    out_.append(target);
  }
}

MaybeRefusal Decode(Bytes payload, LookupReply& message) {
  Reader reader(payload);
  const uint32_t count = reader.U32();
  if (auto refusal = CheckCount(count, reader)) return refusal;
  message.targets = reader.Lengths(count);
  reader.IdBytes(message.targets);
  return Finish(reader);
}

// ---- REVERSE ----

void Encode(const ReverseRequest& message, std::string& out) {
  Writer writer(out);
  writer.U32(message.place);
  writer.U16(message.sources_max);
  writer.U32(message.targets.count);
  writer.Lengths(message.targets);
  writer.IdBytes(message.targets);
}

MaybeRefusal Decode(Bytes payload, ReverseRequest& message) {
  Reader reader(payload);
  message.place = reader.U32();
  message.sources_max = reader.U16();
  const uint32_t count = reader.U32();
  if (auto refusal = CheckCount(count, reader)) return refusal;
  message.targets = reader.Lengths(count);
  reader.IdBytes(message.targets);
  if (auto refusal = Finish(reader)) return refusal;
  if (message.sources_max == 0) return BadRequest("sources_max must be at least 1");
  return CheckIds(message.targets, "target ID");
}

MaybeRefusal Decode(Bytes payload, ReverseReply& message) {
  Reader reader(payload);
  message.count = reader.U32();
  if (auto refusal = CheckCount(message.count, reader)) return refusal;
  message.counts = reader.Raw(message.count * sizeof(uint16_t));
  if (!reader.ok()) return Finish(reader);
  uint64_t total = 0;
  for (uint32_t i = 0; i < message.count; ++i) total += message.sources_of(i);
  if (total > reader.left()) return BadRequest("the payload ends before the message does");
  message.sources = reader.Lengths(static_cast<uint32_t>(total));
  reader.IdBytes(message.sources);
  return Finish(reader);
}

uint16_t ReverseReply::sources_of(uint32_t target) const {
  uint16_t number;
  std::memcpy(&number, counts.data() + target * sizeof number, sizeof number);
  return number;
}

void ReverseReplyWriter::Append(uint32_t target, std::string_view source) {
  ++counts_[target];
  sources_.Add(source);
}

size_t ReverseReplyWriter::payload_bytes() const {
  return sizeof(uint32_t) + counts_.size() * sizeof(uint16_t) + sources_.size() +
         sources_.bytes_size();
}

void ReverseReplyWriter::Finish(std::string& out) const {
  Writer writer(out);
  writer.U32(static_cast<uint32_t>(counts_.size()));
  writer.Raw(counts_.data(), counts_.size() * sizeof(uint16_t));
  writer.Lengths(sources_.View());
  writer.IdBytes(sources_.View());
}

}  // namespace xref::protocol
