#include "bench/redis_peer.h"

#include <fmt/format.h>

#include <iterator>

namespace xref::bench {
namespace {

absl::Status ToStatus(const std::string& error) {
  return error.starts_with("LOADING") ? absl::UnavailableError(error) : absl::InternalError(error);
}

}  // namespace

absl::StatusOr<std::unique_ptr<RedisPeer>> RedisPeer::Connect(const std::string& server,
                                                              RedisData data) {
  auto connection = Connection::Open(server);
  if (!connection.ok()) return connection.status();
  return std::unique_ptr<RedisPeer>(new RedisPeer(server, data, *std::move(connection)));
}

absl::StatusOr<RespReply> RedisPeer::Call(const std::vector<std::string_view>& words) {
  std::string command;
  AppendCommand(words, command);
  RespReply reply;
  const auto answered = connection_->Exchange(
      1, {}, [&](uint64_t) { return std::string_view(command); },
      [&](uint64_t, std::string_view received) { return TakeReply(received, reply); });
  if (!answered.ok()) return answered.status();
  if (reply.kind == RespReply::Kind::kError) return ToStatus(reply.text);
  return reply;
}

absl::StatusOr<uint64_t> RedisPeer::Info(std::string_view name) {
  const auto info = Call({"INFO", "everything"});
  if (!info.ok()) return info.status();
  const std::string line = fmt::format("\n{}:", name);
  const size_t found = info->text.find(line);
  if (found == std::string::npos) {
    return absl::InternalError(fmt::format("Redis does not tell its {}", name));
  }
  return std::stoull(info->text.substr(found + line.size()));
}

absl::Status RedisPeer::Use(const std::string& set) {
  set_ = set;
  return Call({"EXISTS", set_}).status();
}

absl::StatusOr<std::vector<std::string>> RedisPeer::Lookup(const IdBatch& sources) {
  const auto reply = Call(QuestionWords(sources));
  if (!reply.ok()) return reply.status();
  std::vector<std::string> targets;
  for (const RespReply& item : reply->items) targets.push_back(item.text);
  return targets;
}

std::string RedisPeer::EncodeAdd(const IdBatch& sources, const IdBatch& targets) const {
  std::vector<std::string_view> words;
  switch (data_) {
    case RedisData::kHash:
      words = {"HSET", set_};
      break;
    case RedisData::kSet:
      words = {"SADD", set_};
      break;
    case RedisData::kStrings:
      words = {"MSET"};
      break;
  }
  IdCursor source(sources);
  IdCursor target(targets);
  for (uint32_t i = 0; i < sources.count; ++i) {
    words.push_back(source.Next());
    if (data_ != RedisData::kSet) words.push_back(target.Next());
  }
  std::string command;
  AppendCommand(words, command);
  return command;
}

absl::StatusOr<size_t> RedisPeer::TakeAdded(std::string_view received, uint32_t items) const {
  RespReply reply;
  const auto taken = TakeReply(received, reply);
  if (!taken.ok() || *taken == 0) return taken;
  if (reply.kind == RespReply::Kind::kError) return ToStatus(reply.text);
  if (reply.integer != items) {
    return absl::InternalError(
        fmt::format("of {} new references {} were added", items, reply.integer));
  }
  return taken;
}

absl::StatusOr<size_t> RedisPeer::TakeLoaded(std::string_view received) const {
  RespReply reply;
  const auto taken = TakeReply(received, reply);
  if (taken.ok() && reply.kind == RespReply::Kind::kError) return ToStatus(reply.text);
  return taken;
}

std::vector<std::string_view> RedisPeer::QuestionWords(const IdBatch& sources) const {
  std::vector<std::string_view> words;
  switch (data_) {
    case RedisData::kHash:
      words = {"HMGET", set_};
      break;
    case RedisData::kSet:
      words = {"SMISMEMBER", set_};
      break;
    case RedisData::kStrings:
      words = {"MGET"};
      break;
  }
  IdCursor source(sources);
  for (uint32_t i = 0; i < sources.count; ++i) words.push_back(source.Next());
  return words;
}

std::string RedisPeer::EncodeQuestion(const IdBatch& sources) const {
  std::string command;
  AppendCommand(QuestionWords(sources), command);
  return command;
}

std::string RedisPeer::EncodeAnswer(const IdBatch&, std::span<const std::string> targets) const {
  std::string answer = fmt::format("*{}\r\n", targets.size());
  for (const std::string& target : targets) {
    if (data_ == RedisData::kSet) {
      answer += target.empty() ? ":0\r\n" : ":1\r\n";
    } else if (target.empty()) {
      answer += "$-1\r\n";
    } else {
      fmt::format_to(std::back_inserter(answer), "${}\r\n{}\r\n", target.size(), target);
    }
  }
  return answer;
}

}  // namespace xref::bench
