#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "tests/daemon_fixture.h"

namespace xref::test {
namespace {

using ::testing::HasSubstr;
using ::testing::UnorderedElementsAre;

class Reverse : public ShopTest {
 protected:
  void SetUp() override {
    ShopTest::SetUp();
    Import("source_id,target_id\nA,1\nB,2\nC,1\n\"D,4\",3\n");
  }

  std::vector<std::vector<std::string>> Ask(const std::vector<std::string>& targets,
                                            uint16_t sources_max) {
    IdList list;
    for (const std::string& target : targets) list.Add(target);
    const auto client = Connect();
    const auto sources = client->Reverse(
        {.place = Place(*client), .sources_max = sources_max, .targets = list.View()});
    EXPECT_TRUE(sources.ok()) << sources.status();
    return sources.ok() ? *sources : std::vector<std::vector<std::string>>();
  }
};

TEST_F(Reverse, ATargetShowsAllItsSources) {
  const auto sources = Ask({"2", "1", "none"}, 100);
  ASSERT_EQ(sources.size(), 3U);
  EXPECT_THAT(sources[0], UnorderedElementsAre("B"));
  EXPECT_THAT(sources[1], UnorderedElementsAre("A", "C"));
  EXPECT_TRUE(sources[2].empty());
}

TEST_F(Reverse, NoMoreSourcesAreShownThanAskedFor) { EXPECT_EQ(Ask({"1"}, 1)[0].size(), 1U); }

TEST_F(Reverse, TheCommandPrintsReferencesAndTargetsThatHaveNone) {
  const Outcome outcome = Xref({"reverse", kPlace, "3", "none"});
  EXPECT_EQ(outcome.out, "source_id,target_id\n\"D,4\",3\n,none\n");
  EXPECT_EQ(outcome.exit_code, 1);
  EXPECT_EQ(Xref({"reverse", kPlace, "2"}).exit_code, 0);
}

TEST_F(Reverse, TargetsAreReadFromTheirColumnOfAFile) {
  const Outcome outcome = Xref({"reverse", kPlace, "--file", "-"}, "source_id,target_id\nx,2\n");
  EXPECT_EQ(outcome.out, "source_id,target_id\nB,2\n");
}

TEST_F(Reverse, AFileWithoutTargetsIsRefused) {
  const Outcome outcome = Xref({"reverse", kPlace, "--file", "-"}, "source_id\nx\n");
  EXPECT_EQ(outcome.exit_code, 2);
  EXPECT_THAT(outcome.err, HasSubstr("target_id"));
}

TEST_F(Reverse, SourcesSurviveACrash) {
  CrashAndRestartDaemon();
  EXPECT_THAT(Ask({"1"}, 100)[0], UnorderedElementsAre("A", "C"));
}

}  // namespace
}  // namespace xref::test
