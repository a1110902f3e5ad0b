// Backups that are taken while the daemon serves, and data folders that are made from them.

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <signal.h>
#include <sys/stat.h>

#include <algorithm>
#include <atomic>
#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <set>
#include <sstream>
#include <thread>

#include "tests/daemon_fixture.h"

namespace xref::test {
namespace {

using protocol::BackupState;
using ::testing::AllOf;
using ::testing::HasSubstr;
using ::testing::IsEmpty;

std::string ReadFile(const std::string& path) {
  std::ostringstream text;
  text << std::ifstream(path, std::ios::binary).rdbuf();
  return text.str();
}

// Adds the references of MakeReferences(PREFIX), one batch after the other, until it is stopped: so
// what is there at any one LSN is the first so many of them.
class Writer {
 public:
  Writer(std::unique_ptr<Client> client, PlaceId place, std::string prefix)
      : client_(std::move(client)), prefix_(std::move(prefix)) {
    thread_ = std::thread([this, place] { Run(place); });
  }
  ~Writer() { Stop(); }
  Writer(const Writer&) = delete;
  Writer& operator=(const Writer&) = delete;

  size_t AwaitAcknowledged(size_t count) const {
    while (acknowledged_ < count && !::testing::Test::HasFailure()) std::this_thread::yield();
    return acknowledged_;
  }
  // Returns how many were asked for.
  size_t Stop() {
    stop_ = true;
    if (thread_.joinable()) thread_.join();
    return asked_;
  }

 private:
  static constexpr size_t kBatch = 20;

  void Run(PlaceId place) {
    while (!stop_) {
      IdList sources;
      IdList targets;
      for (const size_t end = asked_ + kBatch; asked_ < end; ++asked_) {
        const std::string source = prefix_ + std::to_string(asked_);
        sources.Add(source);
        targets.Add("T-" + source);
      }
      const auto added = client_->Mutate({.place = place,
                                          .origin = Origin::kSync,
                                          .actor = "writer",
                                          .sources = sources.View(),
                                          .targets = targets.View()});
      ASSERT_TRUE(added.ok()) << added.status();
      acknowledged_ += kBatch;
    }
  }

  const std::unique_ptr<Client> client_;
  const std::string prefix_;
  size_t asked_ = 0;  // owned by the thread until it is joined
  std::atomic<size_t> acknowledged_ = 0;
  std::atomic<bool> stop_ = false;
  std::thread thread_;
};

class Backups : public ShopTest {
 protected:
  std::string Path(const std::string& name) const { return folder_.path() + "/" + name; }

  Outcome Backup(const Arguments& options = {}) {
    Arguments arguments{"backup", file_};
    arguments.insert(arguments.end(), options.begin(), options.end());
    return Xref(arguments);
  }
  void TakeBackup() {
    const Outcome taken = Backup();
    ASSERT_EQ(taken.exit_code, 0) << taken.err;
  }
  static Outcome Restore(const std::string& file, const std::string& folder) {
    return RunProgram({kXrefd, "--restore", file, "--data", folder});
  }

  // The daemon and its disk are lost; another one starts on what the backup has.
  void LoseAllAndRestore() {
    CrashDaemon();
    std::filesystem::remove_all(data_folder());
    const Outcome restored = Restore(file_, data_folder());
    ASSERT_EQ(restored.exit_code, 0) << restored.err;
    StartDaemon();
  }

  // Begins a backup by hand and waits until it is ready.
  absl::StatusOr<protocol::BackupReply> Begin(Client& client) {
    auto reply = client.Backup({.begin = true, .offset = 0}, payload_);
    while (reply.ok() && reply->state == BackupState::kPreparing) {
      reply = client.Backup({.begin = false, .offset = 0}, payload_);
    }
    return reply;
  }
  // A backup that comes in several pieces.
  void MakeManyReferences() { Import(ToCsv(many_)); }

