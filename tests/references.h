#pragma once

// References for tests to work with, and CSV read and written without any code of the product, so
// that what a test expects does not rest on what it examines.

#include <cstddef>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "index/vocabulary.h"

namespace xref::test {

using References = std::vector<std::pair<std::string, std::string>>;  // source ID, target ID

// `count` references with the IDs PREFIX0 -> T-PREFIX0 and so on.
References MakeReferences(size_t count, std::string_view prefix = "S-");

// As a file: the header and the rows.
std::string ToCsv(const References& references);
// The rows alone, from one position to before another.
std::string ToRows(const References& references, size_t begin, size_t end);
// The header source_id and the source IDs.
std::string SourcesToCsv(const References& references);

// Reads plain CSV: the columns source_id and target_id, no quotes.
References ReadPlainCsv(const std::string& path);

IdList Sources(const References& references);
IdList Targets(const References& references);

// What importing the rows in order must come to: the first row of a source ID wins.
struct Expected {
  size_t added = 0;
  size_t duplicates = 0;
  size_t conflicts = 0;
  References references;
};
Expected Expect(const References& rows);

}  // namespace xref::test
