// xrefd --check, and what a daemon does with a damaged folder.

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <filesystem>

#include "tests/daemon_fixture.h"

namespace xref::test {
namespace {

using ::testing::HasSubstr;

class CheckFolder : public ShopTest {
 protected:
  void SetUp() override {
    ShopTest::SetUp();
    Import("source_id,target_id\nSO-1,needle-1\nSO-2,needle-2\n");
  }

  Outcome Check() { return RunProgram({kXrefd, "--check", data_folder()}); }

  // The folder is refused, checked or run on, with words that contain `what`; nothing is changed.
  void ExpectRefused(const std::string& what) {
    for (int round = 0; round < 2; ++round) {
      const Outcome checked = Check();
      EXPECT_EQ(checked.exit_code, 1);
      EXPECT_THAT(checked.out, HasSubstr("DAMAGED"));
      EXPECT_THAT(checked.out, HasSubstr(what));
      EXPECT_THAT(checked.out, HasSubstr("--restore"));
      const Outcome run = RunDaemon({"--data", data_folder(), "--listen", "127.0.0.1:0"});
      EXPECT_EQ(run.exit_code, 2);
      EXPECT_THAT(run.err, HasSubstr(what));
      EXPECT_THAT(run.err, HasSubstr("--restore"));
    }
  }
};

TEST_F(CheckFolder, OfAFolderInOrderSaysWhatIsThere) {
  CrashDaemon();
  const Outcome journal_only = Check();
  EXPECT_EQ(journal_only.exit_code, 0) << journal_only.err;
  EXPECT_THAT(journal_only.out, HasSubstr("sound"));
  EXPECT_THAT(journal_only.out, HasSubstr("2 changes in the journal, LSN 2"));
  StartDaemon();
  StopDaemon();
  EXPECT_THAT(Check().out,
              HasSubstr("2 references in the snapshot, 0 changes in the journal, LSN 2"));
}

TEST_F(CheckFolder, OfAFolderInUseIsRefused) {
  const Outcome refused = Check();
  EXPECT_EQ(refused.exit_code, 2);
  EXPECT_THAT(refused.err, HasSubstr(std::to_string(daemon_->pid())));
}

TEST_F(CheckFolder, OfNoDataFolderIsRefusedAndMakesNone) {
  const std::string missing = folder_.path() + "/missing";
  const Outcome refused = RunProgram({kXrefd, "--check", missing});
  EXPECT_EQ(refused.exit_code, 2);
  EXPECT_THAT(refused.err, HasSubstr("not a data folder"));
  EXPECT_FALSE(std::filesystem::exists(missing));
}

TEST_F(CheckFolder, ADamagedChangeIsNamed) {
  CrashDaemon();
  Overwrite("journal/data.mdb", "needle-2");
  ExpectRefused("journal: change 2");
}

TEST_F(CheckFolder, ADamagedReferenceIsNamed) {
  StopDaemon();
  Overwrite("snapshot/2/data.mdb", "needle-2");
  ExpectRefused("source ID \"SO-2\"");
}

TEST_F(CheckFolder, AFileThatWasCutShortIsNamed) {
  StopDaemon();
  const std::string file = data_folder() + "/snapshot/2/data.mdb";
  std::filesystem::resize_file(file, std::filesystem::file_size(file) / 2);
  ExpectRefused("snapshot/2/data.mdb is damaged: page");
}

TEST_F(CheckFolder, AMissingJournalIsNamed) {
  CrashDaemon();
  std::filesystem::remove(data_folder() + "/journal/data.mdb");
  ExpectRefused("journal/data.mdb is missing");
}

TEST_F(CheckFolder, AnEarlierJournalIsRefusedForWhatItLacks) {
  const std::string journal = data_folder() + "/journal/data.mdb";
  CrashDaemon();
  std::filesystem::copy(journal, journal + ".old");
  StartDaemon();
  EXPECT_EQ(Xref({"add", kPlace, "SO-3", "3"}).exit_code, 0);
  CrashDaemon();
  std::filesystem::rename(journal + ".old", journal);
  ExpectRefused("the end of the journal is missing");
}

}  // namespace
}  // namespace xref::test
