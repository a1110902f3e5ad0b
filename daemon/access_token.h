#pragma once

// The text of an access token: "xref_NUMBER_SECRET", where SECRET is 32 random bytes as base64url.
// The number finds the token in the catalog, so that one hash is compared; the whole text is
// hashed, with SHA-256. No slower hash is needed where nobody can guess 256 bits. Pure and
// thread-safe.

#include <optional>
#include <string>
#include <string_view>

#include "index/vocabulary.h"

namespace xref {

// Longer texts are none.
inline constexpr size_t kTokenTextBytesMax = 128;

// A new token's text. Aborts where the system has no randomness.
[[nodiscard]] std::string MakeTokenText(TokenId number);
// The number in the text; nothing where it is no token.
[[nodiscard]] std::optional<TokenId> ParseToken(std::string_view text);
// kTokenHashBytes.
[[nodiscard]] std::string HashOfToken(std::string_view text);
// Takes the same time wherever the two differ.
[[nodiscard]] bool HashesEqual(std::string_view one, std::string_view other);

}  // namespace xref
