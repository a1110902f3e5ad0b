#pragma once

#include <xxhash.h>

#include <algorithm>
#include <cstdint>
#include <deque>
#include <string_view>

namespace xref::cli {

inline uint64_t HashOf(std::string_view id) { return XXH3_64bits(id.data(), id.size()); }

// Millions of IDs as their hashes, in 8 bytes each. Two IDs with one hash are taken for one: among
// a hundred million IDs that happens in one of 3,700 cases. First all IDs are added, then one of
// the Keep methods is called, then it can be asked.
class IdHashes {
 public:
  void Add(std::string_view id) { hashes_.push_back(HashOf(id)); }

  void KeepEachOnce() {
    std::sort(hashes_.begin(), hashes_.end());
    hashes_.erase(std::unique(hashes_.begin(), hashes_.end()), hashes_.end());
  }

  // Keeps those that were added more than once.
  void KeepRepeated() {
    std::sort(hashes_.begin(), hashes_.end());
    auto kept = hashes_.begin();
    for (auto at = hashes_.begin(); at != hashes_.end();) {
      const auto next =
          std::find_if(at, hashes_.end(), [at](uint64_t hash) { return hash != *at; });
      if (next - at > 1) *kept++ = *at;
      at = next;
    }
    hashes_.erase(kept, hashes_.end());
    hashes_.shrink_to_fit();
  }

  bool Contains(std::string_view id) const {
    return std::binary_search(hashes_.begin(), hashes_.end(), HashOf(id));
  }
  size_t size() const { return hashes_.size(); }

 private:
  // Unlike a vector, it takes no second space while it grows.
  std::deque<uint64_t> hashes_;
};

}  // namespace xref::cli
