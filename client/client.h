#pragma once

// The client library. One connection to a daemon, synchronous calls for single questions, and
// pipelined batches for millions of IDs:
//
//   auto client = Client::Connect({.servers = {"127.0.0.1:7411"}});
//   auto place = (*client)->Resolve("shop-erp", "orders");
//   auto synced = (*client)->Check(*place, ids.View());
//
// Errors: Unavailable (the server cannot be reached, or is not ready), DeadlineExceeded (it does
// not answer), NotFound (no such integration or type), InvalidArgument (a bad request; the message
// names the item), OutOfRange (too large), ResourceExhausted (overloaded: try again),
// FailedPrecondition (read-only, not primary, too old an answer), PermissionDenied (refused as it
// stands; see FindConfirmation), Unknown (the server was lost before it said whether the change was
// done: look it up before trying again), Unauthenticated, Internal.

#include <absl/container/btree_map.h>
#include <absl/functional/any_invocable.h>
#include <absl/functional/function_ref.h>
#include <absl/status/status.h>
#include <absl/status/statusor.h>

#include <chrono>
#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "client/channel.h"
#include "index/vocabulary.h"
#include "protocol/change_messages.h"
#include "protocol/query_messages.h"
#include "protocol/replication_messages.h"
#include "protocol/token_messages.h"

