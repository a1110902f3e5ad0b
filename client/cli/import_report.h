#pragma once

#include <absl/status/status.h>

#include <cstdint>
#include <string>
#include <string_view>
#include <utility>

#include "client/cli/rows_file.h"

namespace xref::cli {

// What became of the rows of an import: counted, the first faulty ones told on standard error, and
// those that were not taken written to a file of rejects.
class ImportReport {
 public:
  struct Totals {
    uint64_t rows = 0;
    uint64_t added = 0;
    uint64_t unchanged = 0;
    uint64_t overwritten = 0;  // another target stood, and the row's was taken
    uint64_t conflicts = 0;    // the row's target was not taken: another one stands
    uint64_t duplicates = 0;   // the row says again what an earlier row of the file says
    uint64_t bad_rows = 0;
  };

  // `input` is the name of the file that is read, for messages.
  explicit ImportReport(std::string input) : input_(std::move(input)) {}

  // Makes the file of rejects, which must not exist. Call it at most once, before any row.
  absl::Status OpenRejects(const std::string& path) {
    return rejects_.Open(path, {"source_id", "target_id", "line", "reason"});
  }

  Totals& totals() { return totals_; }
  const Totals& totals() const { return totals_; }

  // A row that was not taken; the IDs are empty where they could not be read. A row that need not
  // be `told` is written to the rejects only.
  void Reject(uint64_t line, std::string_view source, std::string_view target,
              std::string_view reason, bool told);

  // Ends the report. Errors: the rejects could not be written.
  absl::Status Close();

 private:
  const std::string input_;
  Totals totals_;
  uint64_t told_ = 0;
  RowsFile rejects_;
};

}  // namespace xref::cli
