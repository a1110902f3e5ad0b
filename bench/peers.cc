#include "bench/peers.h"

#include <absl/cleanup/cleanup.h>
#include <fmt/format.h>
#include <sched.h>

#include <algorithm>
#include <boost/json.hpp>
#include <charconv>
#include <ctime>
#include <filesystem>
#include <fstream>
#include <memory>
#include <thread>
#include <utility>

#include "bench/memcached_peer.h"
#include "bench/progress.h"
#include "bench/questions.h"
#include "bench/redis_peer.h"
#include "bench/report.h"
#include "bench/rounds.h"
#include "bench/servers.h"
#include "bench/xrefd_peer.h"
#include "tls/client_context.h"

namespace xref::bench {
namespace {

namespace json = boost::json;

constexpr const char* kSet = "xref-bench";
constexpr const char* kOverTls = "TLS";

// One server asked in one way.
struct Candidate {
  std::string server;
  std::string command;
  bool is_peer = true;  // or xrefd itself
  int pid = 0;
  std::unique_ptr<AskedPeer> peer;
  std::unique_ptr<Connection> connection;
  std::vector<Prepared> questions;

  std::string name() const { return server + " " + command; }
};

struct Measured {
  std::string name;
  bool is_peer = true;
  Rounds ns_per_id;
  std::vector<double> rounds;  // the same, in their order
  Rounds ids_per_second;
};

struct CellResult {
  uint64_t references = 0;
  uint32_t hit_percent = 0;
  Cell cell;
  std::vector<Measured> measured;  // xrefd's CHECK first
};

struct Memory {
  uint64_t references = 0;
  std::string name;
  double bytes_per_reference = 0;
};

// Keeps this process, from now on, off the core of the servers; where there is no other it stays.
void LeaveCore(uint32_t core) {
  cpu_set_t allowed;
  if (sched_getaffinity(0, sizeof allowed, &allowed) != 0) return;
  CPU_CLR(core, &allowed);
  if (CPU_COUNT(&allowed) > 0) sched_setaffinity(0, sizeof allowed, &allowed);
}

absl::StatusOr<std::string> VersionOf(const std::string& program) {
  const auto process = ServerProcess::Start({program, "--version"});
  if (!process.ok()) return process.status();
  const auto line = (*process)->AwaitLine(" ");
  if (!line.ok()) return line.status();
  return line->text.substr(0, line->text.find_last_not_of('\n') + 1);
}

// The best of the peers by its median; null where there is none.
const Measured* BestPeer(const CellResult& result) {
  const Measured* best = nullptr;
  for (const Measured& m : result.measured) {
    if (m.is_peer && (best == nullptr || m.ns_per_id.Median() < best->ns_per_id.Median()))
      best = &m;
  }
  return best;
}

// How many times the CPU time of xrefd's CHECK it took, round by round.
Rounds RatioOf(const Measured& peer, const CellResult& result) {
  Rounds ratio;
  for (size_t i = 0; i < peer.rounds.size(); ++i) {
    ratio.Add(peer.rounds[i] / result.measured.front().rounds[i]);
  }
  return ratio;
}

class Comparison {
 public:
  Comparison(const PeerComparison& options, std::string folder)
      : options_(options), folder_(std::move(folder)) {}

  absl::Status Run() {
    if (auto status = NoteVersions(); !status.ok()) return status;
    for (const uint64_t references : options_.references) {
      if (auto status = StartServers(references); !status.ok()) return status;
      LeaveCore(options_.core);
      for (Candidate& candidate : candidates_) {
        if (auto status = Load(candidate, references); !status.ok()) return status;
      }
      if (auto status = MeasureAll(references); !status.ok()) return status;
      candidates_.clear();
      servers_.clear();
      std::filesystem::remove_all(folder_);
    }
    return absl::OkStatus();
  }

  std::string Print() const;
  json::object ToJson() const;
  std::string ToTsv() const;

 private:
  absl::Status NoteVersions() {
    for (const std::string& program : {options_.xrefd, options_.redis, options_.memcached}) {
      if (program.empty()) continue;
      const auto version = VersionOf(program);
      if (!version.ok()) return version.status();
      versions_.push_back(*version);
    }
    return absl::OkStatus();
  }

