#include "console/site.h"

#include <fmt/format.h>
#include <spdlog/spdlog.h>

#include <algorithm>
#include <boost/asio/ip/address.hpp>
#include <exception>

#include "console/limits.h"

namespace xref::console {

namespace asio = boost::asio;
using boost::beast::http::verb;

namespace {

bool IsSafe(verb method) { return method == verb::get || method == verb::head; }

// Without its port, and an IPv6 address without its brackets.
std::string_view HostOf(std::string_view authority) {
  if (authority.starts_with('[')) {
    return authority.substr(1, std::min(authority.find(']'), authority.size()) - 1);
  }
  return authority.substr(0, authority.find(':'));
}

}  // namespace

Site::Site(Gateway& gateway, asio::any_io_executor executor, std::vector<std::string> host_names)
    : host_names_(std::move(host_names)),
      executor_(executor),
      imports_(executor),
      context_{gateway, imports_, look_alikes_} {}

bool Site::IsOwnHost(std::string_view authority) const {
  const std::string host(HostOf(authority));
  if (host == "localhost") return true;
  if (std::find(host_names_.begin(), host_names_.end(), host) != host_names_.end()) return true;
  boost::system::error_code error;
  asio::ip::make_address(host, error);
  return !error;
}

void Site::RequireTrusted(const Source& source, verb method) const {
  if (!IsOwnHost(source.host)) {
    throw Problem{421, "misdirected",
                  "the Host of the request is neither an address, nor localhost, nor a name that "
                  "this server was given with --http-name"};
  }
  if (IsSafe(method)) return;
  const bool is_foreign = source.fetch_site == "cross-site" || source.fetch_site == "same-site" ||
                          (!source.origin.empty() && source.origin != "http://" + source.host &&
                           source.origin != "https://" + source.host);
  if (is_foreign) {
    throw Problem{403, "cross-origin",
                  "a page of another origin must not change anything here; nothing was changed"};
  }
}

std::shared_ptr<Visitor> Site::Admit(const Route& route, const Request& request) {
  if (route.is_public) return nullptr;
  auto entered = context_.gateway.Enter(request.token, request.peer);
  if (const auto* refusal = std::get_if<protocol::Refusal>(&entered)) throw ProblemOf(*refusal);
  return std::get<std::shared_ptr<Visitor>>(std::move(entered));
}

asio::awaitable<Response> Site::Handle(const Route::Handler& handler,
                                       std::shared_ptr<Visitor> visitor, const Request& request) {
  try {
    Asker asker(std::move(visitor), executor_);
    Call call(context_, &asker, request);
    co_return co_await handler(call);
  } catch (const Problem& problem) {
    co_return ResponseOf(problem);
  } catch (const std::exception& unexpected) {
    spdlog::error("http: {}: {}", request.target, unexpected.what());
    co_return ResponseOf({500, "internal", "the request could not be handled; the log says why"});
  }
}

asio::awaitable<Response> Site::Answer(const Route::Handler& handler,
                                       std::shared_ptr<Visitor> visitor, const Request& request,
                                       const std::string& given_key) {
  if (given_key.empty() || IsSafe(request.method)) {
    co_return co_await Handle(handler, std::move(visitor), request);
  }
  // Nobody is answered with what another one was told.
  const std::string key = fmt::format("{} {}", visitor->identity(), given_key);
  const std::optional<Response> again = idempotency_.Begin(key, request);
  if (again) co_return *again;
  Response answer = co_await Handle(handler, std::move(visitor), request);
  idempotency_.Finish(key, answer);
  co_return answer;
}

asio::awaitable<void> Site::Answer(const Route::StreamHandler& handler,
                                   std::shared_ptr<Visitor> visitor, const Request& request,
                                   BodyStream& stream) {
  Asker asker(std::move(visitor), executor_);
  Call call(context_, &asker, request);
  co_await handler(call, stream);
}

void Site::LogPeer(const asio::ip::tcp::endpoint& peer, std::string_view what) {
  const auto now = std::chrono::steady_clock::now();
  if (now - logging_since_ > std::chrono::seconds(1)) {
    logging_since_ = now;
    peers_logged_ = 0;
  }
  if (++peers_logged_ > kPeersLoggedPerSecond) return;
  spdlog::warn("http: {}:{}: {}", peer.address().to_string(), peer.port(), what);
}

Response ResponseOf(const Problem& problem) {
  Response response{
      .status = problem.status, .body = problem.Body(), .content_type = "application/problem+json"};
  if (!problem.allow.empty()) response.headers.emplace_back("Allow", problem.allow);
  if (problem.status == 401) response.headers.emplace_back("WWW-Authenticate", "Bearer");
  if (problem.status == 429 || problem.status == 503) {
    response.headers.emplace_back("Retry-After", "1");
  }
  return response;
}

}  // namespace xref::console
