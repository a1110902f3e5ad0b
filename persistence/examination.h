#pragma once

#include <absl/functional/function_ref.h>
#include <absl/status/status.h>

#include <cstdint>
#include <string>
#include <vector>

#include "index/vocabulary.h"
#include "persistence/journal.h"
#include "persistence/snapshot.h"

namespace xref {

// What was found in a data folder.
struct Examination {
  uint64_t pages = 0;
  uint64_t references = 0;  // of the snapshot
  uint64_t changes = 0;     // of the journal
  Lsn lsn = 0;              // of the last change
  // What is damaged, each in a sentence; no more than kDamagesMax of them.
  std::vector<std::string> damages;
  // Empty unless something kept it from going on, such as `pace`.
  absl::Status interrupted;

  static constexpr size_t kDamagesMax = 100;
};

// How far an examination is, in bytes read; `total` is an estimate.
struct ExaminationProgress {
  uint64_t done;
  uint64_t total;
};

// Reads every page and every value of both, verifies all checksums, and that they belong together.
// Goes on after damage where it can. May run beside a daemon that writes to the journal, on any
// thread; nothing may be folded meanwhile.
// `pace` is called every megabyte or so and ends the examination by failing.
Examination Examine(Journal& journal, Snapshot& snapshot,
                    absl::FunctionRef<absl::Status(const ExaminationProgress&)> pace);

}  // namespace xref
