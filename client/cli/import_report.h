#pragma once

#include <absl/status/status.h>

#include <cstdint>
#include <string>
#include <string_view>
#include <utility>

#include "client/cli/hash_spill.h"
#include "client/cli/rows_file.h"

namespace xref::cli {

// What became of the rows of an import: counted, the first faulty ones told on standard error, and
// those that were not taken written to a file of rejects.
class ImportReport {
 public:
  struct Totals {
    uint64_t rows = 0;
    uint64_t added = 0;
    uint64_t unchanged = 0;    // it was there before, with this target; counted by Close
    uint64_t overwritten = 0;  // another target stood, and the row's was taken
    uint64_t conflicts = 0;    // the row's target was not taken: another one stands
    uint64_t duplicates = 0;   // the row says again what an earlier one says; counted by Close
    uint64_t bad_rows = 0;

    uint64_t rejected() const { return conflicts + bad_rows; }
  };

  // `input` is the name of the file that is read, for messages. `rejects` may be closed.
  ImportReport(std::string input, RowsFile& rejects)
      : input_(std::move(input)), rejects_(rejects) {}

  const Totals& totals() const { return totals_; }
  // Rows whose target stands now.
  uint64_t standing() const { return totals_.added + totals_.overwritten + stood_; }

  void CountRow() { ++totals_.rows; }
  // A row whose target stands now. kStood: it stood before, since an earlier row of the file or
  // since before the import; which of the two is found out at the end.
  enum class Taken { kAdded, kOverwritten, kStood };
  absl::Status Take(std::string_view source, Taken how);
  // A row that was not taken; the IDs are empty where they could not be read. A row that need not
  // be `told` is written to the rejects only.
  enum class Fault { kBadRow, kConflict };
  void Reject(Fault fault, uint64_t line, std::string_view source, std::string_view target,
              std::string_view reason, bool told);

  // Ends the report.
  absl::Status Close();

 private:
  const std::string input_;
  RowsFile& rejects_;
  Totals totals_;
  uint64_t stood_ = 0;
  uint64_t told_ = 0;
  HashSpill sources_;  // of the rows that were taken, each with how
};

}  // namespace xref::cli
