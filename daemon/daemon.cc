#include "daemon/daemon.h"

#include <fmt/format.h>
#include <spdlog/spdlog.h>

#include <atomic>
#include <boost/asio/io_context.hpp>
#include <boost/asio/ip/tcp.hpp>
#include <boost/asio/post.hpp>
#include <boost/asio/signal_set.hpp>
#include <boost/asio/steady_timer.hpp>
#include <chrono>
#include <csignal>
#include <fstream>
#include <memory>
#include <optional>
#include <thread>
#include <vector>

#include "daemon/access_token.h"
#include "daemon/addresses.h"
#include "daemon/admissions.h"
#include "daemon/backups.h"
#include "daemon/commit_queue.h"
#include "daemon/committer.h"
#include "daemon/descriptors.h"
#include "daemon/http_port.h"
#include "daemon/io_thread.h"
#include "daemon/journal_room.h"
#include "daemon/limit_values.h"
#include "daemon/limits.h"
#include "daemon/listener.h"
#include "daemon/maintenance.h"
#include "daemon/queries.h"
#include "daemon/server_state.h"
#include "daemon/session.h"
#include "daemon/tls_contexts.h"
#include "daemon/verifications.h"
#include "index/reference_store.h"
#include "persistence/data_files.h"
#include "persistence/recovery.h"
#include "replication/divergence.h"
#include "replication/election.h"
#include "replication/feed.h"
#include "replication/follower.h"

// The threads, and what passes between them:
//
//   main         waits for a signal; starts and ends everything; has memory ready for the writer
//   I/O 0..N-1   sockets, parsing, questions        --changes-->  commit queue
//   writer       recovery; then: queue -> decide -> journal -> store  --replies--> I/O threads
//   maintenance  journal -> snapshot, every so often; between that, jobs that sessions ask for
//   http         the console and the API: asks like a connection, by the console's gateway
//   election     of a cluster: asks etcd who is the primary, and has the writer follow or lead
//
//                        reads (reader lock, one slot a thread)
//   I/O threads  ------------------------------------------------>  ReferenceStore
//   writer       ------------------------------------------------>  ReferenceStore
//                        applies (all slots, briefly)

namespace xref {
namespace {

namespace asio = boost::asio;
using asio::ip::tcp;

// Tells the log how far loading is, at most once a second.
class LoadingLog {
 public:
  void Tell(const RecoveryProgress& progress) {
    const auto now = std::chrono::steady_clock::now();
    if (now < next_) return;
    next_ = now + std::chrono::seconds(1);
    spdlog::info("loading: {} of {} references", progress.loaded, progress.expected);
  }

 private:
  std::chrono::steady_clock::time_point next_;
};

// The access token in the file, or none where no file is named.
absl::StatusOr<std::string> ReadPeerToken(const std::string& file) {
  if (file.empty()) return std::string();
  std::ifstream in(file);
  std::string token;
  if (in >> token && ParseToken(token)) return token;
  return absl::InvalidArgumentError(fmt::format(
      "--peer-token-file {}: this file cannot be read, or has no access token; make one at the "
      "primary: xref token create NAME --role standby > FILE",
      file));
}

// A standby that takes over by itself must not lack what was acknowledged.
bool AwaitsStandby(const Options& options) {
  return options.ack == "standby" || !options.etcd.empty();
}

AckRule AckRuleOf(const Options& options) {
  return {
      .level = AwaitsStandby(options) ? protocol::AckLevel::kStandby : protocol::AckLevel::kDisk,
      .degrade = options.ack_degrade,
      .timeout = std::chrono::milliseconds(options.ack_timeout_ms)};
}

Admissions::Limits AdmissionLimitsOf(const Options& options) {
  const auto rate = [](uint32_t per_second, uint32_t connections) {
    return RateLimit{.per_second = per_second, .burst = std::max(per_second, connections)};
  };
  return {.connections = options.connections_max,
          .connections_per_address = options.connections_per_address,
          .newcomers = rate(options.newcomers_per_second, options.connections_max),
          .newcomers_per_address =
              rate(options.newcomers_per_address, options.connections_per_address)};
}

// Of this thread, and of those that it starts from then on.
void HoldBackEndSignals(bool held_back) {
  sigset_t signals;
  sigemptyset(&signals);
  sigaddset(&signals, SIGINT);
  sigaddset(&signals, SIGTERM);
  pthread_sigmask(held_back ? SIG_BLOCK : SIG_UNBLOCK, &signals, nullptr);
}

class Daemon {
 public:
  Daemon(const Options& options, const DataFolder& folder, const TlsContexts& tls)
      : options_(options),
        folder_(folder),
        tls_(tls),
        io_count_(options.threads > 0 ? options.threads
                                      : std::max(1U, std::thread::hardware_concurrency())),
        admissions_(AdmissionLimitsOf(options)),
        state_(io_count_ + 1),
        store_(io_count_ + 2),  // one slot is for the console, and the last one for the queries
        feed_(AckRuleOf(options), JournalRoom::KeptForStandbys(options.journal_limit)),
        maintenance_(files_, state_, std::chrono::seconds(options.checkpoint_seconds),
                     std::chrono::hours(24) * options.history_days, [this] { return KeepFrom(); }),
        journal_room_(maintenance_, options.journal_limit),
        verifications_(maintenance_, files_, state_),
        backups_(maintenance_, files_, options.data),
        queries_(store_, io_count_ + 1, commits_, maintenance_, files_, state_,
                 std::chrono::hours(24) * options.trash_days),
        token_limits_(options.ids_per_token),
        service_{.store = store_,
                 .commits = commits_,
                 .state = state_,
                 .files = files_,
                 .verifications = verifications_,
                 .backups = backups_,
                 .queries = queries_,
                 .feed = feed_,
                 .follower = nullptr,
                 .election = nullptr,
                 .tls = tls.ports.get(),
                 .started = std::chrono::steady_clock::now(),
                 .data_folder = options.data,
                 .memory_limit = options.memory_limit,
                 .token_limits = token_limits_,
                 .limits = LimitValuesOf(options)} {
    const IoThread::Deadlines deadlines{std::chrono::milliseconds(options.frame_timeout_ms),
                                        kOutputTimeout,
                                        std::chrono::seconds(options.idle_timeout_seconds)};
    for (size_t i = 0; i < io_count_; ++i) {
      io_threads_.push_back(std::make_unique<IoThread>(service_, i, deadlines));
    }
  }

