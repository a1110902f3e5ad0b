#pragma once

#include <absl/functional/function_ref.h>
#include <absl/status/status.h>
#include <absl/status/statusor.h>

#include <chrono>
#include <cstdint>
#include <memory>
#include <string>

#include "client/channel.h"
#include "protocol/replication_messages.h"

namespace xref {

// A standby's conversation with its primary, one request at a time. Errors: Unavailable (it cannot
// be reached, has gone, or is not ready), DeadlineExceeded, FailedPrecondition (it is no primary,
// or of an older epoch than this standby has seen), Internal; after any of them the link is of no
// use any more. Thread-compatible.
class PrimaryLink {
 public:
  // Connects and greets, with an access token or none. `epoch` is the highest that the standby has
  // seen; without `tls` the conversation is in the clear.
  static absl::StatusOr<PrimaryLink> Open(const std::string& primary, const std::string& token,
                                          Epoch epoch, const Channel::Tls& tls);

  absl::StatusOr<protocol::FollowReply> Follow(const protocol::FollowRequest& request);
  // The reply borrows from the link until the next call.
  absl::StatusOr<protocol::FetchReply> Fetch(const protocol::FetchRequest& request);
  // Fetches a backup of everything into a new file. `go_on` is asked now and then; false ends it
  // with Cancelled; ResourceExhausted: the disk is full.
  absl::Status Copy(const std::string& file,
                    absl::FunctionRef<bool(uint64_t done, uint64_t of)> go_on);

 private:
  PrimaryLink(std::unique_ptr<Channel> channel, Epoch epoch)
      : channel_(std::move(channel)), epoch_(epoch) {}

  template <typename Reply, typename Request>
  absl::StatusOr<Reply> Call(protocol::Opcode opcode, const Request& request);

  std::unique_ptr<Channel> channel_;
  const Epoch epoch_;
  uint64_t last_request_id_ = 0;
};

}  // namespace xref
