#include "daemon/options.h"

#include <fmt/format.h>
#include <toml++/toml.h>
#include <unistd.h>

#include <CLI/CLI.hpp>
#include <charconv>
#include <iostream>
#include <memory>
#include <sstream>
#include <vector>

#include "daemon/limits.h"
#include "daemon/rate_limit.h"
#include "index/vocabulary.h"

namespace xref {
namespace {

constexpr int kExitUsage = 2;

// Lets CLI11 read its configuration file as TOML: a flat file whose keys are the options' long
// names.
class TomlConfig : public CLI::Config {
 public:
  std::string to_config(const CLI::App*, bool, bool, std::string) const override { return {}; }

  std::vector<CLI::ConfigItem> from_config(std::istream& input) const override {
    std::vector<CLI::ConfigItem> found;
    try {
      for (const auto& [key, value] : toml::parse(input)) {
        CLI::ConfigItem& item = found.emplace_back();
        item.name = std::string(key.str());
        item.inputs = {ToText(item.name, value)};
      }
    } catch (const toml::parse_error& error) {
      throw CLI::FileError(fmt::format("the configuration file, line {}: {}",
                                       error.source().begin.line, error.description()));
    }
    return found;
  }

 private:
  static std::string ToText(const std::string& key, const toml::node& value) {
    if (const auto* text = value.as_string()) return text->get();
    if (const auto* number = value.as_integer()) return std::to_string(number->get());
    if (const auto* flag = value.as_boolean()) return flag->get() ? "true" : "false";
    throw CLI::FileError(fmt::format(
        "the configuration file, line {}: {} must be a text, a whole number, true or false",
        value.source().begin.line, key));
  }
};

uint64_t MachineMemoryBytes() {
  return static_cast<uint64_t>(sysconf(_SC_PHYS_PAGES)) *
         static_cast<uint64_t>(sysconf(_SC_PAGESIZE));
}

// What is wrong with a text that is to be an address; empty where nothing is.
std::string FindAddressFault(const std::string& text) {
  const size_t colon = text.rfind(':');
  uint16_t port = 0;
  const char* const end = text.data() + text.size();
  const bool is_right =
      colon != std::string::npos && colon > 0 &&
      std::from_chars(text.data() + colon + 1, end, port) == std::from_chars_result{end, {}} &&
      port > 0;
  return is_right ? "" : fmt::format("{}: this is not HOST:PORT, such as 127.0.0.1:7411", text);
}

constexpr const char* kFooter = R"(
Examples:
  xrefd --data /var/lib/xrefd
  xrefd --data ./data --listen 127.0.0.1:9000 --http 127.0.0.1:9001 --threads 2
  xrefd --config /etc/xrefd.toml      with lines such as: data = "/var/lib/xrefd"
  xrefd --init --data /var/lib/xrefd > admin-token    then: export XREF_TOKEN=$(cat admin-token)
  xrefd --check /var/lib/xrefd        examines the folder of a daemon that is stopped
  xrefd --restore backup.xref --data /var/lib/xrefd-new
  xrefd --data ./primary --ack standby
  xrefd --data ./standby --listen 127.0.0.1:7421 --standby-of 127.0.0.1:7411
  xrefd --data ./a --name a --etcd http://127.0.0.1:2379 --cluster shop
  xrefd --data ./tls --tls-cert chain.pem --tls-key key.pem --tls-client-ca clients.pem

SIGTERM and SIGINT end it cleanly: what was begun is answered, and the exit code is 0.
SIGHUP loads certificates, keys and CAs again; connections that are open go on with the old ones.
--restore makes a new data folder from a file that "xref backup" wrote, and ends.
Exit codes: 0 ended as asked; 1 it broke down; 2 wrong usage, or it refuses to start.)";

// Options for a certificate and its key, which belong together.
void AddIdentity(CLI::App& app, const std::string& prefix, const std::string& what,
                 std::string& certificate, std::string& key) {
  auto* certificate_option = app.add_option(prefix + "-cert", certificate, what)->type_name("FILE");
  auto* key_option =
      app.add_option(prefix + "-key", key, "The key of that certificate: PEM, not encrypted")
          ->type_name("FILE")
          ->needs(certificate_option);
  certificate_option->needs(key_option);
}

void AddTls(CLI::App& app, Options& options) {
  AddIdentity(app, "--tls",
              "Speak TLS 1.2 or later on all ports, and nothing else, with this certificate: PEM, "
              "followed by those between it and its CA",
              options.tls_cert, options.tls_key);
  app.add_option("--tls-client-ca", options.tls_client_ca,
                 "Let in only those who present a certificate of these CAs, on all ports: clients, "
                 "standbys, browsers, and who asks for /healthz or /metrics")
      ->type_name("FILE")
      ->needs("--tls-cert");
  app.add_option("--peer-tls-ca", options.peer_tls_ca,
                 "As a standby, or one of a cluster: speak TLS with primaries, and trust those "
                 "with a certificate of these CAs. --tls-cert is presented to them if there is one")
      ->type_name("FILE");
}

void AddEtcdTls(CLI::App& app, Options& options, CLI::Option* etcd) {
  app.add_option("--etcd-ca", options.etcd_ca,
                 "The CAs of an etcd whose URL begins with https://; else those of the system")
      ->type_name("FILE")
      ->needs(etcd);
  AddIdentity(app, "--etcd", "A certificate to present to etcd", options.etcd_cert,
              options.etcd_key);
}

}  // namespace

