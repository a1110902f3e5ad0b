#pragma once

#include <absl/functional/function_ref.h>
#include <absl/status/status.h>

#include <array>
#include <compare>
#include <cstdint>
#include <span>
#include <vector>

#include "client/unnamed_file.h"

namespace xref::cli {

// Any number of hashes, each with a value, to be looked at hash by hash once all are there. They
// lie in a temporary file, parted by their first bits, so that memory holds one part at a time:
// some 5 MiB for up to a few ten million hashes, and 1/16 byte for each further one. The file takes
// 16 bytes for each; a few hundred thousand need none.
//
// Two texts with one hash are taken for one: among a hundred million that happens in one of 3,700
// cases.
class HashSpill {
 public:
  struct Entry {
    uint64_t hash;
    uint64_t value;
    auto operator<=>(const Entry&) const = default;
  };

  // Errors: the temporary file cannot be written, or read.
  absl::Status Add(Entry entry);
  // Calls `take` once for every hash, with its entries in the order of their values.
  absl::Status ForEachHash(absl::FunctionRef<void(std::span<const Entry>)> take) const;

 private:
  struct Part {
    std::vector<Entry> latest;     // less than a block, not in the file yet
    std::vector<uint64_t> blocks;  // where the others are
  };
  std::array<Part, 256> parts_;
  UnnamedFile file_;
};

}  // namespace xref::cli
