// Journal, snapshot, checkpoint and recovery on real files.

#include <gtest/gtest.h>
#include <sys/wait.h>
#include <unistd.h>

#include <atomic>
#include <csignal>
#include <filesystem>
#include <fstream>
#include <map>
#include <memory>
#include <random>
#include <span>
#include <string>
#include <thread>
#include <vector>

#include "index/reference_store.h"
#include "persistence/checkpoint.h"
#include "persistence/data_files.h"
#include "persistence/examination.h"
#include "persistence/journal.h"
#include "persistence/lmdb.h"
#include "persistence/meta_table.h"
#include "persistence/recovery.h"
#include "persistence/snapshot_folder.h"
#include "persistence/snapshot_writer.h"
#include "protocol/change_codec.h"

namespace xref {
namespace {

constexpr uint64_t kMap = uint64_t{1} << 30;
constexpr PlaceId kOrders = 3;
constexpr std::string_view kJournalTables[] = {"changes", "meta"};
constexpr std::string_view kSnapshotTables[] = {"catalog",    "history",      "meta",   "recent",
                                                "references", "reservations", "targets"};

class Persistence : public testing::Test {
 protected:
  using Pairs = std::map<std::string, std::string>;

  void SetUp() override {
    std::string path = testing::TempDir() + "xref-persistence-XXXXXX";
    ASSERT_NE(mkdtemp(path.data()), nullptr);
    path_ = path;
    Open();
  }
  void TearDown() override {
    Close();
    std::filesystem::remove_all(path_);
  }

  void Open(uint64_t map_bytes = kMap) {
    auto folder = DataFolder::Lock(path_ + "/data");
    ASSERT_TRUE(folder.ok()) << folder.status();
    folder_ = std::make_unique<DataFolder>(*std::move(folder));
    auto files = OpenDataFiles(*folder_, map_bytes);
    ASSERT_TRUE(files.ok()) << files.status();
    journal_ = std::move(files->journal);
    snapshots_ = std::move(files->snapshots);
  }
  void Close() {
    journal_.reset();
    snapshots_.reset();
    folder_.reset();
  }
  void Reopen() {
    Close();
    Open();
  }

  void Append(std::vector<Change> changes) {
    std::vector<std::string> bytes(changes.size());
    std::vector<JournalRecord> records;
    for (size_t i = 0; i < changes.size(); ++i) {
      changes[i].lsn = ++lsn_;
      changes[i].epoch = 1;
      protocol::EncodeChange(changes[i], bytes[i]);
      records.push_back({changes[i].lsn, bytes[i]});
    }
    ASSERT_TRUE(journal_->Append(records).ok());
  }

  void CreateIntegration() {
    Change change;
    change.what = xref::CreateIntegration{1, "shop-erp", "Shop", "ERP", {{kOrders, "orders"}}};
    Append({change});
  }

  void Add(const Pairs& pairs) {
    IdList sources;
    IdList targets;
    for (const auto& [source, target] : pairs) {
      sources.Add(source);
      targets.Add(target);
    }
    Change change;
    change.actor = "ada";
    change.what = AddReferences{kOrders, Origin::kSync, sources.View(), targets.View()};
    Append({change});
    model_.insert(pairs.begin(), pairs.end());
  }

  absl::StatusOr<Recovered> Recover(ReferenceStore& store) {
    return xref::Recover(*journal_, *snapshots_->current(), store,
                         [](const RecoveryProgress&) { return true; });
  }

  void ExpectRecoversModel() {
    ReferenceStore store(1);
    const auto recovered = Recover(store);
    ASSERT_TRUE(recovered.ok()) << recovered.status();
    EXPECT_EQ(recovered->lsn, lsn_);
    ASSERT_NE(store.WriterIndex(kOrders), nullptr);
    EXPECT_EQ(store.WriterIndex(kOrders)->size(), model_.size());
    for (const auto& [source, target] : model_) {
      IdList one;
      one.Add(source);
      std::string found;
      ASSERT_TRUE(store.Lookup(0, kOrders, one.View(), [&](auto targets) { found = targets[0]; }));
      EXPECT_EQ(found, target) << source;
    }
  }

  void Checkpoint() {
    const auto reached = xref::Checkpoint(*journal_, *snapshots_);
    ASSERT_TRUE(reached.ok()) << reached.status();
    EXPECT_EQ(*reached, lsn_);
  }

