// A disk that fails, fills up, or loses what was not synced.

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <map>
#include <sstream>
#include <thread>
#include <vector>

#include "tests/daemon_fixture.h"
#include "tests/load.h"

#ifndef XREF_TEST_DISK_FAULTS
#define XREF_TEST_DISK_FAULTS ""  // built with sanitizers
#endif

namespace xref::test {
namespace {

using ::testing::ContainsRegex;
using ::testing::HasSubstr;
using ::testing::Not;

class DiskFaults : public DaemonTest {
 protected:
  void SetUp() override {
    if (std::string_view(XREF_TEST_DISK_FAULTS).empty()) {
      GTEST_SKIP() << "nothing can be preloaded into a program with sanitizers";
    }
    control_ = WriteFile("faults", "");
    setenv("XREF_DISK_FAULTS", control_.c_str(), 1);
    setenv("LD_PRELOAD", XREF_TEST_DISK_FAULTS, 1);
    StartDaemon();
    unsetenv("LD_PRELOAD");
    CreateShop();
    Import("source_id,target_id\nbefore,1\n");
  }

  void Break(const std::string& how) { WriteFile("faults", how); }
  void Repair() { WriteFile("faults", ""); }

  Outcome Add(const std::string& source) { return Xref({"add", kPlace, source, "1"}); }

  void ExpectReadsGoOn() { EXPECT_EQ(Xref({"check", kPlace, "--id", "before"}).exit_code, 0); }

  // After a failed commit nobody knows what the disk holds, so nothing may be acknowledged any
  // more.
  void ExpectReadOnlyUntilRestart() {
    Repair();
    const Outcome refused = Add("later");
    EXPECT_EQ(refused.exit_code, 2);
    EXPECT_THAT(refused.err, HasSubstr("restart"));
    EXPECT_THAT(Xref({"status"}).out, ContainsRegex("state +read-only"));
    ExpectReadsGoOn();
    CrashAndRestartDaemon();
    ExpectReadsGoOn();
    EXPECT_EQ(Add("later").exit_code, 0);
  }

  void ExpectWorksAgainWithoutRestart() {
    ExpectReadsGoOn();
    Repair();
    EXPECT_EQ(Add("after").exit_code, 0);
    CrashAndRestartDaemon();
    EXPECT_EQ(Xref({"check", kPlace, "--id", "before", "--id", "after"}).exit_code, 0);
  }

  // What every file beneath the data folder holds, but for LMDB's tables of readers.
  std::map<std::string, std::string> FilesOnDisk() const {
    std::map<std::string, std::string> files;
    for (const auto& entry : std::filesystem::recursive_directory_iterator(data_folder())) {
      if (!entry.is_regular_file() || entry.path().filename() == "lock.mdb") continue;
      std::ifstream in(entry.path(), std::ios::binary);
      files[entry.path()].assign(std::istreambuf_iterator<char>(in), {});
    }
    return files;
  }

  // Takes back the writes that no sync followed, as a loss of power does.
  void LoseWhatWasNotSynced() {
    std::vector<std::string> files;
    for (const auto& entry : std::filesystem::recursive_directory_iterator(data_folder())) {
      const std::string path = entry.path();
      if (path.ends_with(".undo")) files.push_back(path.substr(0, path.size() - 5));
    }
    for (const std::string& file : files) {
      std::ifstream in(file + ".undo", std::ios::binary);
      const std::string log(std::istreambuf_iterator<char>(in), {});
      std::vector<std::pair<uint64_t, std::string>> entries;
      for (size_t at = 0; at < log.size();) {
        uint64_t offset = 0;
        uint64_t size = 0;
        std::memcpy(&offset, log.data() + at, 8);
        std::memcpy(&size, log.data() + at + 8, 8);
        entries.emplace_back(offset, log.substr(at + 16, size));
        at += 16 + size;
      }
      std::fstream out(file, std::ios::binary | std::ios::in | std::ios::out);
      for (auto entry = entries.rbegin(); entry != entries.rend(); ++entry) {
        out.seekp(static_cast<std::streamoff>(entry->first));
        out.write(entry->second.data(), static_cast<std::streamsize>(entry->second.size()));
        ++taken_back_;
      }
      std::filesystem::remove(file + ".undo");
    }
  }

