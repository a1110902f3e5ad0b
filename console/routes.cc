#include "console/routes.h"

#include <fmt/format.h>

#include <algorithm>
#include <optional>

#include "console/api/handlers.h"
#include "console/limits.h"
#include "index/vocabulary.h"

namespace xref::console {
namespace {

using boost::beast::http::verb;

#define XREF_TYPE "/api/v1/integrations/{integration}/types/{type}"

constexpr Route kRoutes[] = {
    {verb::get, "/healthz", "", &GetHealth, true},
    {verb::get, "/readyz", "", &GetReadiness, true},
    {verb::get, "/metrics", "", &GetMetrics},
    {verb::get, "/api/v1/openapi.json", "", &GetDescription, true},
    {verb::get, "/api/v1/status", "", &GetStatus},

    {verb::get, "/api/v1/integrations", "", &ListIntegrations},
    {verb::post, "/api/v1/integrations", "", &CreateIntegration},
    {verb::get, "/api/v1/integrations/{integration}", "", &GetIntegration},
    {verb::patch, "/api/v1/integrations/{integration}", "", &RenamePlatforms},
    {verb::post, "/api/v1/integrations/{integration}/drop-preview", "", &PreviewDrop},
    {verb::post, "/api/v1/integrations/{integration}/drop", "", &Drop},
    {verb::post, "/api/v1/integrations/{integration}/types", "", &CreateType},
    {verb::patch, XREF_TYPE, "", &SetRules},

    {verb::get, XREF_TYPE "/references",
     "order limit cursor q prefix target_prefix contains origin from until", &ListReferences},
    {verb::post, XREF_TYPE "/references", "", &AddReference},
    {verb::get, XREF_TYPE "/reference", "source_id", &GetReference},
    {verb::put, XREF_TYPE "/reference", "source_id", &PutReference},
    {verb::patch, XREF_TYPE "/reference", "source_id", &EditReference},
    {verb::delete_, XREF_TYPE "/reference", "source_id expected_target_id confirmation",
     &DeleteReference},
    {verb::get, XREF_TYPE "/history", "source_id", &GetHistory},
    {verb::get, XREF_TYPE "/explain", "source_id", &GetExplanation},
    {verb::get, XREF_TYPE "/duplicates", "limit cursor", &ListDuplicates},
    {verb::get, XREF_TYPE "/look-alikes", "limit cursor", &ListLookAlikes},
    {verb::get, XREF_TYPE "/claims", "limit cursor", &ListClaims},

    {verb::post, XREF_TYPE "/check", "", &CheckBatch},
    {verb::post, XREF_TYPE "/lookup", "", &LookupBatch},
    {verb::post, XREF_TYPE "/reverse", "", &ReverseBatch},
    {verb::post, XREF_TYPE "/add", "", &AddBatch},
    {verb::post, XREF_TYPE "/edit", "", &EditBatch},
    {verb::post, XREF_TYPE "/delete", "", &DeleteBatch},
    {verb::post, XREF_TYPE "/ignore", "", &IgnoreBatch},
    {verb::post, XREF_TYPE "/unignore", "", &UnignoreBatch},
    {verb::post, XREF_TYPE "/claim", "", &ClaimBatch},
    {verb::post, XREF_TYPE "/settle", "", &SettleBatch},
    {verb::post, XREF_TYPE "/release", "", &ReleaseBatch},
    {verb::post, XREF_TYPE "/renew", "", &RenewBatch},

    {verb::post, XREF_TYPE "/imports", "dry_run overwrite import_id", &Import},
    {verb::get, XREF_TYPE "/export", "format", &Export},
    {verb::get, "/api/v1/imports", "", &ListImports},
    {verb::get, "/api/v1/imports/{import}", "", &GetImport},

    {verb::post, XREF_TYPE "/purge-preview", "", &PreviewPurge},
    {verb::post, XREF_TYPE "/purge", "", &Purge},
    {verb::get, "/api/v1/trash", "", &ListTrash},
    {verb::post, "/api/v1/trash/{trash}/restore", "", &Restore},
};

#undef XREF_TYPE

// The next word before `end`, which is removed from the text.
std::string_view TakeUntil(char end, std::string_view& text) {
  const size_t at = std::min(text.find(end), text.size());
  const std::string_view word = text.substr(0, at);
  text.remove_prefix(std::min(at + 1, text.size()));
  return word;
}

std::optional<std::map<std::string, std::string>> Match(std::string_view pattern,
                                                        const std::vector<std::string>& path) {
  std::map<std::string, std::string> found;
  pattern.remove_prefix(1);
  for (const std::string& segment : path) {
    if (pattern.empty()) return std::nullopt;
    const std::string_view expected = TakeUntil('/', pattern);
    if (expected.front() == '{') {
      found.emplace(expected.substr(1, expected.size() - 2), segment);
    } else if (expected != segment) {
      return std::nullopt;
    }
  }
  if (!pattern.empty()) return std::nullopt;
  return found;
}

bool HasParam(const Route& route, std::string_view name) {
  std::string_view params = route.params;
  while (!params.empty()) {
    if (TakeUntil(' ', params) == name) return true;
  }
  return false;
}

}  // namespace

const Route& FindRoute(Request& request) {
  const verb method = request.method == verb::head ? verb::get : request.method;
  std::string allowed;
  for (const Route& route : kRoutes) {
    auto found = Match(route.pattern, request.path);
    if (!found) continue;
    if (route.method != method) {
      const auto name = boost::beast::http::to_string(route.method);
      allowed += fmt::format("{}{}", allowed.empty() ? "" : ", ",
                             std::string_view(name.data(), name.size()));
      if (route.method == verb::get) allowed += ", HEAD";
      continue;
    }
    for (const auto& [name, value] : request.query) {
      if (!HasParam(route, name)) {
        throw BadRequest(fmt::format("this route takes no parameter {}", name));
      }
    }
    for (const auto& [name, value] : *found) {
      // It may be named in the answer, which is JSON.
      if (!value.empty() && !IsLabel(value, kTargetBytesMax)) {
        throw BadRequest(fmt::format(
            "the {} in the path has control characters, or bytes that are not UTF-8", name));
      }
    }
    request.in_path = *std::move(found);
    return route;
  }
  if (allowed.empty()) {
    throw NotFound("not-found",
                   "there is no such path; /api/v1/openapi.json describes all there are");
  }
  throw Problem{.status = 405,
                .slug = "method-not-allowed",
                .detail = fmt::format("this path takes {}", allowed),
                .allow = allowed};
}

}  // namespace xref::console
