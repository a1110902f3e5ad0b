// Single words that people write: times, places, addresses, access tokens, IDs and names. The input
// is one of them, which each reader is given.

#include <gtest/gtest.h>

#include <algorithm>
#include <string>
#include <vector>

#include "client/cli/command.h"
#include "client/cli/nearest.h"
#include "client/cli/times.h"
#include "client/history.h"
#include "client/look_alike.h"
#include "daemon/access_token.h"
#include "daemon/addresses.h"
#include "index/vocabulary.h"
#include "replication/etcd.h"
#include "tests/fuzz/bodies.h"

namespace xref::fuzz {
namespace {

// Whether a text is UTF-8, said as the standard's table of well-formed sequences says it.
bool IsUtf8(std::string_view text) {
  const auto byte = [&](size_t i) { return i < text.size() ? uint8_t(text[i]) : uint8_t{0}; };
  const auto in = [&](size_t i, int from, int to) { return byte(i) >= from && byte(i) <= to; };
  for (size_t i = 0; i < text.size();) {
    if (byte(i) < 0x80) {
      i += 1;
    } else if (in(i, 0xC2, 0xDF) && in(i + 1, 0x80, 0xBF)) {
      i += 2;
    } else if (in(i, 0xE0, 0xEF) && in(i + 2, 0x80, 0xBF) &&
               in(i + 1, byte(i) == 0xE0 ? 0xA0 : 0x80, byte(i) == 0xED ? 0x9F : 0xBF)) {
      i += 3;
    } else if (in(i, 0xF0, 0xF4) && in(i + 2, 0x80, 0xBF) && in(i + 3, 0x80, 0xBF) &&
               in(i + 1, byte(i) == 0xF0 ? 0x90 : 0x80, byte(i) == 0xF4 ? 0x8F : 0xBF)) {
      i += 4;
    } else {
      return false;
    }
  }
  return true;
}

bool HasControl(std::string_view utf8) {
  for (size_t i = 0; i < utf8.size(); ++i) {
    const auto byte = static_cast<uint8_t>(utf8[i]);
    if (byte < 0x20 || byte == 0x7F) return true;
    if (byte == 0xC2 && static_cast<uint8_t>(utf8[i + 1]) < 0xA0) return true;
  }
  return false;
}

void TryId(std::string_view text) {
  // Of its very size, so that whoever reads past its end is caught.
  const std::vector<char> exact(text.begin(), text.end());
  const std::string_view id(exact.data(), exact.size());
  const bool is_label = !id.empty() && IsUtf8(id) && !HasControl(id);
  EXPECT_EQ(!FindIdFault(id), is_label && id.size() <= kIdBytesMax);
  EXPECT_EQ(IsLabel(id, kActorBytesMax), is_label && id.size() <= kActorBytesMax);
  if (IsName(id)) {
    EXPECT_TRUE(IsLabel(id, kNameBytesMax));
  }
  if (id.size() > kIdBytesMax) return;

  // In a batch the same, wherever it stands.
  IdList ids;
  for (int i = 0; i < 3; ++i) ids.Add("an ID of some length");
  ids.Add(id);
  ids.Add("x");
  const auto bad = FindBadItem(ids.View());
  EXPECT_EQ(bad.has_value(), FindIdFault(id).has_value());
  if (bad) {
    EXPECT_EQ(bad->index, 3U);
    EXPECT_EQ(bad->fault, *FindIdFault(id));
  }
  EXPECT_LE(LookAlikeKey(id).size(), id.size());
}

void TryToken(std::string_view text) {
  const auto number = ParseToken(text);
  if (!number) return;
  EXPECT_LE(text.size(), kTokenTextBytesMax);
  const std::string made = MakeTokenText(*number);
  EXPECT_EQ(ParseToken(made), number);
  EXPECT_EQ(HashOfToken(text).size(), kTokenHashBytes);
  EXPECT_FALSE(HashesEqual(HashOfToken(text), HashOfToken(made)));
}

void TryAddress(const std::string& text) {
  const auto address = ParseAddress("--listen", text);
  if (!address.ok()) return;
  // As it is told in the log, it is the same.
  const auto again = ParseAddress("--listen", ToString(*address));
  EXPECT_TRUE(again.ok()) << ToString(*address);
  if (again.ok()) {
    EXPECT_EQ(*again, *address);
  }
}

}  // namespace

void RunWords(std::string_view bytes) {
  TryId(bytes);
  TryToken(bytes);
  const std::string word(bytes);
  TryAddress(word);
  const auto time = cli::ParseTime(word);
  if (time.ok()) {
    EXPECT_FALSE(FormatTime(*time).empty());
  }
  const auto place = cli::Split(word);
  if (place.ok()) {
    EXPECT_EQ(place->integration + "/" + place->type, word);
  }
  const auto etcd = Etcd::Make({word});
  if (etcd.ok()) {
    EXPECT_TRUE(word.starts_with("http://"));
  }
  cli::Nearest(word, {"import", "integration", "export"});
}

}  // namespace xref::fuzz
