#pragma once

#include <absl/functional/any_invocable.h>

#include <chrono>
#include <condition_variable>
#include <cstdint>
#include <deque>
#include <memory>
#include <mutex>
#include <optional>
#include <string>
#include <variant>
#include <vector>

#include "protocol/change_messages.h"
#include "protocol/replication_messages.h"
#include "protocol/token_messages.h"

namespace xref {

// What the daemon itself asks for, once trash has been kept for long enough.
struct EmptyTrashRequest {
  PlaceId trash;
};

// What the daemon asks for while it restores a dropped integration: to gather some references of
// one of its places, and once all of them are gathered, to bring it back.
struct GatherRequest {
  PlaceId trash;
  std::string_view name;  // under which it comes back
  bool begin;             // with nothing that was gathered before
  PlaceId place;
  IdBatch sources;
  IdBatch targets;
};
struct RestoreIntegrationRequest {
  PlaceId trash;
  std::string_view name;
  std::string_view actor;
};

// A change that a peer asked for, on its way from its connection to the writer and back.
struct ChangeRequest {
  // The request's payload; `asked` borrows from it, so neither moves.
  std::string payload;
  std::variant<protocol::MutationRequest, protocol::IntegrationCreateRequest,
               protocol::TypeCreateRequest, protocol::PlatformsRenameRequest,
               protocol::RulesSetRequest, protocol::ClaimsRequest, protocol::PurgePreviewRequest,
               protocol::PurgeRequest, protocol::DropPreviewRequest, protocol::DropRequest,
               protocol::FollowRequest, protocol::CompareRequest, protocol::TokenCreateRequest,
               protocol::TokenRevokeRequest, EmptyTrashRequest, GatherRequest,
               RestoreIntegrationRequest>
      asked;
  protocol::FrameHeader header;

  // Whether nothing can change by it, so that it is decided where no change may be made, and
  // answered at once.
  bool is_question() const {
    const auto* mutation = std::get_if<protocol::MutationRequest>(&asked);
    if (mutation != nullptr) return mutation->rehearsal;
    return std::holds_alternative<protocol::ClaimsRequest>(asked) ||
           std::holds_alternative<protocol::PurgePreviewRequest>(asked) ||
           std::holds_alternative<protocol::DropPreviewRequest>(asked);
  }

  // Whether it is decided in a group of its own: what is frequent shares groups, but for
  // rehearsals, of which nothing may be left to what is decided after them.
  bool alone() const {
    const auto* mutation = std::get_if<protocol::MutationRequest>(&asked);
    if (mutation != nullptr) return mutation->rehearsal;
    return !std::holds_alternative<protocol::IntegrationCreateRequest>(asked);
  }

  // Called once, with the reply's whole frame; with an empty one where nobody knows what will
  // become of the change: then the peer's connection must end, so that it does not know either.
  absl::AnyInvocable<void(std::string frame) &&> done;
};

// Changes waiting for the writer, in order of arrival. Thread-safe: any number of threads push, one
// takes. It is also the gate of shutdown, and of being the primary: once closed or suspended
// nothing enters, and TakeGroup runs it empty.
class CommitQueue {
 public:
  enum class Push { kTaken, kFull, kSuspended, kClosed };
  // Leaves `change` with the caller unless it was taken.
  Push TryPush(std::unique_ptr<ChangeRequest>& change);

  // Waits for changes, so long at most, and takes as many as make one group; an empty one where
  // none came. Nothing once the queue is closed or suspended, and empty.
  std::optional<std::vector<std::unique_ptr<ChangeRequest>>> TakeGroup(
      std::chrono::milliseconds wait_max);

  void Close();
  // While somebody else is the primary.
  void Suspend();
  void Resume();

 private:
  std::mutex mutex_;
  std::condition_variable arrived_;
  std::deque<std::unique_ptr<ChangeRequest>> changes_;  // guarded by mutex_
  size_t bytes_ = 0;                                    // guarded by mutex_
  bool closed_ = false;                                 // guarded by mutex_
  bool suspended_ = false;                              // guarded by mutex_
};

}  // namespace xref