  absl::Status Listen(const tcp::endpoint& address) {
    auto listener = Listener::Bind(address, admissions_, state_, io_threads_);
    if (!listener.ok()) return listener.status();
    listener_ = *std::move(listener);
    listen_address_ = address;
    if (options_.standby_of.empty() && options_.etcd.empty()) return absl::OkStatus();
    auto token = ReadPeerToken(options_.peer_token_file);
    if (!token.ok()) return token.status();
    const Member self{options_.name.empty() ? listener_->address() : options_.name, folder_.node()};
    follower_.emplace(Follower::Options{.elected = !options_.etcd.empty(),
                                        .self = self,
                                        .token = *std::move(token),
                                        .data_folder = options_.data,
                                        .map_bytes = kMapBytes,
                                        .tls = tls_.primaries},
                      options_.standby_of);
    service_.follower = &*follower_;
    if (options_.etcd.empty()) return absl::OkStatus();
    if (options_.advertise.empty() && address.address().is_unspecified()) {
      return absl::InvalidArgumentError(fmt::format(
          "--listen {}: this tells others of the cluster no address; name one with --advertise",
          options_.listen));
    }
    auto etcd = Etcd::Make(options_.etcd, tls_.etcd);
    if (!etcd.ok()) return etcd.status();
    const std::chrono::seconds lease(options_.lease_seconds);
    election_.emplace(Election::Options{.cluster = options_.cluster,
                                        .self = self,
                                        .address = options_.advertise.empty() ? listener_->address()
                                                                              : options_.advertise,
                                        .lease = lease},
                      *std::move(etcd), *follower_, feed_, state_.leadership,
                      Election::Actions{.can_lead = [this] { return CanLead(); },
                                        .step_down = [this] { StepDown(); }});
    service_.election = &*election_;
    return absl::OkStatus();
  }
  absl::Status ServeHttp(const tcp::endpoint& address) {
    auto port = BindHttpPort(address, options_, service_, io_count_);
    if (!port.ok()) return port.status();
    http_ = *std::move(port);
    if (http_) http_address_ = http_->address();
    return absl::OkStatus();
  }
  // HOST:PORT, with the port that was taken where 0 was asked for.
  std::string address() const { return listener_->address(); }
  std::optional<tcp::endpoint> http_address() const { return http_address_; }
  // Whether it ended since a copy of the primary's data has arrived, to be started with.
  bool reload() const { return reload_; }

