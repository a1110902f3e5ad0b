#include <sched.h>

#include <filesystem>
#include <iostream>
#include <string>
#include <vector>

#include "bench/claims_workload.h"
#include "bench/commands.h"
#include "bench/durability.h"
#include "bench/floods.h"
#include "bench/peers.h"
#include "bench/progress.h"
#include "index/vocabulary.h"

namespace xref::bench {
namespace {

ExitCode Durability(const DurabilityOptions& options) {
  const auto tables = CompareDurability(options);
  if (!tables.ok()) return Fail(tables.status());
  std::cout << *tables;
  return kDone;
}

ExitCode Peers(const PeerComparison& comparison) {
  const auto tables = ComparePeers(comparison);
  EndProgress();
  if (!tables.ok()) return Fail(tables.status());
  std::cout << *tables;
  return kDone;
}

ExitCode Floods(const FloodsOptions& options) {
  const auto tables = MeasureFloods(options);
  if (!tables.ok()) return Fail(tables.status());
  std::cout << *tables;
  return kDone;
}

ExitCode Claims(const ClaimComparison& comparison) {
  const auto table = CompareClaims(comparison);
  if (!table.ok()) return Fail(table.status());
  std::cout << *table;
  return kDone;
}

// An option whose every value is parsed, or refused with the reason.
template <typename Value>
CLI::Option* AddParsed(CLI::App& sub, const char* name, const char* description,
                       absl::StatusOr<Value> (*parse)(const std::string& text),
                       std::vector<Value>& values) {
  return sub
      .add_option_function<std::vector<std::string>>(
          name,
          [=, &values](const std::vector<std::string>& texts) {
            values.clear();
            for (const std::string& text : texts) {
              auto value = parse(text);
              if (!value.ok()) {
                throw CLI::ValidationError(name, std::string(value.status().message()));
              }
              values.push_back(*std::move(value));
            }
          },
          description)
      ->delimiter(',');
}

// In the folder of this program.
std::string ProgramBeside(const char* name) {
  return std::filesystem::read_symlink("/proc/self/exe").replace_filename(name);
}

// Options that every comparison has.
template <typename Comparison>
void AddComparisonOptions(CLI::App& sub, Comparison& comparison) {
  comparison.xrefd = ProgramBeside("xrefd");
  comparison.folder = std::filesystem::temp_directory_path();
  sub.add_option("--xrefd", comparison.xrefd, "The program")->type_name("PATH");
  sub.add_option("--redis", comparison.redis, "The program; \"\" measures xrefd only")
      ->type_name("PATH")
      ->capture_default_str();
  sub.add_option("--folder", comparison.folder, "On the disk to measure")->capture_default_str();
}

void AddDurability(CLI::App& app, ExitCode& exit_code) {
  static DurabilityOptions durability;
  auto* durability_sub = app.add_subcommand(
      "durability", "Compare adds, checkpoints and restarts with Redis; starts both itself");
  AddComparisonOptions(*durability_sub, durability);
  durability_sub
      ->add_option("--references", durability.references, "To checkpoint and to restart with")
      ->check(CLI::Range(1, 1'000'000'000))
      ->capture_default_str();
  durability_sub->add_option("--adds", durability.adds, "To add in one measurement")
      ->check(CLI::Range(1, 100'000'000))
      ->capture_default_str();
  durability_sub->add_option("--rate", durability.rate, "References a second beside checkpoints")
      ->check(CLI::Range(1'000, 10'000'000))
      ->capture_default_str();
  durability_sub->add_option("--seconds", durability.seconds, "How long beside checkpoints")
      ->check(CLI::Range(1, 600))
      ->capture_default_str();
  durability_sub->add_option("--rounds", durability.rounds, "Rounds; the median is shown")
      ->check(CLI::Range(1, 100))
      ->capture_default_str();
  durability_sub->callback([&] { exit_code = Durability(durability); });
}

void AddPeers(CLI::App& app, ExitCode& exit_code) {
  static PeerComparison peers;
  auto* peers_sub = app.add_subcommand(
      "peers", "Compare checks with Redis and memcached, all answers verified; starts them itself");
  AddComparisonOptions(*peers_sub, peers);
  peers_sub->add_option("--memcached-program", peers.memcached, "The program; \"\" leaves it out")
      ->type_name("PATH")
      ->capture_default_str();
  AddParsed(*peers_sub, "--resp",
            "More servers that speak Redis' protocol; they are filled with keys",
            ParseRunningServer, peers.resp_servers)
      ->type_name("NAME=HOST:PORT:PID");
  AddParsed(*peers_sub, "--memcached", "More servers that speak memcached's protocols, run with -C",
            ParseRunningServer, peers.memcached_servers)
      ->type_name("NAME=HOST:PORT:PID");
  peers_sub
      ->add_option_function<std::string>(
          "--with-xrefd",
          [&](const std::string& program) { peers.other_xrefds.emplace_back("other", program); },
          "Another xrefd to compare with")
      ->type_name("PATH");
  auto* certificate =
      peers_sub
          ->add_option("--tls-cert", peers.tls_certificate,
                       "Compare with xrefd over TLS, by this certificate for 127.0.0.1")
          ->type_name("FILE");
  auto* key = peers_sub->add_option("--tls-key", peers.tls_key, "The key of that certificate")
                  ->type_name("FILE")
                  ->needs(certificate);
  certificate->needs(key);
  peers_sub->add_option("--references", peers.references, "How many, one or more")
      ->delimiter(',')
      ->check(CLI::Range(uint64_t{1'000}, uint64_t{1'000'000'000}))
      ->capture_default_str();
  peers_sub->add_option("--shape", peers.shape_name, "What IDs look like")
      ->check(CLI::IsMember(ShapeNames()))
      ->capture_default_str();
  peers_sub->add_option("--hit-percent", peers.hit_percents, "Share of IDs that are synced")
      ->delimiter(',')
      ->check(CLI::Range(0, 100))
      ->capture_default_str();
  AddParsed(*peers_sub, "--cells", "What is measured; without it, 12 of them", ParseCell,
            peers.cells)
      ->type_name("BATCH/IN-FLIGHT");
  peers_sub->add_option("--rounds", peers.rounds, "Rounds; the median is shown")
      ->check(CLI::Range(1, 100))
      ->capture_default_str();
  peers_sub->add_option("--round-ms", peers.round_ms, "How long a server is asked in a round")
      ->check(CLI::Range(1, 60'000))
      ->capture_default_str();
  peers_sub->add_option("--core", peers.core, "Of the servers; this program keeps off it")
      ->check(CLI::Range(0, CPU_SETSIZE - 1))
      ->capture_default_str();
  peers_sub->add_option("--out", peers.out, "Folder for peers.json and peers.tsv")
      ->type_name("DIR");
  peers_sub->callback([&] {
    peers.shape = ParseShape(peers.shape_name);
    exit_code = Peers(peers);
  });
}

void AddClaims(CLI::App& app, ExitCode& exit_code) {
  static ClaimComparison claims;
  auto* claims_sub = app.add_subcommand(
      "claims", "Count what workers that die create twice, beside Redis; starts both itself");
  AddComparisonOptions(*claims_sub, claims);
  claims_sub->add_option("--workers", claims.workers.workers, "Each with a connection")
      ->check(CLI::Range(1, 256))
      ->capture_default_str();
  claims_sub->add_option("--records", claims.workers.sources, "To create")
      ->check(CLI::Range(1, 100'000'000))
      ->capture_default_str();
  claims_sub->add_option("--batch", claims.workers.batch, "IDs in one claim")
      ->check(CLI::Range(1U, static_cast<uint32_t>(kBatchIdsMax)))
      ->capture_default_str();
  claims_sub
      ->add_option("--crash-percent", claims.workers.crash_percent,
                   "Share of batches in which the worker dies, at any point before it settles")
      ->check(CLI::Range(0, 90))
      ->capture_default_str();
  claims_sub->add_option("--lease-ms", claims.workers.lease_ms, "Of a claim, or a lock")
      ->check(CLI::Range(kLeaseMsMin, kLeaseMsMax))
      ->capture_default_str();
  claims_sub->add_option("--seed", claims.workers.seed, "Of the workers' crashes")
      ->capture_default_str();
  claims_sub->callback([&] { exit_code = Claims(claims); });
}

void AddFloods(CLI::App& app, ExitCode& exit_code) {
  static FloodsOptions floods;
  floods.xrefd = ProgramBeside("xrefd");
  auto* floods_sub = app.add_subcommand(
      "floods",
      "Measure what established clients get while a daemon is flooded, and how long its health is "
      "asked for; starts it itself, on a folder in TMPDIR");
  floods_sub->add_option("--xrefd", floods.xrefd, "The program")->type_name("PATH");
  floods_sub->add_option("--floods", floods.floods, "Which; without it, all")
      ->delimiter(',')
      ->check(CLI::IsMember(FloodNames()));
  floods_sub->add_option("--references", floods.references, "To check against")
      ->check(CLI::Range(uint64_t{10'000}, uint64_t{1'000'000'000}))
      ->capture_default_str();
  floods_sub->add_option("--clients", floods.clients, "Established ones")
      ->check(CLI::Range(1, 256))
      ->capture_default_str();
  floods_sub->add_option("--batch", floods.batch, "IDs in a request of theirs")
      ->check(CLI::Range(1U, static_cast<uint32_t>(kBatchIdsMax)))
      ->capture_default_str();
  floods_sub->add_option("--in-flight", floods.in_flight, "Requests under way on each connection")
      ->check(CLI::Range(1, 1024))
      ->capture_default_str();
  floods_sub->add_option("--attackers", floods.attackers, "Connections that a flood opens")
      ->check(CLI::Range(100, 20'000))
      ->capture_default_str();
  floods_sub->add_option("--seconds", floods.seconds, "How long each side is measured in a round")
      ->check(CLI::Range(0.1, 60.0))
      ->capture_default_str();
  floods_sub->add_option("--rounds", floods.rounds, "Rounds; the median is shown")
      ->check(CLI::Range(1, 100))
      ->capture_default_str();
  floods_sub->callback([&] { exit_code = Floods(floods); });
}

}  // namespace

void AddComparisons(CLI::App& app, ExitCode& exit_code) {
  AddDurability(app, exit_code);
  AddPeers(app, exit_code);
  AddClaims(app, exit_code);
  AddFloods(app, exit_code);
}

}  // namespace xref::bench
