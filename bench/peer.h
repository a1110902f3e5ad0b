#pragma once

#include <absl/status/status.h>
#include <absl/status/statusor.h>

#include <cstdint>
#include <memory>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "bench/exchange.h"
#include "index/vocabulary.h"

namespace xref::bench {

// A server that can be filled with references and asked for them: xrefd, or what it is compared
// with. While it loads what it holds, calls fail with Unavailable. Thread-compatible.
class AskedPeer {
 public:
  virtual ~AskedPeer() = default;

  // What follows is about this set of references. Make makes it, empty, if there is none.
  virtual absl::Status Make(const std::string& set) = 0;
  virtual absl::Status Use(const std::string& set) = 0;

  // For Connection::Exchange: a request that adds references, and its reply, where they may be
  // there already, as when a load is begun again.
  virtual std::string EncodeAdd(const IdBatch& sources, const IdBatch& targets) const = 0;
  virtual absl::StatusOr<size_t> TakeLoaded(std::string_view received) const = 0;

  // A question about these sources, and the reply that is right where those are their targets, ""
  // for a source that has none: in the form in which TakeAnswer wants it.
  virtual std::string EncodeQuestion(const IdBatch& sources) const = 0;
  virtual std::string EncodeAnswer(const IdBatch& sources,
                                   std::span<const std::string> targets) const = 0;
  // For Connection::Exchange. Internal if the reply is not the right one.
  virtual absl::StatusOr<size_t> TakeAnswer(std::string_view received,
                                            std::string_view answer) const = 0;

  virtual Connection& connection() = 0;
  // Another one to the same server.
  virtual absl::StatusOr<std::unique_ptr<Connection>> Open() const = 0;
};

// One whose adds can be verified.
class Peer : public AskedPeer {
 public:
  // Item i is the target of source i, "" if it has none.
  virtual absl::StatusOr<std::vector<std::string>> Lookup(const IdBatch& sources) = 0;
  // The reply to EncodeAdd, which must say of every item that it was added.
  virtual absl::StatusOr<size_t> TakeAdded(std::string_view received, uint32_t items) const = 0;
};

// TakeAnswer where the right reply is known byte for byte.
absl::StatusOr<size_t> TakeExactly(std::string_view received, std::string_view answer);

}  // namespace xref::bench
