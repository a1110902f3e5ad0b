#include "bench/floods.h"

#include <fmt/format.h>
#include <sys/resource.h>

#include <algorithm>
#include <atomic>
#include <chrono>
#include <memory>
#include <thread>
#include <utility>

#include "bench/crowd.h"
#include "bench/health_probe.h"
#include "bench/questions.h"
#include "bench/servers.h"
#include "bench/table.h"
#include "bench/xrefd_peer.h"

namespace xref::bench {
namespace {

// Where attackers come from: established clients have another address.
constexpr const char* kElsewhere = "127.0.0.2";
constexpr uint32_t kCheckpointSeconds = 1;
// Attackers that the kernel, or the daemon, has to be asked about one by one.
constexpr size_t kAtATime = 50;

struct Target {
  const XrefdPeer& peer;
  std::string address;
  std::string http;
  size_t attackers;
};

// What one flood does: it makes ready before the clock starts, then goes on until it is stopped.
class Flood {
 public:
  virtual ~Flood() = default;
  virtual void Prepare() {}
  // Some of it, in some milliseconds.
  virtual void GoOn() = 0;
  // Connections that it has opened so far.
  virtual uint64_t opened() const { return 0; }
};

class FloodOfConnections : public Flood {
 public:
  explicit FloodOfConnections(const std::string& server) : crowd_(server, kElsewhere) {}
  uint64_t opened() const override { return crowd_.opened(); }

 protected:
  Crowd crowd_;
};

// Connections that say HELLO byte by byte: of all of them, some at a time.
class Drip : public FloodOfConnections {
 public:
  explicit Drip(const Target& target) : FloodOfConnections(target.address), target_(target) {}
  void Prepare() override {
    crowd_.Open(target_.attackers);
    crowd_.CountOpen();
  }
  void GoOn() override {
    // Each of them a byte in ten seconds, and those that were closed once more.
    std::this_thread::sleep_for(std::chrono::milliseconds(100));
    const size_t some = std::max<size_t>(1, target_.attackers / 100);
    crowd_.Send("x", some);
    crowd_.Open(some);
    crowd_.CountOpen();
  }

