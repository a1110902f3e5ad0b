#include "client/record_reader.h"

#include <fmt/format.h>

#include <algorithm>
#include <boost/json.hpp>
#include <charconv>
#include <utility>
#include <vector>

#include "client/csv.h"
#include "index/vocabulary.h"

namespace xref {
namespace {

constexpr std::string_view kSourceColumn = "source_id";
constexpr std::string_view kTargetColumn = "target_id";
constexpr std::string_view kTokenColumn = "token";

// What is wrong with the text of a token, or nothing.
std::optional<std::string> ReadToken(std::string_view text, uint64_t& token) {
  const auto read = std::from_chars(text.data(), text.data() + text.size(), token);
  if (read.ec == std::errc() && read.ptr == text.data() + text.size()) return std::nullopt;
  return fmt::format("the {} is not a number", kTokenColumn);
}

class CsvReader : public RecordReader {
 public:
  CsvReader(LineInput input, Columns columns) : RecordReader(std::move(input), columns) {}

  absl::Status ReadHeader(std::string_view line) {
    if (row_.Begin(line) != CsvRow::State::kWhole) {
      return MissingColumn(wants_source() ? kSourceColumn : kTargetColumn, line);
    }
    const auto find = [&](std::string_view name, size_t& column) {
      const auto& names = row_.fields();
      column = static_cast<size_t>(std::find(names.begin(), names.end(), name) - names.begin());
      fields_needed_ = std::max(fields_needed_, column + 1);
      return column < names.size();
    };
    if (wants_source() && !find(kSourceColumn, source_column_)) {
      return MissingColumn(kSourceColumn, line);
    }
    if (wants_target() && !find(kTargetColumn, target_column_)) {
      return MissingColumn(kTargetColumn, line);
    }
    if (wants_token() && !find(kTokenColumn, token_column_)) {
      return MissingColumn(kTokenColumn, line);
    }
    return absl::OkStatus();
  }

 protected:
  absl::StatusOr<std::optional<std::string>> Parse(std::string_view line, Record& record) override {
    CsvRow::State state = row_.Begin(line);
    while (state == CsvRow::State::kOpen) {
      if (row_.bytes() > kLineBytesMax) {
        return fmt::format("a quoted field is not closed within {} bytes; {} lines were left out",
                           kLineBytesMax, 1 + input_.line() - row_line_);
      }
      const auto more = input_.Next();
      if (!more.ok()) return more.status();
      if (!more->has_value()) {
        return fmt::format(
            "a quoted field is not closed before the end of the file; {} lines were left out",
            1 + input_.line() - row_line_);
      }
      state = row_.Continue(**more);
    }
    if (state == CsvRow::State::kInvalid) return "text follows a closing quote";
    const auto& fields = row_.fields();
    if (fields.size() < fields_needed_) {
      return fmt::format("too few columns: {}, needed are {}", fields.size(), fields_needed_);
    }
    if (wants_source()) record.source_id = fields[source_column_];
    if (wants_target()) record.target_id = fields[target_column_];
    if (wants_token()) return ReadToken(fields[token_column_], record.token);
    return std::nullopt;
  }

 private:
  absl::Status MissingColumn(std::string_view column, std::string_view header) const {
    const bool semicolons =
        header.find(';') != std::string_view::npos && header.find(',') == std::string_view::npos;
    return absl::InvalidArgumentError(
        fmt::format("{}, line 1: the header has no column {}; {}", input_.name(), column,
                    semicolons ? "its columns are separated by ';', use ','"
                               : "the first line must name the columns, e.g. source_id,target_id"));
  }

  CsvRow row_;
  size_t source_column_ = 0;
  size_t target_column_ = 0;
  size_t token_column_ = 0;
  size_t fields_needed_ = 0;
};

class NdjsonReader : public RecordReader {
 public:
  NdjsonReader(LineInput input, Columns columns) : RecordReader(std::move(input), columns) {}

