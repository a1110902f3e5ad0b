// What the peer of a session may do.

#include <fmt/format.h>
#include <spdlog/spdlog.h>

#include <utility>

#include "daemon/addresses.h"
#include "daemon/session.h"
#include "daemon/wall_clock.h"

namespace xref {
namespace {

using protocol::Frame;
using protocol::kNoItem;
using protocol::Opcode;
using protocol::Refusal;
using protocol::StatusCode;

std::string_view NameOf(Permission permission) {
  switch (permission) {
    case Permission::kStatus:
      return "see the status";
    case Permission::kRead:
      return "ask for references";
    case Permission::kWrite:
      return "change references";
    case Permission::kAdminister:
      return "administer";
    case Permission::kCopy:
      return "take a copy of everything";
    case Permission::kFollow:
      return "follow as a standby";
  }
  return "do that";
}

Refusal Forbidden(std::string message) {
  return {StatusCode::kForbidden, kNoItem, std::move(message)};
}

}  // namespace

protocol::MaybeRefusal Session::Admit() {
  const uint64_t changes = service_.store.token_changes();
  if (access_ && changes == token_changes_) return std::nullopt;
  absl::StatusOr<Access> access = absl::UnauthenticatedError("");
  service_.store.ReadCatalog(io_thread_, [&](const Catalog& catalog, auto) {
    access = credentials_.Admit(catalog, WallClockNow());
  });
  if (access.ok()) {
    access_ = *std::move(access);
    token_changes_ = changes;
    return std::nullopt;
  }
  access_.reset();
  service_.state.refusals.Count(Limit::kSignInFailuresPerSecond);
  if (service_.token_limits.NoteFailure(KeyOf(peer_.address()), std::chrono::steady_clock::now())) {
    spdlog::warn("{}: refused: {}", ToString(peer_), std::string(access.status().message()));
  }
  return Refusal{
      StatusCode::kUnauthenticated, kNoItem,
      credentials_.shown()
          ? "this access token is not good: it is wrong, has expired or was revoked"
          : "an access token is needed: XREF_TOKEN, or --token, or Authorization: Bearer"};
}

std::optional<Access> Session::FindAccess() {
  if (!greeted_ || service_.state.phase() == Phase::kLoading || Admit()) return std::nullopt;
  return access_;
}

protocol::MaybeRefusal Session::FindForbidden(const Frame& frame) {
  if (access_->is_open()) return std::nullopt;
  const auto operation = OperationOf(frame.header.opcode);
  if (!operation) return std::nullopt;  // it is refused as unknown
  if (!access_->May(operation->permission)) {
    return Forbidden(fmt::format("this access token is a {}'s, who may not {}",
                                 NameOf(access_->role()), NameOf(operation->permission)));
  }
  if (access_->SeesAll()) return std::nullopt;
  return FindForeign(frame, operation->subject);
}

// What the peer may not see is refused as what is not there.
protocol::MaybeRefusal Session::FindForeign(const Frame& frame, Subject subject) {
  protocol::Reader reader(frame.payload);
  std::optional<Refusal> refusal;
  switch (subject) {
    case Subject::kNothing:
      break;
    case Subject::kPlace: {
      const PlaceId place = reader.U32();
      service_.store.ReadCatalog(io_thread_, [&](const Catalog& catalog, auto) {
        const Integration* integration = catalog.FindIntegrationOf(place);
        if (integration == nullptr || !access_->Sees(integration->name)) {
          refusal = protocol::NoSuchPlace(place);
        }
      });
      break;
    }
    case Subject::kIntegration: {
      const std::string_view name = reader.Text8();
      if (access_->Sees(name)) break;
      if (frame.header.opcode == Opcode::kIntegrationCreate) {
        return Forbidden("this access token is limited to other integrations");
      }
      return protocol::NoSuchIntegration(name, false);
    }
    case Subject::kTrash: {
      const PlaceId number = reader.U32();
      service_.store.ReadCatalog(io_thread_, [&](const Catalog& catalog, auto) {
        const Trash* trash = catalog.FindTrash(number);
        const Integration* integration = trash == nullptr ? nullptr
                                         : trash->integration
                                             ? &*trash->integration
                                             : catalog.FindIntegrationOf(trash->place);
        if (integration == nullptr || !access_->Sees(integration->name)) {
          refusal = protocol::NoSuchTrash(number);
        }
      });
      protocol::RestoreRequest request;
      // One that cannot be decoded is refused later on.
      if (refusal || protocol::Decode(frame.payload, request)) break;
      if (!request.name.empty() && !access_->Sees(request.name)) {
        return Forbidden("this access token is limited to other integrations");
      }
      break;
    }
    case Subject::kDaemon:
      return Forbidden(
          "this concerns all integrations, and this access token is limited to some of them");
  }
  return refusal;
}

protocol::MaybeRefusal Session::ChargeIds(uint64_t count) {
  TokenLimits& limits = service_.token_limits;
  if (limits.ids_per_second() == 0 || !access_ || access_->is_open()) return std::nullopt;
  if (limits.TakeIds(access_->token(), count, std::chrono::steady_clock::now())) {
    return std::nullopt;
  }
  service_.state.refusals.Count(Limit::kIdsPerTokenPerSecond);
  return Refusal{StatusCode::kOverloaded, kNoItem,
                 fmt::format("the holders of this access token may ask about {} IDs a second "
                             "(--ids-per-token); try again in a moment",
                             limits.ids_per_second())};
}

void Session::AnswerTokens(const FrameHeader& header, std::string& out) {
  service_.store.ReadCatalog(io_thread_, [&](const Catalog& catalog, auto) {
    protocol::TokenListReply reply;
    for (const AccessToken& token : catalog.tokens()) {
      reply.tokens.push_back(
          {.number = token.number,
           .name = token.name,
           .role = token.role,
           .integrations = {token.integrations.begin(), token.integrations.end()},
           .created_us = token.created_us,
           .created_by = token.created_by,
           .expires_us = token.expires_us,
           .revoked_us = token.revoked_us});
    }
    // The names in the reply are the catalog's own, so it is encoded before they are let go.
    protocol::FrameWriter writer = BeginReply(header, out);
    protocol::Encode(reply, out);
    writer.Close();
  });
}

void Session::AddAccessFacts(protocol::StatusReply& reply) const {
  if (access_->is_open()) {
    reply.facts.emplace_back("access", "open");
    return;
  }
  std::string integrations;
  for (const std::string& name : access_->integrations()) {
    if (!integrations.empty()) integrations += ", ";
    integrations += name;
  }
  reply.facts.emplace_back("access", "token");
  reply.facts.emplace_back("token", access_->name());
  reply.facts.emplace_back("token_role", NameOf(access_->role()));
  if (!integrations.empty()) reply.facts.emplace_back("token_integrations", integrations);
  if (access_->expires_us() != 0) {
    reply.facts.emplace_back("token_expires_us", fmt::format("{}", access_->expires_us()));
  }
}

}  // namespace xref
