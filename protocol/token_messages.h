#pragma once

// Access tokens: who may do what. As messages.h says of its messages.

#include <cstdint>
#include <string_view>
#include <vector>

#include "protocol/messages.h"

namespace xref::protocol {

struct TokenCreateRequest {
  std::string_view name;  // 1..64 bytes without control characters, which no other good token has
  Role role{};
  uint64_t valid_seconds = 0;                  // 0 for ever
  std::vector<std::string_view> integrations;  // that it is limited to; empty for all
  std::string_view actor;
};
struct TokenCreateReply {
  TokenId number = 0;
  int64_t expires_us = 0;  // 0 for never
  std::string_view token;  // the whole of it, which the server cannot tell again
};
void Encode(const TokenCreateRequest& message, std::string& out);
void Encode(const TokenCreateReply& message, std::string& out);
[[nodiscard]] MaybeRefusal Decode(Bytes payload, TokenCreateRequest& message);
[[nodiscard]] MaybeRefusal Decode(Bytes payload, TokenCreateReply& message);

struct ListedToken {
  TokenId number = 0;
  std::string_view name;
  Role role{};
  std::vector<std::string_view> integrations;  // empty for all
  int64_t created_us = 0;
  std::string_view created_by;
  int64_t expires_us = 0;  // 0 for never
  int64_t revoked_us = 0;  // 0 where it was not
};
struct TokenListReply {
  std::vector<ListedToken> tokens;  // in the order of their creation
};
void Encode(const TokenListReply& message, std::string& out);
[[nodiscard]] MaybeRefusal Decode(Bytes payload, TokenListReply& message);

// The reply to it is a CatalogReply.
struct TokenRevokeRequest {
  TokenId number = 0;
  std::string_view actor;
};
void Encode(const TokenRevokeRequest& message, std::string& out);
[[nodiscard]] MaybeRefusal Decode(Bytes payload, TokenRevokeRequest& message);

}  // namespace xref::protocol
