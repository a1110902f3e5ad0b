// What becomes of changes to access tokens.

#include <fmt/format.h>

#include <algorithm>

#include "daemon/access_token.h"
#include "daemon/group_plan.h"

namespace xref {
namespace {

using protocol::Refusal;
using protocol::StatusCode;

// Whether it may make others, for as long as it is good.
bool RulesAll(Role role, bool is_limited) { return role == Role::kAdmin && !is_limited; }

bool RulesAll(const AccessToken& token, int64_t now_us) {
  return RulesAll(token.role, !token.integrations.empty()) && token.IsGood(now_us);
}

}  // namespace

GroupPlan::Reply GroupPlan::DecideOne(const protocol::TokenCreateRequest& asked) {
  const auto refuse = [](StatusCode status, std::string message) {
    return Reply::Refusing({status, protocol::kNoItem, std::move(message)});
  };
  const Catalog& catalog = store_.WriterCatalog();
  const auto& tokens = catalog.tokens();
  if (tokens.empty() && !RulesAll(asked.role, !asked.integrations.empty())) {
    return refuse(StatusCode::kForbidden,
                  "the first access token must be an admin's, of all integrations: from then on "
                  "nobody could make another one. Nothing was changed");
  }
  const auto same_name = std::find_if(tokens.begin(), tokens.end(), [&](const AccessToken& t) {
    return t.name == asked.name && t.IsGood(now_us_);
  });
  if (same_name != tokens.end()) {
    return refuse(StatusCode::kForbidden,
                  fmt::format("there is an access token \"{}\" already (number {}); revoke it, or "
                              "choose another name. Nothing was changed",
                              asked.name, same_name->number));
  }
  const bool has_room =
      tokens.size() < kTokensMax ||
      std::any_of(tokens.begin(), tokens.end(), [](const auto& t) { return t.revoked_us != 0; });
  if (!has_room) {
    CountRefused(Limit::kTokens);
    return refuse(
        StatusCode::kTooLarge,
        fmt::format("there are {} access tokens, which is the most; revoke some", kTokensMax));
  }
  const TokenId number = catalog.next_token();
  const std::string text = MakeTokenText(number);
  const std::string hash = HashOfToken(text);
  const int64_t expires_us = asked.valid_seconds == 0
                                 ? 0
                                 : now_us_ + static_cast<int64_t>(asked.valid_seconds) * 1'000'000;
  Record(asked.actor, CreateToken{.token = number,
                                  .role = asked.role,
                                  .name = asked.name,
                                  .hash = hash,
                                  .expires_us = expires_us,
                                  .integrations = asked.integrations});
  return Reply::Of(
      protocol::TokenCreateReply{.number = number, .expires_us = expires_us, .token = text});
}

GroupPlan::Reply GroupPlan::DecideOne(const protocol::TokenRevokeRequest& asked) {
  const Catalog& catalog = store_.WriterCatalog();
  const AccessToken* token = catalog.FindToken(asked.number);
  if (token == nullptr) {
    return Reply::Refusing(
        {StatusCode::kBadRequest, protocol::kNoItem,
         fmt::format("there is no access token {}; xref token list shows those that there are",
                     asked.number)});
  }
  if (token->revoked_us != 0) return Reply::Of(protocol::CatalogReply{false});
  const auto& tokens = catalog.tokens();
  const auto rulers = std::count_if(tokens.begin(), tokens.end(),
                                    [&](const AccessToken& t) { return RulesAll(t, now_us_); });
  if (RulesAll(*token, now_us_) && rulers == 1) {
    return Reply::Refusing({StatusCode::kForbidden, protocol::kNoItem,
                            "this is the last access token of an admin of all integrations: create "
                            "another one first. Nothing was changed"});
  }
  Record(asked.actor, RevokeToken{asked.number});
  return Reply::Of(protocol::CatalogReply{true});
}

}  // namespace xref
