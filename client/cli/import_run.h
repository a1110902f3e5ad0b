#pragma once

#include <absl/status/status.h>

#include <cstdint>
#include <deque>
#include <memory>
#include <string>
#include <vector>

#include "client/cli/command.h"
#include "client/cli/import_rehearsal.h"
#include "client/cli/import_report.h"
#include "client/cli/line_set.h"
#include "client/cli/mutation_batch.h"
#include "client/cli/progress.h"
#include "client/cli/repeated_rows.h"
#include "client/record_reader.h"

namespace xref::cli {

// What to do with a row where another target stands: tell, say nothing, or take the row's target.
enum class OnConflict { kFail, kSkip, kOverwrite };

struct ImportOptions {
  std::string place;
  std::string file;
  std::string actor;
  OnConflict on_conflict = OnConflict::kFail;
  bool dry_run = false;
  bool all_or_nothing = false;
  std::string rejects;     // empty for none
  uint32_t batch = 5'000;  // rows in one request
  uint32_t in_flight = 4;  // requests under way
};

// Sends the rows of a file to the server once, to be taken or to be rehearsed.
//
// Rows are added. With kOverwrite, those that conflict are put in a second request, and rows that
// repeat a source ID wait until that was sent, so that they meet what the first such row left.
class ImportRun {
 public:
  // What differs from one run over a file to another; what is pointed to must outlive the run.
  struct How {
    const RepeatedRows* repeated = nullptr;  // needed to overwrite
    ImportRehearsal* rehearsal = nullptr;    // nothing is changed
    LineSet* added = nullptr;  // gets the rows that were added, and the first reject ends the run
  };

  ImportRun(const ImportOptions& options, Target& target, RecordReader& reader,
            ImportReport& report, How how)
      : options_(options),
        actor_(ActorOr(options.actor)),
        target_(target),
        reader_(reader),
        report_(report),
        how_(how),
        progress_(how.rehearsal != nullptr ? "rehearse" : "import") {}

  // Returns once every row is answered. Errors: what was answered before is in the report.
  absl::Status Run();

 private:
  // The rows of one request, kept until its answer is there.
  struct Rows {
    explicit Rows(protocol::Mutation made_by) : mutation(made_by), items(made_by) {}

    void Add(const Item& item, uint64_t line) {
      items.Add(item);
      lines.push_back(line);
    }

    const protocol::Mutation mutation;
    MutationBatch items;
    std::vector<uint64_t> lines;
  };

  bool overwrites() const { return options_.on_conflict == OnConflict::kOverwrite; }
  bool IsLater(uint64_t line) const {
    return how_.repeated != nullptr && how_.repeated->later.Contains(line);
  }
  bool ended() const { return how_.added != nullptr && report_.totals().rejected() > 0; }

  absl::Status Take(const Record& record);
  // Everything that was taken so far, in an order in which the first row of a source ID wins.
  absl::Status SendAll();
  // The rows that need not wait, and what is known so far to be sent once more.
  absl::Status SendReady();
  // Leaves `rows` empty, for further ones.
  absl::Status Send(std::unique_ptr<Rows>& rows);
  void Settle(const Rows& rows, const protocol::MutationReply& reply);
  void Reject(uint64_t line, const Item& item, protocol::Verdict verdict,
              std::string_view standing);

  const ImportOptions& options_;
  const std::string actor_;
  Target& target_;
  RecordReader& reader_;
  ImportReport& report_;
  const How how_;
  Progress progress_;
  std::unique_ptr<Rows> rows_ = std::make_unique<Rows>(protocol::Mutation::kAdd);
  std::unique_ptr<Rows> repeated_ = std::make_unique<Rows>(protocol::Mutation::kAdd);
  std::deque<std::unique_ptr<Rows>> again_;  // rows that were answered, and are to be sent again
  absl::Status failure_;                     // the first reply that was a refusal
};

}  // namespace xref::cli
