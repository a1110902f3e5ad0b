#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <boost/json.hpp>

#include "tests/daemon_fixture.h"

namespace xref::test {
namespace {

using ::testing::HasSubstr;

// A daemon whose references may take 4 MiB, which it already holds.
class MemoryLimit : public ShopTest {
 protected:
  void SetUp() override {
    ShopTest::SetUp();
    CrashAndRestartDaemon({"--memory-limit", "4MiB"});
    while (Import(ToCsv(MakeReferences(held_ + kStep))).added > 0) held_ = ReferencesHeld();
    held_ = ReferencesHeld();
  }

  static constexpr size_t kStep = 20'000;
  size_t held_ = 0;
};

TEST_F(MemoryLimit, ChangesAboveItAreRefusedWithTheRemedy) {
  const Outcome refused = Xref({"add", kPlace, "one-more", "1"});
  EXPECT_EQ(refused.exit_code, 2);
  EXPECT_THAT(refused.err, HasSubstr("--memory-limit"));
  EXPECT_EQ(ReferencesHeld(), held_);
}

TEST_F(MemoryLimit, QuestionsGoOnAboveIt) {
  EXPECT_GE(Fact("memory_bytes"), Fact("memory_limit_bytes"));
  ExpectHolds(MakeReferences(held_));
}

TEST_F(MemoryLimit, ARestartWithAHigherOneTakesChangesAgain) {
  CrashAndRestartDaemon({"--memory-limit", "1GiB"});
  EXPECT_EQ(Xref({"add", kPlace, "one-more", "1"}).exit_code, 0);
  EXPECT_EQ(ReferencesHeld(), held_ + 1);
}

TEST_F(MemoryLimit, ARestartCloseBelowItHoldsAllAndGoesOnUntilItIsReached) {
  const uint64_t taken = Fact("memory_bytes");
  CrashAndRestartDaemon({"--memory-limit", std::to_string(taken * 100 / 95)});
  ExpectHolds(MakeReferences(held_));
  while (Import(ToCsv(MakeReferences(held_ + kStep))).added > 0) held_ = ReferencesHeld();
  held_ = ReferencesHeld();
  EXPECT_GE(Fact("refused_memory_bytes"), 1U);
  CrashAndRestartDaemon({"--memory-limit", std::to_string(taken * 100 / 95)});
  ExpectHolds(MakeReferences(held_));
}

using RestoreAboveMemoryLimit = ShopTest;

TEST_F(RestoreAboveMemoryLimit, IsGivenUpSoThatOthersCanGoOn) {
  constexpr size_t kReferences = 500'000;
  Import(ToCsv(MakeReferences(kReferences)));
  const Outcome preview = Xref({"--json", "integration", "drop", "shop", "--preview"});
  const std::string token = boost::json::parse(preview.out).at("token").as_string().c_str();
  Xref({"integration", "drop", "shop", "--confirm", token});
  Xref({"integration", "create", "other"});
  CrashAndRestartDaemon({"--memory-limit", "16MiB"});
  const Outcome refused = Xref({"restore", "shop"});
  EXPECT_EQ(refused.exit_code, 2);
  EXPECT_THAT(refused.err, HasSubstr("--memory-limit"));
  // As soon as its memory is free again.
  while (Fact("memory_bytes") >= Fact("memory_limit_bytes")) {
  }
  EXPECT_EQ(Xref({"add", "other/orders", "A", "1"}).exit_code, 0);
  CrashAndRestartDaemon({"--memory-limit", "1GiB"});
  EXPECT_EQ(Xref({"restore", "shop"}).exit_code, 0);
  EXPECT_EQ(ReferencesHeld(), kReferences + 1);
}

}  // namespace
}  // namespace xref::test
