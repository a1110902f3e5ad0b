#include "console/problem.h"

#include <fmt/format.h>

#include <boost/json/serialize.hpp>
#include <optional>

namespace xref::console {
namespace {

using protocol::StatusCode;
using protocol::Verdict;

std::string_view TitleOf(unsigned status) {
  switch (status) {
    case 400:
      return "Bad request";
    case 401:
      return "Not let in";
    case 403:
      return "Refused";
    case 404:
      return "Not found";
    case 405:
      return "Method not allowed";
    case 408:
      return "Too slow";
    case 409:
      return "Something else stands in the way";
    case 413:
      return "Too large";
    case 415:
      return "Unsupported media type";
    case 421:
      return "Not the server of that name";
    case 422:
      return "Idempotency key used for another request";
    case 429:
      return "Too much at a time";
    case 431:
      return "Header too large";
    case 503:
      return "Not possible at present";
    default:
      return "Internal error";
  }
}

// What stands behind these words in a refusal, up to the end.
std::optional<std::string> TextAfter(std::string_view message, std::string_view words) {
  const size_t at = message.rfind(words);
  if (at == std::string_view::npos) return std::nullopt;
  return std::string(message.substr(at + words.size()));
}

Problem Forbidden(const std::string& message) {
  if (auto number = TextAfter(message, "send the same with confirmation ")) {
    return {403, "confirmation-needed", message, {{"confirmation", *number}}};
  }
  return {403, "forbidden", message};
}

Problem NotPrimary(const std::string& message) {
  Problem problem{503, "not-primary", message};
  if (auto primary = TextAfter(message, "the request is for the primary: ")) {
    problem.extras["primary"] = *primary;
  }
  return problem;
}

}  // namespace

std::string Problem::Body() const {
  boost::json::object body = extras;
  body["type"] = "/problems/" + slug;
  body["title"] = TitleOf(status);
  body["status"] = status;
  body["detail"] = detail;
  return boost::json::serialize(body);
}

Problem BadRequest(std::string detail) { return {400, "bad-request", std::move(detail)}; }

Problem NotFound(std::string slug, std::string detail) {
  return {404, std::move(slug), std::move(detail)};
}

Problem ProblemOf(const protocol::Refusal& refusal) {
  switch (refusal.status) {
    case StatusCode::kNotReady:
      return {503, "not-ready", refusal.message};
    case StatusCode::kNotPrimary:
      return NotPrimary(refusal.message);
    case StatusCode::kReadOnly:
      return {503, "read-only", refusal.message};
    case StatusCode::kTooLarge:
      return {413, "too-large", refusal.message};
    case StatusCode::kOverloaded:
      return {429, "overloaded", refusal.message};
    case StatusCode::kUnauthenticated:
      return {401, "unauthenticated", refusal.message};
    case StatusCode::kForbidden:
      return Forbidden(refusal.message);
    case StatusCode::kUnknownPlace:
      return NotFound("unknown-place", refusal.message);
    case StatusCode::kBadRequest: {
      Problem problem = BadRequest(refusal.message);
      if (refusal.item != protocol::kNoItem) problem.extras["item"] = refusal.item;
      return problem;
    }
    default:
      return {500, "internal", refusal.message};
  }
}

Problem OutcomeUnknown() {
  return {503, "outcome-unknown",
          "the change was taken and could not be acknowledged, so nobody knows yet whether it was "
          "made: look before you try again"};
}

std::optional<Problem> ProblemOf(const protocol::Outcome& outcome) {
  const std::string other(outcome.other);
  switch (outcome.verdict) {
    case Verdict::kConflict:
      return Problem{409,
                     "conflict",
                     fmt::format("the source ID is linked to {}; nothing was changed", other),
                     {{"standing_target_id", other}}};
    case Verdict::kTargetTaken:
      return Problem{409,
                     "target-taken",
                     fmt::format("the source ID {} is linked to this target, and the entity type "
                                 "allows one source ID for a target; nothing was changed",
                                 other),
                     {{"other_source_id", other}}};
    case Verdict::kIgnored:
      return Problem{409, "ignored",
                     "the source ID must never be synced: un-ignore it first, if that is wrong; "
                     "nothing was changed"};
    case Verdict::kMissing:
      return NotFound("missing", "there is no reference of this source ID; nothing was changed");
    case Verdict::kStaleToken:
      return Problem{409, "stale-token",
                     "the claim has passed on or has ended; nothing was changed"};
    default:
      return std::nullopt;
  }
}

}  // namespace xref::console
