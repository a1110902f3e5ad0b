// A backup with altered bytes: it is refused, or a daemon can start from what is restored.
//
// The input is a byte that is odd where the file gets the seal that it should have, and what is
// altered.

#include "persistence/backup.h"

#include <gtest/gtest.h>
#include <xxhash.h>

#include <cstring>
#include <filesystem>
#include <string>
#include <vector>

#include "index/reference_store.h"
#include "persistence/checkpoint.h"
#include "persistence/data_files.h"
#include "persistence/recovery.h"
#include "protocol/change_codec.h"
#include "tests/fuzz/altered_file.h"
#include "tests/fuzz/bodies.h"
#include "tests/fuzz/fuzz_bytes.h"
#include "tests/fuzz/scratch_folder.h"

namespace xref::fuzz {
namespace {

constexpr uint64_t kMapBytes = 512 << 20;

// Makes changes one after the other, and keeps their records.
class Records {
 public:
  void Add(decltype(Change::what) what) {
    const Change change{.lsn = records_.size() + 1,
                        .epoch = 1,
                        .time_us = 1'764'000'000'000'000,
                        .actor = "ada",
                        .what = std::move(what)};
    protocol::EncodeChange(change, records_.emplace_back());
  }
  absl::Status AppendTo(Journal& journal) const {
    std::vector<JournalRecord> group;
    for (const std::string& record : records_) group.push_back({group.size() + 1, record});
    return journal.Append(group);
  }

 private:
  std::vector<std::string> records_;
};

// A file with something in each table of the snapshot.
std::string MakeBackup() {
  const ScratchFolder scratch;
  const auto folder = DataFolder::Lock(scratch.path());
  EXPECT_TRUE(folder.ok()) << folder.status();
  const auto files = OpenDataFiles(*folder, kMapBytes);
  EXPECT_TRUE(files.ok()) << files.status();
  IdList sources;
  IdList targets;
  for (int i = 0; i < 60; ++i) {
    sources.Add("SO-" + std::to_string(i));
    targets.Add("INV-" + std::to_string(i / 2));
  }
  IdList none;
  IdList one;
  one.Add("SO-1");
  none.Add("");
  IdList other;
  other.Add("INV-0");
  IdList free;
  free.Add("SO-free");
  Records records;
  records.Add(CreateIntegration{1, "shop-erp", "Shop", "ERP", {{1, "orders"}, {2, "stock"}}});
  records.Add(AddReferences{1, Origin::kImport, sources.View(), targets.View()});
  records.Add(DeleteReferences{1, one.View(), other.View()});
  records.Add(SetReferences{1, Origin::kManual, false, one.View(), other.View(), none.View()});
  records.Add(GrantClaims{1, 60'000, 1, free.View(), none.View()});
  records.Add(IgnoreSources{2, true, one.View()});
  records.Add(PurgePlace{2, 3, 0});
  EXPECT_TRUE(records.AppendTo(*files->journal).ok());
  const auto reached = Checkpoint(*files->journal, *files->snapshots);
  EXPECT_TRUE(reached.ok()) << reached.status();
  const auto backup = BackupFile::Make(*files->snapshots->current(), scratch.path());
  EXPECT_TRUE(backup.ok()) << backup.status();
  std::string bytes(backup->bytes(), '\0');
  EXPECT_TRUE(backup->Read(0, bytes).ok());
  return bytes;
}

void ExpectStarts(const std::string& path) {
  const auto folder = DataFolder::Lock(path);
  ASSERT_TRUE(folder.ok()) << folder.status();
  const auto files = OpenDataFiles(*folder, kMapBytes);
  ASSERT_TRUE(files.ok()) << files.status();
  ReferenceStore store(1);
  const auto recovered = Recover(*files->journal, *files->snapshots->current(), store,
                                 [](const RecoveryProgress&) { return true; });
  EXPECT_TRUE(recovered.ok()) << recovered.status();
}

}  // namespace

void RunBackup(std::string_view bytes) {
  static const std::string whole = MakeBackup();
  constexpr size_t kMarkBytes = 8;
  FuzzBytes input(bytes);
  const bool seals = input.Next() % 2 == 1;
  std::string file = whole;
  Alter(input, file);
  const size_t content_bytes = file.size() - kMarkBytes - sizeof(uint64_t);
  if (seals && file.size() > kMarkBytes + sizeof(uint64_t)) {
    const uint64_t seal = XXH3_64bits(file.data(), content_bytes);
    std::memcpy(file.data() + content_bytes + kMarkBytes, &seal, sizeof seal);
  }
  const ScratchFolder scratch;
  WriteFile(scratch.path() + "/file", file);
  const std::string folder = scratch.path() + "/restored";
  const auto restored = Restore(scratch.path() + "/file", folder, kMapBytes);
  EXPECT_EQ(std::filesystem::exists(folder), restored.ok());
  if (restored.ok()) return ExpectStarts(folder);
  EXPECT_FALSE(restored.status().message().empty());
}

}  // namespace xref::fuzz
