#pragma once

#include <absl/status/statusor.h>

#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <string_view>

#include "client/line_input.h"

namespace xref {

// One row of a file of references, IDs or claims. A column that is not asked for is empty or 0.
struct Record {
  std::string_view source_id;
  std::string_view target_id;
  uint64_t token = 0;  // of a claim
};

// Reads files of references: CSV with a header that names source_id, target_id and token, as far as
// they are asked for, among its columns, or NDJSON with these keys. Which of the two is told from
// the first byte: '{' begins NDJSON. Rows are read one at a time; a bad one is reported and does
// not end the reading.
class RecordReader {
 public:
  // Sums of the columns that a file must have.
  enum class Columns : uint8_t {
    kSource = 1,
    kTarget = 2,
    kBoth = 3,
    kClaims = 5,   // source and token
    kSettled = 7,  // source, target and token
  };
  // Opens the file ("-" is standard input) and reads the header. InvalidArgument: the header lacks
  // a column; NotFound, PermissionDenied: the file cannot be read.
  static absl::StatusOr<std::unique_ptr<RecordReader>> Open(
      const std::string& path, Columns columns,
      LineInput::Readings readings = LineInput::Readings::kOne);
  virtual ~RecordReader() = default;

  enum class Found { kRecord, kBadRow, kEnd };
  // The next row. A record's IDs are valid IDs, and live until the next call. Empty lines are
  // skipped. After kBadRow, fault() says what is wrong with it, and the record has what could be
  // read of it.
  absl::StatusOr<Found> Next(Record& record);
  // Back to the first row, as LineInput::Restart.
  absl::Status Restart();

  uint64_t line() const { return row_line_; }  // where the last row begins, from 1
  const std::string& fault() const { return fault_; }
  const LineInput& input() const { return input_; }

 protected:
  RecordReader(LineInput input, Columns columns) : input_(std::move(input)), columns_(columns) {}

  // Takes apart the row that begins with `line`; what is wrong with it, or nothing.
  virtual absl::StatusOr<std::optional<std::string>> Parse(std::string_view line,
                                                           Record& record) = 0;

  bool wants_source() const { return (static_cast<uint8_t>(columns_) & 1) != 0; }
  bool wants_target() const { return (static_cast<uint8_t>(columns_) & 2) != 0; }
  bool wants_token() const { return (static_cast<uint8_t>(columns_) & 4) != 0; }

  LineInput input_;
  uint64_t row_line_ = 0;

 private:
  std::optional<std::string> FindFault(const Record& record) const;

  const Columns columns_;
  bool has_header_ = false;
  std::string first_line_;  // where it is no header: read to tell the format
  bool has_first_line_ = false;
  std::string fault_;
};

}  // namespace xref
