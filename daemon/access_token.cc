#include "daemon/access_token.h"

#include <fmt/format.h>
#include <openssl/crypto.h>
#include <openssl/rand.h>
#include <openssl/sha.h>
#include <spdlog/spdlog.h>

#include <charconv>
#include <cstdint>
#include <cstdlib>

namespace xref {
namespace {

constexpr std::string_view kPrefix = "xref_";
constexpr size_t kSecretBytes = 32;
constexpr size_t kSecretLetters = (kSecretBytes * 8 + 5) / 6;
constexpr std::string_view kLetters =
    "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_";

static_assert(SHA256_DIGEST_LENGTH == kTokenHashBytes);

std::string Base64Url(std::string_view bytes) {
  std::string text;
  uint32_t bits = 0;
  int held = 0;
  for (const char byte : bytes) {
    bits = bits << 8 | static_cast<uint8_t>(byte);
    for (held += 8; held >= 6; held -= 6) text += kLetters[bits >> (held - 6) & 63];
  }
  if (held > 0) text += kLetters[bits << (6 - held) & 63];
  return text;
}

}  // namespace

std::string MakeTokenText(TokenId number) {
  unsigned char secret[kSecretBytes];
  if (RAND_bytes(secret, sizeof secret) != 1) {
    spdlog::critical("no access token can be made: the system has no randomness");
    std::abort();
  }
  std::string text = fmt::format("{}{}_{}", kPrefix, number,
                                 Base64Url({reinterpret_cast<const char*>(secret), sizeof secret}));
  OPENSSL_cleanse(secret, sizeof secret);
  return text;
}

std::optional<TokenId> ParseToken(std::string_view text) {
  if (text.size() > kTokenTextBytesMax || !text.starts_with(kPrefix)) return std::nullopt;
  const std::string_view rest = text.substr(kPrefix.size());
  TokenId number = 0;
  const char* const end = rest.data() + rest.size();
  const auto read = std::from_chars(rest.data(), end, number);
  if (read.ec != std::errc() || read.ptr == end || *read.ptr != '_') return std::nullopt;
  const std::string_view secret(read.ptr + 1, static_cast<size_t>(end - read.ptr - 1));
  const bool is_secret = secret.size() == kSecretLetters &&
                         secret.find_first_not_of(kLetters) == std::string_view::npos;
  if (!is_secret) return std::nullopt;
  return number;
}

std::string HashOfToken(std::string_view text) {
  std::string hash(kTokenHashBytes, '\0');
  SHA256(reinterpret_cast<const unsigned char*>(text.data()), text.size(),
         reinterpret_cast<unsigned char*>(hash.data()));
  return hash;
}

bool HashesEqual(std::string_view one, std::string_view other) {
  return one.size() == other.size() && CRYPTO_memcmp(one.data(), other.data(), one.size()) == 0;
}

}  // namespace xref
