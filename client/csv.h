#pragma once

#include <initializer_list>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace xref {

// Cuts one row of CSV (RFC 4180: commas, double quotes, quotes doubled inside quotes) into fields.
// A row is given line by line, since a quoted field may span lines. A quote inside an unquoted
// field is an ordinary character.
class CsvRow {
 public:
  enum class State {
    kWhole,    // fields() is the row
    kOpen,     // a quoted field is not closed yet: the next line belongs to this row
    kInvalid,  // text follows a closing quote
  };
  // Begins a row, and carries one on. `line` has no line break; an unquoted row borrows from it.
  State Begin(std::string_view line);
  State Continue(std::string_view line);

  // Valid until the next Begin or, where borrowed, as long as the line.
  const std::vector<std::string_view>& fields() const { return fields_; }
  size_t bytes() const { return text_.size(); }

 private:
  // Goes on from where it was.
  State Parse();

  std::string text_;      // a row with quotes: as it came
  std::string unquoted_;  // and its fields without their quotes
  // Of each whole field in unquoted_.
  struct Span {
    size_t start;
    size_t size;
  };
  std::vector<Span> spans_;
  size_t at_ = 0;         // up to where text_ was taken apart
  size_t start_ = 0;      // of the field there, in unquoted_
  bool is_open_ = false;  // it is within quotes
  std::vector<std::string_view> fields_;
};

// Appends a field, quoted if it has to be.
void AppendCsvField(std::string_view field, std::string& out);
// Appends a row of at least one field, with its line break.
void AppendCsvRow(std::initializer_list<std::string_view> fields, std::string& out);

}  // namespace xref
