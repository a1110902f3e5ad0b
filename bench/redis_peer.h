#pragma once

#include <memory>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "bench/peer.h"
#include "bench/resp.h"

namespace xref::bench {

// Redis, with a set of references as one hash.
class RedisPeer : public Peer {
 public:
  static absl::StatusOr<std::unique_ptr<RedisPeer>> Connect(const std::string& server);

  absl::Status Make(const std::string& set) override { return Use(set); }
  absl::Status Use(const std::string& set) override;
  absl::StatusOr<std::vector<std::string>> Lookup(const IdBatch& sources) override;
  std::string EncodeAdd(const IdBatch& sources, const IdBatch& targets) const override;
  absl::StatusOr<size_t> TakeAdded(std::string_view received, uint32_t items) const override;
  Connection& connection() override { return *connection_; }

  // A command and its reply; Unavailable while Redis loads, Internal for another error.
  absl::StatusOr<RespReply> Call(const std::vector<std::string_view>& words);
  // A number that INFO tells.
  absl::StatusOr<uint64_t> Info(std::string_view name);

 private:
  explicit RedisPeer(std::unique_ptr<Connection> connection) : connection_(std::move(connection)) {}

  const std::unique_ptr<Connection> connection_;
  std::string set_;
};

}  // namespace xref::bench
