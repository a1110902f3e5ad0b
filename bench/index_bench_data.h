#pragma once

// IDs of known kinds, and lists of questions whose right answers are known.

#include <cstdint>
#include <cstdio>
#include <random>
#include <string>
#include <string_view>
#include <vector>

#include "index/vocabulary.h"

namespace xref {

// Numbers below kModulus, distinct for distinct n below it since the factor has no divisor in
// common with it, and in an order that has nothing to do with n.
inline uint64_t Shuffled(uint64_t n) {
  constexpr uint64_t kModulus = 999'999'999'989;
  return static_cast<uint64_t>(static_cast<unsigned __int128>(n) * 612'345'678'901 % kModulus);
}

enum class Shape {
  kDigits,  // 13 digits -> 12 digits, as Shopify and Business Central give them
  kUuids,   // UUID -> UUID
};

// The n-th source and target of a shape. Sources are distinct, targets are too.
class IdMaker {
 public:
  explicit IdMaker(Shape shape) : shape_(shape) {}
  // Views are valid until the next call of the same method.
  std::string_view Source(uint64_t n) { return Make(n, 13, source_); }
  std::string_view Target(uint64_t n) { return Make(n + kTargetsFrom, 12, target_); }

 private:
  static constexpr uint64_t kTargetsFrom = 1'000'000'000;

  std::string_view Make(uint64_t n, int digits, char* to) const {
    const uint64_t shuffled = Shuffled(n);
    if (shape_ == Shape::kUuids) {
      const uint64_t high = shuffled * 0x9E37'79B9'7F4A'7C15;
      const uint64_t low = (shuffled ^ high) * 0xD6E8'FEB8'6659'FD93;
      std::snprintf(to, kTextBytes, "%08x-%04x-4%03x-%04x-%012llx", unsigned(high >> 32),
                    unsigned(high >> 16 & 0xFFFF), unsigned(high & 0xFFF),
                    unsigned(0x8000 | low >> 50), low & 0xFFFF'FFFF'FFFFull);
      return {to, 36};
    }
    uint64_t rest = shuffled + 1'000'000'000'000;  // for 13 digits; the last 12 are distinct too
    for (int i = digits; i-- > 0; rest /= 10) to[i] = static_cast<char>('0' + rest % 10);
    return {to, static_cast<size_t>(digits)};
  }

  static constexpr size_t kTextBytes = 48;
  Shape shape_;
  char source_[kTextBytes];
  char target_[kTextBytes];
};

// Which of the questions of a list are about IDs that are there.
enum class Hits { kHalf, kAll, kNone };
enum class Ask { kSources, kTargets };

// Questions in random order, drawn from `references` IDs that are there and as many that are not,
// in batches of kBatch.
struct Questions {
  static constexpr uint32_t kBatch = 1024;

  Questions(Shape shape, uint64_t references, Ask ask, Hits hits, uint64_t count) {
    IdMaker ids(shape);
    std::mt19937_64 random(static_cast<uint64_t>(hits) + 10);
    const uint64_t batches_count = std::max<uint64_t>(1, count / kBatch);
    for (uint64_t b = 0; b < batches_count; ++b) {
      IdList& list = batches.emplace_back();
      uint32_t& expected = hits_expected.emplace_back(0);
      for (uint32_t i = 0; i < kBatch; ++i) {
        const bool hit = hits == Hits::kAll || (hits == Hits::kHalf && random() % 2 == 0);
        const uint64_t n = random() % references + (hit ? 0 : references);
        list.Add(ask == Ask::kSources ? ids.Source(n) : ids.Target(n));
        expected += hit;
      }
    }
  }

  std::vector<IdList> batches;
  std::vector<uint32_t> hits_expected;  // by batch
};

}  // namespace xref