  absl::Status StartServers(uint64_t references) {
    std::filesystem::create_directories(folder_);
    std::vector<std::pair<std::string, std::string>> xrefds{{"xrefd", options_.xrefd}};
    xrefds.insert(xrefds.end(), options_.other_xrefds.begin(), options_.other_xrefds.end());
    for (const auto& [name, program] : xrefds) {
      if (auto status = StartOneXrefd(name, program, {}); !status.ok()) return status;
    }
    if (!options_.tls_certificate.empty()) {
      auto status =
          StartOneXrefd(kOverTls, options_.xrefd,
                        {"--tls-cert", options_.tls_certificate, "--tls-key", options_.tls_key});
      if (!status.ok()) return status;
    }
    if (!options_.redis.empty()) {
      auto status =
          Add("Redis", StartRedis(options_.redis, folder_ + "/redis", false, options_.core),
              &Comparison::AddResp);
      if (!status.ok()) return status;
    }
    if (!options_.memcached.empty()) {
      auto status = Add("memcached", StartMemcached(options_.memcached, references, options_.core),
                        &Comparison::AddMemcached);
      if (!status.ok()) return status;
    }
    for (const RunningServer& server : options_.resp_servers) {
      if (auto status = AddResp(server); !status.ok()) return status;
    }
    for (const RunningServer& server : options_.memcached_servers) {
      if (auto status = AddMemcached(server); !status.ok()) return status;
    }
    return absl::OkStatus();
  }

  absl::Status StartOneXrefd(const std::string& name, const std::string& program,
                             const std::vector<std::string>& more) {
    auto server = StartXrefd(program, folder_ + "/" + name, kNoCheckpoint, options_.core, more);
    if (!server.ok()) return server.status();
    if (auto ready = server->process->AwaitLine("ready: "); !ready.ok()) return ready.status();
    return Add(name, std::move(server), &Comparison::AddXrefd);
  }

  absl::Status Add(const std::string& name, absl::StatusOr<Server> server,
                   absl::Status (Comparison::*add)(const RunningServer&)) {
    if (!server.ok()) return server.status();
    const RunningServer running{name, server->address, server->process->pid()};
    servers_.push_back(*std::move(server));
    return (this->*add)(running);
  }

  template <typename PeerType>
  absl::Status AddCandidate(const RunningServer& server, std::string command, bool is_peer,
                            absl::StatusOr<std::unique_ptr<PeerType>> peer) {
    if (!peer.ok()) return peer.status();
    auto connection = (*peer)->Open();
    if (!connection.ok()) return connection.status();
    candidates_.push_back({.server = server.name,
                           .command = std::move(command),
                           .is_peer = is_peer,
                           .pid = server.pid,
                           .peer = *std::move(peer),
                           .connection = *std::move(connection),
                           .questions = {}});
    return absl::OkStatus();
  }

  absl::Status AddXrefd(const RunningServer& server) {
    Channel::Tls tls;
    if (server.name == kOverTls) {
      // It is trusted since its certificate is known.
      auto made = TlsClientContext::Make({.ca = options_.tls_certificate});
      if (!made.ok()) return made.status();
      tls = *std::move(made);
    }
    for (const auto& [command, question] : {std::pair("CHECK", protocol::Opcode::kCheck),
                                            std::pair("LOOKUP", protocol::Opcode::kLookup)}) {
      auto peer = XrefdPeer::Connect(server.address, tls);
      if (peer.ok()) (*peer)->set_question(question);
      auto status = AddCandidate(server, command, server.name != "xrefd", std::move(peer));
      if (!status.ok()) return status;
    }
    return absl::OkStatus();
  }

  absl::Status AddResp(const RunningServer& server) {
    for (const auto& [command, data] :
         {std::pair("SMISMEMBER", RedisData::kSet), std::pair("HMGET", RedisData::kHash),
          std::pair("MGET", RedisData::kStrings)}) {
      auto status = AddCandidate(server, command, true, RedisPeer::Connect(server.address, data));
      if (!status.ok()) return status;
    }
    return absl::OkStatus();
  }

  absl::Status AddMemcached(const RunningServer& server) {
    for (const auto& [command, protocol] : {std::pair("get", MemcachedProtocol::kText),
                                            std::pair("getkq", MemcachedProtocol::kBinary)}) {
      // It says nothing once it listens.
      auto peer = MemcachedPeer::Connect(server.address, protocol);
      const auto give_up = Clock::now() + kPatience;
      while (absl::IsUnavailable(peer.status()) && Clock::now() < give_up) {
        std::this_thread::sleep_for(std::chrono::milliseconds(2));
        peer = MemcachedPeer::Connect(server.address, protocol);
      }
      auto status = AddCandidate(server, command, true, std::move(peer));
      if (!status.ok()) return status;
    }
    return absl::OkStatus();
  }

