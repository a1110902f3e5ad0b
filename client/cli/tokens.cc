// Access tokens: who may do what.

#include <fmt/format.h>

#include <algorithm>
#include <boost/json.hpp>
#include <charconv>
#include <chrono>
#include <iostream>

#include "client/cli/commands.h"
#include "client/history.h"

namespace xref::cli {
namespace {

namespace json = boost::json;
using protocol::ListedToken;

struct CreateOptions {
  std::string name;
  std::string role;
  std::vector<std::string> integrations;
  uint64_t days = 0;
  std::string actor;
};

json::value ExpiryJson(int64_t expires_us) {
  return expires_us == 0 ? json::value() : json::value(FormatTime(expires_us));
}

absl::StatusOr<ExitCode> RunCreate(const Globals& globals, const CreateOptions& options) {
  const auto role = RoleOf(options.role);
  if (!role) return absl::InvalidArgumentError(fmt::format("there is no role {}", options.role));
  auto client = ConnectToPrimary(globals);
  if (!client.ok()) return client.status();
  const std::string actor = ActorOr(options.actor);
  std::string payload;
  const auto created = (*client)->CreateToken(
      {.name = options.name,
       .role = *role,
       .valid_seconds = options.days * 86'400,
       .integrations = {options.integrations.begin(), options.integrations.end()},
       .actor = actor},
      payload);
  if (!created.ok()) return created.status();
  if (globals.json) {
    json::array integrations(options.integrations.begin(), options.integrations.end());
    std::cout << json::object{{"number", created->number},
                              {"name", options.name},
                              {"role", options.role},
                              {"integrations", std::move(integrations)},
                              {"expires", ExpiryJson(created->expires_us)},
                              {"token", Json(created->token)}}
              << "\n";
  } else {
    // The token alone is the result, for scripts to take.
    std::cerr << fmt::format("access token {}, \"{}\", of a {}; it cannot be shown again\n",
                             created->number, options.name, options.role);
    std::cout << created->token << "\n";
  }
  return kDone;
}

// ---- List ----

struct ListOptions {
  bool all = false;
};

std::string StateOf(const ListedToken& token, int64_t now_us) {
  if (token.revoked_us != 0) return "revoked " + FormatTime(token.revoked_us);
  if (token.expires_us == 0) return "good";
  return (token.expires_us <= now_us ? "expired " : "good until ") + FormatTime(token.expires_us);
}

absl::StatusOr<ExitCode> RunList(const Globals& globals, const ListOptions& options) {
  auto client = Client::Connect(globals.client);
  if (!client.ok()) return client.status();
  std::string payload;
  const auto list = (*client)->ListTokens(payload);
  if (!list.ok()) return list.status();
  const int64_t now_us = std::chrono::duration_cast<std::chrono::microseconds>(
                             std::chrono::system_clock::now().time_since_epoch())
                             .count();
  for (const ListedToken& token : list->tokens) {
    if (token.revoked_us != 0 && !options.all) continue;
    if (globals.json) {
      json::array integrations;
      for (const auto& name : token.integrations) integrations.push_back(Json(name));
      std::cout << json::object{{"number", token.number},
                                {"name", Json(token.name)},
                                {"role", Json(NameOf(token.role))},
                                {"integrations", std::move(integrations)},
                                {"created", FormatTime(token.created_us)},
                                {"by", Json(token.created_by)},
                                {"expires", ExpiryJson(token.expires_us)},
                                {"revoked", ExpiryJson(token.revoked_us)}}
                << "\n";
      continue;
    }
    std::string of = "all integrations";
    if (!token.integrations.empty()) of = fmt::format("{}", fmt::join(token.integrations, ", "));
    std::cout << fmt::format("{:>6}  {:<24} {:<8} {:<32} {}\n", token.number, token.name,
                             NameOf(token.role), of, StateOf(token, now_us));
  }
  if (list->tokens.empty() && !globals.json) {
    std::cerr << "no access tokens: whoever reaches the server may do everything\n";
  }
  return kDone;
}

// ---- Revoke ----

struct RevokeOptions {
  std::string token;
  std::string actor;
};

// Of the token of that name that is not revoked; a number stands for itself.
absl::StatusOr<TokenId> FindToken(Client& client, const std::string& named) {
  TokenId number = 0;
  const char* const end = named.data() + named.size();
  if (std::from_chars(named.data(), end, number) == std::from_chars_result{end, {}}) return number;
  std::string payload;
  const auto list = client.ListTokens(payload);
  if (!list.ok()) return list.status();
  const auto found = std::find_if(
      list->tokens.rbegin(), list->tokens.rend(),
      [&](const ListedToken& token) { return token.revoked_us == 0 && token.name == named; });
  if (found != list->tokens.rend()) return found->number;
  return absl::NotFoundError(fmt::format(
      "there is no access token \"{}\"; see those that there are: xref token list", named));
}

absl::StatusOr<ExitCode> RunRevoke(const Globals& globals, const RevokeOptions& options) {
  auto client = ConnectToPrimary(globals);
  if (!client.ok()) return client.status();
  const auto number = FindToken(**client, options.token);
  if (!number.ok()) return number.status();
  const std::string actor = ActorOr(options.actor);
  const auto revoked = (*client)->RevokeToken({.number = *number, .actor = actor});
  if (!revoked.ok()) return revoked.status();
  const char* verdict = *revoked ? "revoked" : "was revoked already";
  if (globals.json) {
    std::cout << json::object{{"number", *number}, {"revoked", *revoked}} << "\n";
  } else {
    std::cout << fmt::format("access token {} {}\n", *number, verdict);
  }
  return kDone;
}

}  // namespace

void AddTokens(CommandLine& line) {
  CLI::App& group = line.AddGroup("token", "Access tokens: who may do what");
  {
    const auto [app, options] = line.Add<CreateOptions>(
        group, "create", "Make an access token, and print it: it is kept as a hash alone",
        "Examples:\n"
        "  xref token create erp-sync --role syncer --integration shop-erp --days 365\n"
        "  xref token create support --role reader > support-token\n"
        "Roles: reader (asks), syncer (asks, claims, changes references), admin (also purges, "
        "restores, drops, and administers integrations and tokens), standby (follows), metrics "
        "(sees the status).\n"
        "The first token is an admin's: xrefd --init, or this command. From then on everybody "
        "needs one: XREF_TOKEN, or --token. It replicates to standbys as any change does.",
        RunCreate);
    app.add_option("name", options.name, "For people: whose it is")->required();
    app.add_option("--role", options.role, "What its holder may do")
        ->required()
        ->check(CLI::IsMember({"reader", "syncer", "admin", "standby", "metrics"}));
    app.add_option("--integration", options.integrations,
                   "That it is limited to; of others it cannot tell that they exist")
        ->type_name("NAME,...")
        ->delimiter(',');
    app.add_option("--days", options.days, "Until it expires; 0 for never")
        ->type_name("N")
        ->check(CLI::Range(uint64_t{0}, kTokenSecondsMax / 86'400))
        ->capture_default_str();
    AddActor(app, options.actor);
  }
  {
    const auto [app, options] =
        line.Add<ListOptions>(group, "list", "List the access tokens, but for their secrets",
                              "Example: xref token list", RunList);
    app.add_flag("--all", options.all, "Those that were revoked as well");
  }
  {
    const auto [app, options] = line.Add<RevokeOptions>(
        group, "revoke", "Make an access token good no more, also for connections that are open",
        "Examples:\n  xref token revoke erp-sync\n  xref token revoke 7", RunRevoke);
    app.add_option("token", options.token, "Its name or its number")->required();
    AddActor(app, options.actor);
  }
}

}  // namespace xref::cli