  // Serves until a signal; returns why it ended.
  absl::Status Run() {
    asio::signal_set signals(main_, SIGINT, SIGTERM);
    signals.async_wait([this](boost::system::error_code error, int signal) {
      if (!error) spdlog::info("signal {}: draining", signal);
      main_.stop();
    });
    HoldBackEndSignals(false);
    ReloadOnHangup();
    KeepMemoryReady();
    for (const auto& thread : io_threads_) thread->Start();
    listener_->Start();
    spdlog::info("listening on {}", listener_->address());
    if (http_) {
      http_->Start();
      spdlog::info("http: serving {}", ToString(http_->address()));
    }
    std::thread writer([this] { RunWriter(); });

    main_.run();

    stopping_ = true;
    const bool was_loaded = state_.phase() != Phase::kLoading;
    state_.DrainIfReady();
    listener_->Stop();
    for (const auto& thread : io_threads_) thread->Drain();
    if (http_) http_->Stop();
    if (follower_) follower_->Stop();
    feed_.Stop();  // what waits for a standby is answered as it is
    if (was_loaded) WaitUntilDrained();
    queries_.Stop();  // while the writer still answers it
    commits_.Close();
    writer.join();
    if (election_) election_->Stop();
    for (const auto& thread : io_threads_) thread->Stop();
    maintenance_.Stop();
    // From here on nobody is left to ask for the end again, and it must not be cut short.
    HoldBackEndSignals(true);
    if (state_.phase() == Phase::kReadOnly) {
      return absl::InternalError(fmt::format(
          "ended read-only, since a commit had failed ({}). Everything that was acknowledged is "
          "there at the next start; a change that was refused then may be there or not. Mend the "
          "disk first",
          state_.troubles()));
    }
    return ended_;
  }

 private:
  void ReloadOnHangup() {
    hangups_.async_wait([this](boost::system::error_code error, int) {
      if (error) return;
      Reload(tls_);
      ReloadOnHangup();
    });
  }

  // The writer would wait for the system to find memory; this thread has nothing else to do.
  void KeepMemoryReady() {
    store_.PrepareMemory();
    memory_timer_.expires_after(kPrepareMemoryInterval);
    memory_timer_.async_wait([this](boost::system::error_code error) {
      if (!error) KeepMemoryReady();
    });
  }

  // The journal keeps everything from there on: what standbys need; and of a daemon that may have
  // to follow another, what it would have to discard.
  Lsn KeepFrom() {
    const Lsn needed = feed_.KeepFrom();
    if (!follower_) return needed;
    const uint64_t kept =
        std::min(Feed::kTailBytes, JournalRoom::KeptForStandbys(journal_room_.limit()));
    return std::min(needed, files_.journal->TailStart(kept).value_or(1));
  }

  bool CanLead() const {
    const Phase phase = state_.phase();
    return phase != Phase::kReadOnly && phase != Phase::kDiverged;
  }

  // Brings back what was true when the last daemon ended.
  absl::StatusOr<Recovered> Load() {
    if (auto status = FindDivergence(options_.data); !status.ok()) return status;
    auto files = OpenDataFiles(folder_, kMapBytes);
    if (!files.ok()) return files.status();
    files_ = *std::move(files);
    LoadingLog log;
    return Recover(*files_.journal, *files_.snapshots->current(), store_,
                   [&](const RecoveryProgress& progress) {
                     state_.references_loaded = progress.loaded;
                     state_.references_expected = progress.expected;
                     log.Tell(progress);
                     return !stopping_;
                   });
  }

  // Before anything is answered: whoever reaches a port that is not on loopback could do
  // everything. A standby that has never followed answers nothing; it has its primary's tokens
  // then.
  absl::Status RequireTokens() const {
    const bool is_new_standby = follower_ && state_.lsn == 0;
    if (options_.trust_network || is_new_standby || !store_.WriterCatalog().tokens().empty()) {
      return absl::OkStatus();
    }
    for (const auto& [option, address] : {std::pair("--listen", std::optional(listen_address_)),
                                          std::pair("--http", http_address())}) {
      if (!address || address->address().is_loopback()) continue;
      return absl::InvalidArgumentError(
          fmt::format("{} {}: whoever reaches this address could change everything, since there is "
                      "no access token yet; make one (xrefd --init --data {}), use 127.0.0.1 or "
                      "::1, or --trust-network where nobody else can reach it",
                      option, ToString(*address), options_.data));
    }
    return absl::OkStatus();
  }

  void EndWith(const absl::Status& why) {
    if (!stopping_) ended_ = why;
    asio::post(main_, [this] { main_.stop(); });
  }

