#pragma once

#include <absl/status/status.h>

#include <cstdint>
#include <string>
#include <variant>
#include <vector>

namespace xref {

// How to run a daemon. Every field is a command line option and, but for `init` and `restore`, a
// key of the configuration file.
struct Options {
  std::string data;
  std::string restore;  // a backup: make the folder `data` from it, in place of running
  std::string listen = "127.0.0.1:7411";
  std::string http;  // or "off"; empty for loopback, and the port after that of `listen`
  std::vector<std::string> http_names;  // that requests may call the HTTP port's host by
  uint32_t threads = 0;                 // I/O threads; 0 is one per core
  uint32_t connections_max = 4'096;
  uint32_t connections_per_address = 1'024;  // of IPv6: of a network of 64 bits, here and below
  uint32_t newcomers_per_second = 2'000;
  uint32_t newcomers_per_address = 500;         // and second
  uint32_t idle_timeout_seconds = 0;            // for a peer that asks nothing; 0 may stay
  uint32_t checkpoint_seconds = 60;             // between checkpoints
  uint32_t compare_seconds = 60;                // between comparisons of standbys with the primary
  uint32_t frame_timeout_ms = 30'000;           // for the rest of a begun frame
  uint64_t ids_per_token = 0;                   // and second; 0 for any number
  uint64_t deletes_per_minute = 500;            // of one actor, without a confirmation
  uint32_t trash_days = 30;                     // that purged references can be restored
  uint32_t history_days = 365;                  // that what happened to a source ID is kept
  uint64_t memory_limit = 0;                    // bytes of references; above it changes are refused
  uint64_t buffer_limit = 0;                    // bytes of requests and replies of all connections
  uint64_t journal_limit = uint64_t{16} << 30;  // bytes; above it changes are refused
  std::string standby_of;         // HOST:PORT of the primary to follow; empty for a primary
  std::string name;               // of this daemon, as others show it; empty for its address
  std::vector<std::string> etcd;  // http(s)://HOST:PORT; empty where nobody decides on the primary
  std::string cluster;            // that etcd knows this daemon's cluster by
  std::string advertise;          // HOST:PORT where others reach it; empty for `listen`
  uint32_t lease_seconds = 5;     // of the primary
  std::string peer_token_file;    // with the access token that primaries are shown; empty for none
  std::string tls_cert;           // PEM files; empty where the ports speak no TLS
  std::string tls_key;
  std::string tls_client_ca;  // that clients must have a certificate of; empty: they need none
  std::string peer_tls_ca;    // of primaries; empty where they are spoken to without TLS
  std::string etcd_ca;        // empty for the system's, where etcd speaks TLS
  std::string etcd_cert;      // that etcd is shown; empty for none
  std::string etcd_key;
  bool trust_network = false;  // listen on addresses that are not loopback
  std::string ack = "disk";    // or "standby": where a change must be before it is acknowledged
  bool ack_degrade = false;    // go on without a standby while none is in sync
  uint32_t ack_timeout_ms = 2'000;
  std::string log_level = "info";
  bool init = false;  // make an admin's access token in the folder `data`, in place of running
  std::string check;  // the data folder to examine in place of running a daemon
};

// The process is to end now, with this code: --help or --version was answered, or the usage was
// wrong and has been complained about.
struct Exit {
  int code;
};

// Reads the command line and, if it names one, the TOML file; the command line wins. Prints help,
// version or the complaint itself.
std::variant<Options, Exit> ParseOptions(int argc, char** argv);

}  // namespace xref
