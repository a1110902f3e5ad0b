// Claims: source IDs that are reserved before their records are created in the target.

#include <fmt/format.h>
#include <unistd.h>

#include <boost/json.hpp>
#include <chrono>
#include <cstdlib>
#include <iostream>
#include <random>
#include <utility>

#include "client/cli/commands.h"
#include "client/cli/mutation_run.h"
#include "client/cli/outcome_text.h"
#include "client/csv.h"

namespace xref::cli {
namespace {

namespace json = boost::json;
using protocol::ListedClaim;
using protocol::Mutation;
using protocol::Outcome;
using protocol::Verdict;

constexpr const char* kUnknownOutcome =
    "A claim that is over, or whose earlier owner never settled, has an unknown outcome: the owner "
    "may have created the record and died before it told. A person then searches the target for "
    "the record, and either links it: xref settle PLACE SOURCE TARGET --token N, or, where there "
    "is none, gives the claim back: xref release PLACE SOURCE --token N. The token is the one that "
    "'xref claims PLACE' shows.";

// Host, process and a random part: another name for each run, since what an owner claims twice is
// of unknown outcome.
std::string OwnName() {
  char host[33] = {};
  if (gethostname(host, sizeof host - 1) != 0) host[0] = '\0';
  return fmt::format("{}-{}-{:08x}", host[0] == '\0' ? "xref" : host, getpid(),
                     std::random_device()());
}

// One line of CSV, ready for `settle` once a column target_id is filled in.
void PrintClaimAsCsv(const std::string& place, const Item& item, const Outcome& outcome) {
  const bool claimed = outcome.verdict == Verdict::kGranted || outcome.verdict == Verdict::kUnknown;
  std::string row;
  AppendCsvField(item.source, row);
  row += fmt::format(",{},{},", claimed ? std::to_string(outcome.number) : "",
                     Word(Mutation::kClaim, outcome.verdict));
  AppendCsvField(IsGood(outcome.verdict) ? "" : Sentence(Mutation::kClaim, place, item, outcome),
                 row);
  std::cout << row << "\n";
}

absl::StatusOr<ExitCode> RunClaim(const Globals& globals, const MutationOptions& given) {
  MutationOptions options = given;
  if (options.owner.empty()) options.owner = OwnName();
  bool begun = false;
  // The heading waits for the first answer, so that a refusal prints nothing.
  const auto print = [&](const Item& item, const Outcome& outcome) {
    if (globals.json) {
      json::object row = ToJson(Mutation::kClaim, item, outcome);
      if (row.contains("token")) row["owner"] = options.owner;
      std::cout << row << "\n";
      return;
    }
    if (!std::exchange(begun, true)) {
      std::cout << "source_id,token,verdict,detail\n";
      std::cerr << fmt::format("owner {}, lease {}\n", options.owner,
                               InWords(std::chrono::seconds(options.lease_seconds)));
    }
    PrintClaimAsCsv(options.place, item, outcome);
  };
  return MutationRun(globals, Mutation::kClaim, options, print).Run();
}

void PrintAsJson(const ListedClaim& claim) {
  json::object row{{"source_id", Json(claim.source)}, {"token", claim.token},
                   {"owner", Json(claim.owner)},      {"remaining_ms", claim.remaining_ms},
                   {"open", claim.remaining_ms > 0},  {"lost_owner", nullptr}};
  if (!claim.lost_owner.empty()) row["lost_owner"] = Json(claim.lost_owner);
  std::cout << row << "\n";
}

void PrintRow(std::string_view source, std::string_view token, std::string_view lease,
              std::string_view owner, std::string_view outcome) {
  const std::string row =
      fmt::format("{:<24} {:>8} {:<20} {:<32} {}", source, token, lease, owner, outcome);
  std::cout << row.substr(0, row.find_last_not_of(' ') + 1) << "\n";
}

void PrintForPeople(const ListedClaim& claim) {
  const bool open = claim.remaining_ms > 0;
  const std::string span = InWords(std::chrono::milliseconds(std::abs(claim.remaining_ms)));
  std::string outcome;
  if (!claim.lost_owner.empty()) {
    outcome = fmt::format("unknown: {} never settled", claim.lost_owner);
  } else if (!open) {
    outcome = "unknown: its owner never settled";
  }
  PrintRow(claim.source, std::to_string(claim.token),
           fmt::format("{} {}", span, open ? "left" : "over"), claim.owner, outcome);
}

struct ClaimsOptions {
  std::string place;
};

absl::StatusOr<ExitCode> RunClaims(const Globals& globals, const ClaimsOptions& options) {
  auto target = ReachPrimary(globals, options.place);
  if (!target.ok()) return target.status();
  bool begun = false;
  const auto listed = target->client->ListClaims(target->place, [&](const ListedClaim& claim) {
    if (globals.json) return PrintAsJson(claim);
    if (!std::exchange(begun, true)) {
      PrintRow("source_id", "token", "lease", "owner", "outcome");
    }
    PrintForPeople(claim);
  });
  if (!listed.ok()) return listed.status();
  if (*listed == 0 && !globals.json) std::cerr << "nothing is claimed at " << options.place << "\n";
  return kDone;
}

void AddLease(const Added<MutationOptions>& added) {
  added.app.add_option("--lease", added.options.lease_seconds, "How long the claim holds")
      ->type_name("SECONDS")
      ->check(CLI::Range(kLeaseMsMin / 1000, kLeaseMsMax / 1000).description(""))
      ->capture_default_str();
}

// A command about a claim that is held: one on the command line, or a file of them.
Added<MutationOptions> AddForHolder(CommandLine& line, Mutation mutation, const std::string& name,
                                    const std::string& description, const std::string& footer) {
  const auto added = line.Add<MutationOptions>(
      line.root(), name, description, footer,
      [mutation](const Globals& globals, const MutationOptions& options) {
        if (options.file.empty() && options.token == 0) {
          return absl::StatusOr<ExitCode>(absl::InvalidArgumentError(
              "name a source ID and its claim's --token, or a file of them"));
        }
        return RunMutation(globals, mutation, options);
      });
  const auto [app, options] = added;
  AddPlace(app, options.place);
  auto* source = AddSource(added);
  const bool has_targets = FieldsOf(mutation).targets;
  if (has_targets) app.add_option("target", options.target, "Target ID");
  auto* token = app.add_option("--token", options.token, "The claim's token")->type_name("N");
  app.add_option("--file", options.file,
                 has_targets ? "CSV or NDJSON with source_id, target_id and token; '-' is standard "
                               "input"
                             : "CSV or NDJSON with source_id and token; '-' is standard input")
      ->type_name("FILE")
      ->excludes(source)
      ->excludes(token);
  AddActor(app, options.actor);
  return added;
}

}  // namespace

void AddClaims(CommandLine& line) {
  {
    const auto added = line.Add<MutationOptions>(
        line.root(), "claim", "Reserve source IDs before creating their records in the target",
        std::string("Examples:\n"
                    "  xref claim shop-erp/orders SO-000123 --lease 60\n"
                    "  xref claim shop-erp/orders --ids new.csv --owner nightly-42 > claims.csv\n"
                    "Create only what is granted, then settle it with its token. ") +
            kUnknownOutcome,
        RunClaim);
    AddPlace(added.app, added.options.place);
    auto* sources = AddIds(added.app, "sources", added.options.sources, "Source IDs");
    added.app
        .add_option("--ids", added.options.file,
                    "CSV or NDJSON with source_id, in place of IDs; '-' is standard input")
        ->type_name("FILE")
        ->excludes(sources);
    added.app
        .add_option("--owner", added.options.owner,
                    "Who claims: another name for each run; made from host, process and chance, "
                    "unless named")
        ->type_name("NAME");
    AddLease(added);
  }
  AddForHolder(line, Mutation::kSettle, "settle",
               "Link what a claim was made for, and end the claim",
               "Examples:\n"
               "  xref settle shop-erp/orders SO-000123 INV-9981 --token 17\n"
               "  xref settle shop-erp/orders --file created.csv");
  AddForHolder(line, Mutation::kRelease, "release", "Give a claim back unused",
               "Examples:\n"
               "  xref release shop-erp/orders SO-000123 --token 17\n"
               "  xref release shop-erp/orders --file claims.csv");
  AddLease(AddForHolder(line, Mutation::kRenew, "renew", "Let a claim's lease begin again",
                        "Example: xref renew shop-erp/orders SO-000123 --token 17 --lease 60"));
  const auto [app, options] = line.Add<ClaimsOptions>(
      line.root(), "claims", "List what is claimed, open or over",
      std::string("Example: xref claims shop-erp/orders\n") + kUnknownOutcome, RunClaims);
  AddPlace(app, options.place);
}

}  // namespace xref::cli
