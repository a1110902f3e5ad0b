// What bash makes of the script that xref prints.

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <sstream>

#include "tests/daemon_fixture.h"

namespace xref::test {
namespace {

using ::testing::Contains;
using ::testing::ElementsAre;
using ::testing::IsEmpty;
using ::testing::IsSupersetOf;
using ::testing::Not;

// The completions of the last word.
std::vector<std::string> Complete(const std::vector<std::string>& words) {
  std::string script = std::string("source <(") + kXref + " completion bash); COMP_WORDS=(";
  for (const std::string& word : words) script += "'" + word + "' ";
  script += "); COMP_CWORD=" + std::to_string(words.size() - 1) +
            "; _xref; printf '%s\\n' \"${COMPREPLY[@]}\"";
  const Outcome outcome = RunProgram({"/bin/bash", "-c", script});
  EXPECT_EQ(outcome.exit_code, 0) << outcome.err;
  EXPECT_EQ(outcome.err, "");
  std::vector<std::string> replies;
  std::istringstream lines(outcome.out);
  for (std::string line; std::getline(lines, line);) {
    if (!line.empty()) replies.push_back(line);
  }
  return replies;
}

TEST(Completion, KnowsTheCommands) {
  EXPECT_THAT(Complete({"xref", ""}), IsSupersetOf({"import", "claim", "integration", "--json"}));
  EXPECT_THAT(Complete({"xref", "cl"}), ElementsAre("claim", "claims"));
  EXPECT_THAT(Complete({"xref", "--json", "pur"}), ElementsAre("purge"));
}

TEST(Completion, KnowsTheCommandsBelowACommand) {
  EXPECT_THAT(Complete({"xref", "integration", "re"}), ElementsAre("rename"));
  EXPECT_THAT(Complete({"xref", "entity", ""}), IsSupersetOf({"add", "list", "rule"}));
}

TEST(Completion, KnowsTheOptionsOfACommandAndOfAllCommands) {
  EXPECT_THAT(Complete({"xref", "delete", "shop/orders", "--"}),
              IsSupersetOf({"--ids", "--expect", "--confirm", "--actor", "--server", "--json"}));
  EXPECT_THAT(Complete({"xref", "delete", "shop/orders", "--"}), Not(Contains("--preview")));
  EXPECT_THAT(Complete({"xref", "entity", "rule", "--un"}), ElementsAre("--unique-targets"));
}

TEST(Completion, LeavesEverythingElseToFileNames) {
  EXPECT_THAT(Complete({"xref", "import", "shop/orders", "ord"}), IsEmpty());
}

TEST(Completion, OfAnotherShellIsRefused) {
  const Outcome refused = RunProgram({kXref, "completion", "zsh"});
  EXPECT_EQ(refused.exit_code, 2);
  EXPECT_EQ(refused.out, "");
}

}  // namespace
}  // namespace xref::test
