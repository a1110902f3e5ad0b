#include "client/csv.h"

#include <cstring>
#include <utility>

namespace xref {

CsvRow::State CsvRow::Begin(std::string_view line) {
  if (!line.empty() && std::memchr(line.data(), '"', line.size()) != nullptr) {
    text_ = line;
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
  // Without a quote the line cannot close the field; parsing the whole row again would find no
  // more.
  if (line.find('"') == std::string_view::npos) return State::kOpen;
  return Parse();
}

CsvRow::State CsvRow::Parse() {
  std::vector<std::pair<size_t, size_t>> spans;  // of each field in unquoted_
  unquoted_.clear();
  size_t at = 0;
  for (;;) {
    const size_t start = unquoted_.size();
    if (at < text_.size() && text_[at] == '"') {
      for (++at;;) {
        const size_t quote = text_.find('"', at);
        if (quote == std::string::npos) return State::kOpen;
        unquoted_.append(text_, at, quote - at);
        at = quote + 1;
        if (at == text_.size() || text_[at] != '"') break;
        unquoted_.push_back('"');
        ++at;
      }
      if (at < text_.size() && text_[at] != ',') return State::kInvalid;
    } else {
      const size_t comma = std::min(text_.find(',', at), text_.size());
      unquoted_.append(text_, at, comma - at);
      at = comma;
    }
    spans.emplace_back(start, unquoted_.size() - start);
    if (at == text_.size()) break;
    ++at;  // the comma
  }
  fields_.clear();
  for (const auto& [start, size] : spans) {
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