  void RunWriter() {
    const auto begun = std::chrono::steady_clock::now();
    const auto recovered = Load();
    if (!recovered.ok()) return EndWith(recovered.status());
    state_.epoch = recovered->epoch;
    state_.lsn = recovered->lsn;
    state_.snapshot_lsn = recovered->lsn - recovered->from_journal;
    if (auto status = RequireTokens(); !status.ok()) return EndWith(status);
    maintenance_.Start();
    queries_.Start();
    const std::string found = fmt::format(
        "{} references from the snapshot and {} changes from the journal, LSN {}, in {} ms",
        recovered->from_snapshot, recovered->from_journal, recovered->lsn,
        std::chrono::duration_cast<std::chrono::milliseconds>(std::chrono::steady_clock::now() -
                                                              begun)
            .count());
    if (!follower_) return LeadWith(found);
    spdlog::info("loaded: {}", found);
    commits_.Suspend();
    if (election_) election_->Start();
    while (FollowUntilPromoted() && LeadAfter(follower_->TakePromotion())) {
    }
  }

  // From the primary to a standby, on the election's thread.
  void StepDown() {
    state_.StepDown();
    state_.leadership.End();
    commits_.Suspend();
    feed_.Stop();
  }

  // As a standby; false where the daemon is to end.
  bool FollowUntilPromoted() {
    const auto begin_to_answer = [this] {
      if (auto status = RequireTokens(); !status.ok()) return EndWith(status);
      state_.set_phase(Phase::kStandby);
      const std::string primary = follower_->primary();
      spdlog::info("ready: a standby of {}, LSN {}", primary.empty() ? "nobody yet" : primary,
                   state_.lsn.load());
    };
    // One that has never followed knows nothing that it could answer with.
    if (state_.lsn > 0) begin_to_answer();
    const auto end = follower_->Run(
        *files_.journal, *files_.snapshots, store_, state_.epoch, state_.lsn,
        [this](Epoch epoch, Lsn lsn) {
          state_.epoch = epoch;
          state_.lsn = lsn;
          // Whether it is full or not, a standby takes what its primary has.
          journal_room_.IsFull(*files_.journal);
        },
        [this](std::chrono::steady_clock::time_point as_of) {
          state_.current_as_of = as_of.time_since_epoch().count();
        },
        [&] {
          if (state_.phase() == Phase::kLoading) begin_to_answer();
        });
    if (end == Follower::End::kPromoted) return true;
    if (end == Follower::End::kFailed) {
      state_.set_trouble(Trouble::kFollowing, follower_->status().trouble);
      state_.set_phase(Phase::kReadOnly);
      return false;
    }
    if (end == Follower::End::kDiverged) EndDiverged();
    if (end == Follower::End::kReload) {
      reload_ = true;
      asio::post(main_, [this] { main_.stop(); });
    }
    return false;
  }

  // Answers nothing more but its status, and that for a moment only, so that whoever compares
  // states learns of it.
  void EndDiverged() {
    state_.set_phase(Phase::kDiverged);
    const std::string found = fmt::format(
        "{}. Examine both data folders with xrefd --check, and start the standby on a new folder",
        follower_->status().trouble);
    state_.set_trouble(Trouble::kFollowing, found);
    spdlog::critical("this standby ends, and must not take the primary's place: {}", found);
    ended_ = absl::InternalError(found);
    if (auto status = KeepDivergence(options_.data, found); !status.ok()) {
      spdlog::error("{}", status.ToString());
    }
    asio::post(main_, [this] {
      end_timer_.expires_after(kDivergedStatusTime);
      end_timer_.async_wait([this](boost::system::error_code) { main_.stop(); });
    });
  }

  // As the primary that it has been, until the daemon ends. `found` is what was recovered.
  void LeadWith(const std::string& found) {
    Committer committer = MakeCommitter(ChangeClock());
    const auto& epochs = store_.WriterCatalog().epochs();
    // That of a backup which was restored is not on record yet.
    const bool is_new = !epochs.empty() && epochs.back().epoch != state_.epoch;
    if (BeginToLead(is_new ? committer.BeginEpoch(state_.epoch) : absl::OkStatus(),
                    committer.clock(), nullptr)) {
      spdlog::info("ready: {}", found);
    }
    Commit(committer);
  }

  // As the primary of the next epoch, until the daemon ends; true where it is to follow again.
  bool LeadAfter(Follower::Promotion promotion) {
    // Its primary's clock goes on, whatever the one here shows.
    Committer committer = MakeCommitter(follower_->primary_clock().value_or(ChangeClock()));
    commits_.Resume();
    const Lsn last_of_others = state_.lsn;
    const absl::Status begun =
        committer.BeginEpoch(std::max(promotion.epoch, state_.epoch.load() + 1));
    if (BeginToLead(begun, committer.clock(), promotion.in_sync ? &*promotion.in_sync : nullptr)) {
      spdlog::info("promoted: the primary of epoch {}, from LSN {} on", state_.epoch.load(),
                   last_of_others);
      std::move(promotion.done)(
          protocol::PromoteReply{.epoch = state_.epoch, .lsn = last_of_others});
    } else {
      std::move(promotion.done)(begun);
    }
    Commit(committer);
    return state_.phase() == Phase::kStandby;
  }

