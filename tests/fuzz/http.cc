// Requests of HTTP, from their target on, as the console answers them, with a daemon behind it that
// makes its answers up.
//
// The input is the lines METHOD TARGET, and actor with the header Authorization behind a tab; a
// byte from which the daemon draws, and the body. A target's CURSOR stands for one of a listing.

#include <gtest/gtest.h>

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

#include "console/cursor.h"
#include "console/fields.h"
#include "console/problem.h"
#include "console/routes.h"
#include "console/site.h"
#include "console/target.h"
#include "tests/fuzz/bodies.h"
#include "tests/fuzz/fuzz_bytes.h"
#include "tests/fuzz/made_up_daemon.h"

namespace xref::fuzz {
namespace {

namespace asio = boost::asio;
namespace http = boost::beast::http;
using console::Request;
using console::Response;

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
