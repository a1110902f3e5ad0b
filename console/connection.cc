#include "console/connection.h"

#include <fmt/format.h>
#include <spdlog/spdlog.h>

#include <algorithm>
#include <boost/asio/as_tuple.hpp>
#include <boost/asio/ssl/stream_base.hpp>
#include <boost/asio/use_awaitable.hpp>
#include <boost/beast/core/error.hpp>
#include <boost/beast/http/chunk_encode.hpp>
#include <boost/beast/http/empty_body.hpp>
#include <boost/beast/http/read.hpp>
#include <boost/beast/http/string_body.hpp>
#include <boost/beast/http/write.hpp>
#include <chrono>
#include <tuple>

#include "console/assets.h"
#include "console/limits.h"
#include "console/target.h"
#include "tls/failures.h"
#include "tls/first_bytes.h"

namespace xref::console {

namespace asio = boost::asio;
namespace http = boost::beast::http;

namespace {

constexpr auto kTuple = asio::as_tuple(asio::use_awaitable);

// How a connection begins.
FirstBytes Classify(const boost::beast::flat_buffer& buffer) {
  const auto bytes = buffer.data();
  return xref::Classify({static_cast<const uint8_t*>(bytes.data()), bytes.size()});
}

// Whether what came is no HTTP; other errors are of the connection, and end it.
bool IsMalformed(const boost::system::error_code& error) {
  return error.category() == http::make_error_code(http::error::bad_method).category() &&
         error != http::error::end_of_stream && error != http::error::partial_message;
}

bool IsProbe(const Request& request) {
  return request.path.size() == 1 && (request.path[0] == "healthz" || request.path[0] == "readyz");
}

template <typename Body>
void SetFields(const Response& from, http::response<Body>& to) {
  to.result(from.status);
  to.set(http::field::server, "xrefd");
  if (from.status != 204) to.set(http::field::content_type, from.content_type);
  to.set("X-Content-Type-Options", "nosniff");
  to.set("Referrer-Policy", "no-referrer");
  to.set("Cross-Origin-Resource-Policy", "same-origin");
  to.set(http::field::cache_control, "no-store");
  for (const auto& [name, value] : from.headers) to.set(name, value);
}

}  // namespace

struct Connection::BodyShare {
  explicit BodyShare(std::shared_ptr<size_t> of_all) : all(std::move(of_all)) {}
  ~BodyShare() { *all -= bytes; }
  BodyShare(const BodyShare&) = delete;
  BodyShare& operator=(const BodyShare&) = delete;

  [[nodiscard]] bool TryTake(size_t more) {
    if (*all + more > kBodiesBytesMax) return false;
    *all += more;
    bytes += more;
    return true;
  }

