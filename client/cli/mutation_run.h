#pragma once

// What the commands that change references, claims or the list of ignored IDs have in common: they
// send their items in as few requests as possible, print what became of each, and sum up.

#include <absl/container/btree_map.h>
#include <absl/functional/any_invocable.h>
#include <absl/status/statusor.h>

#include <memory>
#include <string>
#include <vector>

#include "client/cli/command_line.h"
#include "client/cli/mutation_batch.h"
#include "client/record_reader.h"

namespace xref::cli {

// What is the same for all items.
struct MutationOptions {
  std::string place;
  std::string actor;
  std::string owner;             // of a claim, in place of an actor
  uint32_t lease_seconds = 300;  // of a claim
  std::string confirmations;     // of a delete: one a request, with commas between them
  // The items: a file of them, or some from the command line.
  std::string file;
  std::vector<std::string> sources;
  std::string target;  // of all of them, like the next two
  std::string expected;
  uint64_t token = 0;
};

class MutationRun {
 public:
  // Prints one item, where it was not told to do so in the usual way.
  using Print = absl::AnyInvocable<void(const Item&, const protocol::Outcome&)>;

  // Without `print`: what was done on standard output, the rest on standard error; or, with
  // --json, all of it on standard output. Keeps references to both.
  MutationRun(const Globals& globals, protocol::Mutation mutation, const MutationOptions& options,
              Print print = nullptr);

  // Reads the file or takes the items of the command line, sends them, and prints what became of
  // them. kSomeItems: of some, something else than was asked for. kRefused: a confirmation is
  // needed; what to do was printed. On an error, requests that were answered before stay done.
  absl::StatusOr<ExitCode> Run();

 private:
  absl::Status ReadConfirmations();
  absl::Status CheckArguments() const;
  absl::Status SendArguments();
  absl::Status SendFile(RecordReader& reader);
  absl::Status Take(const Item& item);
  absl::Status Send();
  void TakeReply(size_t request, const MutationBatch& batch,
                 absl::StatusOr<protocol::MutationReply> reply);
  void PrintItem(const Item& item, const protocol::Outcome& outcome) const;
  void PrintTotals() const;
  ExitCode AskForConfirmation() const;

  const Globals& globals_;
  const protocol::Mutation mutation_;
  const MutationOptions& options_;
  Print print_;
  const std::string actor_;
  std::vector<uint64_t> confirmations_;  // by request
  Target target_;
  std::unique_ptr<MutationBatch> batch_;
  size_t requests_ = 0;
  std::vector<uint64_t> verdicts_;  // how many items have each
  uint64_t answered_ = 0;
  uint64_t unknown_ = 0;  // that were under way when the server was lost
  uint64_t bad_rows_ = 0;
  absl::btree_map<size_t, NeededConfirmation> needed_;  // by request
  absl::Status failure_;                                // the first reply that was a refusal
};

// The positional argument of a command about one source ID.
CLI::Option* AddSource(const Added<MutationOptions>& added);

// A run that prints in the usual way.
absl::StatusOr<ExitCode> RunMutation(const Globals& globals, protocol::Mutation mutation,
                                     const MutationOptions& options);

}  // namespace xref::cli
