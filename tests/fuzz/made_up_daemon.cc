#include "tests/fuzz/made_up_daemon.h"

#include <gtest/gtest.h>

#include <csignal>
#include <optional>
#include <utility>

#include "protocol/change_messages.h"
#include "protocol/messages.h"
#include "protocol/query_messages.h"

namespace xref::fuzz {

using protocol::Bytes;
using protocol::Opcode;
using protocol::Refusal;
using protocol::StatusCode;

namespace {

class MadeUpVisitor : public console::Visitor {
 public:
  explicit MadeUpVisitor(uint8_t draw) : draw_(draw) {}

  void Ask(std::string frame, Done done) override {
    const Bytes stream(reinterpret_cast<const uint8_t*>(frame.data()), frame.size());
    const auto result = protocol::ParseFrame(stream, frame.size());
    const auto* parsed = std::get_if<protocol::Parsed>(&result);
    ASSERT_NE(parsed, nullptr) << "the console asks by something that is no frame";
    ASSERT_EQ(parsed->consumed, frame.size());
    const uint8_t drawn = Draw();
    // Nobody knows what becomes of it.
    if (drawn == 0) return std::move(done)(std::string());
    StatusCode status = StatusCode::kOk;
    std::string payload;
    if (drawn < 10) {
      status = StatusCode::kOverloaded;
      Encode(Refusal{status, protocol::kNoItem, "drawn"}, payload);
    } else if (const auto refusal = Answer(parsed->frame, payload)) {
      status = refusal->status;
      Encode(*refusal, payload);
    }
    std::string reply;
    protocol::FrameWriter writer(reply, ReplyHeader(parsed->frame.header, status, 1));
    reply.append(payload);
    writer.Close();
    std::move(done)(std::move(reply));
  }

  console::Measures Measure() override {
    console::Measures measures;
    measures.state = "ready";
    measures.places.push_back({.integration = "shop-erp", .type = "orders", .references = 3});
    if (Draw() % 2 == 0) measures.is_standby = true;
    return measures;
  }

  bool Reads(std::string_view) override { return Draw() % 4 != 0; }
  uint64_t identity() override { return 0; }

 private:
  uint8_t Draw() {
    draw_ = static_cast<uint8_t>(draw_ * 157 + 91);
    return draw_;
  }

  template <typename Message>
  static protocol::MaybeRefusal Reply(const Message& message, std::string& payload) {
    Encode(message, payload);
    return std::nullopt;
  }

  protocol::ListedClaim Claim() {
    return {.source = "SO-3",
            .owner = "nightly",
            .lost_owner = Draw() % 2 == 0 ? "" : "older",
            .token = 17,
            .remaining_ms = int64_t{Draw()} - 100};
  }
  protocol::ListedReference Reference() {
    return {.source = "SO-1",
            .target = "INV-1",
            .origin = static_cast<uint8_t>(Draw() % 3),
            .created_us = 1'764'000'000'000'000,
            .created_by = "ada",
            .updated_us = Draw() % 2 == 0 ? 0 : 1'764'000'000'000'001,
            .updated_by = "bob",
            .lsn = 7};
  }

  protocol::MaybeRefusal Mutate(const protocol::Frame& frame, protocol::MutationRequest request,
                                std::string& payload) {
    if (auto refusal = Decode(frame.payload, request)) return refusal;
    protocol::MutationReply reply;
    for (uint32_t i = 0; i < request.sources.count; ++i) {
      const auto verdict = static_cast<protocol::Verdict>(Draw() % (protocol::kVerdictLast + 1));
      // No item comes after itself.
      const bool is_first = verdict == protocol::Verdict::kDuplicate && i == 0;
      reply.outcomes.push_back({is_first ? protocol::Verdict::kDone : verdict, "INV-2", 0});
    }
    return Reply(reply, payload);
  }

  protocol::MaybeRefusal Ids(const protocol::Frame& frame, std::string& payload) {
    protocol::IdsRequest request;
    if (auto refusal = Decode(frame.payload, request)) return refusal;
    if (frame.header.opcode == Opcode::kCheck) {
      uint8_t* const bitmap = protocol::BeginCheckReply(request.ids.count, payload);
      for (uint32_t i = 0; i < request.ids.count; i += 2) {
        bitmap[i / 8] = static_cast<uint8_t>(bitmap[i / 8] | 1U << i % 8);
      }
      return std::nullopt;
    }
    protocol::LookupReplyWriter writer(request.ids.count, payload);
    for (uint32_t i = 0; i < request.ids.count; ++i) {
      const std::string_view target = i % 2 == 0 ? "INV-1" : "";
      writer.Append({&target, 1});
    }
    return std::nullopt;
  }

  protocol::MaybeRefusal Reverse(const protocol::Frame& frame, std::string& payload) {
    protocol::ReverseRequest request;
    if (auto refusal = Decode(frame.payload, request)) return refusal;
    protocol::ReverseReplyWriter writer(request.targets.count);
    for (uint32_t i = 0; i < request.targets.count; i += 2) writer.Append(i, "SO-1");
    writer.Finish(payload);
    return std::nullopt;
  }

  template <typename Request, typename Message>
  protocol::MaybeRefusal Exchange(const protocol::Frame& frame, const Message& message,
                                  std::string& payload) {
    Request request;
    if (auto refusal = Decode(frame.payload, request)) return refusal;
    return Reply(message, payload);
  }

