// xref status --verify: the files beneath a daemon that goes on serving.

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <boost/json.hpp>

#include "tests/daemon_fixture.h"
#include "tests/load.h"

namespace xref::test {
namespace {

using protocol::VerifyState;
using ::testing::ContainsRegex;
using ::testing::HasSubstr;
using ::testing::IsEmpty;
using ::testing::Not;

class Verify : public ShopTest {
 protected:
  Outcome RunVerify() { return Xref({"status", "--verify"}); }

  // As many bytes as take the better part of a second at the speed that is allowed.
  void HoldMuch() {
    References references = MakeReferences(200'000);
    for (auto& reference : references) reference.second.resize(kIdBytesMax, 'x');
    Import(ToCsv(references), {"--batch", "10000"});
  }
  // Two references, in the snapshot.
  void HoldNeedles(const Arguments& options = {}) {
    Import("source_id,target_id\nSO-1,needle-1\nSO-2,needle-2\n");
    StopDaemon();
    StartDaemon(options);
  }
  void ExpectQuestionsGoOn() {
    EXPECT_EQ(Xref({"lookup", kPlace, "SO-1", "SO-2"}).out,
              "source_id,target_id\nSO-1,needle-1\nSO-2,needle-2\n");
  }

  std::string payload_;
};

TEST_F(Verify, OfAFolderInOrderSaysWhatIsThere) {
  HoldNeedles();
  EXPECT_EQ(Xref({"add", kPlace, "SO-3", "3"}).exit_code, 0);
  const Outcome verified = RunVerify();
  EXPECT_EQ(verified.exit_code, 0) << verified.err;
  EXPECT_THAT(verified.out,
              ContainsRegex("^sound: [0-9]+ pages, 2 references in the snapshot, 1 changes in the "
                            "journal, LSN 3\n$"));
  EXPECT_THAT(verified.err, IsEmpty());
}

TEST_F(Verify, TellsTheSameToScripts) {
  HoldNeedles();
  const auto verified = boost::json::parse(Xref({"--json", "status", "--verify"}).out);
  EXPECT_TRUE(verified.at("sound").as_bool());
  EXPECT_EQ(verified.at("references").as_int64(), 2);
  EXPECT_EQ(verified.at("lsn").as_int64(), 2);
  EXPECT_TRUE(verified.at("damages").as_array().empty());
}

TEST_F(Verify, FindsNothingWrongUnderLoadAndBesideCheckpoints) {
  CrashAndRestartDaemon({"--checkpoint-seconds", "1"});
  Model model;
  Load load(address(), model, 1);
  // Few, since each takes longer than the one before: the load goes on and the files grow.
  for (int times = 0; times < 10; ++times) {
    const Outcome verified = RunVerify();
    ASSERT_EQ(verified.exit_code, 0) << verified.out << verified.err;
  }
  CrashDaemon();
}

TEST_F(Verify, NamesADamagedReferenceAndQuestionsGoOn) {
  HoldNeedles();
  Overwrite("snapshot/2/data.mdb", "needle-2");
  const Outcome verified = RunVerify();
  EXPECT_EQ(verified.exit_code, 1);
  EXPECT_THAT(verified.out, HasSubstr("DAMAGED"));
  EXPECT_THAT(verified.out, HasSubstr("source ID \"SO-2\""));
  EXPECT_THAT(verified.out, HasSubstr("--restore"));
  EXPECT_THAT(Xref({"status"}).out, ContainsRegex("trouble +damaged on disk: .*\"SO-2\""));
  EXPECT_THAT(daemon_->AwaitErrorLine("DAMAGED"), HasSubstr("\"SO-2\""));
  ExpectQuestionsGoOn();
}

TEST_F(Verify, NamesADamagedChangeAndQuestionsGoOn) {
  Import("source_id,target_id\nSO-1,needle-1\nSO-2,needle-2\n");
  Overwrite("journal/data.mdb", "needle-2");
  const Outcome verified = Xref({"--json", "status", "--verify"});
  EXPECT_EQ(verified.exit_code, 1);
  EXPECT_THAT(verified.out, HasSubstr("\"sound\":false"));
  EXPECT_THAT(verified.out, HasSubstr("journal: change 2"));
  ExpectQuestionsGoOn();
}

TEST_F(Verify, DamageIsATroubleUntilNothingIsFoundAnyMore) {
  HoldNeedles({"--checkpoint-seconds", "1"});
  Overwrite("snapshot/2/data.mdb", "needle-2");
  EXPECT_EQ(RunVerify().exit_code, 1);
  // A checkpoint that goes well does not mend it.
  EXPECT_EQ(Xref({"integration", "create", "other"}).exit_code, 0);
  daemon_->AwaitErrorLine("checkpoint: the snapshot reaches");
  EXPECT_THAT(Xref({"status"}).out, HasSubstr("trouble"));
  Overwrite("snapshot/2/data.mdb", "Xeedle-2", 'n');
  EXPECT_EQ(RunVerify().exit_code, 0);
  EXPECT_THAT(Xref({"status"}).out, Not(HasSubstr("trouble")));
}

TEST_F(Verify, WhoeverAsksWhileOneRunsFollowsThatOne) {
  HoldMuch();
  const auto first = Connect();
  const auto second = Connect();
  ASSERT_TRUE(first->Verify({.begin = true}, payload_).ok());
  ASSERT_TRUE(second->Verify({.begin = true}, payload_).ok());
  for (Client* client : {second.get(), first.get()}) {
    auto reply = client->Verify({.begin = false}, payload_);
    while (reply.ok() && reply->state == VerifyState::kRunning) {
      EXPECT_TRUE(reply->damages.empty());
      reply = client->Verify({.begin = false}, payload_);
    }
    ASSERT_TRUE(reply.ok()) << reply.status();
    EXPECT_EQ(reply->interrupted, "");
    EXPECT_TRUE(reply->damages.empty());
    EXPECT_GT(reply->bytes_done, 50U << 20);
  }
  const std::string log = StopDaemon().err;
  const size_t begun = log.find("verify: begun");
  EXPECT_NE(begun, std::string::npos);
  EXPECT_EQ(log.find("verify: begun", begun + 1), std::string::npos) << "a second one was begun";
}

TEST_F(Verify, NothingIsToldOfAVerificationThatWasNotBegun) {
  const auto reply = Connect()->Verify({.begin = false}, payload_);
  EXPECT_TRUE(absl::IsInvalidArgument(reply.status())) << reply.status();
}

TEST_F(Verify, EndsAtOnceWhenTheDaemonIsToldToEnd) {
  HoldMuch();
  const auto verify = StartXref({"status", "--verify"});
  daemon_->AwaitErrorLine("verify: begun");
  const Outcome stopped = StopDaemon();
  EXPECT_EQ(stopped.exit_code, 0);
  EXPECT_THAT(stopped.err, HasSubstr("verify: it did not come to its end"));
  EXPECT_EQ(verify->Wait().exit_code, 3);
}

}  // namespace
}  // namespace xref::test
