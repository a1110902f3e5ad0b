// Files of references: whatever is in one, it is read to its end, twice the same, and rows that
// were read are read the same once they are written as CSV.
//
// The input is a byte that says which columns are asked for, and the file.

#include <gtest/gtest.h>

#include <iterator>
#include <string>
#include <utility>
#include <vector>

#include "client/csv.h"
#include "client/record_reader.h"
#include "index/vocabulary.h"
#include "tests/fuzz/bodies.h"
#include "tests/fuzz/fuzz_bytes.h"
#include "tests/fuzz/memory_file.h"

namespace xref::fuzz {
namespace {

using Columns = RecordReader::Columns;

constexpr Columns kColumns[] = {Columns::kSource, Columns::kTarget, Columns::kBoth,
                                Columns::kClaims, Columns::kSettled};

struct Row {
  std::string source;
  std::string target;
  uint64_t token;
  bool operator==(const Row&) const = default;
};

struct Rows {
  std::vector<Row> good;
  std::vector<std::string> faults;
  std::string end;  // why it ended, if not at the end of the file
  bool operator==(const Rows&) const = default;
};

Rows ReadAll(RecordReader& reader, Columns columns) {
  Rows rows;
  uint64_t line = 0;
  for (Record record;;) {
    const auto found = reader.Next(record);
    if (!found.ok()) {
      rows.end = std::string(found.status().message());
      return rows;
    }
    if (*found == RecordReader::Found::kEnd) return rows;
    EXPECT_GT(reader.line(), line);
    line = reader.line();
    if (*found == RecordReader::Found::kBadRow) {
      EXPECT_FALSE(reader.fault().empty());
      rows.faults.push_back(reader.fault());
      continue;
    }
    const bool has_source = columns != Columns::kTarget;
    const bool has_target = columns != Columns::kSource && columns != Columns::kClaims;
    EXPECT_EQ(FindIdFault(record.source_id).has_value(), !has_source);
    EXPECT_EQ(FindIdFault(record.target_id).has_value(), !has_target);
    rows.good.push_back(
        {std::string(record.source_id), std::string(record.target_id), record.token});
  }
}

std::string Csv(const Rows& rows) {
  std::string csv;
  AppendCsvRow({"source_id", "target_id", "token"}, csv);
  for (const Row& row : rows.good) {
    AppendCsvRow({row.source, row.target, std::to_string(row.token)}, csv);
  }
  return csv;
}

}  // namespace

void RunRecords(std::string_view bytes) {
  FuzzBytes input(bytes);
  const Columns columns = kColumns[input.Next() % std::size(kColumns)];
  const MemoryFile file(input.Rest());
  auto reader = RecordReader::Open(file.path(), columns, LineInput::Readings::kSeveral);
  if (!reader.ok()) {
    EXPECT_FALSE(reader.status().message().empty());
    return;
  }
  const Rows rows = ReadAll(**reader, columns);
  EXPECT_LE((*reader)->input().bytes_read(), bytes.size());
  ASSERT_TRUE((*reader)->Restart().ok());
  EXPECT_TRUE(rows == ReadAll(**reader, columns));

  const MemoryFile written(Csv(rows));
  auto again = RecordReader::Open(written.path(), columns);
  ASSERT_TRUE(again.ok()) << again.status();
  const Rows same = ReadAll(**again, columns);
  EXPECT_EQ(same.faults, std::vector<std::string>());
  EXPECT_TRUE(same.good == rows.good);
}

}  // namespace xref::fuzz