  absl::Status Load(Candidate& candidate, uint64_t references) {
    // Redis has a set of its own for each kind of data; the others have one for all questions.
    const std::string set = std::string(kSet) + "-" + candidate.command;
    const bool is_resp = dynamic_cast<RedisPeer*>(candidate.peer.get()) != nullptr;
    if (auto status = candidate.peer->Make(is_resp ? set : kSet); !status.ok()) return status;
    const bool is_loaded = !is_resp && &candidate != &candidates_.front() &&
                           (&candidate - 1)->server == candidate.server;
    if (is_loaded) return absl::OkStatus();
    const uint64_t before = PrivateBytesOf(candidate.pid);
    if (auto status = LoadReferences(*candidate.peer, options_.shape, references); !status.ok()) {
      return status;
    }
    const auto bytes =
        static_cast<double>(PrivateBytesOf(candidate.pid)) - static_cast<double>(before);
    memory_.push_back({references, candidate.server + (is_resp ? " " + candidate.command : ""),
                       bytes / static_cast<double>(references)});
    return absl::OkStatus();
  }

  absl::Status MeasureAll(uint64_t references) {
    size_t done = 0;
    for (const uint32_t hit_percent : options_.hit_percents) {
      uint32_t drawn_for = 0;
      for (const Cell& cell : options_.cells) {
        ShowProgress(fmt::format("{} references, {} % hits, batch {}, {} in flight ({} of {})",
                                 references, hit_percent, cell.batch, cell.in_flight, ++done,
                                 options_.hit_percents.size() * options_.cells.size()));
        for (Candidate& candidate : candidates_) {
          if (drawn_for == cell.batch) break;
          candidate.questions.clear();
          candidate.questions = DrawQuestions(*candidate.peer, {.shape = options_.shape,
                                                                .references = references,
                                                                .hit_percent = hit_percent,
                                                                .batch = cell.batch});
        }
        drawn_for = cell.batch;
        auto result = MeasureCell(references, hit_percent, cell);
        if (!result.ok()) return result.status();
        results_.push_back(*std::move(result));
      }
    }
    EndProgress();
    return absl::OkStatus();
  }

  absl::StatusOr<CellResult> MeasureCell(uint64_t references, uint32_t hit_percent, Cell cell) {
    CellResult result{references, hit_percent, cell, {}};
    for (const Candidate& candidate : candidates_) {
      result.measured.push_back({candidate.name(), candidate.is_peer, {}, {}, {}});
    }
    for (uint32_t round = 0; round < options_.rounds; ++round) {
      for (size_t c = 0; c < candidates_.size(); ++c) {
        Candidate& candidate = candidates_[c];
        Connection* const connection = candidate.connection.get();
        const auto asked =
            AskRound(*candidate.peer, {&connection, 1}, candidate.questions, cell.batch,
                     {.in_flight = cell.in_flight},
                     {.time = std::chrono::milliseconds(options_.round_ms)}, candidate.pid);
        if (!asked.ok()) {
          return absl::Status(
              asked.status().code(),
              fmt::format("{}: {}", candidate.name(), std::string(asked.status().message())));
        }
        result.measured[c].ns_per_id.Add(*asked->server_ns_per_id);
        result.measured[c].rounds.push_back(*asked->server_ns_per_id);
        result.measured[c].ids_per_second.Add(static_cast<double>(asked->ids) / asked->seconds);
      }
    }
    return result;
  }

