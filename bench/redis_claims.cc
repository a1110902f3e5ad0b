#include "bench/redis_claims.h"

#include <utility>

namespace xref::bench {
namespace {

constexpr std::string_view kReferences = "references";

std::string LockOf(const std::string& source) { return "lock:" + source; }

}  // namespace

absl::StatusOr<std::unique_ptr<ClaimServer>> RedisClaims::Connect(const std::string& server,
                                                                  const std::string& owner,
                                                                  uint32_t lease_ms) {
  auto peer = RedisPeer::Connect(server);
  if (!peer.ok()) return peer.status();
  return std::unique_ptr<ClaimServer>(new RedisClaims(*std::move(peer), owner, lease_ms));
}

absl::StatusOr<std::vector<RespReply>> RedisClaims::CallAll(
    const std::vector<std::vector<std::string_view>>& commands) {
  std::string request;
  std::vector<RespReply> replies(commands.size());
  const auto answered = peer_->connection().Exchange(
      commands.size(), {.in_flight = static_cast<uint32_t>(commands.size())},
      [&](uint64_t i) {
        request.clear();
        AppendCommand(commands[i], request);
        return std::string_view(request);
      },
      [&](uint64_t i, std::string_view received) { return TakeReply(received, replies[i]); });
  if (!answered.ok()) return answered.status();
  for (const RespReply& reply : replies) {
    if (reply.kind == RespReply::Kind::kError) return absl::InternalError(reply.text);
  }
  return replies;
}

absl::StatusOr<std::vector<ClaimAnswer>> RedisClaims::Claim(
    const std::vector<std::string>& sources) {
  std::vector<std::string> locks;
  for (const std::string& source : sources) locks.push_back(LockOf(source));
  std::vector<std::vector<std::string_view>> commands;
  std::vector<std::string_view> lookup{"HMGET", kReferences};
  for (size_t i = 0; i < sources.size(); ++i) {
    commands.push_back({"SET", locks[i], owner_, "NX", "PX", lease_ms_});
    lookup.push_back(sources[i]);
  }
  commands.push_back(std::move(lookup));
  const auto replies = CallAll(commands);
  if (!replies.ok()) return replies.status();
  std::vector<ClaimAnswer> answers;
  for (size_t i = 0; i < sources.size(); ++i) {
    using Kind = ClaimAnswer::Kind;
    const RespReply& target = replies->back().items[i];
    const bool locked = (*replies)[i].kind != RespReply::Kind::kNil;
    if (target.kind != RespReply::Kind::kNil) {
      answers.push_back({Kind::kSynced, target.text, 0});
    } else {
      answers.push_back({locked ? Kind::kGranted : Kind::kHeld, "", 0});
    }
  }
  return answers;
}

absl::StatusOr<std::vector<SettleAnswer>> RedisClaims::Settle(
    const std::vector<CreatedRecord>& records) {
  std::vector<SettleAnswer> answers;
  if (records.empty()) return answers;
  std::vector<std::string> locks;
  for (const CreatedRecord& record : records) locks.push_back(LockOf(record.source));
  std::vector<std::string_view> link{"HSET", kReferences};
  std::vector<std::string_view> unlock{"DEL"};
  for (size_t i = 0; i < records.size(); ++i) {
    link.push_back(records[i].source);
    link.push_back(records[i].target);
    unlock.push_back(locks[i]);
    answers.push_back({true, records[i].target});
  }
  const auto replies = CallAll({link, unlock});
  if (!replies.ok()) return replies.status();
  return answers;
}

}  // namespace xref::bench
