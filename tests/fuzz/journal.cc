// A journal with any records in it: a start ends, and what it lets pass can be folded, and started
// from again.
//
// The input is records without their checksums, each after its size as u16; their LSNs are made to
// follow one another where the first byte is odd.

#include "persistence/journal.h"

#include <gtest/gtest.h>
#include <xxhash.h>

#include <cstring>
#include <string>
#include <vector>

#include "index/reference_store.h"
#include "persistence/checkpoint.h"
#include "persistence/data_files.h"
#include "persistence/recovery.h"
#include "tests/fuzz/bodies.h"
#include "tests/fuzz/fuzz_bytes.h"
#include "tests/fuzz/scratch_folder.h"

namespace xref::fuzz {
namespace {

constexpr uint64_t kMapBytes = 512 << 20;
constexpr size_t kRecordsMax = 64;

std::string Sealed(std::string_view content, Lsn lsn, bool follows) {
  std::string record(sizeof(uint64_t), '\0');
  record.append(content);
  if (follows && record.size() >= 2 * sizeof(uint64_t)) {
    std::memcpy(record.data() + sizeof(uint64_t), &lsn, sizeof lsn);
  }
  const uint64_t seal =
      XXH3_64bits(record.data() + sizeof(uint64_t), record.size() - sizeof(uint64_t));
  std::memcpy(record.data(), &seal, sizeof seal);
  return record;
}

absl::StatusOr<Recovered> Start(const DataFiles& files) {
  ReferenceStore store(1);
  const auto recovered = Recover(*files.journal, *files.snapshots->current(), store,
                                 [](const RecoveryProgress&) { return true; });
  while (store.ReclaimStep()) {
  }
  return recovered;
}

}  // namespace

void RunJournal(std::string_view bytes) {
  FuzzBytes input(bytes);
  const bool follows = input.Next() % 2 == 1;
  const ScratchFolder scratch;
  const auto folder = DataFolder::Lock(scratch.path());
  ASSERT_TRUE(folder.ok()) << folder.status();
  auto files = OpenDataFiles(*folder, kMapBytes);
  ASSERT_TRUE(files.ok()) << files.status();
  std::vector<std::string> records;
  while (!input.empty() && records.size() < kRecordsMax) {
    const std::string_view content = input.Take(input.Number<uint16_t>());
    records.push_back(Sealed(content, records.size() + 1, follows));
  }
  std::vector<JournalRecord> group;
  for (size_t i = 0; i < records.size(); ++i) group.push_back({i + 1, records[i]});
  ASSERT_TRUE(group.empty() || files->journal->Append(group).ok());

  const auto recovered = Start(*files);
  if (!recovered.ok()) {
    EXPECT_FALSE(recovered.status().message().empty());
    return;
  }
  EXPECT_EQ(recovered->lsn, records.size());
  const auto reached = Checkpoint(*files->journal, *files->snapshots);
  ASSERT_TRUE(reached.ok()) << reached.status();
  EXPECT_EQ(*reached, records.size());
  const auto again = Start(*files);
  ASSERT_TRUE(again.ok()) << again.status();
  EXPECT_EQ(again->lsn, recovered->lsn);
}

}  // namespace xref::fuzz