  std::set<std::string> FilesOf(const std::string& folder) const {
    std::set<std::string> names;
    for (const auto& entry : std::filesystem::directory_iterator(folder)) {
      names.insert(entry.path().filename());
    }
    return names;
  }
  void ExpectNoBackupFile() {
    EXPECT_FALSE(std::filesystem::exists(file_));
    EXPECT_FALSE(std::filesystem::exists(file_ + ".part"));
  }
  // Refused, for this reason, and nothing is where the new folder would be, or beside it.
  void ExpectNotRestored(const std::string& file, const std::string& why) {
    const auto before = FilesOf(folder_.path());
    const Outcome refused = Restore(file, Path("restored"));
    EXPECT_EQ(refused.exit_code, 2) << refused.err;
    EXPECT_THAT(refused.err, AllOf(HasSubstr(file), HasSubstr(why)));
    EXPECT_THAT(refused.out, IsEmpty());
    EXPECT_EQ(FilesOf(folder_.path()), before);
  }

  void SetUp() override {
    ShopTest::SetUp();
    file_ = Path("shop.backup");
  }

  std::string file_;
  std::string payload_;
  const References many_ = MakeReferences(60'000, "M-");
};

// ---- What is in a backup ----

TEST_F(Backups, OneTakenUnderLoadHoldsAllThatWasAcknowledgedAndIsOfOneMoment) {
  MakeManyReferences();
  auto orders = Connect();
  const PlaceId orders_place = Place(*orders);
  auto customers = Connect();
  const PlaceId customers_place = Place(*customers, "customers");
  Writer first(std::move(orders), orders_place, "O-");
  Writer second(std::move(customers), customers_place, "C-");
  const size_t first_acknowledged = first.AwaitAcknowledged(400);
  const size_t second_acknowledged = second.AwaitAcknowledged(400);
  TakeBackup();
  const References first_asked = MakeReferences(first.Stop(), "O-");
  const References second_asked = MakeReferences(second.Stop(), "C-");
  LoseAllAndRestore();

  const auto client = Connect();
  // Held are the first so many that were asked for, with their targets, and no other.
  const auto held_of = [&](const References& asked, PlaceId place) {
    const auto targets = client->Lookup(place, Sources(asked).View());
    EXPECT_TRUE(targets.ok()) << targets.status();
    size_t held = 0;
    while (held < asked.size() && (*targets)[held] == asked[held].second) ++held;
    EXPECT_TRUE(std::all_of(targets->begin() + static_cast<ptrdiff_t>(held), targets->end(),
                            [](const std::string& target) { return target.empty(); }));
    return held;
  };
  const size_t first_held = held_of(first_asked, orders_place);
  const size_t second_held = held_of(second_asked, customers_place);
  EXPECT_GE(first_held, first_acknowledged);
  EXPECT_GE(second_held, second_acknowledged);
  EXPECT_EQ(ReferencesHeld(), many_.size() + first_held + second_held);
  References at_orders = many_;
  at_orders.insert(at_orders.end(), first_asked.begin(),
                   first_asked.begin() + static_cast<ptrdiff_t>(first_held));
  ExpectHolds(at_orders);
}

TEST_F(Backups, SeveralIntegrationsComeBackWithTheirPlatforms) {
  Xref({"integration", "create", "b2b", "--source", "Magento", "--target", "SAP"});
  Import(ToCsv(MakeReferences(10)));
  const References others = MakeReferences(20, "B-");
  ImportFile(WriteFile("b2b.csv", ToCsv(others)), "b2b/stock");
  const std::string listed = Xref({"integration", "list"}).out;
  TakeBackup();
  LoseAllAndRestore();
  EXPECT_EQ(Xref({"integration", "list"}).out, listed);
  ExpectHolds(MakeReferences(10));
  ExpectHolds(others, "b2b/stock");
}

TEST_F(Backups, OneOfAnEmptyDaemonMakesAnEmptyDaemon) {
  CrashDaemon();
  std::filesystem::remove_all(data_folder());
  StartDaemon();
  TakeBackup();
  LoseAllAndRestore();
  EXPECT_EQ(ReferencesHeld(), 0U);
  CreateShop();
  Import(ToCsv(MakeReferences(10)));
  CrashAndRestartDaemon();
  ExpectHolds(MakeReferences(10));
}

TEST_F(Backups, EachHoldsWhatWasAddedSinceTheOneBefore) {
  MakeManyReferences();
  References expected = many_;
  for (const char* prefix : {"A-", "B-", "C-", "D-"}) {
    const References more = MakeReferences(100, prefix);
    Import(ToCsv(more));
    expected.insert(expected.end(), more.begin(), more.end());
    EXPECT_EQ(Backup({"--force"}).exit_code, 0) << last().err;
  }
  LoseAllAndRestore();
  ExpectHolds(expected);
}

TEST_F(Backups, ItSaysWhatItHolds) {
  Import(ToCsv(MakeReferences(10)));
  const std::string lsn = std::to_string(Fact("lsn"));
  TakeBackup();
  EXPECT_EQ(last().out, file_ + ": 10 references at LSN " + lsn + ", " +
                            std::to_string(std::filesystem::file_size(file_)) + " bytes\n");
  EXPECT_THAT(Xref({"--json", "backup", "--force", file_}).out,
              AllOf(HasSubstr("\"lsn\":" + lsn), HasSubstr("\"references\":10")));
}

// ---- The file ----

TEST_F(Backups, TheFileIsPrivateAndNothingElseIsLeft) {
  WriteFile("shop.backup.part", "of an interrupted one");
  TakeBackup();
  struct stat file;
  ASSERT_EQ(stat(file_.c_str(), &file), 0);
  EXPECT_EQ(file.st_mode & 0777, 0600U);
  EXPECT_EQ(FilesOf(folder_.path()), (std::set<std::string>{"data", "shop.backup"}));
}

TEST_F(Backups, AFileThatExistsIsReplacedOnlyByForce) {
  WriteFile("shop.backup", "precious");
  EXPECT_EQ(Backup().exit_code, 2);
  EXPECT_THAT(last().err, AllOf(HasSubstr(file_ + " exists"), HasSubstr("--force")));
  EXPECT_EQ(ReadFile(file_), "precious");
  EXPECT_EQ(Backup({"--force"}).exit_code, 0) << last().err;
  LoseAllAndRestore();
}

TEST_F(Backups, WhatCannotBeAFileIsRefused) {
  EXPECT_EQ(Xref({"backup", "-"}).exit_code, 2);
  EXPECT_THAT(last().err, HasSubstr("name a file"));
  EXPECT_EQ(Xref({"backup", "--force", folder_.path()}).exit_code, 2);
  EXPECT_THAT(last().err, HasSubstr(folder_.path() + " is not a file"));
  EXPECT_EQ(Xref({"backup", "--force", "/dev/null"}).exit_code, 2);
  EXPECT_EQ(Xref({"backup", Path("nowhere/shop.backup")}).exit_code, 2);
  EXPECT_THAT(last().err, HasSubstr("No such file or directory; no backup was written"));
}

// ---- What goes wrong meanwhile ----

TEST_F(Backups, ASecondOneAtTheSameTimeIsRefusedAndTheFirstGoesOn) {
  MakeManyReferences();
  const auto client = Connect();
  const auto begun = Begin(*client);
  ASSERT_TRUE(begun.ok()) << begun.status();
  EXPECT_EQ(Backup().exit_code, 2);
  EXPECT_THAT(last().err, AllOf(HasSubstr("another backup is under way"), HasSubstr("OVERLOADED")));
  ExpectNoBackupFile();

  std::string fetched;
  for (const uint64_t bytes = begun->bytes; fetched.size() < bytes;) {
    const auto reply = client->Backup({.begin = false, .offset = fetched.size()}, payload_);
    ASSERT_TRUE(reply.ok()) << reply.status();
    ASSERT_FALSE(reply->piece.empty());
    fetched.append(reinterpret_cast<const char*>(reply->piece.data()), reply->piece.size());
  }
  WriteFile("shop.backup", fetched);
  LoseAllAndRestore();
  ExpectHolds(many_);
}

TEST_F(Backups, AClientThatVanishesMakesRoomForTheNext) {
  MakeManyReferences();
  {
    const auto client = Connect();
    ASSERT_TRUE(Begin(*client).ok());
  }
  daemon_->AwaitErrorLine("its copy is let go");
  TakeBackup();
}

TEST_F(Backups, AClientThatVanishesWhileItIsPreparedMakesRoomForTheNext) {
  MakeManyReferences();
  ASSERT_TRUE(Connect()->Backup({.begin = true, .offset = 0}, payload_).ok());
  daemon_->AwaitErrorLine("its copy is let go");
  TakeBackup();
}

TEST_F(Backups, AClientThatFetchesNothingMakesRoomForTheNext) {
  MakeManyReferences();
  CrashAndRestartDaemon({"--frame-timeout-ms", "1000"});
  const auto client = Connect();
  ASSERT_TRUE(Begin(*client).ok());
  EXPECT_NE(daemon_->AwaitErrorLine("it does not fetch its backup"), "");
  daemon_->AwaitErrorLine("its copy is let go");
  TakeBackup();
  EXPECT_TRUE(absl::IsUnavailable(client->Backup({}, payload_).status()));
}

TEST_F(Backups, ADaemonThatIsKilledMeanwhileLeavesNothingBehind) {
  MakeManyReferences();
  for (const char* point : {"backup-made", "backup-piece", "backup-piece:3"}) {
    setenv("XREFD_FAILPOINT", point, 1);
    CrashAndRestartDaemon();
    unsetenv("XREFD_FAILPOINT");
    EXPECT_EQ(Backup().exit_code, 3) << point;
    EXPECT_THAT(last().err, HasSubstr("closed the connection; no backup was written"));
    EXPECT_EQ(daemon_->Wait().exit_code, 128 + SIGKILL) << point << " was not reached";
    ExpectNoBackupFile();
    EXPECT_EQ(FilesOf(data_folder()),
              (std::set<std::string>{"LOCK", "NODE", "journal", "snapshot"}));
    StartDaemon();
    ExpectHolds(many_);
  }
  TakeBackup();
}

TEST_F(Backups, ASigtermMeanwhileEndsTheDaemonWellAndTheBackup) {
  MakeManyReferences();
  const auto client = Connect();
  ASSERT_TRUE(Begin(*client).ok());
  EXPECT_EQ(StopDaemon().exit_code, 0);
  EXPECT_TRUE(absl::IsUnavailable(client->Backup({}, payload_).status()));
  StartDaemon();
  ExpectHolds(many_);
}

TEST_F(Backups, ASigtermLeavesAWholeBackupOrNone) {
  MakeManyReferences();
  const auto backup = StartXref({"backup", file_});
  EXPECT_EQ(StopDaemon().exit_code, 0);
  const Outcome ended = backup->Wait();
  if (ended.exit_code != 0) {
    EXPECT_EQ(ended.exit_code, 3) << ended.err;
    ExpectNoBackupFile();
  } else {
    StartDaemon();
    LoseAllAndRestore();
    ExpectHolds(many_);
  }
}

TEST_F(Backups, WhatWasNotBegunOrDoesNotExistIsRefused) {
  MakeManyReferences();
  const auto client = Connect();
  const auto refusal_at = [&](uint64_t offset) {
    const auto reply = client->Backup({.begin = false, .offset = offset}, payload_);
    EXPECT_TRUE(absl::IsInvalidArgument(reply.status())) << reply.status();
    return std::string(reply.status().message());
  };
  EXPECT_THAT(refusal_at(0), HasSubstr("no backup was begun"));
  const auto begun = Begin(*client);
  ASSERT_TRUE(begun.ok());
  const uint64_t bytes = begun->bytes;
  EXPECT_THAT(refusal_at(bytes), HasSubstr("past the end"));
  EXPECT_THAT(refusal_at(UINT64_MAX), HasSubstr("past the end"));
  const auto last_byte = client->Backup({.begin = false, .offset = bytes - 1}, payload_);
  ASSERT_TRUE(last_byte.ok());
  EXPECT_EQ(last_byte->piece.size(), 1U);
  EXPECT_THAT(refusal_at(0), HasSubstr("no backup was begun"));
}

TEST_F(Backups, OneThatIsBegunAgainTakesThePlaceOfTheFirst) {
  MakeManyReferences();
  const auto client = Connect();
  const auto first = Begin(*client);
  ASSERT_TRUE(first.ok());
  const uint64_t lsn = first->lsn;
  Xref({"add", kPlace, "A", "1"});
  const auto second = Begin(*client);
  ASSERT_TRUE(second.ok()) << second.status();
  EXPECT_EQ(second->lsn, lsn + 1);
}

TEST_F(Backups, OneMayFollowTheOtherAtOnce) {
  const auto client = Connect();
  for (int i = 0; i < 100; ++i) {
    const auto reply = Begin(*client);
    ASSERT_TRUE(reply.ok()) << reply.status();
    ASSERT_EQ(reply->piece.size(), reply->bytes);
  }
}

// ---- Restoring ----

TEST_F(Backups, ARestoredDaemonGoesOnFromItsLsnInANewEpoch) {
  Import(ToCsv(MakeReferences(10)));
  const uint64_t lsn = Fact("lsn");
  const uint64_t epoch = Fact("epoch");
  TakeBackup();
  LoseAllAndRestore();
  EXPECT_EQ(Fact("lsn"), lsn);
  EXPECT_EQ(Fact("epoch"), epoch + 1);
  Xref({"add", kPlace, "A", "1"});
  EXPECT_EQ(Fact("lsn"), lsn + 1);
  StopDaemon();
  StartDaemon();
  EXPECT_EQ(Fact("lsn"), lsn + 1);
  EXPECT_EQ(Fact("epoch"), epoch + 1);
  EXPECT_EQ(ReferencesHeld(), 11U);
}

TEST_F(Backups, RestoringSaysWhatCameBackAndHowToStartIt) {
  Import(ToCsv(MakeReferences(10)));
  TakeBackup();
  const Outcome restored = Restore(file_, Path("restored"));
  EXPECT_EQ(restored.exit_code, 0);
  EXPECT_EQ(restored.out, "restored 10 references at LSN " + std::to_string(Fact("lsn")) +
                              " into " + Path("restored") + "; start it with: xrefd --data " +
                              Path("restored") + "\n");
  EXPECT_EQ(FilesOf(Path("restored/snapshot")), (std::set<std::string>{"1", "CURRENT"}));
}

TEST_F(Backups, AnEmptyFolderOrOneDeepInFoldersToBeMadeIsTaken) {
  TakeBackup();
  std::filesystem::create_directory(Path("empty"));
  for (const char* folder : {"empty/", "new/folders/data"}) {
    EXPECT_EQ(Restore(file_, Path(folder)).exit_code, 0) << folder;
    EXPECT_TRUE(std::filesystem::exists(Path(folder) + "/snapshot/CURRENT")) << folder;
  }
}

TEST_F(Backups, WhatIsThereAlreadyIsNeverRestoredOver) {
  Import(ToCsv(MakeReferences(10)));
  TakeBackup();
  const std::string file = WriteFile("a-file", "precious");
  for (const std::string& taken : {data_folder(), file}) {
    const auto before = FilesOf(folder_.path());
    const Outcome refused = Restore(file_, taken);
    EXPECT_EQ(refused.exit_code, 2);
    EXPECT_THAT(refused.err, HasSubstr(taken + " exists and is not an empty folder"));
    EXPECT_EQ(FilesOf(folder_.path()), before);
  }
  EXPECT_EQ(ReadFile(file), "precious");
  CrashAndRestartDaemon();
  ExpectHolds(MakeReferences(10));
}

TEST_F(Backups, AFolderThatCannotBeMadeIsRefused) {
  TakeBackup();
  for (const char* folder : {"/proc/xrefd", "/dev/null/xrefd"}) {
    const Outcome refused = Restore(file_, folder);
    EXPECT_EQ(refused.exit_code, 2);
    EXPECT_THAT(refused.err, HasSubstr("cannot make a folder beside " + std::string(folder)));
  }
}

TEST_F(Backups, WhatIsNoBackupIsRefusedByName) {
  Import(ToCsv(MakeReferences(10)));
  StopDaemon();
  ExpectNotRestored(WriteFile("empty", ""), "is not a backup");
  ExpectNotRestored(WriteFile("text", ToCsv(MakeReferences(1000))), "is not a backup");
  ExpectNotRestored(data_folder() + "/snapshot/2/data.mdb", "is not a backup");
  ExpectNotRestored(folder_.path(), "is not a file");
  ExpectNotRestored(Path("missing"), "No such file");
}

TEST_F(Backups, OneThatIsCutOffIsRefusedWhereverItEnds) {
  Import(ToCsv(MakeReferences(1000)));
  TakeBackup();
  const std::string whole = ReadFile(file_);
  for (const size_t size : {size_t{1}, size_t{15}, size_t{16}, size_t{4096}, whole.size() / 2,
                            whole.size() - 17, whole.size() - 8, whole.size() - 1}) {
    ExpectNotRestored(WriteFile("cut", whole.substr(0, size)), "is not a backup");
  }
  ExpectNotRestored(WriteFile("longer", whole + "x"), "is not a backup");
}

TEST_F(Backups, OneWithADamagedByteIsRefusedWhereverItIs) {
  Import(ToCsv(MakeReferences(1000)));
  TakeBackup();
  const std::string whole = ReadFile(file_);
  for (size_t at = 0; at < whole.size() - 16; at += whole.size() / 20) {
    std::string damaged = whole;
    damaged[at] = static_cast<char>(damaged[at] ^ 0x10);
    ExpectNotRestored(WriteFile("damaged", damaged), "is damaged");
  }
  std::string damaged = whole;
  damaged.back() = static_cast<char>(damaged.back() ^ 1);
  ExpectNotRestored(WriteFile("damaged", damaged), "is damaged");
}

TEST_F(Backups, ARestoreThatIsKilledShowsNothingOrAll) {
  Import(ToCsv(MakeReferences(1000)));
  TakeBackup();
  CrashDaemon();
  const std::string place = Path("restored");
  for (const char* point : {"restore-copied", "restore-built", "restore-visible"}) {
    setenv("XREFD_FAILPOINT", point, 1);
    EXPECT_EQ(Restore(file_, place).exit_code, 128 + SIGKILL) << point << " was not reached";
    unsetenv("XREFD_FAILPOINT");
    EXPECT_EQ(std::filesystem::exists(place), std::string(point) == "restore-visible") << point;
  }
  std::filesystem::remove_all(data_folder());
  std::filesystem::rename(place, data_folder());
  StartDaemon();
  ExpectHolds(MakeReferences(1000));
}

TEST_F(Backups, RestoringTakesNoOptionOfADaemonThatRuns) {
  TakeBackup();
  const Outcome refused = RunProgram(
      {kXrefd, "--restore", file_, "--data", Path("restored"), "--listen", "127.0.0.1:0"});
  EXPECT_EQ(refused.exit_code, 2);
  EXPECT_THAT(refused.err, HasSubstr("--listen excludes --restore"));
  // As a script does whose variable is not set: it must not start a daemon.
  EXPECT_EQ(RunDaemon({"--restore", "", "--data", Path("restored")}).exit_code, 2);
}

}  // namespace
}  // namespace xref::test
