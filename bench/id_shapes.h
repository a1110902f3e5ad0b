#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

namespace xref::bench {

// IDs as they look in the field. Each shape maps every number to an ID of its own, always the same
// one, so that a generator knows what is synced without remembering it.
enum class Shape {
  kDigits,  // 1042857142857: 13 digits
  kUuid,    // 0b7c5f0e-...: 36 characters
  kGid,     // gid://shop/Order/1042857142857
  kOrder,   // SO-000123, longer where the number needs it
  kSku,     // KX-40213-BLU
  kMixed,   // all of the above in turn
};

// The names that ParseShape takes, e.g. for --help.
std::vector<std::string> ShapeNames();
// `name` must be one of ShapeNames().
Shape ParseShape(std::string_view name);

// Both are below 10^12.
std::string SourceId(Shape shape, uint64_t number);
// 12 digits.
std::string TargetId(uint64_t number);

}  // namespace xref::bench
