#pragma once

#include <condition_variable>
#include <cstdint>
#include <map>
#include <memory>
#include <mutex>
#include <optional>
#include <string>
#include <string_view>
#include <thread>
#include <vector>

#include "daemon/backups.h"
#include "daemon/commit_queue.h"
#include "daemon/committer.h"
#include "daemon/journal_room.h"
#include "daemon/maintenance.h"
#include "daemon/queries.h"
#include "daemon/server_state.h"
#include "daemon/session.h"
#include "daemon/verifications.h"
#include "index/reference_store.h"
#include "persistence/data_files.h"
#include "replication/feed.h"
#include "tests/fuzz/scratch_folder.h"

namespace xref::fuzz {

// A daemon in a new data folder, with all its threads but those of sockets: a writer, one for
// queries, one for maintenance. Its one I/O thread is the one that has made it. Expects by means of
// GoogleTest.
class WholeDaemon {
 public:
  WholeDaemon();
  // Ends it, and expects that a start from its folder would come to the same state.
  ~WholeDaemon();
  WholeDaemon(const WholeDaemon&) = delete;
  WholeDaemon& operator=(const WholeDaemon&) = delete;

  struct Reply {
    protocol::FrameHeader header;
    std::string payload;
  };
  // Sends a request on a connection, and begins that where there is none. Returns the request's
  // number, or that of the greeting where the daemon wants an access token. Expects that what is
  // answered at once is a reply to it.
  uint64_t Send(size_t connection, protocol::Opcode opcode, std::string_view payload,
                Epoch epoch = 0);
  // Sends bytes that are no frame.
  void SendGarbage(size_t connection, std::string_view bytes);
  // Ends a connection. What is owed on it is still awaited, and then passed over.
  void Disconnect(size_t connection) { connections_[connection].reset(); }

  // Waits until every request has its reply, and expects that none has two. Returns all replies
  // since the call before, by the numbers of their requests.
  std::map<uint64_t, Reply> TakeReplies();

  // Has the writer wait, so that changes gather and are decided as a group, until replies are
  // taken.
  void HoldWriter();

  // Whether the snapshot is brought up to date before it ends.
  void set_folds(bool folds) { folds_ = folds; }

  Lsn lsn() const { return state_.lsn; }

 private:
  static constexpr size_t kConnections = 3;

  void Take(std::string frame);
  void ReleaseWriter();
  void Stop();

  ScratchFolder scratch_;
  std::optional<DataFolder> folder_;
  DataFiles files_;
  ServerState state_{1};
  ReferenceStore store_{2};  // the last slot is that of the queries
  CommitQueue commits_;
  Feed feed_{AckRule{}};
  Maintenance maintenance_;
  JournalRoom journal_room_;
  Verifications verifications_;
  Backups backups_;
  Queries queries_;
  TokenLimits token_limits_{0};
  Service service_;
  std::optional<Committer> committer_;
  std::thread writer_;

  std::optional<Session> connections_[kConnections];
  uint64_t last_request_ = 0;
  bool holds_writer_ = false;
  bool folds_ = true;

  std::mutex mutex_;
  std::condition_variable changed_;
  // Guarded by mutex_.
  std::map<uint64_t, protocol::Opcode> awaited_;
  std::map<uint64_t, Reply> replies_;
  bool writer_may_go_on_ = true;
};

}  // namespace xref::fuzz
