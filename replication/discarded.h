#pragma once

#include <absl/status/statusor.h>

#include <string>

#include "index/catalog.h"
#include "index/vocabulary.h"
#include "persistence/journal.h"

namespace xref {

// Writes the journal's changes from `from` on, which never became part of the primary's history, to
// a new file in `folder` and returns its path: a line of JSON for each item, with its LSN, time and
// actor, what was done, and where. What was added can be imported from it. A file of the same
// changes is replaced. DataLoss: the journal does not reach back so far, or is damaged; Internal:
// the file cannot be written.
[[nodiscard]] absl::StatusOr<std::string> KeepDiscarded(Journal& journal, const Catalog& catalog,
                                                        Lsn from, const std::string& folder);

}  // namespace xref
