#pragma once

#include <compare>
#include <cstdint>
#include <string>

namespace xref {

// A daemon as others of its cluster name it.
struct Member {
  std::string name;
  uint64_t node = 0;  // of its data folder: a new folder of the same name is another member
  auto operator<=>(const Member&) const = default;
};

}  // namespace xref