namespace xref {

struct ClientOptions {
  std::vector<std::string> servers = {"127.0.0.1:7411"};  // tried in order
  Channel::Tls tls;                                       // null: without TLS
  std::string token;
  std::string name = "xref client " XREF_VERSION;  // for the server's log
  std::chrono::milliseconds connect_timeout{5'000};
  std::chrono::milliseconds answer_timeout{60'000};  // without any byte from the server
  std::chrono::milliseconds ready_wait{0};  // keep trying to reach a ready server this long
  // Only a primary will do: where a standby answers, go on to the other servers and to the primary
  // that it follows.
  bool primary = false;
  // A standby's answer that is older than this, or may be, is an error (FailedPrecondition).
  std::optional<std::chrono::milliseconds> max_lag;
  // Where the server is lost, or is not the primary any more: connect again, and send again what
  // was under way, until this long after. 0: the loss is an error at once. Sent again are
  // questions; ADD and the creation of an integration, of which what was done before is then told
  // as unchanged; claims, of which those that were granted before are told as of an unknown
  // outcome, by the same owner and with a new token; and whatever was refused, so that nothing of
  // it was done. Of other changes nobody knows whether they were done: each is told so (Unknown).
  // A server that is silent counts as lost after `answer_timeout`.
  std::chrono::milliseconds failover_wait{0};
};

// What became of one item of a mutation; owns its text. As protocol::Outcome.
struct ItemResult {
  protocol::Verdict verdict{};
  std::string other;
  uint64_t number = 0;
};

// What a purge would do, and the token that lets it happen.
struct PurgePreview {
  uint64_t references = 0;  // that would go
  uint64_t token = 0;       // good once, and only until a reference of the place changes
  std::chrono::seconds valid{};
  std::string target_platform;  // in which the next sync may create that many records
};

// What dropping an integration would do, and the token that lets it happen.
struct DropPreview {
  uint64_t types = 0;
  uint64_t references = 0;  // of all types, that would go
  uint64_t open_claims = 0;
  uint64_t token = 0;  // good once, and only until a reference of the integration changes
  std::chrono::seconds valid{};
  std::string target_platform;  // in which the next sync may create that many records
};

// A refusal of deletions that the same request with a confirmation overcomes.
struct NeededConfirmation {
  std::string consequence;  // of going ahead, for people
  uint64_t number = 0;      // MutationRequest::confirmation
};
// What a PermissionDenied asks for; nothing where it is final, or is another error.
std::optional<NeededConfirmation> FindConfirmation(const absl::Status& refusal);

// Thread-compatible: one thread at a time.
class Client {
 public:
  static absl::StatusOr<std::unique_ptr<Client>> Connect(const ClientOptions& options);

  // What the server allows.
  uint32_t batch_ids_max() const { return batch_ids_max_; }
  uint32_t request_bytes_max() const { return request_bytes_max_; }

  // How old the last answer is, where it came from a standby.
  const std::optional<protocol::StandbyMark>& last_mark() const { return channel_->mark(); }
  // The highest epoch that any reply told.
  Epoch epoch() const { return epoch_seen_; }
  // HOST:PORT of the server that answers at present.
  const std::string& server() const { return channel_->server(); }

  // ---- Single calls ----

  absl::StatusOr<PlaceId> Resolve(std::string_view integration, std::string_view type);
  struct Created {
    protocol::CreateVerdict verdict{};
    std::string source_platform;  // as they stand
    std::string target_platform;
  };
  absl::StatusOr<Created> CreateIntegration(const protocol::IntegrationCreateRequest& request);
  // Each item i is whether ID i is synced, or its target ("" if it is not synced).
  absl::StatusOr<std::vector<bool>> Check(PlaceId place, const IdBatch& ids);
  absl::StatusOr<std::vector<std::string>> Lookup(PlaceId place, const IdBatch& ids);
  // What each ID was linked to at a time (microseconds since 1970); protocol::kLookupAtIdsMax of
  // them at most. InvalidArgument: that is not known any more.
  absl::StatusOr<std::vector<std::string>> LookupAt(PlaceId place, int64_t time_us,
                                                    const IdBatch& ids);
  // Item i holds the source IDs that have target i, at most `sources_max` of them.
  absl::StatusOr<std::vector<std::vector<std::string>>> Reverse(
      const protocol::ReverseRequest& request);
  absl::StatusOr<std::vector<ItemResult>> Mutate(const protocol::MutationRequest& request);
  // Each says whether it changed anything: false where it was so already.
  absl::StatusOr<bool> CreateType(const protocol::TypeCreateRequest& request);
  absl::StatusOr<bool> RenamePlatforms(const protocol::PlatformsRenameRequest& request);
  absl::StatusOr<bool> SetRules(const protocol::RulesSetRequest& request);

  // The reply borrows from `payload`; the token in it is told this once.
  absl::StatusOr<protocol::TokenCreateReply> CreateToken(
      const protocol::TokenCreateRequest& request, std::string& payload);
  absl::StatusOr<protocol::TokenListReply> ListTokens(std::string& payload);
  // False: it was revoked already.
  absl::StatusOr<bool> RevokeToken(const protocol::TokenRevokeRequest& request);
  // Calls `take` with every claim at a place, open or expired, in the order of source IDs; returns
  // their number. Asks for one reply after another, so claims that come or go meanwhile may be
  // missed or told; `take` must not use this client.
  absl::StatusOr<uint64_t> ListClaims(PlaceId place,
                                      absl::FunctionRef<void(const protocol::ListedClaim&)> take);
  absl::StatusOr<PurgePreview> PreviewPurge(PlaceId place);
  // PermissionDenied: the token is not good, or not any more; nothing was changed.
  absl::StatusOr<protocol::PurgeReply> Purge(const protocol::PurgeRequest& request);
  absl::StatusOr<DropPreview> PreviewDrop(std::string_view integration);
  // As Purge.
  absl::StatusOr<protocol::PurgeReply> Drop(const protocol::DropRequest& request);
  // The replies borrow from `payload`.
  absl::StatusOr<protocol::StatusReply> Status(std::string& payload);
  absl::StatusOr<protocol::IntegrationListReply> ListIntegrations(std::string& payload);
  // Begins to verify the server's files, or asks how far that is; the reply borrows from
  // `payload`. Until it is over, ask again after a little while.
  absl::StatusOr<protocol::VerifyReply> Verify(const protocol::VerifyRequest& request,
                                               std::string& payload);
  // Begins a backup, or asks for the piece of it that starts at an offset. Until it is ready, ask
  // again after a little while. It is over when its last piece was handed out.
  absl::StatusOr<protocol::BackupReply> Backup(const protocol::BackupRequest& request,
                                               std::string& payload);

  // What people ask of the disk. The replies borrow from `payload`.
  absl::StatusOr<protocol::ListReply> List(const protocol::ListRequest& request,
                                           std::string& payload);
  absl::StatusOr<protocol::HistoryReply> History(const protocol::HistoryRequest& request,
                                                 std::string& payload);
  absl::StatusOr<protocol::TrashReply> ListTrash(std::string& payload);
  absl::StatusOr<protocol::RestoreReply> Restore(const protocol::RestoreRequest& request,
                                                 std::string& payload);

  // Makes the standby that this client is connected to the primary. PermissionDenied: that is not
  // safe, and the message says why.
  absl::StatusOr<protocol::PromoteReply> Promote(const protocol::PromoteRequest& request);

  // Has the standbys of the primary that this client is connected to compare their state with its
  // own: each has done so once it has that change.
  absl::StatusOr<protocol::CompareReply> Compare();

  // ---- Pipelined batches ----

  // Called once with the reply, or with why there is none. Replies may come in any order. The
  // message borrows from a buffer that lives as long as the call.
  template <typename Reply>
  using Take = absl::AnyInvocable<void(absl::StatusOr<Reply>)>;

  // Each sends a request and returns without waiting for its reply, unless `window` requests are
  // under way already: then it waits until one is answered. Non-OK: the connection is of no use any
  // more. The batch is copied before the call returns.
  absl::Status StartCheck(PlaceId place, const IdBatch& ids, size_t window,
                          Take<protocol::CheckReply> take);
  absl::Status StartLookup(PlaceId place, const IdBatch& ids, size_t window,
                           Take<protocol::LookupReply> take);
  absl::Status StartLookupAt(const protocol::LookupAtRequest& request, size_t window,
                             Take<protocol::LookupReply> take);
  absl::Status StartReverse(const protocol::ReverseRequest& request, size_t window,
                            Take<protocol::ReverseReply> take);
  absl::Status StartMutation(const protocol::MutationRequest& request, size_t window,
                             Take<protocol::MutationReply> take);
  // Waits until every request is answered.
  absl::Status Finish();

 private:
  using TakePayload = absl::AnyInvocable<void(absl::StatusOr<protocol::Bytes>)>;

  // A request that is not answered yet.
  struct Waiting {
    TakePayload take;
    protocol::Opcode opcode{};
    std::string frame;         // to be sent again; kept only with failover_wait
    bool was_refused = false;  // so nothing of it was done
  };

  Client(const ClientOptions& options, std::unique_ptr<Channel> channel)
      : options_(options), channel_(std::move(channel)) {}

  // A server of this epoch or a later one.
  static absl::StatusOr<std::unique_ptr<Client>> Connect(const ClientOptions& options,
                                                         Epoch epoch_min);
  absl::Status Greet();
  // The address of the primary that the server follows; empty if it does not tell.
  std::string PrimaryOfStandby();
  // After a loss: tells of what is unknown, and goes on elsewhere with the rest. Returns the loss
  // where that is not wanted, or there is no server in time.
  absl::Status Recover(absl::Status loss);
  // At another server, or at this one again; else answers all that waits with the loss.
  absl::Status GoOnElsewhere(absl::Status loss);
  // Answers what can neither be sent again nor be known.
  void GiveUpUnknown(const absl::Status& loss);
  bool all_refused() const;
  // Why the answer that was received last is too old, or OK.
  absl::Status FindExcessiveLag(protocol::Opcode opcode) const;
  template <typename Request>
  absl::Status Start(protocol::Opcode opcode, const Request& request, size_t window,
                     TakePayload take);
  template <typename Reply, typename Request>
  absl::Status StartBatch(protocol::Opcode opcode, const Request& request, uint32_t count,
                          size_t window, Take<Reply> take);
  // Starts one batch and waits for what `convert` makes of its reply.
  template <typename Result, typename Reply, typename StartIt, typename Convert>
  absl::StatusOr<Result> Await(StartIt start, Convert convert);
  // Sends one request and waits for its reply, whose payload is put into `payload`.
  template <typename Reply, typename Request>
  absl::StatusOr<Reply> Call(protocol::Opcode opcode, const Request& request, std::string& payload);
  template <typename Request>
  absl::StatusOr<bool> ChangeCatalog(protocol::Opcode opcode, const Request& request);
  // Takes in one reply.
  absl::Status TakeReply();

  ClientOptions options_;
  std::unique_ptr<Channel> channel_;
  uint32_t batch_ids_max_ = kBatchIdsMax;
  uint32_t request_bytes_max_ = protocol::kRequestBytesMax;
  uint64_t last_request_id_ = 0;
  Epoch epoch_seen_ = 0;
  bool is_standby_ = false;                     // the server, when it greeted
  absl::btree_map<uint64_t, Waiting> waiting_;  // by request ID, which is their order
  bool is_lost_ = false;                        // the server, and no other is found yet
  // Since when there has been no answer, but for refusals to be sent again.
  std::optional<std::chrono::steady_clock::time_point> lost_since_;
};

}  // namespace xref
