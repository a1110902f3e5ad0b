#pragma once

#include <absl/status/status.h>

#include <fstream>
#include <initializer_list>
#include <string>
#include <string_view>

namespace xref::cli {

// A new CSV file that a command was told to write rows to. Until it is opened, rows go nowhere.
class RowsFile {
 public:
  // InvalidArgument where there is such a file: it might be the one that is read, or the only trace
  // of an earlier run.
  absl::Status Open(const std::string& path, std::initializer_list<std::string_view> header);

  void Add(std::initializer_list<std::string_view> fields);

  // Errors: not all rows could be written.
  absl::Status Close();

 private:
  std::string path_;
  std::ofstream file_;
  std::string row_;
};

}  // namespace xref::cli
