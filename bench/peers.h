#pragma once

#include <absl/status/statusor.h>

#include <cstdint>
#include <string>
#include <vector>

#include "bench/id_shapes.h"
#include "client/channel.h"

namespace xref::bench {

// A server that runs already, with the process whose CPU time counts.
struct RunningServer {
  std::string name;
  std::string address;
  int pid = 0;
};
// "NAME=HOST:PORT:PID". InvalidArgument if it is not that.
absl::StatusOr<RunningServer> ParseRunningServer(const std::string& text);

// How many IDs a question has, and how many questions are under way.
struct Cell {
  uint32_t batch = 0;
  uint32_t in_flight = 0;
};
// "BATCH/IN-FLIGHT". InvalidArgument if it is not that.
absl::StatusOr<Cell> ParseCell(const std::string& text);

struct PeerComparison {
  std::string xrefd;  // the program
  // More of them, by name: what `xrefd` is compared with, too.
  std::vector<std::pair<std::string, std::string>> other_xrefds;
  // Where both are named: xrefd once more, with this certificate, and asked over TLS.
  std::string tls_certificate;
  std::string tls_key;
  std::string redis = "redis-server";   // "" leaves it out
  std::string memcached = "memcached";  // the same
  std::vector<RunningServer> resp_servers;
  std::vector<RunningServer> memcached_servers;
  std::string folder;  // where folders for data are made
  std::string out;     // folder for peers.json and peers.tsv; "" writes none
  Shape shape = Shape::kDigits;
  std::string shape_name = "digits";
  std::vector<uint64_t> references = {1'000'000, 10'000'000};
  std::vector<uint32_t> hit_percents = {0, 50, 100};
  std::vector<Cell> cells = {{1, 1},   {1, 4},    {1, 64},    {10, 1},    {10, 4},     {100, 1},
                             {100, 4}, {100, 16}, {1'000, 1}, {1'000, 4}, {10'000, 1}, {10'000, 4}};
  uint32_t rounds = 5;
  uint32_t round_ms = 150;
  uint32_t core = 0;  // of the server; the client has the others
};

// Fills xrefd and what else could do its job with the same references, then asks all of them the
// same questions by turns, and verifies every answer. The servers that it starts have one core,
// each when it is its turn. Returns tables.
absl::StatusOr<std::string> ComparePeers(const PeerComparison& comparison);

}  // namespace xref::bench
