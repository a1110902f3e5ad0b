#pragma once

#include <absl/status/statusor.h>

#include <cstdint>
#include <string>

#include "client/cli/command.h"
#include "client/cli/line_set.h"
#include "client/record_reader.h"

namespace xref::cli {

struct TakenBack {
  uint64_t references = 0;
  uint64_t left = 0;  // changed or deleted by somebody else meanwhile, and so left alone
};

// Deletes the references of the rows that a run has added, as long as they are as it left them.
// Reads the file again. Errors: `done` has what was taken back before.
absl::Status TakeBack(Target& target, const std::string& actor, RecordReader& reader,
                      const LineSet& added, TakenBack& done);

}  // namespace xref::cli