std::variant<Options, Exit> ParseOptions(int argc, char** argv) {
  Options options;
  CLI::App app("xrefd holds references (source ID -> target ID) and answers which are known.");
  app.footer(kFooter);
  app.set_version_flag("--version", "xrefd " XREF_VERSION);
  app.option_defaults()->always_capture_default();
  auto* data =
      app.add_option("--data", options.data, "Folder that holds everything; made if missing")
          ->type_name("DIR");
  app.add_option("--check", options.check,
                 "Only examine every page and value of this data folder, which no daemon may be "
                 "using: exits with 0 where it is sound, with 1 where it is damaged")
      ->type_name("DIR")
      ->excludes(data);
  app.add_option(
         "--listen", options.listen,
         "Where clients connect; port 0 takes any free port. Addresses that are not loopback "
         "need access tokens: see --init")
      ->type_name("HOST:PORT");
  app.add_option(
         "--http", options.http,
         "Where browsers find the console, and others the API, /metrics and /healthz, or \"off\"; "
         "otherwise 127.0.0.1, and the port after that of --listen: 7412")
      ->type_name("HOST:PORT");
  app.add_option("--http-name", options.http_names,
                 "Names, beside addresses and localhost, that the HTTP port may be called by")
      ->type_name("NAME,...")
      ->delimiter(',');
  app.add_option("--threads", options.threads, "I/O threads; 0 is one per core")
      ->type_name("N")
      ->check(CLI::Range(0, 256));
  app.add_option("--connections-max", options.connections_max, "Connections at a time")
      ->type_name("N")
      ->check(CLI::Range(1, 1'000'000));
  app.add_option("--connections-per-address", options.connections_per_address,
                 "Of these, from one address; of IPv6, from one network of 64 bits. Raise it where "
                 "many clients come through one proxy or NAT")
      ->type_name("N")
      ->check(CLI::Range(1, 1'000'000));
  app.add_option("--newcomers-per-second", options.newcomers_per_second,
                 "New connections a second in the long run; as many as there may be at a time can "
                 "come at once. Further ones are closed as they come")
      ->type_name("N")
      ->check(CLI::Range(1, 1'000'000));
  app.add_option("--newcomers-per-address", options.newcomers_per_address,
                 "The same, of those from one address")
      ->type_name("N")
      ->check(CLI::Range(1, 1'000'000));
  app.add_option("--idle-timeout-s", options.idle_timeout_seconds,
                 "A peer that asks nothing for so long is disconnected; 0 lets it stay, as long as "
                 "its machine answers")
      ->type_name("N")
      ->check(CLI::Range(0, 86'400));
  app.add_option("--checkpoint-seconds", options.checkpoint_seconds,
                 "Time between checkpoints, which keep a restart short")
      ->type_name("N")
      ->check(CLI::Range(1, 86'400));
  app.add_option("--compare-seconds", options.compare_seconds,
                 "Time between comparisons of the state of standbys with that of their primary, "
                 "which decides on it; a standby that differs ends")
      ->type_name("N")
      ->check(CLI::Range(1, 86'400));
  app.add_option("--frame-timeout-ms", options.frame_timeout_ms,
                 "A peer that has begun a request, or has not said HELLO, must finish within this")
      ->type_name("N")
      ->check(CLI::Range(1, 3'600'000));
  app.add_option("--memory-limit", options.memory_limit,
                 "Memory for references, e.g. 16GiB; above it changes are refused, and questions "
                 "answered. 0 is four fifths of the machine's memory")
      ->type_name("BYTES")
      ->transform(CLI::AsSizeValue(true));
  app.add_option("--buffer-limit", options.buffer_limit,
                 "Memory for requests and replies of all connections, beyond 512 KiB of each; "
                 "above it large ones are refused. 0 is an eighth of the machine's memory")
      ->type_name("BYTES")
      ->transform(CLI::AsSizeValue(true));
  app.add_option("--journal-limit", options.journal_limit,
                 "Disk for changes that no checkpoint has taken in yet; above it changes are "
                 "refused until one has. At least 32MiB")
      ->type_name("BYTES")
      ->transform(CLI::AsSizeValue(true))
      ->check([](const std::string& bytes) {
        uint64_t value = 0;
        std::from_chars(bytes.data(), bytes.data() + bytes.size(), value);
        return std::string(value >= kJournalLimitMin ? "" : "at least 32MiB");
      });
  app.add_option("--trash-days", options.trash_days, "How long purged references can be restored")
      ->type_name("N")
      ->check(CLI::Range(1, 36'500));
  app.add_option("--history-days", options.history_days,
                 "How long what happened to a source ID is kept, for xref history and lookup --at; "
                 "it may be a tenth longer, and a day")
      ->type_name("N")
      ->check(CLI::Range(1, 36'500));
  app.add_option(
         "--ids-per-token", options.ids_per_token,
         "IDs a second that the holders of one access token may ask about or change; beyond "
         "that they are answered OVERLOADED. 0 is any number")
      ->type_name("N")
      ->check(CLI::Range(uint64_t{0}, RateLimit::kMost));
  app.add_option("--deletes-per-minute", options.deletes_per_minute,
                 "Deletions that one actor may make within a minute without a confirmation")
      ->type_name("N");
  AddTls(app, options);
  app.add_flag("--trust-network", options.trust_network,
               "Listen on an address that is not loopback without access tokens, although whoever "
               "reaches it can change everything: for closed networks");
  app.add_option("--peer-token-file", options.peer_token_file,
                 "File with the access token, of a standby, that this daemon shows to the primary "
                 "that it follows")
      ->type_name("FILE");
  auto* standby_of =
      app.add_option("--standby-of", options.standby_of,
                     "Follow the primary at this address and answer questions only, until it is "
                     "promoted: see xref promote --help")
          ->type_name("HOST:PORT")
          ->check(FindAddressFault);
  app.add_option("--name", options.name, "Of this daemon, as others show it; else its address")
      ->type_name("NAME")
      ->check([](const std::string& name) {
        return std::string(IsLabel(name, kNameBytesMax) ? ""
                                                        : "1 to 64 bytes, no control characters");
      });
  auto* etcd =
      app.add_option("--etcd", options.etcd,
                     "Have this etcd decide who is the primary of --cluster; every change is then "
                     "acknowledged once all standbys that may take over have it")
          ->type_name("URL,...")
          ->delimiter(',')
          ->excludes(standby_of);
  auto* cluster = app.add_option("--cluster", options.cluster,
                                 "The cluster that this daemon belongs to, with --etcd")
                      ->type_name("NAME")
                      ->needs(etcd)
                      ->check([](const std::string& name) {
                        return std::string(IsName(name) ? "" : "1 to 64 letters, digits, - _ .");
                      });
  etcd->needs(cluster);
  AddEtcdTls(app, options, etcd);
  app.add_option("--advertise", options.advertise,
                 "Where others of the cluster, and clients, reach this daemon; else --listen")
      ->type_name("HOST:PORT")
      ->check(FindAddressFault)
      ->needs(etcd);
  app.add_option("--lease-seconds", options.lease_seconds,
                 "How long a primary that is lost, or does not reach etcd, keeps its place")
      ->type_name("N")
      ->check(CLI::Range(2, 3'600))
      ->needs(etcd);
  auto* ack =
      app.add_option(
             "--ack", options.ack,
             "Acknowledge a change once it is on this disk, or on that of a standby as well")
          ->type_name("LEVEL")
          ->check(CLI::IsMember({"disk", "standby"}));
  app.add_flag(
      "--ack-degrade", options.ack_degrade,
      "With --ack standby or --etcd: while no standby is in sync, acknowledge what is on this disk "
      "alone, and say so. Without it such changes are refused");
  app.add_option("--ack-timeout-ms", options.ack_timeout_ms,
                 "With --ack-degrade, or --etcd: how long a change waits for a standby. Without "
                 "--etcd: how long an answer waits that may tell of such a change")
      ->type_name("N")
      ->check(CLI::Range(1, 600'000));
  app.add_option("--log-level", options.log_level, "How much is logged, on stderr")
      ->type_name("LEVEL")
      ->check(CLI::IsMember({"debug", "info", "warn", "error"}));
  app.set_config("--config", "", "TOML file with any of these options, e.g. threads = 2")
      ->type_name("FILE");
  auto* restore = app.add_option("--restore", options.restore,
                                 "A backup: make DIR from it, which must be new or empty, and end")
                      ->type_name("FILE")
                      ->configurable(false)
                      ->check([](const std::string& file) {
                        return std::string(file.empty() ? "no file is named" : "");
                      });
  auto* init = app.add_flag("--init", options.init,
                            "Make an admin's access token in DIR, which is made if missing and "
                            "which no daemon may be using, print it, and end. From then on "
                            "everybody needs a token")
                   ->configurable(false);
  for (CLI::Option* only : {restore, init}) {
    for (CLI::Option* other : app.get_options()) {
      const bool goes_along = other == data || other == only || !other->get_configurable();
      if (!goes_along) only->excludes(other);
    }
  }
  init->excludes(restore);
  app.config_formatter(std::make_shared<TomlConfig>());
  app.allow_config_extras(false);
  try {
    app.parse(argc, argv);
    if (options.data.empty() && options.check.empty()) throw CLI::RequiredError("--data");
    if (!options.etcd.empty() && ack->count() > 0 && options.ack == "disk") {
      throw CLI::ValidationError(
          "--ack disk",
          "with --etcd every change waits for the standbys that may take over; leave "
          "this out");
    }
  } catch (const CLI::ParseError& error) {
    if (error.get_exit_code() == 0) return Exit{app.exit(error, std::cout, std::cerr)};
    std::cerr << fmt::format("xrefd: {}\nxrefd: for help: xrefd --help\n", error.what());
    return Exit{kExitUsage};
  }
  if (options.memory_limit == 0) options.memory_limit = MachineMemoryBytes() / 5 * 4;
  if (options.buffer_limit == 0) options.buffer_limit = MachineMemoryBytes() / 8;
  return options;
}

}  // namespace xref
