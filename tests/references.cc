#include "tests/references.h"

#include <fstream>
#include <map>

namespace xref::test {

References MakeReferences(size_t count, std::string_view prefix) {
  References references;
  references.reserve(count);
  for (size_t i = 0; i < count; ++i) {
    const std::string source = std::string(prefix) + std::to_string(i);
    references.emplace_back(source, "T-" + source);
  }
  return references;
}

std::string ToRows(const References& references, size_t begin, size_t end) {
  std::string rows;
  for (size_t i = begin; i < end; ++i) {
    rows += references[i].first + "," + references[i].second + "\n";
  }
  return rows;
}

std::string ToCsv(const References& references) {
  return "source_id,target_id\n" + ToRows(references, 0, references.size());
}

std::string SourcesToCsv(const References& references) {
  std::string text = "source_id\n";
  for (const auto& [source, target] : references) text += source + "\n";
  return text;
}

References ReadPlainCsv(const std::string& path) {
  References references;
  std::ifstream file(path);
  std::string line;
  std::getline(file, line);
  while (std::getline(file, line)) {
    const size_t comma = line.find(',');
    references.emplace_back(line.substr(0, comma), line.substr(comma + 1));
  }
  return references;
}

IdList Sources(const References& references) {
  IdList ids;
  for (const auto& [source, target] : references) ids.Add(source);
  return ids;
}

IdList Targets(const References& references) {
  IdList ids;
  for (const auto& [source, target] : references) ids.Add(target);
  return ids;
}

Expected Expect(const References& rows) {
  Expected expected;
  std::map<std::string, std::string> met;
  for (const auto& [source, target] : rows) {
    const auto [at, added] = met.emplace(source, target);
    if (added) {
      ++expected.added;
      expected.references.emplace_back(source, target);
    } else if (at->second == target) {
      ++expected.duplicates;
    } else {
      ++expected.conflicts;
    }
  }
  return expected;
}

}  // namespace xref::test