 private:
  const Target& target_;
};

// Connects, and goes, as fast as it can.
class Connects : public FloodOfConnections {
 public:
  explicit Connects(const Target& target) : FloodOfConnections(target.address) {}
  void GoOn() override {
    crowd_.Open(kAtATime);
    crowd_.Leave();
  }
};

// Asks what has a long answer, takes none of it, and comes back when it was put out.
class Deaf : public FloodOfConnections {
 public:
  explicit Deaf(const Target& target) : FloodOfConnections(target.address), asked_(Greeting()) {
    IdList ids;
    for (uint64_t i = 0; i < 10'000; ++i) ids.Add(SourceId(Shape::kDigits, i));
    const std::string lookup =
        EncodeFrame(protocol::Opcode::kLookup, 1,
                    protocol::IdsRequest{.place = target.peer.place(), .ids = ids.View()});
    for (int i = 0; i < 3; ++i) asked_ += lookup;
    many_ = std::min<size_t>(target.attackers, 1'000);
  }
  void Prepare() override { Renew(); }
  void GoOn() override {
    std::this_thread::sleep_for(std::chrono::milliseconds(20));
    Renew();
  }

 private:
  static std::string Greeting() {
    return EncodeFrame(protocol::Opcode::kHello, 1, protocol::HelloRequest{.client = "deaf"});
  }
  void Renew() {
    for (size_t open = crowd_.CountOpen(); open < many_; open += kAtATime) {
      crowd_.Open(kAtATime);
      crowd_.Send(asked_, kAtATime);
    }
  }

  std::string asked_;
  size_t many_ = 0;
};

// Counts and lengths that are not true, again and again.
class Lies : public FloodOfConnections {
 public:
  explicit Lies(const Target& target)
      : FloodOfConnections(target.address),
        asked_(EncodeFrame(protocol::Opcode::kHello, 1, protocol::HelloRequest{.client = "liar"})) {
    std::string payload;
    protocol::Writer writer(payload);
    writer.U32(target.peer.place());
    writer.U32(65'536);
    protocol::FrameHeader header;
    header.opcode = protocol::Opcode::kCheck;
    for (int i = 0; i < 20; ++i) {
      protocol::FrameWriter frame(asked_, header);
      asked_ += payload;
      frame.Close();
    }
    asked_ += "and this is no frame at all, but long enough to be seen as none";
  }
  void GoOn() override {
    crowd_.Open(kAtATime);
    crowd_.Send(asked_, kAtATime);
    crowd_.Leave();
  }

 private:
  std::string asked_;
};

// Takes all connections of the HTTP port, and comes back when it was put out.
class Http : public FloodOfConnections {
 public:
  explicit Http(const Target& target) : FloodOfConnections(target.http) {}
  void Prepare() override { crowd_.Open(kMany); }
  void GoOn() override {
    crowd_.Send("G", kAtATime);
    if (crowd_.CountOpen() < kMany) crowd_.Open(kAtATime);
  }

 private:
  static constexpr size_t kMany = 500;
};

// No attack, but much to do: adds as fast as they are taken, and checkpoints.
class Adds : public Flood {
 public:
  explicit Adds(const Target& target) : peer_(target.peer) {}
  void Prepare() override {
    auto connection = peer_.Open();
    if (connection.ok()) connection_ = *std::move(connection);
  }
  void GoOn() override {
    if (!connection_) return;
    constexpr uint32_t kBatch = 1'000;
    std::string request;
    const auto next = [&](uint64_t) -> std::string_view {
      IdList sources;
      IdList targets;
      for (uint32_t i = 0; i < kBatch; ++i, ++added_) {
        sources.Add(fmt::format("flood-{}", added_));
        targets.Add(fmt::format("T-{}", added_));
      }
      request = peer_.EncodeAdd(sources.View(), targets.View());
      return request;
    };
    const auto taken = connection_->Exchange(
        20, {.in_flight = 4}, next,
        [&](uint64_t, std::string_view received) { return peer_.TakeAdded(received, kBatch); });
    if (!taken.ok()) connection_.reset();
  }

 private:
  const XrefdPeer& peer_;
  std::unique_ptr<Connection> connection_;
  // No two floods add the same.
  uint64_t added_ = static_cast<uint64_t>(Clock::now().time_since_epoch().count());
};

template <typename Kind>
std::unique_ptr<Flood> MakeFlood(const Target& target) {
  return std::make_unique<Kind>(target);
}

struct FloodKind {
  const char* name;
  const char* what;
  std::unique_ptr<Flood> (*make)(const Target& target);
};
constexpr FloodKind kKinds[] = {
    {"drip", "connections that send a byte every ten seconds", MakeFlood<Drip>},
    {"connects", "connects, one after the other", MakeFlood<Connects>},
    {"deaf", "connections that ask for much and read nothing", MakeFlood<Deaf>},
    {"lies", "connections that send lying counts, then garbage", MakeFlood<Lies>},
    {"http", "connections to the HTTP port that ask nothing", MakeFlood<Http>},
    {"adds", "no attack: adds, and a checkpoint every second", MakeFlood<Adds>},
};

// Has the flood go on in a thread of its own, until it is destroyed.
class Flooding {
 public:
  explicit Flooding(Flood& flood) : flood_(flood) {
    std::atomic<bool> ready = false;
    thread_ = std::thread([&] {
      // The attacker would have a machine of its own: it must not take that of the daemon.
      setpriority(PRIO_PROCESS, 0, 19);
      flood_.Prepare();
      opened_before_ = flood_.opened();
      begin_ = Clock::now();
      ready = true;
      ready.notify_one();
      while (!stopped_) flood_.GoOn();
    });
    ready.wait(false);
  }
  ~Flooding() { Stop(); }

  // Returns how many connections a second it has opened once it was ready.
  double Stop() {
    stopped_ = true;
    if (thread_.joinable()) thread_.join();
    const std::chrono::duration<double> passed = Clock::now() - begin_;
    return static_cast<double>(flood_.opened() - opened_before_) / passed.count();
  }

 private:
  Flood& flood_;
  uint64_t opened_before_ = 0;
  Clock::time_point begin_;
  std::atomic<bool> stopped_ = false;
  std::thread thread_;
};

class Floods {
 public:
  Floods(const FloodsOptions& options, const Target& target, int server_pid)
      : options_(options),
        target_(target),
        server_pid_(server_pid),
        questions_(DrawQuestions(target.peer,
                                 {.references = options.references, .batch = options.batch})) {}

  absl::Status Connect() {
    for (uint32_t i = 0; i < options_.clients; ++i) {
      auto connection = target_.peer.Open();
      if (!connection.ok()) return connection.status();
      clients_.push_back(*std::move(connection));
      borrowed_.push_back(clients_.back().get());
    }
    return absl::OkStatus();
  }

  absl::StatusOr<Figures> Ask() {
    HealthProbe health(target_.http);
    const Amount amount{.time = std::chrono::duration_cast<Clock::duration>(
                            std::chrono::duration<double>(options_.seconds))};
    const auto asked = AskRound(target_.peer, borrowed_, questions_, options_.batch,
                                {.in_flight = options_.in_flight}, amount, server_pid_);
    if (!asked.ok()) return asked.status();
    if (auto status = health.Stop(); !status.ok()) return status;
    const auto milliseconds = [](uint64_t ns) { return static_cast<double>(ns) / 1e6; };
    return Figures{{"IDs a second", static_cast<double>(asked->ids) / asked->seconds},
                   {"server CPU, ns an ID", asked->server_ns_per_id.value_or(0)},
                   {"p99 of a request, ms", milliseconds(asked->latency.Quantile(0.99))},
                   {"/healthz, p50, ms", milliseconds(health.latencies().Quantile(0.5))},
                   {"/healthz, slowest, ms", milliseconds(health.latencies().max())}};
  }

  absl::StatusOr<std::string> Measure(const FloodKind& kind) {
    Table table("flooded", "alone");
    for (uint32_t r = 0; r < options_.rounds; ++r) {
      const auto alone = Ask();
      if (!alone.ok()) return alone.status();
      const std::unique_ptr<Flood> flood = kind.make(target_);
      Flooding flooding(*flood);
      auto flooded = Ask();
      if (!flooded.ok()) return flooded.status();
      flooded->emplace_back("connects a second", flooding.Stop());
      table.AddRound(*flooded, *alone);
    }
    return fmt::format("{}: {}; medians of {}\n{}", kind.name, kind.what, options_.rounds,
                       table.Print());
  }

 private:
  const FloodsOptions& options_;
  const Target& target_;
  const int server_pid_;
  const std::vector<Prepared> questions_;
  std::vector<std::unique_ptr<Connection>> clients_;
  std::vector<Connection*> borrowed_;
};

}  // namespace

const std::vector<std::string>& FloodNames() {
  static const std::vector<std::string> names = [] {
    std::vector<std::string> all;
    for (const FloodKind& kind : kKinds) all.emplace_back(kind.name);
    return all;
  }();
  return names;
}

absl::StatusOr<std::string> MeasureFloods(const FloodsOptions& options) {
  if (!Crowd::AllowDescriptors(options.attackers + 100)) {
    return absl::InvalidArgumentError(
        fmt::format("this process may not have {} descriptors: ask for fewer --attackers, or raise "
                    "ulimit -Hn",
                    options.attackers + 100));
  }
  auto server = TemporaryXrefd::Start(options.xrefd, kCheckpointSeconds);
  if (!server.ok()) return server.status();
  constexpr std::string_view kServing = "http: serving ";
  const auto line = (*server)->process().AwaitLine(kServing);
  if (!line.ok()) return line.status();
  const size_t http = line->text.find(kServing) + kServing.size();
  const auto peer =
      ConnectLoaded((*server)->address(), nullptr, Shape::kDigits, "digits", options.references);
  if (!peer.ok()) return peer.status();
  const Target target{.peer = **peer,
                      .address = (*server)->address(),
                      .http = line->text.substr(http, line->text.find_last_not_of('\n') + 1 - http),
                      .attackers = options.attackers};
  Floods floods(options, target, (*server)->process().pid());
  if (auto status = floods.Connect(); !status.ok()) return status;
  std::string tables = fmt::format(
      "{} established clients check {} IDs at a time, {} in flight on each; attackers come from "
      "another address, at nice 19\n",
      options.clients, options.batch, options.in_flight);
  for (const FloodKind& kind : kKinds) {
    const auto& wanted = options.floods;
    if (!wanted.empty() && std::find(wanted.begin(), wanted.end(), kind.name) == wanted.end()) {
      continue;
    }
    const auto table = floods.Measure(kind);
    if (!table.ok()) return table.status();
    tables += "\n" + *table;
  }
  return tables;
}

}  // namespace xref::bench
