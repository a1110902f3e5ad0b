// Making a standby the primary, by hand.

#include <fmt/format.h>

#include <boost/json.hpp>
#include <iostream>

#include "client/cli/commands.h"

namespace xref::cli {
namespace {

namespace json = boost::json;

struct PromoteOptions {
  bool force = false;
};

absl::StatusOr<ExitCode> RunPromote(const Globals& globals, const PromoteOptions& options) {
  auto client = Client::Connect(globals.client);
  if (!client.ok()) return client.status();
  const auto promoted = (*client)->Promote({.force = options.force});
  if (!promoted.ok()) return promoted.status();
  if (globals.json) {
    std::cout << json::object{{"epoch", promoted->epoch}, {"lsn", promoted->lsn}} << "\n";
  } else {
    std::cout << fmt::format(
        "promoted: it is the primary of epoch {} now, and has all changes up to LSN {}. Start it "
        "without --standby-of from now on, and other standbys with its address\n",
        promoted->epoch, promoted->lsn);
  }
  return kDone;
}

}  // namespace

void AddPromote(CommandLine& line) {
  const auto [app, options] = line.Add<PromoteOptions>(
      line.root(), "promote", "Make a standby the primary, in place of one that is lost",
      "Examples:\n"
      "  xref --server 127.0.0.1:7421 promote\n"
      "  xref --server 127.0.0.1:7421 promote --force\n"
      "Goes to the standby that --server names. It refuses, and says why, where changes that were "
      "acknowledged may be lost, or where the primary is still there; --force promotes it all the "
      "same. A former primary that comes back is started with --standby-of and this address: what "
      "it had alone is then kept in a file of its data folder.",
      RunPromote);
  app.add_flag("--force", options.force, "Even where changes may be lost");
}

}  // namespace xref::cli