  Committer MakeCommitter(ChangeClock clock) {
    return Committer(commits_, *files_.journal, feed_, store_, state_, journal_room_, clock,
                     options_.memory_limit, options_.deletes_per_minute,
                     std::chrono::seconds(options_.compare_seconds));
  }

  // Takes changes from now on, unless the epoch could not be begun.
  bool BeginToLead(const absl::Status& begun, ChangeClock clock,
                   const std::vector<Member>* in_sync) {
    if (begun.ok()) {
      feed_.Start(*files_.journal, state_.lsn, clock, in_sync);
      state_.set_phase(Phase::kReady);
    } else {
      state_.set_trouble(Trouble::kCommit, begun.ToString());
      state_.set_phase(Phase::kReadOnly);
    }
    return begun.ok();
  }

  void Commit(Committer& committer) {
    committer.Run();
    feed_.Stop();  // what it holds refers to the committer
  }

  void WaitUntilDrained() {
    const auto deadline = std::chrono::steady_clock::now() + kDrainTimeout;
    while (std::chrono::steady_clock::now() < deadline) {
      uint64_t open = 0;
      for (const IoCounters& io : state_.io) open += io.connections;
      if (open == 0) return;
      std::this_thread::sleep_for(std::chrono::milliseconds(5));
    }
    spdlog::warn("some peers did not take their last replies in time");
  }

  const Options& options_;
  const DataFolder& folder_;
  const TlsContexts& tls_;
  const size_t io_count_;
  DataFiles files_;  // opened by the writer
  // Connections, which it must outlive, are kept alive by what they wait for.
  Admissions admissions_;
  ServerState state_;
  ReferenceStore store_;
  CommitQueue commits_;
  Feed feed_;
  std::optional<Follower> follower_;  // of a standby, or one of a cluster
  Maintenance maintenance_;
  JournalRoom journal_room_;
  Verifications verifications_;
  Backups backups_;
  Queries queries_;
  TokenLimits token_limits_;
  Service service_;
  asio::io_context main_{1};
  asio::signal_set hangups_{main_, SIGHUP};
  asio::steady_timer memory_timer_{main_};
  asio::steady_timer end_timer_{main_};
  std::vector<std::unique_ptr<IoThread>> io_threads_;
  tcp::endpoint listen_address_;               // as it was asked for
  std::optional<tcp::endpoint> http_address_;  // nothing where there is none
  std::unique_ptr<Listener> listener_;         // on the first I/O thread's context: dies before it
  std::atomic<bool> stopping_ = false;
  std::atomic<bool> reload_ = false;
  std::optional<Election> election_;  // of one of a cluster; ends before what it acts upon
  std::unique_ptr<HttpPort> http_;    // null where there is none
  absl::Status ended_;                // written by the writer before main_ is stopped
};

}  // namespace

absl::Status RunDaemon(const Options& options) {
  if (auto status = AllowDescriptors(options); !status.ok()) return status;
  auto address = ParseAddress("--listen", options.listen);
  if (!address.ok()) return address.status();
  auto http = HttpAddress(options, *address);
  if (!http.ok()) return http.status();
  // A hangup ends no process, also between two daemons of it.
  asio::io_context idle;
  const asio::signal_set hangups(idle, SIGHUP);
  const auto tls = MakeTlsContexts(options);
  if (!tls.ok()) return tls.status();
  for (;;) {
    auto folder = DataFolder::Lock(options.data);
    if (!folder.ok()) return folder.status();
    Daemon daemon(options, *folder, *tls);
    if (auto status = daemon.Listen(*address); !status.ok()) return status;
    address = ParseAddress("--listen", daemon.address());
    if (*http) {
      if (auto status = daemon.ServeHttp(**http); !status.ok()) return status;
      *http = daemon.http_address();
    }
    const absl::Status ended = daemon.Run();
    if (!daemon.reload()) return ended;
    spdlog::info("a copy of the primary's data has arrived: starting with it");
    // A hangup may have come meanwhile.
    if (tls->ports || tls->primaries || tls->etcd) Reload(*tls);
  }
}

}  // namespace xref
