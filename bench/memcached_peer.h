#pragma once

#include <memory>
#include <span>
#include <string>
#include <string_view>
#include <utility>

#include "bench/peer.h"

namespace xref::bench {

// How memcached is asked for many keys at once.
enum class MemcachedProtocol {
  kText,    // get KEY KEY ...
  kBinary,  // GETKQ for each, and a NOOP after the last: misses are not answered
};

// memcached, with an item for each reference; it has no sets, so there is one. It must run without
// CAS (-C), so that replies are known byte for byte.
class MemcachedPeer : public AskedPeer {
 public:
  static absl::StatusOr<std::unique_ptr<MemcachedPeer>> Connect(const std::string& server,
                                                                MemcachedProtocol protocol);

  absl::Status Make(const std::string& set) override { return Use(set); }
  absl::Status Use(const std::string& set) override;
  // In the binary protocol: SETQ for each, and a NOOP.
  std::string EncodeAdd(const IdBatch& sources, const IdBatch& targets) const override;
  absl::StatusOr<size_t> TakeLoaded(std::string_view received) const override;
  std::string EncodeQuestion(const IdBatch& sources) const override;
  std::string EncodeAnswer(const IdBatch& sources,
                           std::span<const std::string> targets) const override;
  absl::StatusOr<size_t> TakeAnswer(std::string_view received,
                                    std::string_view answer) const override {
    return TakeExactly(received, answer);
  }
  // For adds: memcached takes only one of its protocols on a connection.
  Connection& connection() override { return *connection_; }
  absl::StatusOr<std::unique_ptr<Connection>> Open() const override {
    return Connection::Open(server_);
  }

 private:
  MemcachedPeer(std::string server, MemcachedProtocol protocol,
                std::unique_ptr<Connection> connection)
      : server_(std::move(server)), protocol_(protocol), connection_(std::move(connection)) {}

  const std::string server_;
  const MemcachedProtocol protocol_;
  const std::unique_ptr<Connection> connection_;
};

}  // namespace xref::bench
