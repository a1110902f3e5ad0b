#pragma once

// Imports: files of references that are uploaded, and taken in while they arrive.

#include <absl/container/flat_hash_set.h>
#include <absl/status/status.h>

#include <array>
#include <atomic>
#include <boost/asio/any_io_executor.hpp>
#include <cstdint>
#include <deque>
#include <functional>
#include <memory>
#include <mutex>
#include <optional>
#include <string>
#include <thread>
#include <vector>

#include "client/record_reader.h"
#include "console/gateway.h"
#include "protocol/change_messages.h"

namespace xref::console {

struct ImportProblem {
  uint64_t line = 0;
  std::string source;
  std::string target;
  std::optional<protocol::Verdict> verdict;  // nothing for a row that cannot be read
  std::string detail;
};

// How far an import is, and in the end what became of it.
struct ImportProgress {
  enum class State { kRunning, kDone, kFailed };
  State state = State::kRunning;
  uint64_t rows = 0;   // that were answered, or not sent
  uint64_t bytes = 0;  // that were read
  std::array<uint64_t, protocol::kVerdictLast + 1> verdicts{};
  uint64_t bad_rows = 0;
  std::vector<ImportProblem> problems;  // the first kImportProblemsMax of them
  uint64_t problems_left_out = 0;
  std::string error;  // of one that failed
};

struct ImportOptions {
  std::string id;
  std::string integration;
  std::string type;
  PlaceId place = 0;
  std::string actor;
  bool dry_run = false;
  bool overwrite = false;
  std::optional<uint64_t> bytes_total;
};

// One file, read from a pipe on a thread of its own.
class ImportRun {
 public:
  // Puts a request of the binary protocol to the daemon and waits for the reply's frame, which is
  // empty where there is none. From any thread.
  using AskAndWait = std::function<std::string(std::string frame)>;

  // Takes over the descriptor. `on_end` is called on the run's thread, at its very end.
  ImportRun(ImportOptions options, int pipe, AskAndWait ask, std::function<void()> on_end);
  // Waits for the end, which is near once the other end of the pipe is closed.
  ~ImportRun();

  const ImportOptions& options() const { return options_; }
  // The rest of the file does not come: what is left of it, and may end within a row, is not
  // imported. Call it before the pipe is closed. From any thread.
  void Abandon() { is_abandoned_ = true; }

  ImportProgress progress() const;
  bool is_over() const;

 private:
  struct Rows;

  void Run();
  absl::Status ReadAll();
  // One row that can be read.
  absl::Status Take(Rows& rows, const Record& record, uint64_t line);
  absl::Status Send(Rows& rows);
  void Tell(const Rows& rows, const protocol::MutationReply& reply);
  void Tell(ImportProblem problem);  // with mutex_ held

  const ImportOptions options_;
  const int pipe_;
  AskAndWait ask_;
  std::function<void()> on_end_;
  std::atomic<bool> is_abandoned_ = false;
  std::atomic<uint64_t> bytes_ = 0;     // that were read
  absl::flat_hash_set<uint64_t> seen_;  // hashes of the source IDs of all rows; of the thread
  mutable std::mutex mutex_;
  ImportProgress progress_;  // guarded by mutex_
  std::thread thread_;
};

// Those that run, and the last ones that are over. For the console's thread.
class Imports {
 public:
  explicit Imports(boost::asio::any_io_executor executor);
  // Waits for all that run, whose pipes must be closed.
  ~Imports();

  // No question is answered any more: those that wait fail. From any thread.
  void Close();

  // The newest first.
  const std::deque<std::shared_ptr<ImportRun>>& all() const { return runs_; }
  std::shared_ptr<ImportRun> Find(const std::string& id) const;

  // Starts one that reads from the pipe, in the name of the visitor. Throws a Problem if too many
  // run, or the ID was used.
  std::shared_ptr<ImportRun> Start(ImportOptions options, std::shared_ptr<Visitor> visitor,
                                   int pipe, std::function<void()> on_end);

 private:
  // Between the console's thread, others that answer, and the threads of imports, which wait.
  struct Mailbox;
  std::string AskAndWait(const std::shared_ptr<Visitor>& visitor, std::string frame);

  boost::asio::any_io_executor executor_;
  const std::shared_ptr<Mailbox> mailbox_;
  uint64_t last_number_ = 0;
  std::deque<std::shared_ptr<ImportRun>> runs_;
};

}  // namespace xref::console
