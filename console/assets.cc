#include "console/assets.h"

#include <algorithm>

#include "console/api/handlers.h"

namespace xref::console {

using boost::beast::http::verb;

namespace {

constexpr std::string_view kDescription = "/openapi.json";
constexpr std::string_view kPage = "/index.html";

// No script and no style but from files of this server, and nothing from elsewhere.
constexpr const char* kContentSecurityPolicy =
    "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self' data:; "
    "connect-src 'self'; font-src 'self'; manifest-src 'self'; base-uri 'none'; "
    "form-action 'none'; frame-ancestors 'none'";

std::string_view TypeOf(std::string_view path) {
  constexpr std::pair<std::string_view, std::string_view> kTypes[] = {
      {".html", "text/html; charset=utf-8"},
      {".js", "text/javascript; charset=utf-8"},
      {".css", "text/css; charset=utf-8"},
      {".svg", "image/svg+xml"},
      {".png", "image/png"},
      {".json", "application/json"},
      {".webmanifest", "application/manifest+json"}};
  for (const auto& [ending, type] : kTypes) {
    if (path.ends_with(ending)) return type;
  }
  return "application/octet-stream";
}

const Asset* Find(std::string_view path) {
  const auto assets = Assets();
  const auto at = std::find_if(assets.begin(), assets.end(),
                               [&](const Asset& asset) { return asset.path == path; });
  return at == assets.end() ? nullptr : &*at;
}

}  // namespace

const Asset* FindAsset(const Request& request) {
  if (request.method != verb::get && request.method != verb::head) return nullptr;
  std::string path;
  for (const std::string& segment : request.path) path += "/" + segment;
  if (path == kDescription) return nullptr;  // which is part of the API
  return Find(path.empty() || path == "/" ? kPage : path);
}

Response ResponseOf(const Asset& asset, std::string_view known) {
  const std::string tag = "\"" + std::string(asset.digest) + "\"";
  // The names of all others have a digest in them.
  const bool may_change = asset.path == kPage || !asset.path.starts_with("/assets/");
  Response response{.status = known == tag ? 304U : 200U,
                    .content_type = std::string(TypeOf(asset.path)),
                    .headers = {{"ETag", tag},
                                {"Cache-Control",
                                 may_change ? "no-cache" : "public, max-age=31536000, immutable"},
                                {"Content-Security-Policy", kContentSecurityPolicy}}};
  if (known != tag) response.body = std::string(asset.bytes);
  return response;
}

Reply GetDescription(Call&) { co_return Response{.body = std::string(Find(kDescription)->bytes)}; }

}  // namespace xref::console