  const std::shared_ptr<size_t> all;
  size_t bytes = 0;
};

asio::ip::tcp::endpoint Connection::PeerOf(const asio::ip::tcp::socket& socket) {
  boost::system::error_code error;
  return socket.remote_endpoint(error);
}

void Connection::Stop() {
  is_stopping_ = true;
  if (is_idle_) stream_.tcp().cancel();
}

asio::awaitable<void> Connection::Run() {
  stream_.tcp().expires_after(request_timeout_);
  const bool can_ask = co_await ShakeHands();
  while (can_ask && !is_stopping_ && keeps_alive_) {
    const bool has_request = co_await ReadHeader();
    if (!has_request) break;
    co_await HandleRequest();
    parser_.reset();
    is_idle_ = true;
    stream_.tcp().expires_after(kIdleTimeout);
  }
  if (can_ask) co_await SayGoodbye();
  boost::system::error_code ignored;
  stream_.tcp().socket().shutdown(asio::ip::tcp::socket::shutdown_both, ignored);
  stream_.tcp().close();
}

asio::awaitable<bool> Connection::ShakeHands() {
  if (stream_.tls() == nullptr) co_return true;
  const auto [gone, size] =
      co_await stream_.tcp().async_read_some(buffer_.prepare(kFirstBytes), kTuple);
  if (gone) co_return false;
  buffer_.commit(size);
  if (Classify(buffer_) == FirstBytes::kOther) {
    site_.LogPeer(peer_, "this port speaks TLS only, and the client begins without it");
    stream_.GoOnInTheClear();
    keeps_alive_ = false;
    parser_.emplace();
    const Response refusal =
        ResponseOf(BadRequest("this port speaks TLS only: use https:// in place of http://"));
    co_await Send(refusal);
    co_await AwaitLeaving();
    co_return false;
  }
  const auto [error, taken] = co_await stream_.tls()->async_handshake(
      asio::ssl::stream_base::server, buffer_.data(), kTuple);
  buffer_.consume(taken);
  if (!error) co_return true;
  const unsigned long reason = SslErrorOf(error);
  has_input_ended_ = reason == 0;
  const std::string meaning =
      reason == 0 ? error.message() : MeaningOf(stream_.tls()->native_handle(), reason);
  site_.LogPeer(peer_, "TLS failed: " + meaning);
  co_await AwaitLeaving();
  co_return false;
}

asio::awaitable<void> Connection::SayGoodbye() {
  if (stream_.tls() == nullptr) co_return;
  SSL* const ssl = stream_.tls()->native_handle();
  if (SSL_is_init_finished(ssl) != 1) co_return;
  // Otherwise it would be waited for until the client says the same.
  SSL_set_shutdown(ssl, SSL_get_shutdown(ssl) | SSL_RECEIVED_SHUTDOWN);
  stream_.tcp().expires_after(request_timeout_);
  co_await stream_.tls()->async_shutdown(kTuple);
}

asio::awaitable<bool> Connection::ReadHeader() {
  if (buffer_.size() == 0) {
    const auto [error, size] =
        co_await stream_.async_read_some(buffer_.prepare(kFirstBytes), kTuple);
    if (error) co_return false;
    buffer_.commit(size);
  }
  is_idle_ = false;
  has_answered_ = false;
  body_due_.reset();
  parser_.emplace();
  parser_->header_limit(kHeaderBytesMax);
  parser_->body_limit(boost::none);
  stream_.tcp().expires_after(request_timeout_);
  const auto [error, size] = co_await http::async_read_header(stream_, buffer_, *parser_, kTuple);
  if (!error) co_return true;
  if (IsMalformed(error)) {
    keeps_alive_ = false;
    std::string why = fmt::format("this is not HTTP/1.1: {}", error.message());
    if (stream_.tls() == nullptr && Classify(buffer_) == FirstBytes::kTls) {
      why =
          "the client begins with TLS, and this port does not speak it: use http://, or start "
          "xrefd with --tls-cert and --tls-key";
      site_.LogPeer(peer_, why);
    }
    const Response refusal =
        ResponseOf(error == http::error::header_limit
                       ? Problem{431, "bad-request",
                                 fmt::format("the header is longer than {} bytes", kHeaderBytesMax)}
                       : BadRequest(why));
    co_await Send(refusal);
    co_await AwaitLeaving();
  }
  co_return false;
}

asio::awaitable<void> Connection::AwaitLeaving() {
  co_await SayGoodbye();
  if (has_input_ended_) co_return;
  boost::system::error_code error;
  stream_.tcp().socket().shutdown(asio::ip::tcp::socket::shutdown_send, error);
  stream_.tcp().expires_after(request_timeout_);
  piece_.resize(kPieceBytes);
  while (!error) {
    std::tie(error, std::ignore) =
        co_await stream_.tcp().async_read_some(asio::buffer(piece_), kTuple);
  }
}

std::string Connection::Header(std::string_view name) const {
  const auto value = parser_->get()[{name.data(), name.size()}];
  return std::string(value.data(), value.size());
}

asio::awaitable<void> Connection::HandleRequest() {
  has_request_ = true;
  const auto& header = parser_->get();
  keeps_alive_ = header.keep_alive() && !for_probes_;
  std::optional<Problem> problem;
  try {
    site_.RequireTrusted({.host = Header("Host"),
                          .origin = Header("Origin"),
                          .fetch_site = Header("Sec-Fetch-Site")},
                         header.method());
    Request request =
        ParseTarget(header.method(), {header.target().data(), header.target().size()});
    if (for_probes_ && !IsProbe(request)) {
      throw Problem{429, "overloaded", "too many requests are under way: try again soon"};
    }
    if (const Asset* asset = FindAsset(request)) {
      const Response file = ResponseOf(*asset, Header("If-None-Match"));
      co_await Send(file);
    } else {
      co_await HandleRoute(request);
    }
  } catch (const Problem& thrown) {
    problem = thrown;
  } catch (const std::exception& unexpected) {
    spdlog::error("http: {}", unexpected.what());
    problem = Problem{500, "internal", "the request could not be handled; the log says why"};
  }
  // Of an answer that has begun the client must see that it is cut short.
  if (problem && has_answered_) keeps_alive_ = false;
  if (problem && !has_answered_) {
    const Response refusal = ResponseOf(*problem);
    co_await Send(refusal);
  }
  has_request_ = false;
  waiting_since_ = std::chrono::steady_clock::now();
  if (!parser_->is_done()) co_await SkipBody();
}

asio::awaitable<void> Connection::HandleRoute(Request& request) {
  const Route& route = FindRoute(request);
  request.token = BearerIn(Header("Authorization"));
  request.peer = peer_;
  const std::shared_ptr<Visitor> visitor = site_.Admit(route, request);
  const bool changes = request.method != http::verb::get && request.method != http::verb::head;
  if (changes) request.actor = ActorOf(Header("Xref-Actor"));
  const std::string type = Header("Content-Type");
  request.content_type = type.substr(0, type.find(';'));
  if (const auto announced = parser_->content_length()) request.content_bytes = *announced;

  if (const auto* streaming = std::get_if<Route::StreamHandler>(&route.handler)) {
    co_await site_.Answer(*streaming, visitor, request, *this);
    if (request.method != http::verb::head) {
      stream_.tcp().expires_after(kWriteTimeout);
      const auto end = http::make_chunk_last();
      const auto [error, size] = co_await asio::async_write(stream_, end, kTuple);
      if (error) keeps_alive_ = false;
    }
    co_return;
  }
  const std::string key = Header("Idempotency-Key");
  const bool is_key = key.size() <= kKeyBytesMax && std::all_of(key.begin(), key.end(), [](char c) {
                        return c > ' ' && c <= '~';
                      });
  if (!is_key) {
    throw BadRequest(fmt::format(
        "Idempotency-Key is not 1 to {} printable ASCII characters without spaces", kKeyBytesMax));
  }
  BodyShare share(site_.body_bytes);
  body_due_ = std::chrono::steady_clock::now() + request_timeout_;
  request.body = co_await ReadBody(share);
  if (!request.body.empty() && request.content_type != "application/json") {
    throw Problem{415, "unsupported-media-type", "send JSON, with Content-Type: application/json"};
  }
  const auto& handler = std::get<Route::Handler>(route.handler);
  const Response answer = co_await site_.Answer(handler, visitor, request, key);
  co_await Send(answer);
}

asio::awaitable<void> Connection::Continue() {
  if (Header("Expect") != "100-continue") co_return;
  parser_->get().erase(http::field::expect);
  http::response<http::empty_body> go_on(http::status::continue_, 11);
  co_await http::async_write(stream_, go_on, kTuple);
}

asio::awaitable<std::string> Connection::ReadBody(BodyShare& share) {
  const auto too_large = [] {
    return Problem{
        413, "too-large",
        fmt::format("the body is longer than {} bytes: send several requests", kBodyBytesMax)};
  };
  if (parser_->content_length().value_or(0) > kBodyBytesMax) throw too_large();
  std::string body;
  for (;;) {
    const std::string_view piece = co_await Read();
    if (piece.empty()) co_return body;
    if (body.size() + piece.size() > kBodyBytesMax) throw too_large();
    if (!share.TryTake(piece.size())) {
      site_.gateway().CountRefused(HttpLimit::kBodiesBytes);
      throw Problem{429, "overloaded", "too many large requests at a time: try again soon"};
    }
    body.append(piece);
  }
}

asio::awaitable<std::string_view> Connection::Read() {
  co_await Continue();
  piece_.resize(kPieceBytes);
  if (body_due_) {
    stream_.tcp().expires_at(*body_due_);
  } else {
    stream_.tcp().expires_after(request_timeout_);
  }
  while (!parser_->is_done()) {
    auto& body = parser_->get().body();
    body.data = piece_.data();
    body.size = piece_.size();
    const auto [error, ignored] =
        co_await http::async_read_some(stream_, buffer_, *parser_, kTuple);
    if (error && error != http::error::need_buffer) {
      keeps_alive_ = false;
      has_input_ended_ = !IsMalformed(error);
      throw Problem{error == boost::beast::error::timeout ? 408U : 400U, "bad-request",
                    "the body did not come as a whole"};
    }
    const size_t size = piece_.size() - body.size;
    if (size > 0) co_return std::string_view(piece_.data(), size);
  }
  co_return std::string_view();
}

asio::awaitable<void> Connection::SkipBody() {
  keeps_alive_ = false;  // it need not come to its end
  if (has_input_ended_ || Header("Expect") == "100-continue") co_return;
  const auto until = std::chrono::steady_clock::now() + request_timeout_;
  try {
    while (std::chrono::steady_clock::now() < until) {
      const std::string_view piece = co_await Read();
      if (piece.empty()) break;
    }
  } catch (const Problem&) {
    co_return;  // the client is gone
  }
}

asio::awaitable<void> Connection::Send(const Response& from) {
  const bool is_head = parser_->get().method() == http::verb::head;
  const size_t size = from.body.size();
  http::response<http::string_body> response;
  SetFields(from, response);
  keeps_alive_ = keeps_alive_ && !is_stopping_;
  response.keep_alive(keeps_alive_);
  if (from.status != 204 && from.status != 304) response.content_length(size);
  if (!is_head) response.body() = from.body;
  has_answered_ = true;
  stream_.tcp().expires_after(kWriteTimeout);
  if (is_head) {
    http::response_serializer<http::string_body> serializer(response);
    const auto [error, ignored] = co_await http::async_write_header(stream_, serializer, kTuple);
    if (error) keeps_alive_ = false;
  } else {
    const auto [error, ignored] = co_await http::async_write(stream_, response, kTuple);
    if (error) keeps_alive_ = false;
  }
}

asio::awaitable<bool> Connection::Begin(const Response& head) {
  http::response<http::empty_body> response;
  SetFields(head, response);
  response.keep_alive(keeps_alive_);
  response.chunked(true);
  has_answered_ = true;
  stream_.tcp().expires_after(kWriteTimeout);
  http::response_serializer<http::empty_body> serializer(response);
  const auto [error, ignored] = co_await http::async_write_header(stream_, serializer, kTuple);
  if (error) keeps_alive_ = false;
  co_return !error && parser_->get().method() != http::verb::head;
}

asio::awaitable<bool> Connection::Write(std::string_view bytes) {
  if (bytes.empty()) co_return true;
  stream_.tcp().expires_after(kWriteTimeout);
  const auto chunk = http::make_chunk(asio::buffer(bytes.data(), bytes.size()));
  const auto [error, ignored] = co_await asio::async_write(stream_, chunk, kTuple);
  if (error) keeps_alive_ = false;
  co_return !error;
}

}  // namespace xref::console
