#include "client/csv.h"

#include <algorithm>
#include <cstring>

namespace xref {

CsvRow::State CsvRow::Begin(std::string_view line) {
  if (!line.empty() && std::memchr(line.data(), '"', line.size()) != nullptr) {
    text_ = line;
    unquoted_.clear();
    spans_.clear();
    at_ = 0;
    is_open_ = false;
    return Parse();
  }
  text_.clear();
  fields_.clear();
  for (;;) {
    const size_t comma = line.find(',');
    fields_.push_back(line.substr(0, comma));
    if (comma == std::string_view::npos) return State::kWhole;
    line.remove_prefix(comma + 1);
  }
}

CsvRow::State CsvRow::Continue(std::string_view line) {
  text_.push_back('\n');
  text_.append(line);
  // Without a quote the line cannot close the field.
  if (line.find('"') == std::string_view::npos) return State::kOpen;
  return Parse();
}

CsvRow::State CsvRow::Parse() {
  for (;;) {
    if (!is_open_) {
      start_ = unquoted_.size();
      is_open_ = at_ < text_.size() && text_[at_] == '"';
      if (is_open_) {
        ++at_;
      } else {
        const size_t comma = std::min(text_.find(',', at_), text_.size());
        unquoted_.append(text_, at_, comma - at_);
        at_ = comma;
      }
    }
    while (is_open_) {
      const size_t quote = text_.find('"', at_);
      if (quote == std::string::npos) return State::kOpen;
      unquoted_.append(text_, at_, quote - at_);
      at_ = quote + 1;
      is_open_ = at_ < text_.size() && text_[at_] == '"';
      if (is_open_) {
        unquoted_.push_back('"');
        ++at_;
      } else if (at_ < text_.size() && text_[at_] != ',') {
        return State::kInvalid;
      }
    }
    spans_.push_back({start_, unquoted_.size() - start_});
    if (at_ == text_.size()) break;
    ++at_;  // the comma
  }
  fields_.clear();
  for (const auto& [start, size] : spans_) {
    fields_.push_back(std::string_view(unquoted_).substr(start, size));
  }
  return State::kWhole;
}

void AppendCsvField(std::string_view field, std::string& out) {
  if (field.find_first_of(",\"\r\n") == std::string_view::npos) {
    out.append(field);
    return;
  }
  out.push_back('"');
  for (const char c : field) {
    if (c == '"') out.push_back('"');
    out.push_back(c);
  }
  out.push_back('"');
}

void AppendCsvRow(std::initializer_list<std::string_view> fields, std::string& out) {
  for (const std::string_view field : fields) {
    AppendCsvField(field, out);
    out.push_back(',');
  }
  out.back() = '\n';
}

}  // namespace xref
