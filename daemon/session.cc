#include "daemon/session.h"

#include <fmt/format.h>

#include <algorithm>
#include <bit>
#include <memory>
#include <utility>

#include "daemon/limits.h"
#include "persistence/failpoint.h"

namespace xref {
namespace {

using protocol::Frame;
using protocol::FrameHeader;
using protocol::FrameWriter;
using protocol::kNoItem;
using protocol::Opcode;
using protocol::Refusal;
using protocol::StatusCode;

constexpr std::string_view kServer = "xrefd " XREF_VERSION;

// What a standby answers: all else changes something, or is known to the primary alone.
bool IsForStandbys(Opcode opcode) {
  switch (opcode) {
    case Opcode::kResolve:
    case Opcode::kIntegrationList:
    case Opcode::kTokenList:
    case Opcode::kVerify:
    case Opcode::kBackup:
    case Opcode::kCheck:
    case Opcode::kLookup:
    case Opcode::kReverse:
    case Opcode::kTrashList:
    case Opcode::kList:
    case Opcode::kHistory:
      return true;
    default:
      return false;
  }
}

uint64_t CountSynced(const uint8_t* bitmap, uint32_t count) {
  uint64_t synced = 0;
  for (uint32_t i = 0; i < (count + 7) / 8; ++i) {
    synced += static_cast<uint64_t>(std::popcount(bitmap[i]));
  }
  return synced;
}

}  // namespace

Session::Next Session::Handle(const Frame& frame, std::string& out,
                              absl::FunctionRef<ChangeDone()> make_done) {
  Count(service_.state.io[io_thread_].requests, 1);
  currency_ = CurrencyOf(service_.state);
  if (!greeted_) return Greet(frame, out);
  if (service_.state.phase() != Phase::kLoading) {
    if (const auto refusal = Admit()) {
      Refuse(frame.header, *refusal, out);
      return Next::kClose;
    }
    if (const auto refusal = FindForbidden(frame)) {
      Refuse(frame.header, *refusal, out);
      return Next::kAnswered;
    }
  }
  if (frame.header.opcode == Opcode::kStatus) {
    AnswerStatus(frame.header, out);
    return Next::kAnswered;
  }
  if (frame.header.opcode == Opcode::kPromote) return Promote(frame, out, make_done);
  if (const auto refusal = FindObstacle(frame.header)) {
    Refuse(frame.header, *refusal, out);
    return Next::kAnswered;
  }
  if (const auto mutation = MutationOf(frame.header.opcode)) {
    return Enqueue(frame, *mutation, out, make_done);
  }
  const size_t start = out.size();
  switch (frame.header.opcode) {
    case Opcode::kResolve:
      AnswerResolve(frame, out);
      return Next::kAnswered;
    case Opcode::kIntegrationList:
      AnswerIntegrations(frame.header, out);
      return Next::kAnswered;
    case Opcode::kVerify:
      AnswerVerify(frame, out);
      return Next::kAnswered;
    case Opcode::kBackup:
      AnswerBackup(frame, out);
      return Next::kAnswered;
    case Opcode::kCheck:
      AnswerCheck(frame, out);
      return OnceHeld(start, out, make_done);
    case Opcode::kLookup:
      AnswerLookup(frame, out);
      return OnceHeld(start, out, make_done);
    case Opcode::kReverse:
      AnswerReverse(frame, out);
      return OnceHeld(start, out, make_done);
    case Opcode::kIntegrationCreate:
      return Enqueue(frame, protocol::IntegrationCreateRequest{}, out, make_done);
    case Opcode::kTypeCreate:
      return Enqueue(frame, protocol::TypeCreateRequest{}, out, make_done);
    case Opcode::kPlatformsRename:
      return Enqueue(frame, protocol::PlatformsRenameRequest{}, out, make_done);
    case Opcode::kRulesSet:
      return Enqueue(frame, protocol::RulesSetRequest{}, out, make_done);
    case Opcode::kClaims:
      return Enqueue(frame, protocol::ClaimsRequest{}, out, make_done);
    case Opcode::kPurgePreview:
      return Enqueue(frame, protocol::PurgePreviewRequest{}, out, make_done);
    case Opcode::kPurge:
      return Enqueue(frame, protocol::PurgeRequest{}, out, make_done);
    case Opcode::kDropPreview:
      return Enqueue(frame, protocol::DropPreviewRequest{}, out, make_done);
    case Opcode::kDrop:
      return Enqueue(frame, protocol::DropRequest{}, out, make_done);
    case Opcode::kTrashList:
      return Ask(frame, TrashListRequest{*access_}, out, make_done);
    case Opcode::kRestore:
      return Ask(frame, protocol::RestoreRequest{}, out, make_done);
    case Opcode::kList:
      return Ask(frame, protocol::ListRequest{}, out, make_done);
    case Opcode::kHistory:
      return Ask(frame, protocol::HistoryRequest{}, out, make_done);
    case Opcode::kLookupAt:
      return Ask(frame, protocol::LookupAtRequest{}, out, make_done);
    case Opcode::kTokenCreate:
      return Enqueue(frame, protocol::TokenCreateRequest{}, out, make_done);
    case Opcode::kTokenRevoke:
      return Enqueue(frame, protocol::TokenRevokeRequest{}, out, make_done);
    case Opcode::kTokenList:
      AnswerTokens(frame.header, out);
      return Next::kAnswered;
    case Opcode::kFollow:
      return Enqueue(frame, protocol::FollowRequest{}, out, make_done);
    case Opcode::kFetch:
      return Fetch(frame, out, make_done);
    case Opcode::kCompare:
      return Enqueue(frame, protocol::CompareRequest{}, out, make_done);
    case Opcode::kHello:
      Refuse(frame.header, {StatusCode::kBadRequest, kNoItem, "HELLO was said already"}, out);
      return Next::kAnswered;
    case Opcode::kStatus:
    case Opcode::kPromote:
    case Opcode::kAdd:
    case Opcode::kRenew:
    case Opcode::kRehearseAdd:
    case Opcode::kRehearsePut:
      break;  // answered above
  }
  Refuse(frame.header,
         {StatusCode::kBadRequest, kNoItem,
          fmt::format("unknown opcode {:#04x}", static_cast<unsigned>(frame.header.opcode))},
         out);
  return Next::kAnswered;
}

protocol::MaybeRefusal Session::FindObstacle(const FrameHeader& request) const {
  const ServerState& state = service_.state;
  const Phase phase = this->phase();
  if (phase == Phase::kLoading) {
    return Refusal{
        StatusCode::kNotReady, kNoItem,
        fmt::format("the daemon is loading its references ({} of {} so far); try again soon",
                    state.references_loaded.load(), state.references_expected.load())};
  }
  if (phase == Phase::kDiverged) {
    return Refusal{StatusCode::kNotReady, kNoItem,
                   "this standby ends, since its state is not that of its primary; ask another "
                   "daemon"};
  }
  if (request.epoch > state.epoch) {
    return Refusal{StatusCode::kStaleEpoch, kNoItem,
                   fmt::format("this daemon is of epoch {}, and the client has seen epoch {}: ask "
                               "the primary of that epoch",
                               state.epoch.load(), request.epoch)};
  }
  if (state.is_standby() && !IsForStandbys(request.opcode)) return NotPrimary();
  return std::nullopt;
}

void Session::RefuseStream(const protocol::Malformed& malformed, std::string& out) {
  FrameHeader request;
  request.request_id = malformed.request_id;
  Refuse(request, {malformed.status, kNoItem, malformed.message}, out, Limit::kRequestBytes);
}

void Session::RefuseForBuffers(const FrameHeader& request, std::string& out) {
  Refuse(request,
         {StatusCode::kOverloaded, kNoItem,
          "requests and replies take too much memory at the moment; ask for less at a time, or "
          "later"},
         out);
}

// ---- Replies ----

Refusal Session::RefusalOf(const absl::Status& why) {
  const StatusCode status = absl::IsResourceExhausted(why)    ? StatusCode::kOverloaded
                            : absl::IsUnavailable(why)        ? StatusCode::kNotReady
                            : absl::IsFailedPrecondition(why) ? StatusCode::kReadOnly
                            : absl::IsPermissionDenied(why)   ? StatusCode::kForbidden
                                                              : StatusCode::kInternal;
  return {status, kNoItem, std::string(why.message())};
}

FrameWriter Session::BeginReply(const FrameHeader& request, std::string& out) const {
  return OpenReply(request, service_.state, currency_, out);
}

void Session::Refuse(const FrameHeader& request, const Refusal& refusal, std::string& out,
                     Limit too_large) {
  if (refusal.status == StatusCode::kTooLarge) service_.state.refusals.Count(too_large);
  FrameWriter reply(out, protocol::ReplyHeader(request, refusal.status, service_.state.epoch));
  protocol::Encode(refusal, out);
  reply.Close();
}

Session::ChangeDone Session::OnceHeld(ChangeDone done) const {
  if (currency_) return done;  // a standby holds nothing back
  return [&feed = service_.feed, done = std::move(done)](std::string reply) mutable {
    if (!feed.HasUnheld()) return std::move(done)(std::move(reply));
    feed.HoldAnswer(
        [done = std::move(done), reply = std::move(reply)](protocol::AckLevel, bool known) mutable {
          std::move(done)(known ? std::move(reply) : std::string());
        });
  };
}

Session::Next Session::OnceHeld(size_t start, std::string& out,
                                absl::FunctionRef<ChangeDone()> make_done) const {
  if (currency_ || !service_.feed.HasUnheld()) return Next::kAnswered;
  std::string reply = out.substr(start);
  out.resize(start);
  OnceHeld(make_done())(std::move(reply));
  return Next::kPending;
}

template <typename Message>
void Session::Reply(const FrameHeader& request, const Message& message, std::string& out) {
  FrameWriter reply = BeginReply(request, out);
  protocol::Encode(message, out);
  reply.Close();
}

// ---- The connection and the daemon ----

Session::Next Session::Greet(const Frame& frame, std::string& out) {
  if (frame.header.opcode != Opcode::kHello) {
    Refuse(frame.header, {StatusCode::kBadRequest, kNoItem, "the first request must be HELLO"},
           out);
    return Next::kClose;
  }
  protocol::HelloRequest hello;
  if (const auto refusal = protocol::Decode(frame.payload, hello)) {
    Refuse(frame.header, *refusal, out);
    return Next::kClose;
  }
  if (hello.version_min > protocol::kVersion || hello.version_max < protocol::kVersion) {
    Refuse(frame.header,
           {StatusCode::kBadRequest, kNoItem,
            fmt::format("this daemon speaks version {} of the protocol, the client {} to {}",
                        protocol::kVersion, hello.version_min, hello.version_max)},
           out);
    return Next::kClose;
  }
  credentials_ = Credentials(hello.token);
  if (service_.state.phase() != Phase::kLoading) {
    if (const auto refusal = Admit()) {
      Refuse(frame.header, *refusal, out);
      return Next::kClose;
    }
  }
  greeted_ = true;
  protocol::HelloReply reply;
  reply.request_bytes_max = protocol::kRequestBytesMax;
  reply.batch_ids_max = kBatchIdsMax;
  reply.changes_in_flight_max = kChangesInFlightMax;
  reply.server = kServer;
  Reply(frame.header, reply, out);
  return Next::kAnswered;
}

void Session::AnswerResolve(const Frame& frame, std::string& out) {
  protocol::ResolveRequest request;
  if (const auto refusal = protocol::Decode(frame.payload, request)) {
    return Refuse(frame.header, *refusal, out);
  }
  std::optional<PlaceId> place;
  Refusal missing;
  service_.store.ReadCatalog(io_thread_, [&](const Catalog& catalog, auto) {
    place = catalog.FindPlace(request.integration, request.type);
    if (place) return;
    if (catalog.Find(request.integration) == nullptr) {
      missing =
          protocol::NoSuchIntegration(request.integration, catalog.IsDropped(request.integration));
    } else {
      missing = {StatusCode::kUnknownPlace, kNoItem,
                 fmt::format("the integration \"{}\" has no entity type \"{}\"",
                             request.integration, request.type)};
    }
  });
  if (!place) return Refuse(frame.header, missing, out);
  Reply(frame.header, protocol::ResolveReply{*place}, out);
}

void Session::AnswerIntegrations(const FrameHeader& header, std::string& out) {
  service_.store.ReadCatalog(io_thread_, [&](const Catalog& catalog,
                                             ReferenceStore::SizeOf size_of) {
    protocol::IntegrationListReply reply;
    for (const auto& [name, integration] : catalog.integrations()) {
      if (!access_->Sees(name)) continue;
      auto& listed = reply.integrations.emplace_back();
      listed.name = name;
      listed.source_platform = integration.source_platform;
      listed.target_platform = integration.target_platform;
      for (const CatalogType& type : integration.types) {
        listed.types.push_back({type.name, size_of(type.place).references, type.unique_targets});
      }
    }
    Reply(header, reply, out);
  });
}

void Session::AnswerVerify(const Frame& frame, std::string& out) {
  protocol::VerifyRequest request;
  if (const auto refusal = protocol::Decode(frame.payload, request)) {
    return Refuse(frame.header, *refusal, out);
  }
  if (request.begin) {
    auto begun = service_.verifications.Begin();
    if (!begun.ok()) return Refuse(frame.header, RefusalOf(begun.status()), out);
    verification_ = *std::move(begun);
  }
  if (verification_ == nullptr) {
    return Refuse(
        frame.header,
        {StatusCode::kBadRequest, kNoItem, "no verification was begun on this connection"}, out);
  }
  protocol::VerifyReply reply;
  const Examination* const found = verification_->found();
  const ExaminationProgress progress = verification_->progress();
  reply.bytes_done = progress.done;
  reply.bytes_total = progress.total;
  if (found != nullptr) {
    reply.state = protocol::VerifyState::kOver;
    reply.pages = found->pages;
    reply.references = found->references;
    reply.changes = found->changes;
    reply.lsn = found->lsn;
    reply.interrupted = {found->interrupted.message().data(), found->interrupted.message().size()};
    reply.damages.assign(found->damages.begin(), found->damages.end());
  }
  Reply(frame.header, reply, out);
}

void Session::AnswerBackup(const Frame& frame, std::string& out) {
  protocol::BackupRequest request;
  if (const auto refusal = protocol::Decode(frame.payload, request)) {
    return Refuse(frame.header, *refusal, out);
  }
  if (request.begin) {
    backup_.reset();
    auto begun = service_.backups.Begin();
    if (!begun.ok()) return Refuse(frame.header, RefusalOf(begun.status()), out);
    backup_ = *std::move(begun);
  }
  if (backup_ == nullptr) {
    return Refuse(frame.header,
                  {StatusCode::kBadRequest, kNoItem, "no backup was begun on this connection"},
                  out);
  }
  const absl::StatusOr<BackupFile>* const made = backup_->made();
  if (made == nullptr) return Reply(frame.header, protocol::BackupReply(), out);
  if (!made->ok()) {
    Refuse(frame.header, RefusalOf(made->status()), out);
    backup_.reset();
    return;
  }
  const BackupFile& backup = **made;
  if (request.offset >= backup.bytes()) {
    return Refuse(frame.header,
                  {StatusCode::kBadRequest, kNoItem,
                   fmt::format("offset {} is past the end of the backup: it has {} bytes",
                               request.offset, backup.bytes())},
                  out);
  }
  std::string piece(std::min<uint64_t>(kBackupPieceBytes, backup.bytes() - request.offset), '\0');
  if (const auto status = backup.Read(request.offset, piece); !status.ok()) {
    return Refuse(frame.header, RefusalOf(status), out);
  }
  Pass(Failpoint::kBackupPiece);
  Reply(frame.header,
        protocol::BackupReply{
            .state = protocol::BackupState::kReady,
            .lsn = backup.lsn(),
            .references = backup.references(),
            .bytes = backup.bytes(),
            .piece = {reinterpret_cast<const uint8_t*>(piece.data()), piece.size()}},
        out);
  // A client that has it all may begin another at once, on this connection or on the next.
  if (request.offset + piece.size() == backup.bytes()) backup_.reset();
}

// ---- Questions ----

void Session::AnswerCheck(const Frame& frame, std::string& out) {
  protocol::IdsRequest request;
  if (const auto refusal = protocol::Decode(frame.payload, request)) {
    return Refuse(frame.header, *refusal, out);
  }
  if (const auto refusal = ChargeIds(request.ids.count)) {
    return Refuse(frame.header, *refusal, out);
  }
  const size_t start = out.size();
  FrameWriter reply = BeginReply(frame.header, out);
  uint8_t* bitmap = protocol::BeginCheckReply(request.ids.count, out);
  if (!service_.store.Check(io_thread_, request.place, request.ids, bitmap)) {
    out.resize(start);
    return Refuse(frame.header, protocol::NoSuchPlace(request.place), out);
  }
  IoCounters& counters = service_.state.io[io_thread_];
  const uint64_t synced = CountSynced(bitmap, request.ids.count);
  Count(counters.ids_checked, request.ids.count);
  Count(counters.ids_synced, synced);
  counters.places.Count(request.place, IoCounters::kChecked, request.ids.count);
  counters.places.Count(request.place, IoCounters::kSynced, synced);
  reply.Close();
}

void Session::AnswerLookup(const Frame& frame, std::string& out) {
  protocol::IdsRequest request;
  if (const auto refusal = protocol::Decode(frame.payload, request)) {
    return Refuse(frame.header, *refusal, out);
  }
  if (const auto refusal = ChargeIds(request.ids.count)) {
    return Refuse(frame.header, *refusal, out);
  }
  const size_t start = out.size();
  FrameWriter reply = BeginReply(frame.header, out);
  protocol::LookupReplyWriter targets(request.ids.count, out);
  const bool found = service_.store.Lookup(
      io_thread_, request.place, request.ids,
      [&](std::span<const std::string_view> chunk) { targets.Append(chunk); });
  if (!found) {
    out.resize(start);
    return Refuse(frame.header, protocol::NoSuchPlace(request.place), out);
  }
  Count(service_.state.io[io_thread_].ids_looked_up, request.ids.count);
  reply.Close();
}

void Session::AnswerReverse(const Frame& frame, std::string& out) {
  protocol::ReverseRequest request;
  if (const auto refusal = protocol::Decode(frame.payload, request)) {
    return Refuse(frame.header, *refusal, out);
  }
  if (const auto refusal = ChargeIds(request.targets.count)) {
    return Refuse(frame.header, *refusal, out);
  }
  protocol::ReverseReplyWriter sources(request.targets.count);
  bool too_large = false;
  constexpr size_t kBytesMax = protocol::kReplyBytesMax - protocol::kStandbyMarkBytes;
  const bool found = service_.store.Reverse(
      io_thread_, request.place, request.targets, request.sources_max,
      [&](uint32_t target, std::string_view source) {
        too_large = too_large || sources.payload_bytes() + 1 + source.size() > kBytesMax;
        if (!too_large) sources.Append(target, source);
      });
  if (!found) return Refuse(frame.header, protocol::NoSuchPlace(request.place), out);
  if (too_large) {
    return Refuse(frame.header,
                  {StatusCode::kTooLarge, kNoItem,
                   fmt::format("these targets have more sources than fit into a reply of {} bytes; "
                               "ask for fewer targets, or fewer sources of each",
                               kBytesMax)},
                  out, Limit::kReplyBytes);
  }
  Count(service_.state.io[io_thread_].targets_reversed, request.targets.count);
  FrameWriter reply = BeginReply(frame.header, out);
  sources.Finish(out);
  reply.Close();
}

// ---- Changes ----

template <typename Request>
Session::Next Session::Enqueue(const Frame& frame, Request request, std::string& out,
                               absl::FunctionRef<ChangeDone()> make_done) {
  auto change = std::make_unique<ChangeRequest>();
  change->payload.assign(reinterpret_cast<const char*>(frame.payload.data()), frame.payload.size());
  change->header = frame.header;
  const Bytes kept(reinterpret_cast<const uint8_t*>(change->payload.data()),
                   change->payload.size());
  if (const auto refusal =
          protocol::Decode(kept, change->asked.emplace<Request>(std::move(request)))) {
    Refuse(frame.header, *refusal, out);
    return Next::kAnswered;
  }
  if constexpr (std::is_same_v<Request, protocol::MutationRequest>) {
    if (const auto refusal =
            ChargeIds(std::get<protocol::MutationRequest>(change->asked).sources.count)) {
      Refuse(frame.header, *refusal, out);
      return Next::kAnswered;
    }
  }
  change->done = make_done();
  switch (service_.commits.TryPush(change)) {
    case CommitQueue::Push::kTaken:
      return Next::kPending;
    case CommitQueue::Push::kFull:
      service_.state.refusals.Count(Limit::kCommitQueueBytes);
      Refuse(frame.header,
             {StatusCode::kOverloaded, kNoItem,
              "too many changes wait to be committed; try again, with fewer at a time"},
             out);
      return Next::kAnswered;
    case CommitQueue::Push::kSuspended:
      Refuse(frame.header, NotPrimary(), out);
      return Next::kAnswered;
    case CommitQueue::Push::kClosed:
      break;
  }
  Refuse(frame.header,
         {StatusCode::kNotReady, kNoItem, "the daemon is shutting down and takes no more changes"},
         out);
  return Next::kAnswered;
}

// ---- Questions of the disk ----

template <typename Request>
Session::Next Session::Ask(const Frame& frame, Request request, std::string& out,
                           absl::FunctionRef<ChangeDone()> make_done) {
  auto query = std::make_unique<Query>();
  query->payload.assign(reinterpret_cast<const char*>(frame.payload.data()), frame.payload.size());
  query->header = frame.header;
  const Bytes kept(reinterpret_cast<const uint8_t*>(query->payload.data()), query->payload.size());
  if (const auto refusal = Decode(kept, query->asked.emplace<Request>(request))) {
    Refuse(frame.header, *refusal, out);
    return Next::kAnswered;
  }
  query->done = OnceHeld(make_done());
  if (service_.queries.TryPush(query)) return Next::kPending;
  service_.state.refusals.Count(Limit::kQueriesWaiting);
  Refuse(frame.header,
         {StatusCode::kOverloaded, kNoItem, "too many questions wait to be answered; try again"},
         out);
  return Next::kAnswered;
}

}  // namespace xref