  std::string control_;
  uint64_t taken_back_ = 0;
};

TEST_F(DiskFaults, AfterAFailedSyncNothingIsAcknowledgedAndReadsGoOn) {
  Break("at=journal\nsync=EIO\n");
  const Outcome failed = Add("during");
  EXPECT_EQ(failed.exit_code, 2);
  EXPECT_THAT(failed.err, HasSubstr("not acknowledged"));
  ExpectReadOnlyUntilRestart();
}

TEST_F(DiskFaults, AfterAFailedWriteNothingIsAcknowledgedAndReadsGoOn) {
  Break("at=journal\nwrite=EIO\n");
  EXPECT_EQ(Add("during").exit_code, 2);
  ExpectReadOnlyUntilRestart();
}

TEST_F(DiskFaults, AReadOnlyDaemonSaysSoUntilItsEndAndInItsExitCode) {
  Break("at=journal\nsync=EIO\n");
  Add("during");
  Repair();
  EXPECT_THAT(Xref({"status"}).out, ContainsRegex("trouble +.*journal: commit"));
  const Outcome stopped = StopDaemon();
  EXPECT_EQ(stopped.exit_code, 1);
  EXPECT_THAT(stopped.err, HasSubstr("ended read-only"));
  EXPECT_THAT(stopped.err, HasSubstr("Everything that was acknowledged is there"));
  StartDaemon();
  ExpectReadsGoOn();
  EXPECT_EQ(Add("later").exit_code, 0);
}

class AReadOnlyDaemon : public DiskFaults {
 protected:
  // "before" is in the snapshot, "journalled" only in the journal, and "refused" was not
  // acknowledged.
  void SetUp() override {
    DiskFaults::SetUp();
    if (IsSkipped()) return;
    Xref({"list", kPlace});
    EXPECT_EQ(Add("journalled").exit_code, 0);
    Break("at=journal\nsync=EIO\n");
    EXPECT_EQ(Add("refused").exit_code, 2);
    Repair();
    on_disk_ = FilesOnDisk();
  }

  void ExpectNothingWasWritten() { EXPECT_TRUE(FilesOnDisk() == on_disk_) << "something was"; }