  protocol::MaybeRefusal List(const protocol::Frame& frame, std::string& payload) {
    protocol::ListReply reply{.as_of = 7, .more = Draw() % 4 == 0, .next = "SO-1", .rows = {}};
    reply.next_target = "INV-1";
    reply.examined = 1;
    if (Draw() % 2 == 0) reply.rows.push_back(Reference());
    return Exchange<protocol::ListRequest>(frame, reply, payload);
  }

  protocol::MaybeRefusal History(const protocol::Frame& frame, std::string& payload) {
    protocol::HistoryReply reply;
    if (Draw() % 2 == 0) reply.reference = Reference();
    if (Draw() % 2 == 0) reply.claim = Claim();
    for (uint8_t left = Draw() % 5; left > 0; --left) {
      reply.events.push_back({.kind = static_cast<protocol::PastEventKind>(Draw() % 8),
                              .time_us = 1'764'000'000'000'000,
                              .lsn = left,
                              .actor = "ada",
                              .before = "INV-1",
                              .after = Draw() % 2 == 0 ? "" : "INV-2"});
    }
    return Exchange<protocol::HistoryRequest>(frame, reply, payload);
  }

  protocol::MaybeRefusal Restore(const protocol::Frame& frame, std::string& payload) {
    protocol::RestoreReply reply{.more = Draw() % 2 == 0, .next = "SO-1", .refused = {}};
    reply.refused.push_back({"SO-1", "INV-1", {protocol::Verdict::kConflict, "INV-2", 0}});
    return Exchange<protocol::RestoreRequest>(frame, reply, payload);
  }

  protocol::MaybeRefusal Answer(const protocol::Frame& frame, std::string& payload) {
    if (const auto mutation = protocol::MutationOf(frame.header.opcode)) {
      return Mutate(frame, *mutation, payload);
    }
    switch (frame.header.opcode) {
      case Opcode::kResolve:
        return Exchange<protocol::ResolveRequest>(frame, protocol::ResolveReply{1}, payload);
      case Opcode::kIntegrationCreate: {
        const auto verdict = static_cast<protocol::CreateVerdict>(Draw() % 3);
        return Exchange<protocol::IntegrationCreateRequest>(
            frame, protocol::IntegrationCreateReply{verdict, "Shop", "ERP"}, payload);
      }
      case Opcode::kIntegrationList: {
        protocol::IntegrationListReply reply;
        reply.integrations.push_back({"shop-erp", "Shop", "ERP", {{"orders", 3, false}}});
        return Reply(reply, payload);
      }
      case Opcode::kCheck:
      case Opcode::kLookup:
        return Ids(frame, payload);
      case Opcode::kReverse:
        return Reverse(frame, payload);
      case Opcode::kClaims: {
        protocol::ClaimsReply reply;
        if (Draw() % 2 == 0) reply.claims.push_back(Claim());
        return Exchange<protocol::ClaimsRequest>(frame, reply, payload);
      }
      case Opcode::kTypeCreate:
        return Exchange<protocol::TypeCreateRequest>(frame, protocol::CatalogReply{true}, payload);
      case Opcode::kPlatformsRename:
        return Exchange<protocol::PlatformsRenameRequest>(frame, protocol::CatalogReply{true},
                                                          payload);
      case Opcode::kRulesSet:
        return Exchange<protocol::RulesSetRequest>(frame, protocol::CatalogReply{}, payload);
      case Opcode::kPurgePreview:
        return Exchange<protocol::PurgePreviewRequest>(
            frame, protocol::PurgePreviewReply{3, 99, 600, "ERP"}, payload);
      case Opcode::kPurge:
        return Exchange<protocol::PurgeRequest>(frame, protocol::PurgeReply{3, 5}, payload);
      case Opcode::kDropPreview:
        return Exchange<protocol::DropPreviewRequest>(
            frame, protocol::DropPreviewReply{4, 3, 1, 99, 600, "ERP"}, payload);
      case Opcode::kDrop:
        return Exchange<protocol::DropRequest>(frame, protocol::PurgeReply{3, 5}, payload);
      case Opcode::kTrashList: {
        protocol::TrashReply reply;
        reply.trash.push_back({5, "shop-erp", Draw() % 2 == 0 ? "" : "orders", 3, 1, 2, "ada"});
        return Reply(reply, payload);
      }
      case Opcode::kRestore:
        return Restore(frame, payload);
      case Opcode::kList:
        return List(frame, payload);
      case Opcode::kHistory:
        return History(frame, payload);
      case Opcode::kLookupAt: {
        protocol::LookupAtRequest request;
        if (auto refusal = Decode(frame.payload, request)) return refusal;
        protocol::LookupReplyWriter writer(request.sources.count, payload);
        for (uint32_t i = 0; i < request.sources.count; ++i) {
          const std::string_view target = "INV-1";
          writer.Append({&target, 1});
        }
        return std::nullopt;
      }
      default:
        return Refusal{StatusCode::kBadRequest, protocol::kNoItem, "not made up"};
    }
  }

  uint8_t draw_;
};

}  // namespace

// As the daemon's main has it: whoever reads an uploaded file may have left before its end.
MadeUpDaemon::MadeUpDaemon(uint8_t draw) : draw_(draw) { std::signal(SIGPIPE, SIG_IGN); }

std::variant<std::shared_ptr<console::Visitor>, Refusal> MadeUpDaemon::Enter(
    std::string_view token, const boost::asio::ip::tcp::endpoint&) {
  if (token.empty() || token.starts_with("xref_")) return std::make_shared<MadeUpVisitor>(draw_);
  return Refusal{StatusCode::kUnauthenticated, protocol::kNoItem, "drawn"};
}

}  // namespace xref::fuzz
