#include "client/cli/rows_file.h"

#include <fmt/format.h>

#include <filesystem>

#include "client/csv.h"

namespace xref::cli {

absl::Status RowsFile::Open(const std::string& path,
                            std::initializer_list<std::string_view> header) {
  std::error_code ignored;
  if (std::filesystem::exists(path, ignored)) {
    return absl::InvalidArgumentError(
        fmt::format("{} exists already; name another file for the rows, or remove it", path));
  }
  path_ = path;
  file_.open(path, std::ios::binary);
  Add(header);
  if (file_) return absl::OkStatus();
  return absl::InvalidArgumentError(fmt::format("{} cannot be written", path));
}

void RowsFile::Add(std::initializer_list<std::string_view> fields) {
  if (!file_.is_open()) return;
  row_.clear();
  AppendCsvRow(fields, row_);
  file_ << row_;
}

absl::Status RowsFile::Close() {
  if (!file_.is_open()) return absl::OkStatus();
  file_.close();
  if (file_) return absl::OkStatus();
  return absl::InternalError(fmt::format("not all rows could be written to {}", path_));
}

}  // namespace xref::cli