  std::map<std::string, std::string> on_disk_;
};

TEST_F(AReadOnlyDaemon, FoldsNothingAtItsEnd) {
  EXPECT_EQ(StopDaemon().exit_code, 1);
  ExpectNothingWasWritten();
  StartDaemon();
  EXPECT_EQ(Xref({"check", kPlace, "--id", "before", "--id", "journalled"}).exit_code, 0);
}

TEST_F(AReadOnlyDaemon, AnswersListingsAndHistoriesFromWhatTheSnapshotHolds) {
  const auto client = Connect();
  std::string payload;
  const auto listed = client->List({.place = Place(*client), .rows_max = 10}, payload);
  ASSERT_TRUE(listed.ok()) << listed.status();
  ASSERT_EQ(listed->rows.size(), 1U);
  EXPECT_EQ(listed->rows[0].source, "before");
  EXPECT_EQ(listed->as_of, Fact("lsn") - 1);
  EXPECT_THAT(Xref({"history", kPlace, "before"}).out, HasSubstr("- -> 1"));
  ExpectNothingWasWritten();
}

TEST_F(AReadOnlyDaemon, RefusesABackupAndSaysWhy) {
  const Outcome refused = Xref({"backup", folder_.path() + "/backup"});
  EXPECT_EQ(refused.exit_code, 2);
  EXPECT_THAT(refused.err, HasSubstr("it writes nothing more to its disk"));
  ExpectNothingWasWritten();
}

TEST_F(DiskFaults, ADiskThatIsNearlyFullRefusesChangesUntilThereIsRoom) {
  Break("full\n");
  const Outcome refused = Add("during");
  EXPECT_EQ(refused.exit_code, 2);
  EXPECT_THAT(refused.err, HasSubstr("disk"));
  ExpectWorksAgainWithoutRestart();
}

TEST_F(DiskFaults, ADiskThatFillsUpUnderACommitRefusesItUntilThereIsRoom) {
  Break("at=journal\nwrite=ENOSPC\n");
  const Outcome refused = Add("during");
  EXPECT_EQ(refused.exit_code, 2);
  EXPECT_THAT(refused.err, HasSubstr("the disk is full"));
  ExpectWorksAgainWithoutRestart();
}

TEST_F(DiskFaults, ABackupThatTheDiskHasNoRoomForIsRefusedUntilThereIs) {
  Break("full\n");
  const Outcome refused = Xref({"backup", folder_.path() + "/backup"});
  EXPECT_EQ(refused.exit_code, 2);
  EXPECT_THAT(refused.err, HasSubstr("disk has 0 MiB free, and a backup needs 256 MiB of it"));
  ExpectWorksAgainWithoutRestart();
  EXPECT_EQ(Xref({"backup", folder_.path() + "/backup"}).exit_code, 0);
}

TEST_F(DiskFaults, ABackupWhoseCheckpointFailsIsRefused) {
  Break("at=snapshot\nwrite=EIO\n");
  const Outcome refused = Xref({"backup", folder_.path() + "/backup"});
  EXPECT_EQ(refused.exit_code, 2);
  EXPECT_THAT(refused.err, HasSubstr("Input/output error"));
  ExpectWorksAgainWithoutRestart();
}

TEST_F(DiskFaults, ACheckpointThatFailsIsTriedAgainAndLosesNothing) {
  CrashDaemon();
  setenv("LD_PRELOAD", XREF_TEST_DISK_FAULTS, 1);
  StartDaemon({"--checkpoint-seconds", "1"});
  unsetenv("LD_PRELOAD");
  Break("at=snapshot\nwrite=EIO\n");
  EXPECT_EQ(Add("during").exit_code, 0);
  daemon_->AwaitErrorLine("the checkpoint failed");
  EXPECT_THAT(Xref({"status"}).out, HasSubstr("trouble"));
  Repair();
  daemon_->AwaitErrorLine("checkpoint: the snapshot reaches LSN 3");
  EXPECT_THAT(Xref({"status"}).out, Not(HasSubstr("trouble")));
  CrashAndRestartDaemon();
  EXPECT_EQ(Xref({"check", kPlace, "--id", "before", "--id", "during"}).exit_code, 0);
}

TEST_F(DiskFaults, ALossOfPowerLosesNothingAcknowledged) {
  Model model;
  // Until some rounds were tried, and one of them met writes that no sync had followed.
  for (uint64_t round = 0; round < 5 || (taken_back_ == 0 && round < 50); ++round) {
    CrashDaemon();
    setenv("LD_PRELOAD", XREF_TEST_DISK_FAULTS, 1);
    StartDaemon({"--checkpoint-seconds", "1"});
    unsetenv("LD_PRELOAD");
    Break("undo\n");
    Load load(address(), model, round);
    const uint64_t goal = model.changed() + 500;
    while (model.changed() < goal && !HasFailure()) std::this_thread::yield();
    CrashDaemon();
    load.Join();
    LoseWhatWasNotSynced();
    StartDaemon();
    const auto client = Connect();
    model.ExpectHeldBy(*client, Place(*client), ReferencesHeld() - 1);
  }
  EXPECT_GT(taken_back_, 0U) << "no round met a write that was not synced: nothing was tried";
}

}  // namespace
}  // namespace xref::test
