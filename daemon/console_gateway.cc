#include "daemon/console_gateway.h"

#include <chrono>
#include <memory>
#include <utility>
#include <variant>

#include "daemon/latency_counters.h"
#include "daemon/ok_reply.h"
#include "daemon/wall_clock.h"
#include "protocol/messages.h"

namespace xref {

using console::Measures;

static_assert(LatencyCounters::kBounds == console::kLatencyBounds);

namespace {

using Clock = std::chrono::steady_clock;

// Claims that are looked at under one lock, during which the writer waits: 0.1 ms.
constexpr uint32_t kClaimsPerStep = 2'000;

protocol::Frame FrameOf(const std::string& bytes) {
  const protocol::Bytes stream(reinterpret_cast<const uint8_t*>(bytes.data()), bytes.size());
  return std::get<protocol::Parsed>(protocol::ParseFrame(stream, bytes.size())).frame;
}

Limit LimitOf(console::HttpLimit limit) {
  switch (limit) {
    case console::HttpLimit::kConnections:
      return Limit::kHttpConnections;
    case console::HttpLimit::kConnectionsPerAddress:
      return Limit::kHttpConnectionsPerAddress;
    case console::HttpLimit::kBodiesBytes:
      break;
  }
  return Limit::kHttpBodiesBytes;
}

std::string FindObstacleOf(const ServerState& state) {
  switch (state.phase()) {
    case Phase::kLoading:
      return "the daemon is loading its references";
    case Phase::kReadOnly:
      return "a commit failed, so that no change is taken: " + state.troubles();
    case Phase::kDraining:
      return "the daemon is ending";
    case Phase::kDiverged:
      return "the state of this standby is not that of its primary";
    default:
      return "";
  }
}

}  // namespace

std::variant<std::shared_ptr<console::Visitor>, protocol::Refusal> ConsoleGateway::Enter(
    std::string_view token, const boost::asio::ip::tcp::endpoint& peer) {
  auto visitor = std::make_shared<ConsoleVisitor>(service_, slot_, peer);
  if (auto refusal = visitor->Greet(token)) return *std::move(refusal);
  return visitor;
}

std::string ConsoleGateway::FindObstacle() { return FindObstacleOf(service_.state); }

void ConsoleGateway::CountRefused(console::HttpLimit limit) {
  service_.state.refusals.Count(LimitOf(limit));
}

protocol::MaybeRefusal ConsoleVisitor::Greet(std::string_view token) {
  std::string hello;
  protocol::FrameHeader header;
  header.opcode = protocol::Opcode::kHello;
  protocol::FrameWriter writer(hello, header);
  protocol::Encode(protocol::HelloRequest{.client = "console", .token = token}, hello);
  writer.Close();
  std::string reply;
  session_.Handle(FrameOf(hello), reply, []() -> Session::ChangeDone { return nullptr; });
  const protocol::Frame frame = FrameOf(reply);
  if (frame.header.status == protocol::StatusCode::kOk) return std::nullopt;
  return protocol::DecodeRefusal(frame.header.status, frame.payload);
}

bool ConsoleVisitor::Reads(std::string_view integration) {
  const auto access = session_.FindAccess();
  return access && access->May(Permission::kRead) && access->Sees(integration);
}

uint64_t ConsoleVisitor::identity() {
  const auto access = session_.FindAccess();
  return access ? access->token() : 0;
}

void ConsoleVisitor::Ask(std::string bytes, Done done) {
  const protocol::Frame frame = FrameOf(bytes);
  const bool is_change = protocol::MutationOf(frame.header.opcode).has_value();
  const Leadership& leadership = service_.state.leadership;
  const auto begun = Clock::now();
  IoCounters& counters = service_.state.io[slot_];
  // Shared, since a change that is not taken in the end is answered here after all.
  const auto shared = std::make_shared<Done>(std::move(done));
  const auto make_done = [&]() -> Session::ChangeDone {
    return [&leadership, &counters, is_change, begun, term = leadership.term(),
            shared](std::string reply) {
      if (is_change) counters.changes.Count(Clock::now() - begun);
      std::move (*shared)(leadership.Covers(term) ? std::move(reply) : std::string());
    };
  };
  std::string reply;
  const Session::Next next = session_.Handle(frame, reply, make_done);
  if (Session::IsQuestion(frame.header.opcode)) counters.questions.Count(Clock::now() - begun);
  if (next != Session::Next::kPending) std::move (*shared)(std::move(reply));
}

Measures ConsoleVisitor::Measure() {
  const ServerState& state = service_.state;
  const Phase phase = state.phase();
  Measures measures;
  measures.state = std::string(NameOf(phase));
  measures.ready = FindObstacleOf(state).empty();
  measures.uptime_seconds = static_cast<uint64_t>(
      std::chrono::duration_cast<std::chrono::seconds>(Clock::now() - service_.started).count());
  measures.epoch = state.epoch;
  measures.lsn = state.lsn;
  measures.snapshot_lsn = state.snapshot_lsn;
  MeasureReplication(measures);
  if (phase == Phase::kLoading) {
    measures.references = state.references_loaded;
    measures.references_expected = state.references_expected;
    return measures;
  }
  const auto access = session_.FindAccess();
  if (!access) return measures;
  if (!access->is_open()) {
    measures.role = NameOf(access->role());
    measures.token = access->name();
    measures.token_integrations = access->integrations();
    measures.token_expires_us = access->expires_us();
  }
  // What is counted of all integrations together is not for those who may know of some.
  if (access->SeesAll()) MeasureAll(measures);
  MeasurePlaces(measures, *access);
  return measures;
}

void ConsoleVisitor::MeasureAll(Measures& measures) const {
  const ServerState& state = service_.state;
  measures.troubles = state.troubles();
  measures.memory_bytes = service_.store.bytes_reserved();
  measures.memory_limit_bytes = service_.memory_limit;
  measures.journal_bytes = service_.files.journal->BytesUsed();
  measures.journal_held_bytes = service_.files.journal->BytesHeld();
  measures.snapshot_bytes = service_.files.snapshots->current()->BytesUsed();
  for (const IoCounters& io : state.io) {
    measures.connections += io.connections;
    measures.requests += io.requests;
    measures.ids_checked += io.ids_checked;
    measures.ids_synced += io.ids_synced;
    measures.ids_looked_up += io.ids_looked_up;
    io.questions.AddTo(measures.question_latencies);
    io.changes.AddTo(measures.change_latencies);
  }
  const auto verdicts = [&](protocol::Verdict verdict) {
    return state.writer.verdicts[static_cast<size_t>(verdict)].load();
  };
  measures.items_done = verdicts(protocol::Verdict::kDone);
  measures.items_conflict = verdicts(protocol::Verdict::kConflict);
  measures.commit_groups = state.writer.groups;
  measures.commit_us_last = state.writer.group_us_last;
  measures.commit_us_max = state.writer.group_us_max;
  measures.buffer_bytes = state.buffer_bytes();
  MeasureLimits(measures);
}

void ConsoleVisitor::MeasureLimits(Measures& measures) const {
  for (size_t i = 0; i < kLimits; ++i) {
    const auto limit = static_cast<Limit>(i);
    Measures::Limit& measured = measures.limits.emplace_back();
    measured.name = NameOf(limit);
    measured.value = service_.limits[i];
    if (!kLimitNames[i].refused.empty()) measured.refused = service_.state.refusals.of(limit);
  }
}

void ConsoleVisitor::MeasureReplication(Measures& measures) const {
  const ServerState& state = service_.state;
  const bool is_loading = state.phase() == Phase::kLoading;
  if (state.is_standby() || (service_.follower != nullptr && is_loading)) {
    const FollowerStatus follower = service_.follower->status();
    measures.is_standby = true;
    measures.primary = service_.follower->primary();
    measures.following = follower.connected;
    if (follower.heard_ms >= 0) {
      const Lsn lsn = state.lsn;
      measures.lag_changes = follower.primary_lsn > lsn ? follower.primary_lsn - lsn : 0;
      const uint32_t lag_ms = LagMs(state.current_as_of);
      if (lag_ms != protocol::kLagUnknown) measures.lag_ms = lag_ms;
    }
    return;
  }
  if (is_loading) return;
  measures.is_standby = false;
  measures.ack = service_.feed.level() == protocol::AckLevel::kStandby ? "standby" : "disk";
  for (const StandbyStatus& standby : service_.feed.Standbys()) {
    measures.standbys.push_back({standby.name, standby.in_sync, standby.durable});
  }
}

void ConsoleVisitor::MeasurePlaces(Measures& measures, const Access& access) const {
  std::vector<PlaceId> numbers;
  service_.store.ReadCatalog(slot_, [&](const Catalog& catalog, ReferenceStore::SizeOf size_of) {
    for (const auto& [name, integration] : catalog.integrations()) {
      if (!access.Sees(name)) continue;
      ++measures.integrations;
      for (const CatalogType& type : integration.types) {
        const uint64_t references = size_of(type.place).references;
        measures.references += references;
        measures.places.push_back(
            {.integration = name, .type = type.name, .references = references});
        numbers.push_back(type.place);
      }
    }
  });
  const ServerState& state = service_.state;
  for (size_t i = 0; i < numbers.size(); ++i) {
    const PlaceId number = numbers[i];
    Measures::Place& place = measures.places[i];
    for (const IoCounters& io : state.io) {
      // Hits first: there are never more of them than checks.
      place.hits += io.places.Of(number, IoCounters::kSynced);
      place.checked += io.places.Of(number, IoCounters::kChecked);
    }
    place.added = state.writer.places.Of(number, WriterCounters::kAdded);
    place.conflicts = state.writer.places.Of(number, WriterCounters::kConflicts);
    std::tie(place.claims_open, place.claims_expired) = CountClaims(number);
  }
}

std::pair<uint64_t, uint64_t> ConsoleVisitor::CountClaims(PlaceId place) const {
  uint64_t open = 0;
  uint64_t expired = 0;
  std::string after;
  uint32_t met = 0;
  do {
    met = 0;
    service_.store.ReadReservations([&](const Reservations& reservations) {
      if (!reservations.Has(place)) return;
      const int64_t now = WallClockNow();
      reservations.ListClaims(place, after, [&](std::string_view source, const Claim& claim) {
        ++(claim.until_us > now ? open : expired);
        if (++met < kClaimsPerStep) return true;
        after = std::string(source);
        return false;
      });
    });
  } while (met == kClaimsPerStep);
  return {open, expired};
}

}  // namespace xref
