#pragma once

#include <absl/functional/any_invocable.h>
#include <absl/functional/function_ref.h>
#include <absl/status/status.h>

#include <boost/asio/ip/tcp.hpp>
#include <chrono>
#include <cstdint>
#include <memory>
#include <optional>
#include <string>

#include "daemon/admission.h"
#include "daemon/backups.h"
#include "daemon/commit_queue.h"
#include "daemon/ok_reply.h"
#include "daemon/queries.h"
#include "daemon/server_state.h"
#include "daemon/token_limits.h"
#include "daemon/verifications.h"
#include "index/reference_store.h"
#include "persistence/data_files.h"
#include "protocol/frame.h"
#include "protocol/messages.h"
#include "replication/election.h"
#include "replication/feed.h"
#include "replication/follower.h"

namespace xref {

class TlsServerContext;

// What every session needs of the daemon. Lives as long as the daemon.
struct Service {
  ReferenceStore& store;
  CommitQueue& commits;
  ServerState& state;
  const DataFiles& files;  // there once the phase is no longer kLoading
  Verifications& verifications;
  Backups& backups;
  Queries& queries;
  Feed& feed;
  Follower* follower;           // null where the daemon was started as a primary
  Election* election;           // null where no etcd decides
  const TlsServerContext* tls;  // that all ports speak; null for none
  std::chrono::steady_clock::time_point started;
  std::string data_folder;
  uint64_t memory_limit;  // bytes
  TokenLimits& token_limits;
  LimitValues limits{};  // all of them, to be told
};

// The conversation of one connection: takes request frames, answers them. It knows no socket.
// Belongs to one I/O thread, whose number is also its reader slot in the store.
class Session {
 public:
  Session(Service& service, size_t io_thread, boost::asio::ip::tcp::endpoint peer)
      : service_(service), io_thread_(io_thread), peer_(std::move(peer)) {}

  using ChangeDone = absl::AnyInvocable<void(std::string frame) &&>;
  enum class Next {
    kAnswered,  // the reply is in `out`
    kPending,   // its ChangeDone will be called with the reply, on another thread
    kClose,     // the reply is in `out`, and the connection must end after it
  };
  // Handles one request. `make_done` is called only for one whose reply comes later.
  Next Handle(const protocol::Frame& frame, std::string& out,
              absl::FunctionRef<ChangeDone()> make_done);

  // Appends the refusal of a stream that cannot be understood.
  void RefuseStream(const protocol::Malformed& malformed, std::string& out);
  // Appends the refusal of a request whose reply would take too much memory for the moment.
  void RefuseForBuffers(const protocol::FrameHeader& request, std::string& out);

  // Of source or target IDs, answered from memory.
  static bool IsQuestion(protocol::Opcode opcode) {
    return opcode == protocol::Opcode::kCheck || opcode == protocol::Opcode::kLookup ||
           opcode == protocol::Opcode::kReverse;
  }

  bool greeted() const { return greeted_; }
  // Whether the peer's access token has expired since it was admitted.
  bool has_expired(int64_t now_us) const {
    return access_ && access_->expires_us() != 0 && now_us >= access_->expires_us();
  }
  // What the peer may do by now; nothing where it may do nothing, or nobody knows yet.
  std::optional<Access> FindAccess();
  // Whether the peer holds a backup, of which a daemon has one at a time.
  bool holds_backup() const { return backup_ != nullptr; }

 private:
  using Bytes = protocol::Bytes;
  using FrameHeader = protocol::FrameHeader;
  using StatusCode = protocol::StatusCode;

  Next Greet(const protocol::Frame& frame, std::string& out);
  // The daemon's, as far as this request goes: it may be ready by now, but what the peer may do was
  // not looked at where it was loading when the request came.
  Phase phase() const { return access_ ? service_.state.phase() : Phase::kLoading; }

  // ---- session_tokens.cc ----
  // Why the peer may do nothing at all, or nothing; finds out anew what it may do where access
  // tokens have changed. Not while the daemon is loading, when nobody knows.
  protocol::MaybeRefusal Admit();
  // Why the admitted peer may not do this, or nothing.
  protocol::MaybeRefusal FindForbidden(const protocol::Frame& frame);
  protocol::MaybeRefusal FindForeign(const protocol::Frame& frame, Subject subject);
  // Why the peer may not ask about so many IDs now, or nothing.
  protocol::MaybeRefusal ChargeIds(uint64_t count);
  void AnswerTokens(const FrameHeader& header, std::string& out);
  void AddAccessFacts(protocol::StatusReply& reply) const;

  void AnswerStatus(const FrameHeader& header, std::string& out);
  void AnswerResolve(const protocol::Frame& frame, std::string& out);
  void AnswerIntegrations(const FrameHeader& header, std::string& out);
  void AnswerVerify(const protocol::Frame& frame, std::string& out);
  void AnswerBackup(const protocol::Frame& frame, std::string& out);
  void AnswerCheck(const protocol::Frame& frame, std::string& out);
  void AnswerLookup(const protocol::Frame& frame, std::string& out);
  void AnswerReverse(const protocol::Frame& frame, std::string& out);
  // `request` is filled from the frame's payload.
  template <typename Request>
  Next Enqueue(const protocol::Frame& frame, Request request, std::string& out,
               absl::FunctionRef<ChangeDone()> make_done);

  Next Fetch(const protocol::Frame& frame, std::string& out,
             absl::FunctionRef<ChangeDone()> make_done);
  Next Promote(const protocol::Frame& frame, std::string& out,
               absl::FunctionRef<ChangeDone()> make_done);
  void AddReplicationFacts(protocol::StatusReply& reply) const;
  void AddLimitFacts(protocol::StatusReply& reply) const;

  template <typename Request>
  Next Ask(const protocol::Frame& frame, Request request, std::string& out,
           absl::FunctionRef<ChangeDone()> make_done);

  // Lets a reply that begins at `start` go, or has it wait as the changes do that it may tell of.
  Next OnceHeld(size_t start, std::string& out, absl::FunctionRef<ChangeDone()> make_done) const;
  // The same, for a reply that comes later.
  ChangeDone OnceHeld(ChangeDone done) const;

  protocol::Refusal NotPrimary() const;
  static protocol::Refusal RefusalOf(const absl::Status& why);
  // Why no request like this one can be answered now, or nothing.
  protocol::MaybeRefusal FindObstacle(const FrameHeader& request) const;
  protocol::FrameWriter BeginReply(const FrameHeader& request, std::string& out) const;
  // `too_large`: the limit by which it is, where that is why.
  void Refuse(const FrameHeader& request, const protocol::Refusal& refusal, std::string& out,
              Limit too_large = Limit::kBatchIds);
  template <typename Message>
  void Reply(const FrameHeader& request, const Message& message, std::string& out);

  Service& service_;
  const size_t io_thread_;
  const boost::asio::ip::tcp::endpoint peer_;
  bool greeted_ = false;
  Credentials credentials_;
  std::optional<Access> access_;  // once it is admitted
  // As of when it was; kNotAdmitted for a peer that was not.
  static constexpr uint64_t kNotAdmitted = ~uint64_t{0};
  uint64_t token_changes_ = kNotAdmitted;
  std::optional<Currency> currency_;  // as the request that is handled found it
  // What was begun on this connection, or null.
  std::shared_ptr<const Verification> verification_;
  std::shared_ptr<const Backup> backup_;
};

}  // namespace xref
