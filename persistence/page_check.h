#pragma once

#include <absl/functional/function_ref.h>
#include <absl/status/status.h>
#include <absl/status/statusor.h>

#include <cstdint>
#include <optional>
#include <span>
#include <string>
#include <string_view>

namespace xref {

// What to examine: the pages of an LMDB environment, as one transaction sees them.
struct PagesToCheck {
  std::string path;                          // the environment's folder; data.mdb must exist
  std::span<const std::string_view> tables;  // the named tables that it must have, in byte order
  std::optional<uint64_t> transaction;       // its number; the last one where none is named
};

// Examines an environment's file without LMDB, which trusts its own pages: with a damaged one it
// may crash, hang, or miss what is there. What this lets pass LMDB can use: every page that can be
// reached is of the right kind and reached once, no free page is in use, every key is in its order,
// and every table has as many entries as it says. What the entries mean is for others to verify.
//
// Reads the whole file through a buffer, some GB a second. `pace` is called every 256 pages with
// the number examined so far, and ends the examination by failing. Any thread; beside a daemon that
// writes, hold a read transaction of that number meanwhile, so that its pages stay as they are.
//
// Returns how many pages were examined. DataLoss: the first damaged page, by number, and what is
// wrong with it. Aborted: the named transaction could not be told from the two meta pages, since
// commits came between, or since these are damaged; try again with a new one.
absl::StatusOr<uint64_t> CheckPages(const PagesToCheck& what,
                                    absl::FunctionRef<absl::Status(uint64_t pages)> pace);

}  // namespace xref
