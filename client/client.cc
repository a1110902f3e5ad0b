#include "client/client.h"

#include <fmt/format.h>

#include <algorithm>
#include <charconv>
#include <utility>

namespace xref {

using protocol::Bytes;
using protocol::Opcode;
using protocol::StatusCode;
using std::chrono::steady_clock;

namespace {

// In the message of a refusal, what stands between the consequence and the number.
constexpr std::string_view kGoAhead = " To go ahead, send the same with confirmation ";

// A request without a payload.
struct Nothing {};
void Encode(const Nothing&, std::string&) {}

absl::Status ToStatus(const protocol::Refusal& refusal) {
  const std::string message = fmt::format("{} ({})", refusal.message, Name(refusal.status));
  switch (refusal.status) {
    case StatusCode::kOk:
      return absl::OkStatus();
    case StatusCode::kNotReady:
      return absl::UnavailableError(message);
    case StatusCode::kNotPrimary:
    case StatusCode::kStaleEpoch:
    case StatusCode::kReadOnly:
      return absl::FailedPreconditionError(message);
    case StatusCode::kTooLarge:
      return absl::OutOfRangeError(message);
    case StatusCode::kOverloaded:
      return absl::ResourceExhaustedError(message);
    case StatusCode::kUnauthenticated:
      return absl::UnauthenticatedError(message);
    case StatusCode::kForbidden:
      return absl::PermissionDeniedError(message);
    case StatusCode::kUnknownPlace:
      return absl::NotFoundError(message);
    case StatusCode::kBadRequest:
      return absl::InvalidArgumentError(message);
    case StatusCode::kInternal:
      break;
  }
  return absl::InternalError(message);
}

absl::Status Unreadable(const protocol::Refusal& refusal) {
  return absl::InternalError(fmt::format("the server's reply cannot be read: {}", refusal.message));
}

// Of a request that was sent to the wrong server, or too early: another one may take it.
bool CountsAsLoss(StatusCode status) {
  return status == StatusCode::kNotPrimary || status == StatusCode::kStaleEpoch ||
         status == StatusCode::kNotReady;
}

size_t CountOf(const protocol::CheckReply& reply) { return reply.count; }
size_t CountOf(const protocol::LookupReply& reply) { return reply.targets.count; }
size_t CountOf(const protocol::ReverseReply& reply) { return reply.count; }
size_t CountOf(const protocol::MutationReply& reply) { return reply.outcomes.size(); }

std::vector<std::string> TargetsOf(const protocol::LookupReply& reply) {
  std::vector<std::string> targets;
  IdCursor cursor(reply.targets);
  for (uint32_t i = 0; i < reply.targets.count; ++i) targets.emplace_back(cursor.Next());
  return targets;
}

}  // namespace

std::optional<NeededConfirmation> FindConfirmation(const absl::Status& refusal) {
  if (!absl::IsPermissionDenied(refusal)) return std::nullopt;
  const std::string_view message(refusal.message().data(), refusal.message().size());
  const size_t at = message.find(kGoAhead);
  if (at == std::string_view::npos) return std::nullopt;
  NeededConfirmation needed{.consequence = std::string(message.substr(0, at))};
  const std::string_view number = message.substr(at + kGoAhead.size());
  const auto read = std::from_chars(number.data(), number.data() + number.size(), needed.number);
  if (read.ec != std::errc() || needed.number == 0) return std::nullopt;
  return needed;
}

// ---- Requests and replies ----

template <typename Request>
absl::Status Client::Start(Opcode opcode, const Request& request, size_t window, TakePayload take) {
  if (is_lost_) {
    lost_since_ = std::chrono::steady_clock::now();
    auto status = GoOnElsewhere(absl::UnavailableError("the server was lost"));
    if (!status.ok()) return status;
  }
  while (waiting_.size() >= window) {
    if (auto status = TakeReply(); !status.ok()) return status;
  }
  protocol::FrameHeader header;
  header.opcode = opcode;
  header.request_id = ++last_request_id_;
  header.epoch = epoch_seen_;
  std::string frame;
  protocol::FrameWriter writer(frame, header);
  Encode(request, frame);
  writer.Close();
  auto sent = channel_->Send(frame);
  const bool may_be_sent_again = options_.failover_wait.count() > 0;
  waiting_.emplace(header.request_id, Waiting{.take = std::move(take),
                                              .opcode = opcode,
                                              .frame = may_be_sent_again ? std::move(frame) : ""});
  return sent.ok() ? sent : Recover(std::move(sent));
}

absl::Status Client::TakeReply() {
  const auto frame = channel_->Receive(options_.answer_timeout);
  if (!frame.ok()) return Recover(frame.status());
  const protocol::FrameHeader& header = frame->header;
  const auto found = waiting_.find(header.request_id);
  if (found == waiting_.end()) {
    // The server could not tell which request it refuses.
    const auto refusal = protocol::DecodeRefusal(header.status, frame->payload);
    if (header.status != StatusCode::kOk) return ToStatus(refusal);
    return absl::InternalError("the server answered a question that was not asked");
  }
  epoch_seen_ = std::max(epoch_seen_, header.epoch);
  if (header.opcode == Opcode::kHello) is_standby_ = channel_->mark().has_value();
  if (header.status != StatusCode::kOk) {
    absl::Status refusal = ToStatus(protocol::DecodeRefusal(header.status, frame->payload));
    // A promotion is for this server and no other.
    if (CountsAsLoss(header.status) && options_.failover_wait.count() > 0 &&
        header.opcode != Opcode::kPromote) {
      if (header.status == StatusCode::kNotPrimary) options_.primary = true;
      found->second.was_refused = true;
      // The others that are under way are refused as well, or answered, or the connection breaks.
      return all_refused() ? Recover(std::move(refusal)) : absl::OkStatus();
    }
    lost_since_.reset();
    TakePayload take = std::move(found->second.take);
    waiting_.erase(found);
    take(std::move(refusal));
    return absl::OkStatus();
  }
  lost_since_.reset();
  TakePayload take = std::move(found->second.take);
  waiting_.erase(found);
  if (auto too_old = FindExcessiveLag(header.opcode); !too_old.ok()) {
    take(std::move(too_old));
  } else {
    take(frame->payload);
  }
  return waiting_.empty() || !all_refused()
             ? absl::OkStatus()
             : Recover(absl::UnavailableError("the server is not the primary any more"));
}

absl::Status Client::FindExcessiveLag(Opcode opcode) const {
  const auto& mark = channel_->mark();
  // How it is tells any server, and who its primary is.
  if (opcode == Opcode::kHello || opcode == Opcode::kStatus) return absl::OkStatus();
  if (!options_.max_lag || !mark || mark->lag_ms <= options_.max_lag->count()) {
    return absl::OkStatus();
  }
  const std::string lag = mark->lag_ms == protocol::kLagUnknown
                              ? "for a time that it does not know"
                              : fmt::format("for {} ms", mark->lag_ms);
  return absl::FailedPreconditionError(
      fmt::format("the standby {} may lack what its primary has done {}, and {} ms are the most "
                  "that is accepted; ask the primary, or accept more",
                  channel_->server(), lag, options_.max_lag->count()));
}

absl::Status Client::Finish() {
  while (!waiting_.empty()) {
    if (auto status = TakeReply(); !status.ok()) return status;
  }
  return absl::OkStatus();
}

template <typename Reply, typename Request>
absl::Status Client::StartBatch(Opcode opcode, const Request& request, uint32_t count,
                                size_t window, Take<Reply> take) {
  return Start(opcode, request, window,
               [count, take = std::move(take)](absl::StatusOr<Bytes> payload) mutable {
                 if (!payload.ok()) return take(payload.status());
                 Reply reply;
                 if (const auto refusal = Decode(*payload, reply))
                   return take(Unreadable(*refusal));
                 if (CountOf(reply) != count) {
                   return take(absl::InternalError(fmt::format(
                       "the server answered {} items, asked were {}", CountOf(reply), count)));
                 }
                 take(std::move(reply));
               });
}

template <typename Result, typename Reply, typename StartIt, typename Convert>
absl::StatusOr<Result> Client::Await(StartIt start, Convert convert) {
  std::optional<absl::StatusOr<Result>> result;
  Take<Reply> take = [&](absl::StatusOr<Reply> reply) {
    result = reply.ok() ? absl::StatusOr<Result>(convert(*reply)) : reply.status();
  };
  absl::Status status = start(std::move(take));
  if (status.ok()) status = Finish();
  if (result) return *std::move(result);
  return status;
}

template <typename Reply, typename Request>
absl::StatusOr<Reply> Client::Call(Opcode opcode, const Request& request, std::string& payload) {
  std::optional<absl::StatusOr<Reply>> result;
  const auto take = [&](absl::StatusOr<Bytes> received) {
    if (!received.ok()) {
      result = received.status();
      return;
    }
    payload.assign(reinterpret_cast<const char*>(received->data()), received->size());
    Reply reply;
    const Bytes kept(reinterpret_cast<const uint8_t*>(payload.data()), payload.size());
    if (const auto refusal = Decode(kept, reply)) {
      result = Unreadable(*refusal);
    } else {
      result = std::move(reply);
    }
  };
  absl::Status status = Start(opcode, request, SIZE_MAX, take);
  if (status.ok()) status = Finish();
  if (result) return *std::move(result);
  return status;
}

// ---- Single calls ----

absl::Status Client::Greet() {
  std::string payload;
  const auto reply = Call<protocol::HelloReply>(
      Opcode::kHello, protocol::HelloRequest{.client = options_.name, .token = options_.token},
      payload);
  if (!reply.ok()) return reply.status();
  batch_ids_max_ = reply->batch_ids_max;
  request_bytes_max_ = reply->request_bytes_max;
  if (options_.ready_wait.count() == 0) return absl::OkStatus();
  // Any question tells whether the server is ready.
  return ListIntegrations(payload).status();
}

absl::StatusOr<PlaceId> Client::Resolve(std::string_view integration, std::string_view type) {
  std::string payload;
  const auto reply = Call<protocol::ResolveReply>(
      Opcode::kResolve, protocol::ResolveRequest{integration, type}, payload);
  if (!reply.ok()) return reply.status();
  return reply->place;
}

absl::StatusOr<Client::Created> Client::CreateIntegration(
    const protocol::IntegrationCreateRequest& request) {
  std::string payload;
  const auto reply =
      Call<protocol::IntegrationCreateReply>(Opcode::kIntegrationCreate, request, payload);
  if (!reply.ok()) return reply.status();
  return Created{reply->verdict, std::string(reply->source_platform),
                 std::string(reply->target_platform)};
}

absl::StatusOr<std::vector<bool>> Client::Check(PlaceId place, const IdBatch& ids) {
  return Await<std::vector<bool>, protocol::CheckReply>(
      [&](auto take) { return StartCheck(place, ids, SIZE_MAX, std::move(take)); },
      [](const protocol::CheckReply& reply) {
        std::vector<bool> synced(reply.count);
        for (uint32_t i = 0; i < reply.count; ++i) synced[i] = reply.synced(i);
        return synced;
      });
}

absl::StatusOr<std::vector<std::string>> Client::Lookup(PlaceId place, const IdBatch& ids) {
  return Await<std::vector<std::string>, protocol::LookupReply>(
      [&](auto take) { return StartLookup(place, ids, SIZE_MAX, std::move(take)); }, TargetsOf);
}

absl::StatusOr<std::vector<std::string>> Client::LookupAt(PlaceId place, int64_t time_us,
                                                          const IdBatch& ids) {
  return Await<std::vector<std::string>, protocol::LookupReply>(
      [&](auto take) {
        return StartLookupAt({.place = place, .time_us = time_us, .sources = ids}, SIZE_MAX,
                             std::move(take));
      },
      TargetsOf);
}

absl::StatusOr<std::vector<std::vector<std::string>>> Client::Reverse(
    const protocol::ReverseRequest& request) {
  return Await<std::vector<std::vector<std::string>>, protocol::ReverseReply>(
      [&](auto take) { return StartReverse(request, SIZE_MAX, std::move(take)); },
      [](const protocol::ReverseReply& reply) {
        std::vector<std::vector<std::string>> sources(reply.count);
        IdCursor cursor(reply.sources);
        for (uint32_t i = 0; i < reply.count; ++i) {
          for (uint16_t left = reply.sources_of(i); left > 0; --left) {
            sources[i].emplace_back(cursor.Next());
          }
        }
        return sources;
      });
}

absl::StatusOr<std::vector<ItemResult>> Client::Mutate(const protocol::MutationRequest& request) {
  return Await<std::vector<ItemResult>, protocol::MutationReply>(
      [&](auto take) { return StartMutation(request, SIZE_MAX, std::move(take)); },
      [](const protocol::MutationReply& reply) {
        std::vector<ItemResult> results;
        for (const protocol::Outcome& outcome : reply.outcomes) {
          results.push_back({outcome.verdict, std::string(outcome.other), outcome.number});
        }
        return results;
      });
}

template <typename Request>
absl::StatusOr<bool> Client::ChangeCatalog(Opcode opcode, const Request& request) {
  std::string payload;
  const auto reply = Call<protocol::CatalogReply>(opcode, request, payload);
  if (!reply.ok()) return reply.status();
  return reply->changed;
}

absl::StatusOr<bool> Client::CreateType(const protocol::TypeCreateRequest& request) {
  return ChangeCatalog(Opcode::kTypeCreate, request);
}

absl::StatusOr<bool> Client::RenamePlatforms(const protocol::PlatformsRenameRequest& request) {
  return ChangeCatalog(Opcode::kPlatformsRename, request);
}

absl::StatusOr<bool> Client::SetRules(const protocol::RulesSetRequest& request) {
  return ChangeCatalog(Opcode::kRulesSet, request);
}

absl::StatusOr<protocol::TokenCreateReply> Client::CreateToken(
    const protocol::TokenCreateRequest& request, std::string& payload) {
  return Call<protocol::TokenCreateReply>(Opcode::kTokenCreate, request, payload);
}

absl::StatusOr<protocol::TokenListReply> Client::ListTokens(std::string& payload) {
  return Call<protocol::TokenListReply>(Opcode::kTokenList, Nothing{}, payload);
}

absl::StatusOr<bool> Client::RevokeToken(const protocol::TokenRevokeRequest& request) {
  return ChangeCatalog(Opcode::kTokenRevoke, request);
}

absl::StatusOr<uint64_t> Client::ListClaims(
    PlaceId place, absl::FunctionRef<void(const protocol::ListedClaim&)> take) {
  uint64_t listed = 0;
  std::string payload;
  std::string after;
  for (;;) {
    const auto reply = Call<protocol::ClaimsReply>(
        Opcode::kClaims,
        protocol::ClaimsRequest{.place = place, .claims_max = kClaimsListedMax, .after = after},
        payload);
    if (!reply.ok()) return reply.status();
    for (const protocol::ListedClaim& claim : reply->claims) take(claim);
    listed += reply->claims.size();
    if (reply->claims.size() < kClaimsListedMax) return listed;
    after = reply->claims.back().source;
  }
}

absl::StatusOr<PurgePreview> Client::PreviewPurge(PlaceId place) {
  std::string payload;
  const auto reply = Call<protocol::PurgePreviewReply>(
      Opcode::kPurgePreview, protocol::PurgePreviewRequest{.place = place}, payload);
  if (!reply.ok()) return reply.status();
  return PurgePreview{reply->references, reply->token, std::chrono::seconds(reply->valid_seconds),
                      std::string(reply->target_platform)};
}

absl::StatusOr<protocol::PurgeReply> Client::Purge(const protocol::PurgeRequest& request) {
  std::string payload;
  return Call<protocol::PurgeReply>(Opcode::kPurge, request, payload);
}

absl::StatusOr<DropPreview> Client::PreviewDrop(std::string_view integration) {
  std::string payload;
  const auto reply = Call<protocol::DropPreviewReply>(
      Opcode::kDropPreview, protocol::DropPreviewRequest{.integration = integration}, payload);
  if (!reply.ok()) return reply.status();
  return DropPreview{reply->types,
                     reply->references,
                     reply->claims,
                     reply->token,
                     std::chrono::seconds(reply->valid_seconds),
                     std::string(reply->target_platform)};
}

absl::StatusOr<protocol::PurgeReply> Client::Drop(const protocol::DropRequest& request) {
  std::string payload;
  return Call<protocol::PurgeReply>(Opcode::kDrop, request, payload);
}

absl::StatusOr<protocol::StatusReply> Client::Status(std::string& payload) {
  return Call<protocol::StatusReply>(Opcode::kStatus, Nothing{}, payload);
}

absl::StatusOr<protocol::IntegrationListReply> Client::ListIntegrations(std::string& payload) {
  return Call<protocol::IntegrationListReply>(Opcode::kIntegrationList, Nothing{}, payload);
}

absl::StatusOr<protocol::VerifyReply> Client::Verify(const protocol::VerifyRequest& request,
                                                     std::string& payload) {
  return Call<protocol::VerifyReply>(Opcode::kVerify, request, payload);
}

absl::StatusOr<protocol::BackupReply> Client::Backup(const protocol::BackupRequest& request,
                                                     std::string& payload) {
  return Call<protocol::BackupReply>(Opcode::kBackup, request, payload);
}

absl::StatusOr<protocol::ListReply> Client::List(const protocol::ListRequest& request,
                                                 std::string& payload) {
  return Call<protocol::ListReply>(Opcode::kList, request, payload);
}

absl::StatusOr<protocol::HistoryReply> Client::History(const protocol::HistoryRequest& request,
                                                       std::string& payload) {
  return Call<protocol::HistoryReply>(Opcode::kHistory, request, payload);
}

absl::StatusOr<protocol::TrashReply> Client::ListTrash(std::string& payload) {
  return Call<protocol::TrashReply>(Opcode::kTrashList, Nothing{}, payload);
}

absl::StatusOr<protocol::RestoreReply> Client::Restore(const protocol::RestoreRequest& request,
                                                       std::string& payload) {
  return Call<protocol::RestoreReply>(Opcode::kRestore, request, payload);
}

absl::StatusOr<protocol::PromoteReply> Client::Promote(const protocol::PromoteRequest& request) {
  std::string payload;
  return Call<protocol::PromoteReply>(Opcode::kPromote, request, payload);
}

absl::StatusOr<protocol::CompareReply> Client::Compare() {
  std::string payload;
  return Call<protocol::CompareReply>(Opcode::kCompare, protocol::CompareRequest{}, payload);
}

// ---- Pipelined batches ----

absl::Status Client::StartCheck(PlaceId place, const IdBatch& ids, size_t window,
                                Take<protocol::CheckReply> take) {
  return StartBatch(Opcode::kCheck, protocol::IdsRequest{.place = place, .ids = ids}, ids.count,
                    window, std::move(take));
}

absl::Status Client::StartLookup(PlaceId place, const IdBatch& ids, size_t window,
                                 Take<protocol::LookupReply> take) {
  return StartBatch(Opcode::kLookup, protocol::IdsRequest{.place = place, .ids = ids}, ids.count,
                    window, std::move(take));
}

absl::Status Client::StartLookupAt(const protocol::LookupAtRequest& request, size_t window,
                                   Take<protocol::LookupReply> take) {
  return StartBatch(Opcode::kLookupAt, request, request.sources.count, window, std::move(take));
}

absl::Status Client::StartReverse(const protocol::ReverseRequest& request, size_t window,
                                  Take<protocol::ReverseReply> take) {
  return StartBatch(Opcode::kReverse, request, request.targets.count, window, std::move(take));
}

absl::Status Client::StartMutation(const protocol::MutationRequest& request, size_t window,
                                   Take<protocol::MutationReply> take) {
  return StartBatch(OpcodeOf(request), request, request.sources.count, window, std::move(take));
}

}  // namespace xref
