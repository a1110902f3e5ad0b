#include "index/vocabulary.h"

#include <algorithm>
#include <cstdio>
#include <cstring>
#include <iterator>

namespace xref {
namespace {

constexpr uint32_t kInvalid = 0xFFFFFFFF;

// Decodes one code point and moves `at` past it; kInvalid where there is none. Rejects overlong
// forms, surrogates and what lies beyond U+10FFFF.
uint32_t DecodeUtf8(const unsigned char*& at, const unsigned char* end) {
  const uint32_t first = *at++;
  if (first < 0x80) return first;
  int more = 0;
  uint32_t code = 0;
  uint32_t least = 0;
  if ((first & 0xE0) == 0xC0) {
    more = 1, code = first & 0x1F, least = 0x80;
  } else if ((first & 0xF0) == 0xE0) {
    more = 2, code = first & 0x0F, least = 0x800;
  } else if ((first & 0xF8) == 0xF0) {
    more = 3, code = first & 0x07, least = 0x10000;
  } else {
    return kInvalid;
  }
  if (end - at < more) return kInvalid;
  for (; more > 0; --more, ++at) {
    if ((*at & 0xC0) != 0x80) return kInvalid;
    code = code << 6 | (*at & 0x3F);
  }
  const bool surrogate = code >= 0xD800 && code <= 0xDFFF;
  if (code < least || code > 0x10FFFF || surrogate) return kInvalid;
  return code;
}

std::optional<IdFault> FindTextFault(std::string_view text) {
  const auto* at = reinterpret_cast<const unsigned char*>(text.data());
  const auto* end = at + text.size();
  while (at < end) {
    const uint32_t code = DecodeUtf8(at, end);
    if (code == kInvalid) return IdFault::kInvalidUtf8;
    if (code < 0x20 || (code >= 0x7F && code <= 0x9F)) return IdFault::kControlCharacter;
  }
  return std::nullopt;
}

// Written so that the compiler can vectorise it: no early exit, one accumulator.
bool IsPrintableAscii(const char* bytes, size_t size) {
  uint8_t outside = 0;
  for (size_t i = 0; i < size; ++i) {
    outside |= static_cast<uint8_t>(static_cast<uint8_t>(bytes[i] - 0x20) > 0x7E - 0x20);
  }
  return outside == 0;
}

}  // namespace

std::optional<IdFault> FindIdFault(std::string_view id) {
  if (id.empty()) return IdFault::kEmpty;
  if (id.size() > kIdBytesMax) return IdFault::kTooLong;
  return FindTextFault(id);
}

std::string_view Describe(IdFault fault) {
  switch (fault) {
    case IdFault::kEmpty:
      return "is empty";
    case IdFault::kTooLong:
      return "is longer than 255 bytes";
    case IdFault::kInvalidUtf8:
      return "is not valid UTF-8";
    case IdFault::kControlCharacter:
      return "holds a control character";
  }
  return "is not valid";
}

std::optional<BadItem> FindBadItem(const IdBatch& batch) {
  if (batch.count == 0) return std::nullopt;
  const bool none_empty = std::memchr(batch.lengths, 0, batch.count) == nullptr;
  if (none_empty && IsPrintableAscii(batch.bytes, batch.bytes_size)) return std::nullopt;
  IdCursor ids(batch);
  for (uint32_t i = 0; i < batch.count; ++i) {
    if (const auto fault = FindIdFault(ids.Next())) return BadItem{i, *fault};
  }
  return std::nullopt;
}

bool IsName(std::string_view name) {
  if (name.empty() || name.size() > kNameBytesMax) return false;
  const auto is_word = [](char c) {
    return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9');
  };
  if (!is_word(name.front())) return false;
  return std::all_of(name.begin(), name.end(),
                     [&](char c) { return is_word(c) || c == '-' || c == '_' || c == '.'; });
}

bool IsLabel(std::string_view label, size_t bytes_max) {
  return !label.empty() && label.size() <= bytes_max && !FindTextFault(label).has_value();
}

namespace {

constexpr std::string_view kRoleNames[] = {"reader", "syncer", "admin", "standby", "metrics"};
static_assert(std::size(kRoleNames) == kRoleLast + 1);

}  // namespace

std::string_view NameOf(Role role) {
  const auto number = static_cast<uint8_t>(role);
  return number <= kRoleLast ? kRoleNames[number] : "unknown";
}

std::optional<Role> RoleOf(std::string_view name) {
  for (uint8_t role = 0; role <= kRoleLast; ++role) {
    if (kRoleNames[role] == name) return static_cast<Role>(role);
  }
  return std::nullopt;
}

std::string Describe(const StateSum& sum) {
  std::string text;
  for (const uint64_t part : {sum.catalog, sum.references, sum.claims, sum.ignored}) {
    char digits[18];
    std::snprintf(digits, sizeof digits, "-%016llx", static_cast<unsigned long long>(part));
    text += text.empty() ? digits + 1 : digits;
  }
  return text;
}

std::string DescribeDifference(const StateSum& one, const StateSum& other) {
  std::string parts;
  const auto note = [&](uint64_t StateSum::*part, std::string_view name) {
    if (one.*part == other.*part) return;
    if (!parts.empty()) parts += ", ";
    parts += name;
  };
  note(&StateSum::catalog, "catalog");
  note(&StateSum::references, "references");
  note(&StateSum::claims, "claims");
  note(&StateSum::ignored, "ignored source IDs");
  return parts;
}

}  // namespace xref