  // The file of the current snapshot, below the data folder.
  std::string SnapshotFile() {
    std::ifstream current(folder_->snapshot_path() + "/CURRENT");
    std::string word;
    std::string number;
    current >> word >> number >> word >> number;  // format F snapshot N
    return "snapshot/" + number + "/data.mdb";
  }

  // Changes one byte of the first place in a file that holds `text`.
  void Damage(const std::string& file, const std::string& text) {
    Close();
    const std::string path = path_ + "/data/" + file;
    FILE* opened = fopen(path.c_str(), "r+b");
    ASSERT_NE(opened, nullptr);
    std::string bytes(std::filesystem::file_size(path), '\0');
    ASSERT_EQ(fread(bytes.data(), 1, bytes.size(), opened), bytes.size());
    const size_t at = bytes.find(text);
    ASSERT_NE(at, std::string::npos);
    fseek(opened, static_cast<long>(at), SEEK_SET);
    fputc(text[0] ^ 1, opened);
    fclose(opened);
    Open();
  }

  std::string path_;
  std::unique_ptr<DataFolder> folder_;
  std::unique_ptr<Journal> journal_;
  std::unique_ptr<SnapshotFolder> snapshots_;
  Lsn lsn_ = 0;
  Pairs model_;
};

TEST_F(Persistence, AStateThatIsNotWhatAComparisonSaysIsToldWithWhatDiffers) {
  CreateIntegration();
  Add({{"A", "1"}});
  ReferenceStore store(1);
  ASSERT_TRUE(Recover(store).ok());
  Change compared;
  compared.lsn = 3;
  compared.what = CompareState{store.Sum()};
  EXPECT_TRUE(CheckState(compared, store).ok());
  StateSum wrong = store.Sum();
  ++wrong.claims;
  compared.what = CompareState{wrong};
  const absl::Status differs = CheckState(compared, store);
  ASSERT_TRUE(absl::IsDataLoss(differs)) << differs;
  const std::string message(differs.message());
  EXPECT_NE(message.find("the state as of change 2 "), std::string::npos) << message;
  EXPECT_NE(message.find("differ in claims"), std::string::npos) << message;
  EXPECT_NE(message.find(Describe(wrong)), std::string::npos) << message;
}

TEST_F(Persistence, AComparisonIsFoldedAndLeavesNothing) {
  CreateIntegration();
  Add({{"A", "1"}});
  ReferenceStore store(1);
  ASSERT_TRUE(Recover(store).ok());
  Change compared;
  compared.what = CompareState{store.Sum()};
  Append({compared});
  Checkpoint();
  ExpectRecoversModel();
  ReferenceStore from_snapshot(1);
  ASSERT_TRUE(Recover(from_snapshot).ok());
  EXPECT_EQ(Describe(from_snapshot.Sum()), Describe(store.Sum()));
}

TEST_F(Persistence, AnEmptyFolderRecoversToNothing) {
  ReferenceStore store(1);
  const auto recovered = Recover(store);
  ASSERT_TRUE(recovered.ok());
  EXPECT_EQ(recovered->lsn, 0U);
  EXPECT_TRUE(store.WriterCatalog().integrations().empty());
}

TEST_F(Persistence, TheJournalAloneRecovers) {
  CreateIntegration();
  Add({{"A", "1"}, {"B", "2"}});
  Reopen();
  ExpectRecoversModel();
}

TEST_F(Persistence, ACheckpointMovesEverythingToTheSnapshot) {
  CreateIntegration();
  Add({{"A", "1"}, {"B", "2"}});
  Checkpoint();
  EXPECT_EQ(journal_->Extent()->last, 0U);
  Reopen();
  ExpectRecoversModel();
}

TEST_F(Persistence, SnapshotAndJournalTailRecoverTogether) {
  CreateIntegration();
  Add({{"A", "1"}});
  Checkpoint();
  Add({{"B", "2"}, {std::string(255, 'x'), std::string(255, 'y')}});
  Reopen();
  ExpectRecoversModel();
}

TEST_F(Persistence, ManyCheckpointsBetweenManyChangesLoseNothing) {
  CreateIntegration();
  std::mt19937 random(1);
  for (int round = 0; round < 30; ++round) {
    Pairs pairs;
    for (int i = 0; i < 200; ++i) {
      const std::string id = std::to_string(random());
      if (!model_.contains(id)) pairs[id] = std::to_string(random());
    }
    Add(pairs);
    if (random() % 3 == 0) Checkpoint();
    if (random() % 5 == 0) Reopen();
  }
  ExpectRecoversModel();
}

TEST_F(Persistence, AFoldThatWasCutShortIsMadeGoodByTheJournal) {
  CreateIntegration();
  Add({{"A", "1"}, {"B", "2"}});
  // As after a crash between the fold's transactions: rows are there, but not how far they reach.
  std::string row;
  const Stamp created{.lsn = 2, .actor = "ada"};
  const size_t key_bytes = AppendReference(
      {.partition = kOrders, .source = "A", .target = "1", .created = created}, row);
  auto writer = SnapshotWriter::Begin(*snapshots_->current());
  ASSERT_TRUE(writer.ok());
  ASSERT_TRUE(writer->SetReference(row.substr(0, key_bytes), row.substr(key_bytes)).ok());
  ASSERT_TRUE(writer->Commit().ok());
  Reopen();
  ExpectRecoversModel();
}

TEST_F(Persistence, FewChangesAreSetIntoTheSnapshotAndManyMakeANewOne) {
  CreateIntegration();
  Pairs many;
  for (int i = 0; i < 1000; ++i) many["S" + std::to_string(i)] = "T";
  Add(many);
  Checkpoint();
  const std::string file = SnapshotFile();
  EXPECT_NE(file, "snapshot/1/data.mdb");
  Add({{"A", "1"}, {"Z", "2"}, {"S5", "T"}});
  Checkpoint();
  EXPECT_EQ(SnapshotFile(), file);
  Reopen();
  ExpectRecoversModel();
}

TEST_F(Persistence, ANewSnapshotHoldsTheOldReferencesAndTheNewInOrder) {
  CreateIntegration();
  for (int round = 0; round < 3; ++round) {
    Pairs pairs;
    for (int i = 0; i < 30'000; ++i) {
      pairs[std::to_string(i * 7 + round) + std::string(200, 'x')] = std::string(200, 'y');
    }
    Add(pairs);  // more than is sorted in memory at a time
    Checkpoint();
  }
  std::string before;
  uint64_t rows = 0;
  const auto status = snapshots_->current()->ReadReferences([&](const StoredReference& reference) {
    EXPECT_LT(before, reference.source);
    before = reference.source;
    ++rows;
    return absl::OkStatus();
  });
  EXPECT_TRUE(status.ok()) << status;
  EXPECT_EQ(rows, model_.size());
  Reopen();
  ExpectRecoversModel();
}

TEST_F(Persistence, WhoeverReadsASnapshotThatIsReplacedReadsItToItsEnd) {
  CreateIntegration();
  Pairs first;
  for (int i = 0; i < 30'000; ++i) first["A" + std::to_string(i)] = std::string(200, 'y');
  Add(first);
  Checkpoint();
  const auto replaced = snapshots_->current();
  uint64_t rows = 0;
  const auto status = replaced->ReadReferences([&](const StoredReference& reference) {
    EXPECT_EQ(reference.target, std::string(200, 'y'));
    if (rows++ == 0) {
      Pairs second;
      for (int i = 0; i < 30'000; ++i) second["B" + std::to_string(i)] = "z";
      Add(second);
      Checkpoint();
    }
    return absl::OkStatus();
  });
  EXPECT_TRUE(status.ok()) << status;
  EXPECT_EQ(rows, first.size());
  EXPECT_NE(replaced, snapshots_->current());
}

TEST_F(Persistence, ASnapshotThatDoesNotReachTheJournalIsRefused) {
  CreateIntegration();
  Add({{"A", "1"}});
  Checkpoint();
  Close();
  std::filesystem::remove_all(path_ + "/data/snapshot");
  Open();
  ReferenceStore store(1);
  const auto recovered = Recover(store);
  EXPECT_TRUE(absl::IsDataLoss(recovered.status())) << recovered.status();
}

TEST_F(Persistence, ACurrentThatNamesNoSnapshotIsRefused) {
  CreateIntegration();
  Checkpoint();
  for (const char* text : {"77", "x", ""}) {
    std::ofstream(folder_->snapshot_path() + "/CURRENT") << text;
    EXPECT_TRUE(absl::IsDataLoss(SnapshotFolder::Open(folder_->snapshot_path(), kMap).status()));
  }
}

TEST_F(Persistence, AMissingChangeIsFoundOut) {
  CreateIntegration();
  Add({{"A", "1"}});
  ++lsn_;
  Add({{"B", "2"}});
  ReferenceStore store(1);
  const auto recovered = Recover(store);
  EXPECT_TRUE(absl::IsDataLoss(recovered.status())) << recovered.status();
}

TEST_F(Persistence, ADamagedChangeIsFoundOutAndNamed) {
  CreateIntegration();
  Add({{"needle-in-the-journal", "1"}});
  Damage("journal/data.mdb", "needle-in-the-journal");
  ReferenceStore store(1);
  const auto recovered = Recover(store);
  ASSERT_TRUE(absl::IsDataLoss(recovered.status())) << recovered.status();
  EXPECT_NE(std::string(recovered.status().message()).find("change 2"), std::string::npos);
}

TEST_F(Persistence, ADamagedReferenceIsFoundOutAndNamed) {
  CreateIntegration();
  Add({{"SO-1", "needle-in-the-snapshot"}});
  Checkpoint();
  // The target also stands in the table of targets; here behind who linked it.
  Damage(SnapshotFile(), "adaneedle-in-the-snapshot");
  ReferenceStore store(1);
  const auto recovered = Recover(store);
  ASSERT_TRUE(absl::IsDataLoss(recovered.status())) << recovered.status();
  EXPECT_NE(std::string(recovered.status().message()).find("SO-1"), std::string::npos);
}

TEST_F(Persistence, DamageToTheOrderOfTargetsOrOfChangesIsFoundByAnExamination) {
  CreateIntegration();
  Add({{"needle-source", "needle-target"}});
  Checkpoint();
  // Behind its length, as it stands in the blocks of these two tables alone.
  Damage(SnapshotFile(), "\x0dneedle-target");
  Damage(SnapshotFile(), "\x0dneedle-source");
  const Examination found = Examine(*journal_, *snapshots_->current(),
                                    [](const ExaminationProgress&) { return absl::OkStatus(); });
  ASSERT_EQ(found.damages.size(), 2U);
  EXPECT_NE(found.damages[0].find("the targets of partition 3"), std::string::npos)
      << found.damages[0];
  EXPECT_NE(found.damages[1].find("what change 2 linked in partition 3"), std::string::npos)
      << found.damages[1];
  ExpectRecoversModel();
}

TEST_F(Persistence, MapsThatAreFarTooSmallGrow) {
  Close();
  Open(64 << 10);
  CreateIntegration();
  for (int round = 0; round < 20; ++round) {
    Pairs pairs;
    for (int i = 0; i < 500; ++i) {
      pairs[std::to_string(round * 1000 + i) + std::string(200, 'x')] = std::string(200, 'y');
    }
    Add(pairs);
    if (round % 7 == 3) Checkpoint();
  }
  Reopen();
  ExpectRecoversModel();
}

// As the status of a running daemon does.
TEST_F(Persistence, TheSizeOfAFileCanBeReadWhileItsMapIsMoved) {
  for (int round = 0; round < 50; ++round) {
    const std::string path = path_ + "/" + std::to_string(round);
    std::filesystem::create_directory(path);
    const auto env = *LmdbEnvironment::Open(path, 64 << 10, kJournalTables);
    std::atomic<uint64_t> times = 0;
    std::atomic<bool> over = false;
    std::thread reader([&] {
      for (; !over; ++times) EXPECT_LT(env->BytesUsed(), uint64_t{64} << 10);
    });
    while (times < 100) std::this_thread::yield();
    EXPECT_TRUE(env->GrowIfNeeded().ok());
    over = true;
    reader.join();
    EXPECT_GT(env->MapBytes(), uint64_t{64} << 10);
  }
}

// Such as a tool that somebody ran on the folder and killed.
TEST_F(Persistence, AReaderThatDiedDoesNotMakeTheJournalGrow) {
  int ready[2];
  ASSERT_EQ(pipe(ready), 0);
  const pid_t reader = fork();
  if (reader == 0) {
    auto env = LmdbEnvironment::Open(folder_->journal_path(), kMap, kJournalTables);
    const auto txn = (*env)->BeginRead();
    if (write(ready[1], "r", 1) == 1) pause();
    _exit(1);
  }
  char byte;
  ASSERT_EQ(read(ready[0], &byte, 1), 1);
  kill(reader, SIGKILL);
  ASSERT_EQ(waitpid(reader, nullptr, 0), reader);
  close(ready[0]);
  close(ready[1]);

  CreateIntegration();
  uint64_t early = 0;
  for (int round = 0; round < 60; ++round) {
    Pairs pairs;
    for (int i = 0; i < 200; ++i) pairs[std::to_string(round * 1000 + i)] = std::string(200, 'y');
    Add(pairs);
    Checkpoint();
    if (round == 20) early = journal_->BytesUsed();
  }
  EXPECT_EQ(journal_->BytesUsed(), early);
}

class OtherFormats : public Persistence {
 protected:
  // Makes the environment's format `format`, in the table that stands in place `meta`.
  static void SetFormat(const std::string& path, std::span<const std::string_view> tables,
                        size_t meta, uint32_t format) {
    auto env = LmdbEnvironment::Open(path, kMap, tables);
    ASSERT_TRUE(env.ok()) << env.status();
    auto txn = (*env)->BeginWrite();
    std::string value;
    protocol::Writer(value).U32(format);
    SealMeta("format", value);
    ASSERT_TRUE(txn->Put((*env)->table(meta), "format", value).ok());
    ASSERT_TRUE(txn->Commit().ok());
  }
  static void ExpectRefused(const absl::Status& refused, uint32_t format, uint32_t read) {
    EXPECT_TRUE(absl::IsFailedPrecondition(refused)) << refused;
    const std::string both =
        "has format " + std::to_string(format) + ", this version reads format ";
    EXPECT_NE(std::string(refused.message()).find(both + std::to_string(read)), std::string::npos)
        << refused;
  }
};

TEST_F(OtherFormats, AJournalOfALaterOneIsRefusedWithBothVersions) {
  const std::string path = folder_->journal_path();
  Close();
  SetFormat(path, kJournalTables, 1, 99);
  ExpectRefused(Journal::Open(path, kMap).status(), 99, 1);
}

TEST_F(OtherFormats, ASnapshotOfALaterOneIsRefusedWithBothVersions) {
  const std::string path = folder_->snapshot_path() + "/1";
  Close();
  SetFormat(path, kSnapshotTables, 2, 99);
  ExpectRefused(Snapshot::Open(path, kMap).status(), 99, 3);
}

TEST_F(OtherFormats, ASnapshotOfAnEarlierOneIsRefusedWithBothVersionsAndLeftAsItIs) {
  constexpr std::string_view kTablesOf1[] = {"catalog", "meta", "references"};
  constexpr std::string_view kTablesOf2[] = {"catalog", "history", "meta", "references",
                                             "reservations"};
  const std::span<const std::string_view> tables[] = {kTablesOf1, kTablesOf2};
  for (uint32_t format = 1; format <= 2; ++format) {
    const std::string path = path_ + "/of-format-" + std::to_string(format);
    std::filesystem::create_directory(path);
    SetFormat(path, tables[format - 1], format, format);
    ExpectRefused(Snapshot::Open(path, kMap).status(), format, 3);
    EXPECT_TRUE(LmdbEnvironment::Open(path, kMap, tables[format - 1]).ok());
  }
}

TEST_F(Persistence, TheSecondHolderOfAFolderIsRefused) {
  const auto second = DataFolder::Lock(path_ + "/data");
  ASSERT_TRUE(absl::IsFailedPrecondition(second.status()));
  EXPECT_NE(std::string(second.status().message()).find(std::to_string(getpid())),
            std::string::npos);
}

TEST_F(Persistence, FolderAndFilesArePrivateToTheUser) {
  using std::filesystem::perms;
  for (const auto& entry : std::filesystem::recursive_directory_iterator(path_ + "/data")) {
    EXPECT_EQ(entry.status().permissions() & (perms::group_all | perms::others_all), perms::none)
        << entry.path();
  }
}

}  // namespace
}  // namespace xref
