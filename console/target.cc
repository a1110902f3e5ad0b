#include "console/target.h"

#include <fmt/format.h>

#include <boost/algorithm/string/predicate.hpp>
#include <boost/url/parse.hpp>
#include <boost/url/url_view.hpp>

#include "console/limits.h"
#include "console/problem.h"
#include "index/vocabulary.h"

namespace xref::console {
namespace {

constexpr std::string_view kActorUnlessNamed = "http";

}  // namespace

Request ParseTarget(boost::beast::http::verb method, std::string_view target) {
  Request request{.method = method, .target = std::string(target)};
  if (target.size() > kTargetBytesMax) {
    throw Problem{414, "bad-request",
                  fmt::format("the path and its query are longer than {} bytes", kTargetBytesMax)};
  }
  const auto url = boost::urls::parse_origin_form({target.data(), target.size()});
  if (!url) throw BadRequest("the path or its query cannot be read: is something not encoded?");
  for (const auto& segment : url->segments()) request.path.push_back(segment);
  for (const auto& param : url->params()) {
    // It may be named in the answer, which is JSON.
    if (!IsLabel(param.key, kTargetBytesMax)) {
      throw BadRequest(
          "a parameter has no name, or one with control characters or bytes that are not UTF-8");
    }
    if (!request.query.emplace(param.key, param.value).second) {
      throw BadRequest(fmt::format("the parameter {} is there twice", param.key));
    }
  }
  return request;
}

std::string ActorOf(std::string_view header) {
  if (header.empty()) return std::string(kActorUnlessNamed);
  const auto decoded = boost::urls::make_pct_string_view({header.data(), header.size()});
  std::string actor;
  if (decoded) decoded->decode({}, boost::urls::string_token::assign_to(actor));
  if (!IsLabel(actor, kActorBytesMax)) {
    throw BadRequest(fmt::format(
        "Xref-Actor is not 1 to {} bytes of percent-encoded text without control characters",
        kActorBytesMax));
  }
  return actor;
}

std::string BearerIn(std::string_view header) {
  constexpr std::string_view kScheme = "bearer ";
  if (!boost::algorithm::istarts_with(header, kScheme)) return {};
  return std::string(header.substr(kScheme.size()));
}

}  // namespace xref::console
