// How a daemon is told what to do, and what it refuses to start with.

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <filesystem>

#include "tests/daemon_fixture.h"

namespace xref::test {
namespace {

using ::testing::HasSubstr;

// Starts no daemon by itself.
class DaemonOptions : public DaemonTest {
 protected:
  void SetUp() override {}

  void ExpectRefusal(const Arguments& arguments, const std::string& why) {
    const Outcome refused = RunDaemon(arguments);
    EXPECT_EQ(refused.exit_code, 2) << ::testing::PrintToString(arguments);
    EXPECT_THAT(refused.err, HasSubstr(why));
  }
  Arguments WithConfig(std::string_view text) {
    return {"--config", WriteFile("xrefd.toml", text)};
  }
};

TEST_F(DaemonOptions, TheConfigurationFileSetsThem) {
  LaunchDaemon(WithConfig("frame-timeout-ms = 500\nlog-level = \"debug\"\nthreads = 1\n"));
  EXPECT_EQ(Xref({"--wait", "30", "status"}).exit_code, 0);
}

TEST_F(DaemonOptions, TheConfigurationFileMayHoldThemAll) {
  const std::string config =
      WriteFile("xrefd.toml", "data = \"" + data_folder() + "\"\nlisten = \"127.0.0.1:0\"\n");
  daemon_ = Process::Start({kXrefd, "--config", config});
  EXPECT_NE(daemon_->AwaitErrorLine("ready: "), "");
}

TEST_F(DaemonOptions, TheCommandLineWinsOverTheConfigurationFile) {
  StartDaemon(WithConfig("listen = \"203.0.113.1:1\"\ndata = \"/proc/nowhere\"\n"));
  EXPECT_EQ(Xref({"status"}).exit_code, 0);
}

TEST_F(DaemonOptions, AnUnknownKeyIsRefusedByName) {
  ExpectRefusal(WithConfig("data = \"x\"\nlissen = \"127.0.0.1:0\"\n"), "lissen");
}

TEST_F(DaemonOptions, BadSyntaxIsRefusedWithItsLine) {
  ExpectRefusal(WithConfig("threads = 1\ndata = \n"), "line 2");
}

TEST_F(DaemonOptions, AValueOfTheWrongKindIsRefusedByKeyAndLine) {
  ExpectRefusal(WithConfig("\nthreads = [1]\n"), "line 2: threads must be");
}

TEST_F(DaemonOptions, AValueOutOfRangeIsRefusedByName) {
  ExpectRefusal(WithConfig("data = \"x\"\nthreads = 1000\n"), "threads");
}

TEST_F(DaemonOptions, AMissingConfigurationFileIsRefusedByName) {
  ExpectRefusal({"--data", data_folder(), "--config", "/nowhere/xrefd.toml"},
                "/nowhere/xrefd.toml");
}

TEST_F(DaemonOptions, OtherThanLoopbackAddressesAreRefusedWithoutAccessTokens) {
  for (const std::string address : {"0.0.0.0:0", "[::]:0"}) {
    ExpectRefusal({"--data", data_folder(), "--listen", address},
                  "whoever reaches this address could change everything");
    ExpectRefusal({"--data", data_folder(), "--listen", "127.0.0.1:0", "--http", address},
                  "whoever reaches this address could change everything");
  }
}

TEST_F(DaemonOptions, AnAddressThatIsNoneIsRefused) {
  for (const char* address :
       {"nonsense", "127.0.0.1", "127.0.0.1:", "127.0.0.1:70000", "127.0.0.1:80x", "127.0.0.1:-1",
        "127.0.0.1:+1", "127.0.0.1: 1", ":7411", "example.org:7411"}) {
    ExpectRefusal({"--data", data_folder(), "--listen", address},
                  std::string("--listen ") + address + ": this is not HOST:PORT");
  }
}

TEST_F(DaemonOptions, AClusterThatCannotWorkIsRefused) {
  const auto refused = [&](Arguments options, const std::string& why) {
    options.insert(options.begin(), {"--data", data_folder(), "--cluster", "test"});
    ExpectRefusal(options, why);
  };
  refused({}, "--cluster requires --etcd");
  refused({"--etcd", "ftp://127.0.0.1:2379"}, "this is not http://HOST:PORT");
  refused({"--etcd", "http://127.0.0.1:1", "--standby-of", "127.0.0.1:7411"}, "excludes");
  refused({"--etcd", "http://127.0.0.1:1", "--lease-seconds", "1"}, "--lease-seconds");
  refused({"--etcd", "http://127.0.0.1:1", "--ack", "disk"}, "leave this out");
  refused({"--etcd", "http://127.0.0.1:1", "--advertise", "nonsense"}, "this is not HOST:PORT");
  refused({"--etcd", "http://127.0.0.1:1", "--trust-network", "--listen", "0.0.0.0:0"},
          "name one with --advertise");
  ExpectRefusal({"--data", data_folder(), "--standby-of", "nonsense"}, "this is not HOST:PORT");
}

TEST_F(DaemonOptions, TooFewDescriptorsAreRefusedWithWhatHelps) {
  const Outcome refused =
      RunProgram({"/bin/sh", "-c", "ulimit -n 1000; exec \"$0\" \"$@\"", kXrefd, "--data",
                  data_folder(), "--listen", "127.0.0.1:0", "--http", "off"});
  EXPECT_EQ(refused.exit_code, 2);
  EXPECT_THAT(refused.err, HasSubstr("--connections-max 4096: this process may have 1000 file "
                                     "descriptors (ulimit -Hn) and needs 4352"));
  EXPECT_THAT(refused.err, HasSubstr("or use --connections-max 744"));
}

TEST_F(DaemonOptions, AJournalLimitThatHoldsNoGroupsIsRefused) {
  ExpectRefusal({"--data", data_folder(), "--journal-limit", "31MiB"}, "at least 32MiB");
}

TEST_F(DaemonOptions, APortThatIsTakenIsRefusedByAddress) {
  StartDaemon();
  ExpectRefusal({"--data", folder_.path() + "/other", "--listen", address()},
                "cannot listen on " + address() + ": Address already in use");
}

TEST_F(DaemonOptions, ADataFolderInUseIsRefusedWithTheProcessThatHasIt) {
  StartDaemon();
  CreateShop();
  ExpectRefusal({"--data", data_folder(), "--listen", "127.0.0.1:0"},
                data_folder() + " is in use by process " + std::to_string(daemon_->pid()));
  EXPECT_EQ(Xref({"add", kPlace, "A", "1"}).exit_code, 0);
}

TEST_F(DaemonOptions, ADataFolderBelowAFileIsRefused) {
  const std::string path = WriteFile("file", "kept") + "/data";
  ExpectRefusal({"--data", path, "--listen", "127.0.0.1:0"},
                "cannot use the data folder: making " + path + ": Not a directory");
}

TEST_F(DaemonOptions, ADataFolderThatIsAFileIsRefused) {
  ExpectRefusal({"--data", WriteFile("file", "kept"), "--listen", "127.0.0.1:0"},
                "cannot use the data folder: ");
}

TEST_F(DaemonOptions, ADataFolderThatCannotBeMadeIsRefused) {
  ExpectRefusal({"--data", "/proc/xrefd", "--listen", "127.0.0.1:0"},
                "cannot use the data folder: making /proc/xrefd: ");
}

TEST_F(DaemonOptions, ADataFolderInNewFoldersIsMadeWithThem) {
  daemon_ =
      Process::Start({kXrefd, "--data", folder_.path() + "/a/b/c/", "--listen", "127.0.0.1:0"});
  EXPECT_NE(daemon_->AwaitErrorLine("ready: "), "");
  EXPECT_TRUE(std::filesystem::is_directory(folder_.path() + "/a/b/c/journal"));
}

TEST_F(DaemonOptions, AnIpv6LoopbackAddressWorks) {
  daemon_ = Process::Start({kXrefd, "--data", data_folder(), "--listen", "[::1]:0"});
  const std::string line = daemon_->AwaitErrorLine("listening on ");
  if (line.empty()) GTEST_SKIP() << "there is no IPv6 here";
  const std::string address = line.substr(line.rfind(' ') + 1);
  EXPECT_EQ(RunProgram({kXref, "--server", address, "--wait", "30", "status"}).exit_code, 0);
}

}  // namespace
}  // namespace xref::test
