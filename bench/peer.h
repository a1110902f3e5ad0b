#pragma once

#include <absl/status/status.h>
#include <absl/status/statusor.h>

#include <cstdint>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "bench/exchange.h"
#include "index/vocabulary.h"

namespace xref::bench {

// A server that holds references, as the workloads see it: xrefd, or what it is compared with.
// While it loads what it holds, calls fail with Unavailable. Thread-compatible.
class Peer {
 public:
  virtual ~Peer() = default;

  // What follows is about this set of references. Make makes it, empty, if there is none.
  virtual absl::Status Make(const std::string& set) = 0;
  virtual absl::Status Use(const std::string& set) = 0;

  // Item i is the target of source i, "" if it has none.
  virtual absl::StatusOr<std::vector<std::string>> Lookup(const IdBatch& sources) = 0;

  // For Connection::Exchange: a request that adds references, and its reply, which must say of
  // every item that it was added.
  virtual std::string EncodeAdd(const IdBatch& sources, const IdBatch& targets) const = 0;
  virtual absl::StatusOr<size_t> TakeAdded(std::string_view received, uint32_t items) const = 0;
  virtual Connection& connection() = 0;
};

}  // namespace xref::bench
