#include "tests/attacks_fixture.h"

#include <fstream>
#include <thread>

namespace xref::test {
namespace {

// Whether it became so before the deadline.
template <typename Condition>
bool Await(Condition condition) {
  const auto deadline = std::chrono::steady_clock::now() + kDeadline;
  while (!condition()) {
    if (std::chrono::steady_clock::now() > deadline) return false;
    std::this_thread::yield();
  }
  return true;
}

}  // namespace

void AttacksTest::StartUnderLoad(const Arguments& options) {
  CrashAndRestartDaemon(options);
  established_ = Connect();
  ASSERT_TRUE(established_);
  load_ = std::make_unique<Load>(address(), model_, 1);
  ExpectProgress();
}

void AttacksTest::ExpectProgress() {
  const uint64_t changed = model_.changed();
  const uint64_t checked = model_.checked();
  EXPECT_TRUE(Await([&] {
    return load_->IsOver() ||
           (model_.changed() >= changed + 500 && model_.checked() >= checked + 500);
  })) << "the established clients do not go on";
  EXPECT_FALSE(load_->IsOver()) << "the established clients were cut off";
}

void AttacksTest::ExpectNothingLost() {
  CrashDaemon();
  load_->Join();
  StartDaemon();
  const auto client = Connect();
  ASSERT_TRUE(client);
  model_.ExpectHeldBy(*client, Place(*client), ReferencesHeld() - others_);
}

uint64_t AttacksTest::EstablishedFact(const std::string& name) {
  std::string payload;
  const auto status = established_->Status(payload);
  if (!status.ok()) {
    ADD_FAILURE() << status.status();
    return 0;
  }
  return std::stoull(status->Fact(name));
}

void AttacksTest::ExpectNewcomerIsAnswered() {
  const auto newcomer = Connect();
  ASSERT_TRUE(newcomer);
  EXPECT_TRUE(newcomer->Resolve("shop", "orders").ok());
}

void AttacksTest::AwaitFact(const std::string& name, uint64_t least) {
  EXPECT_TRUE(Await([&] { return HasFailure() || EstablishedFact(name) >= least; }))
      << name << " is " << EstablishedFact(name);
}

void AttacksTest::AwaitAllClosed(bench::Crowd& crowd) {
  EXPECT_TRUE(Await([&] { return crowd.CountOpen() == 0; })) << crowd.CountOpen() << " are open";
}

uint64_t AttacksTest::MemoryPeak() const {
  std::ifstream status("/proc/" + std::to_string(daemon_->pid()) + "/status");
  uint64_t kilobytes = 0;
  for (std::string word; status >> word && word != "VmHWM:";) continue;
  status >> kilobytes;
  EXPECT_GT(kilobytes, 0U);
  return kilobytes << 10;
}

}  // namespace xref::test
