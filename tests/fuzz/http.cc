// Requests of HTTP, from their target on, as the console answers them, with a daemon behind it that
// makes its answers up.
//
// The input is the lines METHOD TARGET, and actor with the header Authorization behind a tab; a
// byte from which the daemon draws, and the body. A target's CURSOR stands for one of a listing.

#include <gtest/gtest.h>

#include <algorithm>
#include <boost/asio/co_spawn.hpp>
#include <boost/asio/io_context.hpp>
#include <boost/beast/http/verb.hpp>
#include <boost/json/parse.hpp>
#include <exception>
#include <memory>
#include <optional>
#include <string>
#include <utility>
#include <variant>
#include <vector>

#include "console/cursor.h"
#include "console/fields.h"
#include "console/gateway.h"
#include "console/problem.h"
#include "console/routes.h"
#include "console/site.h"
#include "console/target.h"
#include "protocol/change_messages.h"
#include "protocol/messages.h"
#include "protocol/query_messages.h"
#include "tests/fuzz/bodies.h"
#include "tests/fuzz/fuzz_bytes.h"

namespace xref::fuzz {
namespace {

namespace asio = boost::asio;
namespace http = boost::beast::http;
using console::Request;
using console::Response;
using protocol::Bytes;
using protocol::Opcode;
using protocol::Refusal;
using protocol::StatusCode;

// Answers every request that can be read, with what is drawn.
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

// Lets in whoever shows no token, or one that begins as it should.
class MadeUpDaemon : public console::Gateway {
 public:
  explicit MadeUpDaemon(uint8_t draw) : draw_(draw) {}

  std::variant<std::shared_ptr<console::Visitor>, Refusal> Enter(
      std::string_view token, const asio::ip::tcp::endpoint&) override {
    if (token.empty() || token.starts_with("xref_")) return std::make_shared<MadeUpVisitor>(draw_);
    return Refusal{StatusCode::kUnauthenticated, protocol::kNoItem, "drawn"};
  }
  std::string FindObstacle() override { return draw_ % 2 == 0 ? "" : "drawn"; }
  void CountRefused(console::HttpLimit) override {}

 private:
  const uint8_t draw_;
};

// A body that comes in pieces, and an answer that is only looked at.
class GivenStream : public console::BodyStream {
 public:
  explicit GivenStream(std::string_view body) : body_(body) {}

  asio::awaitable<std::string_view> Read() override {
    const std::string_view piece = body_.substr(0, kPieceBytes);
    body_.remove_prefix(piece.size());
    co_return piece;
  }
  asio::awaitable<bool> Begin(const Response& head) override {
    EXPECT_EQ(head.status, 200U);
    co_return true;
  }
  asio::awaitable<bool> Write(std::string_view) override { co_return true; }

 private:
  static constexpr size_t kPieceBytes = 37;

  std::string_view body_;
};

void ExpectWellMade(const Response& response) {
  EXPECT_GE(response.status, 200U);
  // What is not foreseen is answered so, and nothing here is.
  EXPECT_NE(response.status, 500U) << response.body;
  EXPECT_LT(response.status, 600U);
  if (response.status == 204 || !response.content_type.ends_with("json")) return;
  boost::system::error_code error;
  boost::json::parse(response.body, error);
  EXPECT_FALSE(error) << response.body;
}

// As a connection does it, but for what belongs to its socket.
asio::awaitable<void> Handle(console::Site& site, http::verb method, std::string target,
                             std::string actor, std::string authorization, std::string body) {
  std::optional<console::Problem> problem;
  try {
    Request request = console::ParseTarget(method, target);
    const console::Route& route = console::FindRoute(request);
    request.token = console::BearerIn(authorization);
    const std::shared_ptr<console::Visitor> visitor = site.Admit(route, request);
    request.actor = console::ActorOf(actor);
    EXPECT_TRUE(IsLabel(request.actor, kActorBytesMax));
    if (const auto* streaming = std::get_if<console::Route::StreamHandler>(&route.handler)) {
      request.content_type = body.starts_with('{') ? "application/x-ndjson" : "text/csv";
      GivenStream stream(body);
      co_await site.Answer(*streaming, visitor, request, stream);
      co_return;
    }
    request.body = std::move(body);
    const auto& handler = std::get<console::Route::Handler>(route.handler);
    const Response response = co_await site.Answer(handler, visitor, request, "a-key");
    ExpectWellMade(response);
    if (method == http::verb::get) co_return;
    // Its answer is kept.
    const Response again = co_await site.Answer(handler, visitor, request, "a-key");
    EXPECT_TRUE(again.status == response.status || response.status >= 400);
  } catch (const console::Problem& thrown) {
    problem = thrown;
  }
  if (problem) ExpectWellMade(ResponseOf(*problem));
}

}  // namespace

void RunHttp(std::string_view bytes) {
  FuzzBytes input(bytes);
  const std::string_view verb = input.Until(' ');
  const http::verb method = http::string_to_verb({verb.data(), verb.size()});
  std::string target(input.Until('\n'));
  FuzzBytes headers(input.Until('\n'));
  const std::string actor(headers.Until('\t'));
  const std::string authorization(headers.Rest());
  MadeUpDaemon daemon(input.Next());
  const std::string body(input.Rest());
  constexpr std::string_view kCursor = "CURSOR";
  if (const size_t at = target.find(kCursor); at != std::string::npos) {
    // The claims of the place 1 after a source.
    target.replace(at, kCursor.size(), console::Cursor::Of("claims 1").Add("SO-1").ToText());
  }

  asio::io_context context{1};
  console::Site site(daemon, context.get_executor(), {});
  std::exception_ptr thrown;
  asio::co_spawn(context, Handle(site, method, target, actor, authorization, body),
                 [&](std::exception_ptr ended) { thrown = ended; });
  context.run();
  EXPECT_FALSE(thrown) << "only Problems are thrown";

  try {
    const int64_t time_us = console::ParseTime("time", body);
    // A four-digit year and no more.
    EXPECT_GE(time_us, -62'167'219'200'000'000);
    EXPECT_LT(time_us, 253'402'300'800'000'000);
  } catch (const console::Problem&) {
  }
}

}  // namespace xref::fuzz
