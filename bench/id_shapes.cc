#include "bench/id_shapes.h"

#include <fmt/format.h>

#include <algorithm>
#include <iterator>

namespace xref::bench {
namespace {

struct NamedShape {
  const char* name;
  Shape shape;
};
constexpr NamedShape kShapes[] = {{"digits", Shape::kDigits}, {"uuid", Shape::kUuid},
                                  {"gid", Shape::kGid},       {"order", Shape::kOrder},
                                  {"sku", Shape::kSku},       {"mixed", Shape::kMixed}};

// Each of these is a permutation of its range, so that different numbers stay different.

// `modulus` and the multiplier have no common factor: the multiplier is a prime above 5.
uint64_t Scatter(uint64_t number, uint64_t modulus) {
  constexpr uint64_t kPrime = 2'654'435'761;
  return static_cast<uint64_t>(static_cast<unsigned __int128>(number) * kPrime % modulus);
}

uint64_t Mix(uint64_t number) {  // the finaliser of splitmix64
  number = (number ^ number >> 30) * 0xBF58476D1CE4E5B9;
  number = (number ^ number >> 27) * 0x94D049BB133111EB;
  return number ^ number >> 31;
}

uint64_t Digits13(uint64_t number) {
  constexpr uint64_t kLeast = 1'000'000'000'000;
  return kLeast + Scatter(number, 9 * kLeast);
}

std::string Uuid(uint64_t number) {
  constexpr uint64_t kOffset = 0x9E3779B97F4A7C15;  // Mix(0) is 0, which looks like no UUID
  const uint64_t high = Mix(number + kOffset);
  const uint64_t low = Mix(~number);
  return fmt::format("{:08x}-{:04x}-{:04x}-{:04x}-{:012x}", high >> 32, high >> 16 & 0xFFFF,
                     high & 0xFFFF, low >> 48, low & 0xFFFF'FFFF'FFFF);
}

std::string Sku(uint64_t number) {
  constexpr std::string_view kColours[] = {"BLK", "BLU", "GRN", "RED", "WHT"};
  return fmt::format("{}{}-{:05}-{}", static_cast<char>('A' + number / 5 % 26),
                     static_cast<char>('A' + number / 130 % 26), number / 3380,
                     kColours[number % 5]);
}

}  // namespace

std::vector<std::string> ShapeNames() {
  std::vector<std::string> names;
  for (const NamedShape& shape : kShapes) names.emplace_back(shape.name);
  return names;
}

Shape ParseShape(std::string_view name) {
  const auto* found = std::find_if(std::begin(kShapes), std::end(kShapes),
                                   [&](const NamedShape& shape) { return shape.name == name; });
  return found->shape;
}

std::string SourceId(Shape shape, uint64_t number) {
  switch (shape) {
    case Shape::kDigits:
      return std::to_string(Digits13(number));
    case Shape::kUuid:
      return Uuid(number);
    case Shape::kGid:
      return fmt::format("gid://shop/Order/{}", Digits13(number));
    case Shape::kOrder:
      return fmt::format("SO-{:06}", number);
    case Shape::kSku:
      return Sku(number);
    case Shape::kMixed:
      return SourceId(kShapes[number % 5].shape, number / 5);
  }
  return {};
}

std::string TargetId(uint64_t number) { return fmt::format("{:012}", number); }

}  // namespace xref::bench
