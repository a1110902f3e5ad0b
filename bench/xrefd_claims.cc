#include "bench/xrefd_claims.h"

#include <fmt/format.h>

#include <utility>

namespace xref::bench {

using protocol::Mutation;
using protocol::Verdict;

absl::StatusOr<std::unique_ptr<ClaimServer>> XrefdClaims::Connect(const std::string& server,
                                                                  const std::string& integration,
                                                                  const std::string& owner,
                                                                  uint32_t lease_ms) {
  ClientOptions options;
  options.servers = {server};
  auto client = Client::Connect(options);
  if (!client.ok()) return client.status();
  const auto place = (*client)->Resolve(integration, "orders");
  if (!place.ok()) return place.status();
  return std::unique_ptr<ClaimServer>(new XrefdClaims(*std::move(client), *place, owner, lease_ms));
}

absl::StatusOr<std::vector<ClaimAnswer>> XrefdClaims::Claim(
    const std::vector<std::string>& sources) {
  IdList ids;
  for (const std::string& source : sources) ids.Add(source);
  const auto results = client_->Mutate({.mutation = Mutation::kClaim,
                                        .place = place_,
                                        .lease_ms = lease_ms_,
                                        .actor = owner_,
                                        .sources = ids.View()});
  if (!results.ok()) return results.status();
  std::vector<ClaimAnswer> answers;
  for (const ItemResult& result : *results) {
    using Kind = ClaimAnswer::Kind;
    switch (result.verdict) {
      case Verdict::kSynced:
        answers.push_back({Kind::kSynced, result.other, 0});
        break;
      case Verdict::kGranted:
        answers.push_back({Kind::kGranted, "", result.number});
        break;
      case Verdict::kUnknown:
        answers.push_back({Kind::kUnknown, "", result.number});
        break;
      case Verdict::kHeld:
        answers.push_back({Kind::kHeld, "", 0});
        break;
      default:
        return absl::InternalError(fmt::format("a claim was answered {}", Name(result.verdict)));
    }
  }
  return answers;
}

absl::StatusOr<std::vector<SettleAnswer>> XrefdClaims::Settle(
    const std::vector<CreatedRecord>& records) {
  IdList sources;
  IdList targets;
  std::string tokens;
  for (const CreatedRecord& record : records) {
    sources.Add(record.source);
    targets.Add(record.target);
    tokens.append(reinterpret_cast<const char*>(&record.token), sizeof record.token);
  }
  const auto results =
      client_->Mutate({.mutation = Mutation::kSettle,
                       .place = place_,
                       .actor = owner_,
                       .sources = sources.View(),
                       .targets = targets.View(),
                       .tokens = {reinterpret_cast<const uint8_t*>(tokens.data()), tokens.size()}});
  if (!results.ok()) return results.status();
  std::vector<SettleAnswer> answers;
  for (size_t i = 0; i < results->size(); ++i) {
    const ItemResult& result = (*results)[i];
    switch (result.verdict) {
      case Verdict::kDone:
      case Verdict::kUnchanged:
        answers.push_back({result.verdict == Verdict::kDone, records[i].target});
        break;
      case Verdict::kConflict:
        answers.push_back({false, result.other});
        break;
      case Verdict::kStaleToken:
        answers.push_back({});
        break;
      default:
        return absl::InternalError(fmt::format("a settle was answered {}", Name(result.verdict)));
    }
  }
  return answers;
}

}  // namespace xref::bench
