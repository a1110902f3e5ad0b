#include "client/cli/import_report.h"

#include <fmt/format.h>

#include <iostream>

namespace xref::cli {
namespace {

// Rows that are told one by one; of further ones, only the number.
constexpr uint64_t kToldMax = 100;

}  // namespace

void ImportReport::Reject(uint64_t line, std::string_view source, std::string_view target,
                          std::string_view reason, bool told) {
  if (told && ++told_ <= kToldMax) {
    std::cerr << fmt::format("{}, line {}: {}\n", input_, line, reason);
  }
  rejects_.Add({source, target, std::to_string(line), reason});
}

absl::Status ImportReport::Close() {
  if (told_ > kToldMax) std::cerr << fmt::format("... and {} more rows\n", told_ - kToldMax);
  return rejects_.Close();
}

}  // namespace xref::cli
