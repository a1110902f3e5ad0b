#pragma once

// A real xrefd on a data folder of its own, the real xref against it, and a client: what most tests
// need. Everything is in a temporary folder that goes with the test.

#include <gtest/gtest.h>

#include <cstdint>
#include <filesystem>
#include <memory>
#include <ostream>
#include <string>
#include <string_view>
#include <vector>

#include "client/client.h"
#include "tests/process.h"
#include "tests/references.h"
#include "tests/temporary_folder.h"

namespace xref::test {

// What `xref --json import` counts.
struct Totals {
  uint64_t rows = 0;
  uint64_t added = 0;
  uint64_t unchanged = 0;
  uint64_t conflicts = 0;
  uint64_t duplicates = 0;
  uint64_t bad_rows = 0;
  bool operator==(const Totals&) const = default;
};
std::ostream& operator<<(std::ostream& out, const Totals& totals);
// Nothing counted where `text` is not what import prints.
Totals ParseTotals(const std::string& text);

// Options in front of a command, or behind it.
using Arguments = std::vector<std::string>;

class DaemonTest : public ::testing::Test {
 protected:
  void SetUp() override { StartDaemon(); }
  void TearDown() override;

  // ---- The daemon ----

  // Starts it on the test's data folder and waits until it is ready.
  void StartDaemon(const Arguments& options = {});
  // Starts it and waits only until it listens.
  void LaunchDaemon(const Arguments& options = {});
  void CrashDaemon();    // kill -9
  Outcome StopDaemon();  // SIGTERM, and its end
  void CrashAndRestartDaemon(const Arguments& options = {});
  // Has the daemon fold its journal into the snapshot, as it does for whoever asks for a history;
  // without waiting for its interval. It may die of it.
  void AskForCheckpoint();
  // Until the snapshot, and so listings, show all that was changed so far.
  void AwaitCheckpoint();
  // Damages a file of the data folder: the first byte of `text`, wherever that stands.
  void Overwrite(const std::string& file, const std::string& text, char with = 'X');
  uint64_t Fact(const std::string& name);  // a number that STATUS tells
  uint64_t ReferencesHeld() { return Fact("references"); }

  // A daemon that is expected to refuse: runs it to its end, and kills it if it serves.
  static Outcome RunDaemon(const Arguments& arguments);

  // ---- The command ----

  Outcome Xref(const Arguments& arguments, std::string_view input = {});
  std::unique_ptr<Process> StartXref(const Arguments& arguments);
  // Makes the integration "shop", and says whether it worked.
  void CreateShop();
  // Imports a text or a file and returns the totals; the whole outcome is then in last().
  Totals Import(std::string_view text, const Arguments& options = {});
  Totals ImportFile(const std::string& path, const std::string& place = kPlace);
  const Outcome& last() const { return last_; }

  // Fails unless what the daemon holds at `place` is `expected`, all of it and nothing more.
  void ExpectHolds(const References& expected, const std::string& place = kPlace);

  // ---- The client library ----

  std::unique_ptr<Client> Connect();
  PlaceId Place(Client& client, std::string_view type = "orders");

  const std::string& address() const { return address_; }
  std::string data_folder() const { return folder_.path() + "/data"; }
  std::string WriteFile(const std::string& name, std::string_view text) const;

  static constexpr const char* kPlace = "shop/orders";

  TemporaryFolder folder_;
  std::unique_ptr<Process> daemon_;
  // How it is spoken to, by the command and by the client library.
  Arguments xref_options_;
  Channel::Tls tls_;

 private:
  std::string address_;
  Outcome last_;
};

// A daemon that has the integration "shop".
class ShopTest : public DaemonTest {
 protected:
  void SetUp() override {
    DaemonTest::SetUp();
    CreateShop();
  }
};

// The programs under test.
inline constexpr const char* kXrefd = XREF_TEST_XREFD;
inline constexpr const char* kXref = XREF_TEST_XREF;

}  // namespace xref::test
