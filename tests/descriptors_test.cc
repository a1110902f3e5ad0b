// File descriptors that run out.

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <sys/resource.h>

#include <filesystem>
#include <iterator>

#include "tests/attacks_fixture.h"

namespace xref::test {
namespace {

using bench::Crowd;

class Descriptors : public AttacksTest {
 protected:
  // As of now, with so many more.
  void Allow(size_t more) {
    const std::filesystem::directory_iterator open("/proc/" + std::to_string(daemon_->pid()) +
                                                   "/fd");
    const auto count = static_cast<rlim_t>(std::distance(begin(open), end(open)));
    SetLimit(count + more);
  }
  void SetLimit(rlim_t count) {
    rlimit limit{};
    ASSERT_EQ(prlimit(daemon_->pid(), RLIMIT_NOFILE, nullptr, &limit), 0);
    limit.rlim_cur = count;
    ASSERT_EQ(prlimit(daemon_->pid(), RLIMIT_NOFILE, &limit, nullptr), 0);
  }
};

TEST_F(Descriptors, NewcomersAreClosedWhileThereAreNone) {
  StartUnderLoad({});
  const uint64_t allowed = EstablishedFact("limit_descriptors");
  Allow(3);
  Crowd crowd(address(), kElsewhere);
  ASSERT_EQ(crowd.Open(50), 50U);
  AwaitFact("refused_descriptors", 40);
  EXPECT_LE(crowd.CountOpen(), 10U);
  ExpectProgress();
  SetLimit(allowed);
  crowd.Leave();
  ExpectNewcomerIsAnswered();
  ExpectProgress();
  ExpectNothingLost();
}

TEST_F(Descriptors, AreThereForACheckpointWhenAllConnectionsAreTaken) {
  StartUnderLoad({"--connections-max", "64", "--connections-per-address", "64"});
  SetLimit(EstablishedFact("limit_descriptors"));
  Crowd crowd(address(), kElsewhere);
  crowd.Open(200);
  AwaitFact("refused_connections", 100);
  const uint64_t lsn = EstablishedFact("lsn");
  std::string payload;
  EXPECT_TRUE(
      established_->History({.place = Place(*established_), .source = "any"}, payload).ok());
  EXPECT_GE(EstablishedFact("snapshot_lsn"), lsn);
  ExpectProgress();
  ExpectNothingLost();
}

}  // namespace
}  // namespace xref::test
