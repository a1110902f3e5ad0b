#include "client/look_alike.h"

namespace xref {
namespace {

bool IsDigit(char c) { return c >= '0' && c <= '9'; }

}  // namespace

std::string LookAlikeKey(std::string_view id) {
  std::string plain;
  for (const char c : id) {
    if (c != ' ') plain.push_back(c >= 'A' && c <= 'Z' ? static_cast<char>(c - 'A' + 'a') : c);
  }
  if (plain.starts_with("gid://")) plain.erase(0, plain.rfind('/') + 1);
  std::string key;
  for (size_t i = 0; i < plain.size(); ++i) {
    const bool begins_number = key.empty() || !IsDigit(key.back());
    const bool goes_on = i + 1 < plain.size() && IsDigit(plain[i + 1]);
    if (plain[i] == '0' && begins_number && goes_on) continue;
    key.push_back(plain[i]);
  }
  return key;
}

}  // namespace xref
