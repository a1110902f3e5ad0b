// Changes to single references, and source IDs that must never be synced.

#include "client/cli/commands.h"
#include "client/cli/mutation_run.h"

namespace xref::cli {
namespace {

using protocol::Mutation;

constexpr const char* kIds = "CSV or NDJSON with source_id, in place of IDs; '-' is standard input";

Added<MutationOptions> AddCommand(CommandLine& line, Mutation mutation, const std::string& name,
                                  const std::string& description, const std::string& footer) {
  const auto added =
      line.Add<MutationOptions>(line.root(), name, description, footer,
                                [mutation](const Globals& globals, const MutationOptions& options) {
                                  return RunMutation(globals, mutation, options);
                                });
  AddPlace(added.app, added.options.place);
  AddActor(added.app, added.options.actor);
  return added;
}

// A command that links one source ID to one target ID.
Added<MutationOptions> AddLinking(CommandLine& line, Mutation mutation, const std::string& name,
                                  const std::string& description, const std::string& footer) {
  const auto added = AddCommand(line, mutation, name, description, footer);
  AddSource(added)->required();
  added.app.add_option("target", added.options.target, "Target ID")->required();
  return added;
}

// A command about any number of source IDs.
Added<MutationOptions> AddForSources(CommandLine& line, Mutation mutation, const std::string& name,
                                     const std::string& description, const std::string& footer) {
  const auto added = AddCommand(line, mutation, name, description, footer);
  auto* sources = AddIds(added.app, "sources", added.options.sources, "Source IDs");
  added.app.add_option("--ids", added.options.file, kIds)->type_name("FILE")->excludes(sources);
  return added;
}

void AddExpected(const Added<MutationOptions>& added) {
  added.app
      .add_option("--expect", added.options.expected,
                  "Change nothing where another target than this one stands")
      ->type_name("TARGET");
}

}  // namespace

void AddMutations(CommandLine& line) {
  AddLinking(line, Mutation::kAdd, "add", "Link one source ID to one target ID",
             "Example: xref add shop-erp/orders SO-000123 INV-9981\n"
             "A source ID that is linked to another target is a conflict: nothing is changed.");
  AddLinking(line, Mutation::kPut, "put", "Link a source ID, whatever it was linked to",
             "Example: xref put shop-erp/orders SO-000123 INV-9982\n"
             "To correct a link that is there, 'edit' is safer: it can check what it replaces.");
  AddExpected(
      AddLinking(line, Mutation::kEdit, "edit", "Link a source ID that is linked to another target",
                 "Example:\n  xref edit shop-erp/orders SO-000123 INV-9982 --expect INV-9981\n"
                 "A source ID that is not linked is reported as missing; 'add' links it."));
  const auto deleting = AddForSources(
      line, Mutation::kDelete, "delete", "Remove links; the records stay on both platforms",
      "Examples:\n"
      "  xref delete shop-erp/orders SO-000123 --expect INV-9981\n"
      "  xref delete shop-erp/orders --ids wrong.csv\n"
      "If such a source record is synced again, a new record is created in the target: where the "
      "link is only wrong, 'edit' is safer. Many deletions within a minute are refused at first; "
      "the message then has the command that goes ahead.");
  AddExpected(deleting);
  deleting.app
      .add_option("--confirm", deleting.options.confirmations,
                  "Go ahead with what a refusal of this very command told")
      ->type_name("N");
  AddForSources(line, Mutation::kIgnore, "ignore", "Mark source IDs that must never be synced",
                "Examples:\n"
                "  xref ignore shop-erp/orders SO-000123 SO-000124\n"
                "  xref ignore shop-erp/orders --ids test-orders.csv\n"
                "They can be neither claimed nor linked until 'unignore'. What is linked already "
                "is not ignored.");
  AddForSources(line, Mutation::kUnignore, "unignore", "Let ignored source IDs be synced again",
                "Example: xref unignore shop-erp/orders SO-000123");
}

}  // namespace xref::cli
