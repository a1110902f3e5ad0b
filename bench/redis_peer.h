#pragma once

#include <memory>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "bench/peer.h"
#include "bench/resp.h"

namespace xref::bench {

// What Redis keeps references in, and how it is asked for them.
enum class RedisData {
  kHash,     // one hash from source to target: HMGET
  kSet,      // the sources alone, in one set: SMISMEMBER
  kStrings,  // a key for each: MGET
};

// Redis, or a server that speaks as it does.
class RedisPeer : public Peer {
 public:
  static absl::StatusOr<std::unique_ptr<RedisPeer>> Connect(const std::string& server,
                                                            RedisData data = RedisData::kHash);

  absl::Status Make(const std::string& set) override { return Use(set); }
  absl::Status Use(const std::string& set) override;
  absl::StatusOr<std::vector<std::string>> Lookup(const IdBatch& sources) override;  // kHash only
  std::string EncodeAdd(const IdBatch& sources, const IdBatch& targets) const override;
  absl::StatusOr<size_t> TakeAdded(std::string_view received, uint32_t items) const override;
  absl::StatusOr<size_t> TakeLoaded(std::string_view received) const override;
  std::string EncodeQuestion(const IdBatch& sources) const override;
  std::string EncodeAnswer(const IdBatch& sources,
                           std::span<const std::string> targets) const override;
  absl::StatusOr<size_t> TakeAnswer(std::string_view received,
                                    std::string_view answer) const override {
    return TakeExactly(received, answer);
  }
  Connection& connection() override { return *connection_; }
  absl::StatusOr<std::unique_ptr<Connection>> Open() const override {
    return Connection::Open(server_);
  }

  // A command and its reply; Unavailable while Redis loads, Internal for another error.
  absl::StatusOr<RespReply> Call(const std::vector<std::string_view>& words);
  // A number that INFO tells.
  absl::StatusOr<uint64_t> Info(std::string_view name);

 private:
  RedisPeer(std::string server, RedisData data, std::unique_ptr<Connection> connection)
      : server_(std::move(server)), data_(data), connection_(std::move(connection)) {}

  std::vector<std::string_view> QuestionWords(const IdBatch& sources) const;

  const std::string server_;
  const RedisData data_;
  const std::unique_ptr<Connection> connection_;
  std::string set_;
};

}  // namespace xref::bench