  const PeerComparison& options_;
  const std::string folder_;
  std::vector<std::string> versions_;
  std::vector<Server> servers_;
  std::vector<Candidate> candidates_;
  std::vector<CellResult> results_;
  std::vector<Memory> memory_;
};

std::string Comparison::Print() const {
  std::string out = fmt::format(
      "server CPU, ns per ID ({}), medians of {} rounds of {} ms; ratio: the best peer to xrefd's "
      "CHECK, median (min..max)\n",
      options_.shape_name, options_.rounds, options_.round_ms);
  for (const std::string& version : versions_) out += version + "\n";
  out += fmt::format("{:>10} {:>5} {:>6} {:>9}", "references", "hits", "batch", "in flight");
  for (const Measured& m : results_.front().measured) out += fmt::format(" {:>16}", m.name);
  out += fmt::format("  {:<16} {:>6}\n", "best peer", "ratio");
  for (const CellResult& result : results_) {
    out += fmt::format("{:>10} {:>4}% {:>6} {:>9}", result.references, result.hit_percent,
                       result.cell.batch, result.cell.in_flight);
    for (const Measured& m : result.measured)
      out += fmt::format(" {:>16.1f}", m.ns_per_id.Median());
    if (const Measured* best = BestPeer(result)) {
      const Rounds ratio = RatioOf(*best, result);
      out += fmt::format("  {:<16} {:>6.2f} ({}){}", best->name, ratio.Median(), ratio.Range(2),
                         ratio.Median() < 1 ? "  xrefd loses" : "");
    }
    out += '\n';
  }
  out += "\nprivate memory, bytes per reference (xrefd: both directions)\n";
  for (const Memory& m : memory_) {
    out += fmt::format("{:>10} {:<20} {:>7.1f}\n", m.references, m.name, m.bytes_per_reference);
  }
  return out;
}

json::object Comparison::ToJson() const {
  json::object machine;
  for (const auto& [name, value] : DescribeMachine()) machine[name] = value;
  json::array memory;
  for (const Memory& m : memory_) {
    memory.push_back(json::object{{"references", m.references},
                                  {"server", m.name},
                                  {"bytes_per_reference", m.bytes_per_reference}});
  }
  json::array cells;
  for (const CellResult& result : results_) {
    json::object cell{{"references", result.references},
                      {"hit_percent", result.hit_percent},
                      {"batch", result.cell.batch},
                      {"in_flight", result.cell.in_flight}};
    json::array measured;
    for (const Measured& m : result.measured) {
      measured.push_back(json::object{{"server", m.name},
                                      {"server_ns_per_id", m.ns_per_id.Median()},
                                      {"rounds", json::value_from(m.rounds)},
                                      {"ids_per_second", m.ids_per_second.Median()}});
    }
    cell["measured"] = std::move(measured);
    if (const Measured* best = BestPeer(result)) {
      cell["best_peer"] = best->name;
      cell["ratio"] = RatioOf(*best, result).Median();
    }
    cells.push_back(std::move(cell));
  }
  return {{"measured_at", std::time(nullptr)},
          {"machine", std::move(machine)},
          {"versions", json::value_from(versions_)},
          {"ids", options_.shape_name},
          {"rounds", options_.rounds},
          {"round_ms", options_.round_ms},
          {"memory", std::move(memory)},
          {"cells", std::move(cells)}};
}

std::string Comparison::ToTsv() const {
  std::string out = "references\thits\tbatch\tin_flight";
  for (const Measured& m : results_.front().measured) out += "\t" + m.name;
  out += "\tratio\n";
  for (const CellResult& result : results_) {
    out += fmt::format("{}\t{}\t{}\t{}", result.references, result.hit_percent, result.cell.batch,
                       result.cell.in_flight);
    for (const Measured& m : result.measured) out += fmt::format("\t{:.1f}", m.ns_per_id.Median());
    const Measured* best = BestPeer(result);
    out += best == nullptr ? "\t\n" : fmt::format("\t{:.2f}\n", RatioOf(*best, result).Median());
  }
  return out;
}

absl::Status WriteFile(const std::string& path, const std::string& text) {
  std::ofstream file(path);
  file << text << std::flush;
  if (file.good()) return absl::OkStatus();
  return absl::InvalidArgumentError(fmt::format("cannot write {}", path));
}

}  // namespace

absl::StatusOr<RunningServer> ParseRunningServer(const std::string& text) {
  const size_t equals = text.find('=');
  const size_t colon = text.rfind(':');
  RunningServer server;
  const char* const end = text.data() + text.size();
  if (equals == 0 || equals == std::string::npos || colon == std::string::npos || colon < equals ||
      std::from_chars(text.data() + colon + 1, end, server.pid) !=
          std::from_chars_result{end, std::errc()}) {
    return absl::InvalidArgumentError(
        fmt::format("\"{}\" is not NAME=HOST:PORT:PID, e.g. Valkey=127.0.0.1:6380:4711", text));
  }
  server.name = text.substr(0, equals);
  server.address = text.substr(equals + 1, colon - equals - 1);
  return server;
}

absl::StatusOr<Cell> ParseCell(const std::string& text) {
  Cell cell;
  const char* const end = text.data() + text.size();
  const auto batch = std::from_chars(text.data(), end, cell.batch);
  if (batch.ec == std::errc() && batch.ptr != end && *batch.ptr == '/' && cell.batch > 0 &&
      cell.batch <= kBatchIdsMax) {
    const auto in_flight = std::from_chars(batch.ptr + 1, end, cell.in_flight);
    if (in_flight == std::from_chars_result{end, std::errc()} && cell.in_flight > 0) return cell;
  }
  return absl::InvalidArgumentError(
      fmt::format("\"{}\" is not BATCH/IN-FLIGHT, e.g. 1000/4; a batch has {} IDs at most", text,
                  kBatchIdsMax));
}

absl::StatusOr<std::string> ComparePeers(const PeerComparison& options) {
  const auto folder = MakeTemporaryFolder(options.folder);
  if (!folder.ok()) return folder.status();
  const absl::Cleanup remove = [&] { std::filesystem::remove_all(*folder); };
  Comparison comparison(options, *folder + "/data");
  if (auto status = comparison.Run(); !status.ok()) return status;
  if (!options.out.empty()) {
    std::error_code ignored;
    std::filesystem::create_directories(options.out, ignored);
    auto status =
        WriteFile(options.out + "/peers.json", json::serialize(comparison.ToJson()) + "\n");
    if (status.ok()) status = WriteFile(options.out + "/peers.tsv", comparison.ToTsv());
    if (!status.ok()) return status;
  }
  return comparison.Print();
}

}  // namespace xref::bench
