#pragma once

#include <absl/functional/any_invocable.h>

#include <chrono>
#include <condition_variable>
#include <deque>
#include <future>
#include <memory>
#include <mutex>
#include <optional>
#include <string>
#include <string_view>
#include <thread>
#include <variant>
#include <vector>

#include "daemon/access.h"
#include "daemon/commit_queue.h"
#include "daemon/maintenance.h"
#include "daemon/ok_reply.h"
#include "daemon/server_state.h"
#include "index/reference_store.h"
#include "persistence/data_files.h"
#include "protocol/query_messages.h"

namespace xref {

// The request of TRASH_LIST, which has no fields: of which integrations the peer may know.
struct TrashListRequest {
  Access access;
};
inline protocol::MaybeRefusal Decode(protocol::Bytes, TrashListRequest&) { return std::nullopt; }

// A question that is answered from the disk, on its way from its connection and back.
struct Query {
  // The request's payload; `asked` borrows from it, so neither moves.
  std::string payload;
  std::variant<protocol::ListRequest, protocol::HistoryRequest, TrashListRequest,
               protocol::RestoreRequest, protocol::LookupAtRequest>
      asked;
  protocol::FrameHeader header;

  // Called once, on the thread of the queries, with the reply's whole frame.
  absl::AnyInvocable<void(std::string frame) &&> done;
};

// The thread that answers what people ask of the disk, one question after the other, each within
// some tens of milliseconds: a long listing is many questions. It reads the snapshot, which it has
// folded first where that is quickly done; a reply says how far what it read reaches. It also puts
// back what is restored, and empties what has been in the trash for long enough, by changes like
// anybody's.
class Queries {
 public:
  // `slot` is the reader slot of the thread in the store.
  Queries(ReferenceStore& store, size_t slot, CommitQueue& commits, Maintenance& maintenance,
          const DataFiles& files, ServerState& state, std::chrono::hours trash_kept)
      : store_(store),
        slot_(slot),
        commits_(commits),
        maintenance_(maintenance),
        files_(files),
        state_(state),
        trash_kept_(trash_kept) {}
  ~Queries() { Stop(); }
  Queries(const Queries&) = delete;
  Queries& operator=(const Queries&) = delete;

  // The data files must be open. Does nothing once it is stopped: a daemon may be ended while it
  // starts, by another thread.
  void Start();
  // Waits for the question that is being answered, and drops the others.
  void Stop();

  // From any thread. False: too many wait, or it is stopped; the query stays with the caller.
  [[nodiscard]] bool TryPush(std::unique_ptr<Query>& query);

 private:
  struct Reply {
    protocol::StatusCode status = protocol::StatusCode::kOk;
    std::string payload;
    std::optional<Lsn> as_of = {};  // that the snapshot reached, where it was read
  };
  using Texts = std::deque<std::string>;  // what the views of a reply refer to

  void Run();
  // Of an answer from a snapshot that reaches `as_of`, read at a standby after `before`: the disk
  // may be behind the memory.
  Currency CurrencyOfAnswer(const Currency& before, Lsn as_of);
  Reply Answer(const protocol::ListRequest& asked);
  Reply Answer(const protocol::HistoryRequest& asked);
  Reply Answer(const protocol::LookupAtRequest& asked);
  Reply Answer(const TrashListRequest& asked);
  Reply Answer(const protocol::RestoreRequest& asked);
  // A step of a restore. That of a purge adds the references again; that of an integration gathers
  // them, so that it comes back as it was, at once and with all of them.
  Reply RestorePurged(const protocol::RestoreRequest& asked, PlaceId place);
  Reply RestoreIntegration(const protocol::RestoreRequest& asked, const Integration& dropped);

  // Whether what is stored under the number is still all there: it is the place's, or in the trash.
  bool IsKept(PlaceId place, PlaceId partition);
  // The sources of a target after `after`, in order; nothing if there are too many to tell.
  std::optional<std::vector<std::string>> SourcesOf(PlaceId place, std::string_view target,
                                                    std::string_view after);

  // Has the latest changes folded into the snapshot, unless there are more of them than that, and
  // waits so long for it. Without effect while the daemon is read-only.
  void Freshen(Lsn changes_max, std::chrono::milliseconds wait);
  // Sends a change to the writer and waits for its reply.
  template <typename Request>
  Reply Commit(const Request& request);
  void EmptyOldTrash();

  ReferenceStore& store_;
  const size_t slot_;
  CommitQueue& commits_;
  Maintenance& maintenance_;
  const DataFiles& files_;
  ServerState& state_;
  const std::chrono::hours trash_kept_;
  std::future<void> folded_;  // what was asked for last; of the thread
  Currency disk_;             // that the snapshot is known to reach; of the thread
  std::mutex mutex_;
  std::condition_variable changed_;
  std::deque<std::unique_ptr<Query>> waiting_;  // guarded by mutex_
  size_t waiting_bytes_ = 0;                    // guarded by mutex_; of their requests
  bool stopping_ = false;                       // guarded by mutex_
  std::thread thread_;                          // guarded by mutex_
};

}  // namespace xref
