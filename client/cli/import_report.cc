#include "client/cli/import_report.h"

#include <fmt/format.h>

#include <filesystem>
#include <iostream>

#include "client/csv.h"

namespace xref::cli {
namespace {

// Rows that are told one by one; of further ones, only the number.
constexpr uint64_t kToldMax = 100;

}  // namespace

absl::Status ImportReport::OpenRejects(const std::string& path) {
  std::error_code ignored;
  // It might be the file that is imported, or the only trace of an earlier import.
  if (std::filesystem::exists(path, ignored)) {
    return absl::InvalidArgumentError(
        fmt::format("{} exists already; name another file for the rejects, or remove it", path));
  }
  rejects_path_ = path;
  rejects_.open(path, std::ios::binary);
  rejects_ << "source_id,target_id,line,reason\n";
  if (rejects_) return absl::OkStatus();
  return absl::InvalidArgumentError(fmt::format("{} cannot be written", path));
}

void ImportReport::Reject(uint64_t line, std::string_view source, std::string_view target,
                          std::string_view reason, bool told) {
  if (told && ++told_ <= kToldMax) {
    std::cerr << fmt::format("{}, line {}: {}\n", input_, line, reason);
  }
  if (!rejects_.is_open()) return;
  std::string row;
  AppendCsvField(source, row);
  row.push_back(',');
  AppendCsvField(target, row);
  row += fmt::format(",{},", line);
  AppendCsvField(reason, row);
  rejects_ << row << '\n';
}

absl::Status ImportReport::Close() {
  if (told_ > kToldMax) std::cerr << fmt::format("... and {} more rows\n", told_ - kToldMax);
  if (!rejects_.is_open()) return absl::OkStatus();
  rejects_.close();
  if (rejects_) return absl::OkStatus();
  return absl::InternalError(fmt::format("not all rejects could be written to {}", rejects_path_));
}

}  // namespace xref::cli
