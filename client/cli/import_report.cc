#include "client/cli/import_report.h"

#include <fmt/format.h>

#include <iostream>

#include "client/cli/id_hashes.h"

namespace xref::cli {
namespace {

// Rows that are told one by one; of further ones, only the number.
constexpr uint64_t kToldMax = 100;

}  // namespace

absl::Status ImportReport::Take(std::string_view source, Taken how) {
  switch (how) {
    case Taken::kAdded:
      ++totals_.added;
      break;
    case Taken::kOverwritten:
      ++totals_.overwritten;
      break;
    case Taken::kStood:
      ++stood_;
      break;
  }
  return sources_.Add({HashOf(source), static_cast<uint64_t>(how)});
}

void ImportReport::Reject(Fault fault, uint64_t line, std::string_view source,
                          std::string_view target, std::string_view reason, bool told) {
  ++(fault == Fault::kBadRow ? totals_.bad_rows : totals_.conflicts);
  if (told && ++told_ <= kToldMax) {
    std::cerr << fmt::format("{}, line {}: {}\n", input_, line, reason);
  }
  rejects_.Add({source, target, std::to_string(line), reason});
}

absl::Status ImportReport::Close() {
  if (told_ > kToldMax) std::cerr << fmt::format("... and {} more rows\n", told_ - kToldMax);
  if (stood_ == 0) return absl::OkStatus();
  // Of the rows of a source ID whose target stood, the first is no duplicate if no row linked it.
  const auto status = sources_.ForEachHash([this](std::span<const HashSpill::Entry> rows) {
    const bool linked = rows.front().value != static_cast<uint64_t>(Taken::kStood);
    if (!linked) ++totals_.unchanged;
  });
  totals_.duplicates = stood_ - totals_.unchanged;
  return status;
}

}  // namespace xref::cli