 protected:
  absl::StatusOr<std::optional<std::string>> Parse(std::string_view line, Record& record) override {
    boost::system::error_code error;
    value_ = boost::json::parse(boost::json::string_view(line.data(), line.size()), error);
    if (error) return fmt::format("not valid JSON: {}", error.message());
    const auto* object = value_.if_object();
    if (object == nullptr) return "not a JSON object";
    if (wants_source()) {
      if (auto fault = Take(*object, kSourceColumn, record.source_id)) return fault;
    }
    if (wants_target()) {
      if (auto fault = Take(*object, kTargetColumn, record.target_id)) return fault;
    }
    if (wants_token()) return TakeToken(*object, record.token);
    return std::nullopt;
  }

 private:
  static std::optional<std::string> TakeToken(const boost::json::object& object, uint64_t& token) {
    const auto* value =
        object.if_contains(boost::json::string_view(kTokenColumn.data(), kTokenColumn.size()));
    if (value == nullptr) return fmt::format("the key {} is missing", kTokenColumn);
    const auto* text = value->if_string();
    return ReadToken(
        text != nullptr ? std::string(text->data(), text->size()) : boost::json::serialize(*value),
        token);
  }

  static std::optional<std::string> Take(const boost::json::object& object, std::string_view key,
                                         std::string_view& id) {
    const auto* value = object.if_contains(boost::json::string_view(key.data(), key.size()));
    if (value == nullptr) return fmt::format("the key {} is missing", key);
    const auto* text = value->if_string();
    if (text == nullptr) return fmt::format("{} is not a text; write it in double quotes", key);
    id = {text->data(), text->size()};
    return std::nullopt;
  }

  boost::json::value value_;
};

}  // namespace

absl::StatusOr<std::unique_ptr<RecordReader>> RecordReader::Open(const std::string& path,
                                                                 Columns columns,
                                                                 LineInput::Readings readings) {
  auto input = LineInput::Open(path, readings);
  if (!input.ok()) return input.status();
  const auto first = input->Next();
  if (!first.ok()) return first.status();
  if (!first->has_value()) {
    return absl::InvalidArgumentError(
        fmt::format("{} is empty; the first line must name the columns, e.g. source_id,target_id",
                    input->name()));
  }
  // The line lies in the input's buffer, which moves with the input.
  const std::string line(**first);
  if (line.starts_with('{')) {
    auto reader = std::make_unique<NdjsonReader>(*std::move(input), columns);
    reader->first_line_ = line;
    reader->has_first_line_ = true;
    return reader;
  }
  auto reader = std::make_unique<CsvReader>(*std::move(input), columns);
  if (auto status = reader->ReadHeader(line); !status.ok()) return status;
  reader->has_header_ = true;
  return reader;
}

absl::Status RecordReader::Restart() {
  has_first_line_ = false;
  if (auto status = input_.Restart(); !status.ok()) return status;
  return has_header_ ? input_.Next().status() : absl::OkStatus();
}

std::optional<std::string> RecordReader::FindFault(const Record& record) const {
  if (wants_source()) {
    if (const auto bad = FindIdFault(record.source_id)) {
      return fmt::format("the source ID {}", Describe(*bad));
    }
  }
  if (wants_target()) {
    if (const auto bad = FindIdFault(record.target_id)) {
      return fmt::format("the target ID {}", Describe(*bad));
    }
  }
  return std::nullopt;
}

absl::StatusOr<RecordReader::Found> RecordReader::Next(Record& record) {
  std::string_view line;
  do {
    if (std::exchange(has_first_line_, false)) {
      line = first_line_;
    } else {
      const auto next = input_.Next();
      if (!next.ok()) return next.status();
      if (!next->has_value()) return Found::kEnd;
      line = **next;
    }
  } while (line.empty());
  row_line_ = input_.line();
  record = {};
  auto fault = Parse(line, record);
  if (!fault.ok()) return fault.status();
  if (!fault->has_value()) *fault = FindFault(record);
  if (!fault->has_value()) return Found::kRecord;
  fault_ = **fault;
  return Found::kBadRow;
}

}  // namespace xref
