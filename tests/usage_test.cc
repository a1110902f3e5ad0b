// What the programs say of themselves, and to those who use them wrongly.

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <sstream>

#include "tests/daemon_fixture.h"

namespace xref::test {
namespace {

using ::testing::AllOf;
using ::testing::HasSubstr;
using ::testing::IsEmpty;
using ::testing::Not;
using ::testing::StartsWith;

// Nothing listens there: port 1 is reserved.
constexpr const char* kNobody = "127.0.0.1:1";

Outcome RunXref(Arguments arguments) {
  arguments.insert(arguments.begin(), kXref);
  return RunProgram(arguments);
}

class Command : public ::testing::TestWithParam<Arguments> {};

TEST_P(Command, HelpShowsUsageAndAnExampleAndNeedsNoServer) {
  Arguments arguments = GetParam();
  arguments.push_back("--help");
  const Outcome help = RunXref(arguments);
  EXPECT_EQ(help.exit_code, 0);
  EXPECT_THAT(help.out, AllOf(HasSubstr("Usage: "), HasSubstr("Example")));
  EXPECT_THAT(help.err, IsEmpty());
}

TEST_P(Command, HelpFitsATerminal) {
  Arguments arguments = GetParam();
  arguments.push_back("--help");
  std::istringstream lines(RunXref(arguments).out);
  for (std::string line; std::getline(lines, line);) EXPECT_LE(line.size(), 100U) << line;
}

INSTANTIATE_TEST_SUITE_P(
    All, Command,
    ::testing::Values(
        Arguments{}, Arguments{"integration", "create"}, Arguments{"integration", "list"},
        Arguments{"integration", "rename"}, Arguments{"integration", "drop"},
        Arguments{"entity", "add"}, Arguments{"entity", "list"}, Arguments{"entity", "rule"},
        Arguments{"import"}, Arguments{"check"}, Arguments{"lookup"}, Arguments{"reverse"},
        Arguments{"duplicates"}, Arguments{"reconcile"}, Arguments{"add"}, Arguments{"put"},
        Arguments{"edit"}, Arguments{"delete"}, Arguments{"ignore"}, Arguments{"unignore"},
        Arguments{"claim"}, Arguments{"settle"}, Arguments{"release"}, Arguments{"renew"},
        Arguments{"claims"}, Arguments{"list"}, Arguments{"search"}, Arguments{"export"},
        Arguments{"history"}, Arguments{"explain"}, Arguments{"purge"}, Arguments{"trash"},
        Arguments{"restore"}, Arguments{"backup"}, Arguments{"status"}, Arguments{"completion"}),
    [](const auto& command) {
      std::string name;
      for (const std::string& word : command.param) name += word;
      return name.empty() ? "xref" : name;
    });

TEST(Xref, TellsItsVersion) {
  const Outcome version = RunXref({"--version"});
  EXPECT_EQ(version.exit_code, 0);
  EXPECT_EQ(version.out, "xref " XREF_VERSION "\n");
}

TEST(Xref, HelpNamesEveryExitCode) {
  EXPECT_THAT(RunXref({"--help"}).out, HasSubstr("Exit codes: 0 done; 1 "));
}

TEST(Xref, WrongUsageIsExplainedAndRefused) {
  for (const Arguments& wrong :
       {Arguments{}, Arguments{"nonsense"}, Arguments{"status", "--nonsense"}, Arguments{"import"},
        Arguments{"add", "shop/orders", "A"}, Arguments{"integration"},
        Arguments{"import", "shop/orders", "-", "--batch", "0"},
        Arguments{"import", "shop/orders", "-", "--batch", "65537"},
        Arguments{"check", "shop/orders", "-", "--in-flight", "no"},
        Arguments{"--wait", "-1", "status"}}) {
    const Outcome refused = RunXref(wrong);
    EXPECT_EQ(refused.exit_code, 2) << ::testing::PrintToString(wrong);
    EXPECT_THAT(refused.err, Not(IsEmpty())) << ::testing::PrintToString(wrong);
    EXPECT_THAT(refused.out, IsEmpty()) << ::testing::PrintToString(wrong);
  }
}

TEST(Xref, WrongOptionsAreNamed) {
  EXPECT_THAT(RunXref({"import", "shop/orders", "-", "--batch", "0"}).err, HasSubstr("--batch"));
  EXPECT_THAT(RunXref({"status", "--nonsense"}).err, HasSubstr("--nonsense"));
  for (const char* option : {"--wait", "--timeout", "--max-lag", "--failover"}) {
    const Outcome refused = RunXref({option, "soon", "status"});
    EXPECT_THAT(refused.err, AllOf(HasSubstr(option), HasSubstr("no number of seconds")));
  }
  EXPECT_THAT(RunXref({"--timeout", "0", "status"}).err, HasSubstr("give up at once"));
}

TEST(Xref, WordsThatAreUnknownBringTheNearestToMind) {
  EXPECT_EQ(RunXref({"lokup", "shop/orders", "A"}).err,
            "xref: there is no command lokup; did you mean lookup?\nxref: for help: xref --help\n");
  EXPECT_EQ(RunXref({"integration", "craete"}).err,
            "xref: there is no command craete; did you mean create?\n"
            "xref: for help: xref integration --help\n");
  EXPECT_EQ(RunXref({"import", "shop/orders", "-", "--on-conflit", "skip"}).err,
            "xref: there is no option --on-conflit; did you mean --on-conflict?\n"
            "xref: for help: xref import --help\n");
  EXPECT_THAT(RunXref({"status", "--jsno"}).err, HasSubstr("did you mean --json?"));
  EXPECT_THAT(RunXref({"quux"}).err, Not(HasSubstr("did you mean")));
}

TEST(Xref, AServerThatIsDownIsNamedAndTellsApartByItsExitCode) {
  for (const Arguments& command :
       {Arguments{"status"},
        Arguments{"integration", "list"},
        Arguments{"add", "shop/orders", "A", "1"},
        Arguments{"check", "shop/orders", "--id", "A"},
        Arguments{"lookup", "shop/orders", "A"},
        Arguments{"put", "shop/orders", "A", "1"},
        Arguments{"delete", "shop/orders", "A"},
        Arguments{"claim", "shop/orders", "A"},
        Arguments{"claims", "shop/orders"},
        Arguments{"duplicates", "shop/orders"},
        Arguments{"purge", "shop/orders", "--preview"},
        Arguments{"list", "shop/orders"},
        Arguments{"history", "shop/orders", "A"},
        Arguments{"export", "shop/orders"},
        Arguments{"trash"},
        Arguments{"restore", "shop/orders"},
        Arguments{"restore", "shop"},
        Arguments{"integration", "drop", "shop", "--preview"},
        Arguments{"entity", "add", "shop/orders"},
        Arguments{"entity", "list", "shop"},
        Arguments{"integration", "rename", "shop", "--source", "A", "--target", "B"}}) {
    Arguments arguments{"--server", kNobody};
    arguments.insert(arguments.end(), command.begin(), command.end());
    const Outcome outcome = RunXref(arguments);
    EXPECT_EQ(outcome.exit_code, 3) << ::testing::PrintToString(command);
    EXPECT_THAT(outcome.err, HasSubstr("127.0.0.1:1 cannot be reached: Connection refused"));
    EXPECT_THAT(outcome.out, IsEmpty());
  }
}

TEST(Xref, AServerThatIsNoAddressIsWrongUsage) {
  for (const char* server : {"nonsense", "127.0.0.1:", ""}) {
    const Outcome outcome = RunXref({"--server", server, "status"});
    EXPECT_EQ(outcome.exit_code, 2) << server;
  }
  EXPECT_THAT(RunXref({"--server", "nonsense", "status"}).err,
              HasSubstr("server \"nonsense\": this is not HOST:PORT"));
}

TEST(Xrefd, HelpShowsEveryOptionWithItsDefault) {
  const Outcome help = RunProgram({kXrefd, "--help"});
  EXPECT_EQ(help.exit_code, 0);
  for (const char* part : {"--data DIR", "--listen HOST:PORT=127.0.0.1:7411", "--threads",
                           "--config FILE", "--restore FILE", "Exit codes: 0"}) {
    EXPECT_THAT(help.out, HasSubstr(part));
  }
}

TEST(Xrefd, TellsItsVersion) {
  const Outcome version = RunProgram({kXrefd, "--version"});
  EXPECT_EQ(version.exit_code, 0);
  EXPECT_EQ(version.out, "xrefd " XREF_VERSION "\n");
}

TEST(Xrefd, WrongUsageIsExplainedAndRefused) {
  EXPECT_THAT(RunProgram({kXrefd}).err, HasSubstr("--data is required"));
  for (const Arguments& wrong : {Arguments{kXrefd}, Arguments{kXrefd, "--nonsense"},
                                 Arguments{kXrefd, "--data", "x", "--threads", "no"},
                                 Arguments{kXrefd, "--data", "x", "--checkpoint-seconds", "0"},
                                 Arguments{kXrefd, "--data", "x", "--log-level", "loud"}}) {
    EXPECT_EQ(RunProgram(wrong).exit_code, 2) << ::testing::PrintToString(wrong);
  }
}

using TakenTogether = ShopTest;

TEST_F(TakenTogether, TheFirstServerThatAnswersIsUsed) {
  Arguments argv{kXref, "--server", std::string(kNobody) + "," + address(), "status"};
  EXPECT_EQ(RunProgram(argv).exit_code, 0);
}

TEST_F(TakenTogether, GlobalOptionsMayFollowTheCommand) {
  EXPECT_EQ(RunProgram({kXref, "status", "--server", address(), "--json"}).exit_code, 0);
}

}  // namespace
}  // namespace xref::test
