// Signals that mean nothing to the daemon, and the one that does, in the middle of everything.

#include <gtest/gtest.h>

#include <csignal>

#include "tests/attacks_fixture.h"

namespace xref::test {
namespace {

class Signals : public AttacksTest {};

TEST_F(Signals, ThatAreNoRequestToEndChangeNothing) {
  StartUnderLoad({});
  bench::Crowd crowd(address(), kElsewhere);
  crowd.Open(200);
  crowd.Send("x");
  for (int i = 0; i < 10; ++i) {
    for (const int signal :
         {SIGHUP, SIGUSR1, SIGUSR2, SIGPIPE, SIGWINCH, SIGURG, SIGCHLD, SIGSTOP, SIGCONT}) {
      daemon_->Signal(signal);
    }
    ExpectProgress();
  }
  ExpectNewcomerIsAnswered();
  ExpectNothingLost();
}

TEST_F(Signals, OfTheEndMayComeTwice) {
  StartUnderLoad({});
  bench::Crowd crowd(address(), kElsewhere);
  crowd.Open(200);
  crowd.Send("x");
  daemon_->Signal(SIGTERM);
  daemon_->AwaitErrorLine("draining");
  for (int i = 0; i < 1'000; ++i) daemon_->Signal(i % 2 == 0 ? SIGTERM : SIGINT);
  EXPECT_EQ(daemon_->Wait().exit_code, 0);
  load_->Join();
  StartDaemon();
  const auto client = Connect();
  model_.ExpectHeldBy(*client, Place(*client), ReferencesHeld());
}

}  // namespace
}  // namespace xref::test
