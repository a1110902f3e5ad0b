// How a client finds its server, and another one when that is lost.

#include <fmt/format.h>

#include <algorithm>
#include <thread>
#include <utility>

#include "client/client.h"

namespace xref {

using protocol::Opcode;
using std::chrono::steady_clock;

namespace {

// While a server is awaited, the pause between two tries.
constexpr std::chrono::milliseconds kRetryPause{50};
// How long a server may take to be connected, and to answer that it is there, where there are
// others. One that is stopped is connected, and says nothing.
constexpr std::chrono::milliseconds kOneOfSeveralTimeout{1'000};

// What may become of a request when the server is lost before it has answered.
enum class Loss { kSentAgain, kUnknown, kOver };

Loss LossOf(Opcode opcode) {
  if (const auto mutation = protocol::MutationOf(opcode)) {
    const bool is_safe = mutation->rehearsal || mutation->mutation == protocol::Mutation::kAdd ||
                         mutation->mutation == protocol::Mutation::kClaim;
    return is_safe ? Loss::kSentAgain : Loss::kUnknown;
  }
  switch (opcode) {
    case Opcode::kStatus:
    case Opcode::kResolve:
    case Opcode::kIntegrationCreate:
    case Opcode::kIntegrationList:
    case Opcode::kCheck:
    case Opcode::kLookup:
    case Opcode::kReverse:
    case Opcode::kClaims:
    case Opcode::kPurgePreview:
    case Opcode::kDropPreview:
    case Opcode::kTrashList:
    case Opcode::kList:
    case Opcode::kHistory:
    case Opcode::kLookupAt:
    case Opcode::kCompare:
    case Opcode::kTokenList:
    case Opcode::kTokenRevoke:
      return Loss::kSentAgain;
    case Opcode::kHello:
    case Opcode::kVerify:
    case Opcode::kBackup:  // they belong to their connection
      return Loss::kOver;
    default:
      return Loss::kUnknown;
  }
}

}  // namespace

absl::StatusOr<std::unique_ptr<Client>> Client::Connect(const ClientOptions& options) {
  return Connect(options, 0);
}

absl::StatusOr<std::unique_ptr<Client>> Client::Connect(const ClientOptions& options,
                                                        Epoch epoch_min) {
  const auto begun = steady_clock::now();
  ClientOptions looking = options;
  looking.failover_wait = {};  // a loss is one, until the right server is found
  looking.max_lag.reset();
  if (options.servers.size() > 1) {
    looking.connect_timeout = std::min(options.connect_timeout, kOneOfSeveralTimeout);
    looking.answer_timeout = std::min(options.answer_timeout, kOneOfSeveralTimeout);
  }
  for (;;) {
    absl::Status last = absl::InvalidArgumentError("no server is named");
    std::vector<std::string> servers = options.servers;
    for (size_t i = 0; i < servers.size(); ++i) {
      const std::string server = servers[i];
      auto channel = Channel::Open(server, looking.connect_timeout, looking.tls);
      if (!channel.ok()) {
        last = channel.status();
        continue;
      }
      std::unique_ptr<Client> client(new Client(looking, *std::move(channel)));
      last = client->Greet();
      if (!last.ok()) continue;
      if (client->epoch_seen_ < epoch_min) {
        last = absl::UnavailableError(
            fmt::format("the server {} is of epoch {}, and epoch {} has begun: it is not the "
                        "primary any more",
                        server, client->epoch_seen_, epoch_min));
        continue;
      }
      if (!options.primary || !client->is_standby_) {
        client->options_ = options;
        return client;
      }
      std::string primary = client->PrimaryOfStandby();
      last = absl::FailedPreconditionError(
          primary.empty()
              ? fmt::format("the server {} is a standby, and there is no primary at present",
                            server)
              : fmt::format("the server {} is a standby of {}, and none of the servers that were "
                            "named is the primary",
                            server, primary));
      if (!primary.empty() && std::find(servers.begin(), servers.end(), primary) == servers.end()) {
        servers.push_back(std::move(primary));
      }
    }
    // Where there is no primary at present, one is about to be chosen.
    const auto patience = absl::IsUnavailable(last)          ? options.ready_wait
                          : absl::IsFailedPrecondition(last) ? options.failover_wait
                                                             : std::chrono::milliseconds(0);
    if (steady_clock::now() >= begun + patience) return last;
    std::this_thread::sleep_for(kRetryPause);
  }
}

std::string Client::PrimaryOfStandby() {
  std::string payload;
  const auto status = Status(payload);
  return status.ok() ? status->Fact("primary") : std::string();
}

// ---- After a loss ----

bool Client::all_refused() const {
  return std::all_of(waiting_.begin(), waiting_.end(),
                     [](const auto& waiting) { return waiting.second.was_refused; });
}

void Client::GiveUpUnknown(const absl::Status& loss) {
  for (auto at = waiting_.begin(); at != waiting_.end();) {
    const Loss outcome = at->second.was_refused ? Loss::kSentAgain : LossOf(at->second.opcode);
    if (outcome == Loss::kSentAgain) {
      ++at;
      continue;
    }
    TakePayload take = std::move(at->second.take);
    at = waiting_.erase(at);
    take(outcome == Loss::kOver
             ? loss
             : absl::UnknownError(fmt::format(
                   "{}, before it said whether this was done; nobody knows: look it up before you "
                   "try again",
                   std::string(loss.message()))));
  }
}

absl::Status Client::Recover(absl::Status loss) {
  if (options_.failover_wait.count() == 0) return loss;
  if (!lost_since_) lost_since_ = steady_clock::now();
  GiveUpUnknown(loss);
  is_lost_ = true;
  // With nothing to be sent, the next request may look for a server.
  return waiting_.empty() ? absl::OkStatus() : GoOnElsewhere(std::move(loss));
}

absl::Status Client::GoOnElsewhere(absl::Status loss) {
  ClientOptions options = options_;
  options.ready_wait = options.failover_wait = {};
  const auto give_up = lost_since_.value_or(steady_clock::now()) + options_.failover_wait;
  while (steady_clock::now() < give_up) {
    // First of all: a server that is there, and still refuses, is not to be asked without end.
    std::this_thread::sleep_for(kRetryPause);
    auto found = Connect(options, epoch_seen_);
    if (!found.ok()) {
      loss = found.status();
      continue;
    }
    channel_ = std::move((*found)->channel_);
    is_standby_ = (*found)->is_standby_;
    is_lost_ = false;
    epoch_seen_ = std::max(epoch_seen_, (*found)->epoch_seen_);
    batch_ids_max_ = (*found)->batch_ids_max_;
    request_bytes_max_ = (*found)->request_bytes_max_;
    loss = absl::OkStatus();
    for (auto& [id, waiting] : waiting_) {
      waiting.was_refused = false;
      protocol::SetEpoch(waiting.frame, epoch_seen_);
      loss.Update(channel_->Send(waiting.frame));
    }
    if (loss.ok()) return loss;
  }
  for (auto at = waiting_.begin(); at != waiting_.end();) {
    TakePayload take = std::move(at->second.take);
    at = waiting_.erase(at);
    take(loss);
  }
  return loss;
}

}  // namespace xref
