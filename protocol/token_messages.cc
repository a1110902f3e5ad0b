#include "protocol/token_messages.h"

#include <fmt/format.h>

#include "protocol/decoding.h"

namespace xref::protocol {
namespace {

void PutNames(const std::vector<std::string_view>& names, Writer& writer) {
  writer.U16(static_cast<uint16_t>(names.size()));
  for (const std::string_view name : names) writer.Text8(name);
}

std::vector<std::string_view> TakeNames(Reader& reader) {
  std::vector<std::string_view> names;
  for (uint16_t left = reader.U16(); left > 0 && reader.ok(); --left) {
    names.push_back(reader.Text8());
  }
  return names;
}

}  // namespace

// ---- TOKEN_CREATE ----

void Encode(const TokenCreateRequest& message, std::string& out) {
  Writer writer(out);
  writer.Text8(message.name);
  writer.U8(static_cast<uint8_t>(message.role));
  writer.U64(message.valid_seconds);
  PutNames(message.integrations, writer);
  writer.Text8(message.actor);
}

MaybeRefusal Decode(Bytes payload, TokenCreateRequest& message) {
  Reader reader(payload);
  message.name = reader.Text8();
  const uint8_t role = reader.U8();
  message.role = static_cast<Role>(role);
  message.valid_seconds = reader.U64();
  message.integrations = TakeNames(reader);
  message.actor = reader.Text8();
  if (auto refusal = Finish(reader)) return refusal;
  if (!IsLabel(message.name, kNameBytesMax)) {
    return BadRequest(fmt::format(
        "the name of an access token is 1 to {} bytes of text without control characters",
        kNameBytesMax));
  }
  if (role > kRoleLast) return BadRequest(fmt::format("there is no role {}", role));
  if (message.valid_seconds > kTokenSecondsMax) {
    return BadRequest(fmt::format("an access token expires within {} days, or never (0)",
                                  kTokenSecondsMax / 86'400));
  }
  if (message.integrations.size() > kTokenIntegrationsMax) {
    return BadRequest(fmt::format("an access token names at most {} integrations, or none for all",
                                  kTokenIntegrationsMax));
  }
  for (const std::string_view integration : message.integrations) {
    if (auto refusal = CheckName(integration, "integration")) return refusal;
  }
  if (message.role == Role::kStandby && !message.integrations.empty()) {
    return BadRequest("a standby follows all integrations: its token cannot be limited to some");
  }
  return CheckActor(message.actor);
}

void Encode(const TokenCreateReply& message, std::string& out) {
  Writer writer(out);
  writer.U32(message.number);
  writer.U64(static_cast<uint64_t>(message.expires_us));
  writer.Text8(message.token);
}

MaybeRefusal Decode(Bytes payload, TokenCreateReply& message) {
  Reader reader(payload);
  message.number = reader.U32();
  message.expires_us = static_cast<int64_t>(reader.U64());
  message.token = reader.Text8();
  return Finish(reader);
}

// ---- TOKEN_LIST ----

void Encode(const TokenListReply& message, std::string& out) {
  Writer writer(out);
  writer.U32(static_cast<uint32_t>(message.tokens.size()));
  for (const ListedToken& token : message.tokens) {
    writer.U32(token.number);
    writer.Text8(token.name);
    writer.U8(static_cast<uint8_t>(token.role));
    PutNames(token.integrations, writer);
    writer.U64(static_cast<uint64_t>(token.created_us));
    writer.Text8(token.created_by);
    writer.U64(static_cast<uint64_t>(token.expires_us));
    writer.U64(static_cast<uint64_t>(token.revoked_us));
  }
}

MaybeRefusal Decode(Bytes payload, TokenListReply& message) {
  Reader reader(payload);
  for (uint32_t left = reader.U32(); left > 0 && reader.ok(); --left) {
    ListedToken& token = message.tokens.emplace_back();
    token.number = reader.U32();
    token.name = reader.Text8();
    token.role = static_cast<Role>(reader.U8());
    token.integrations = TakeNames(reader);
    token.created_us = static_cast<int64_t>(reader.U64());
    token.created_by = reader.Text8();
    token.expires_us = static_cast<int64_t>(reader.U64());
    token.revoked_us = static_cast<int64_t>(reader.U64());
  }
  return Finish(reader);
}

// ---- TOKEN_REVOKE ----

void Encode(const TokenRevokeRequest& message, std::string& out) {
  Writer writer(out);
  writer.U32(message.number);
  writer.Text8(message.actor);
}

MaybeRefusal Decode(Bytes payload, TokenRevokeRequest& message) {
  Reader reader(payload);
  message.number = reader.U32();
  message.actor = reader.Text8();
  if (auto refusal = Finish(reader)) return refusal;
  return CheckActor(message.actor);
}

}  // namespace xref::protocol
