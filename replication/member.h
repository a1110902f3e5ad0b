#pragma once

#include <compare>
#include <cstdint>
#include <string>
#include <vector>

namespace xref {

// A daemon as others of its cluster name it.
struct Member {
  std::string name;
  uint64_t node = 0;  // of its data folder: a new folder of the same name is another member
  auto operator<=>(const Member&) const = default;
};

// "a, b"; "nobody" for none.
inline std::string NamesOf(const std::vector<Member>& members) {
  std::string names;
  for (const Member& member : members) names += (names.empty() ? "" : ", ") + member.name;
  return names.empty() ? "nobody" : names;
}

}  // namespace xref
