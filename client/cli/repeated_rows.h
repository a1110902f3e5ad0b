#pragma once

#include <absl/status/statusor.h>

#include "client/cli/line_set.h"
#include "client/record_reader.h"

namespace xref::cli {

// The rows of a file that depend on each other.
struct RepeatedRows {
  LineSet later;  // an earlier row has the same source ID
  LineSet all;    // another row, earlier or later, has the same source ID; or the same target ID,
                  // where those are looked at as well
};

// Reads the file to its end. Bad rows are passed over.
absl::StatusOr<RepeatedRows> FindRepeatedRows(RecordReader& reader, bool by_target_too);

}  // namespace xref::cli
