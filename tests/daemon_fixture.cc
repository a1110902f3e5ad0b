#include "tests/daemon_fixture.h"

#include <signal.h>

#include <algorithm>
#include <boost/json.hpp>
#include <chrono>
#include <filesystem>
#include <fstream>
#include <iterator>

namespace xref::test {
namespace {

namespace json = boost::json;

// Even the longest IDs fit one request.
constexpr size_t kChunkIds = 10'000;

}  // namespace

std::ostream& operator<<(std::ostream& out, const Totals& totals) {
  return out << "rows " << totals.rows << ", added " << totals.added << ", unchanged "
             << totals.unchanged << ", conflicts " << totals.conflicts << ", duplicates "
             << totals.duplicates << ", bad rows " << totals.bad_rows;
}

Totals ParseTotals(const std::string& text) {
  boost::system::error_code error;
  const json::value value = json::parse(text, error);
  if (error || !value.is_object()) return {};
  const auto count = [&](const char* name) { return value.at(name).to_number<uint64_t>(); };
  return {.rows = count("rows"),
          .added = count("added"),
          .unchanged = count("unchanged"),
          .conflicts = count("conflicts"),
          .duplicates = count("duplicates"),
          .bad_rows = count("bad_rows")};
}

void DaemonTest::TearDown() {
  if (!daemon_) return;
  daemon_->Signal(SIGKILL);
  const Outcome ended = daemon_->Wait();
  if (HasFailure()) std::cerr << "---- the daemon's log ----\n" << ended.err;
}

// ---- The daemon ----

void DaemonTest::LaunchDaemon(const Arguments& options) {
  Arguments argv{kXrefd, "--data", data_folder(), "--listen", "127.0.0.1:0", "--threads", "2"};
  argv.insert(argv.end(), options.begin(), options.end());
  daemon_ = Process::Start(argv);
  const std::string line = daemon_->AwaitErrorLine("listening on ");
  ASSERT_FALSE(line.empty()) << "the daemon did not start: " << daemon_->Wait().err;
  address_ = line.substr(line.rfind(' ') + 1);
}

void DaemonTest::StartDaemon(const Arguments& options) {
  LaunchDaemon(options);
  if (HasFatalFailure()) return;
  ASSERT_FALSE(daemon_->AwaitErrorLine("ready: ").empty()) << daemon_->Wait().err;
}

void DaemonTest::CrashDaemon() {
  daemon_->Signal(SIGKILL);
  EXPECT_EQ(daemon_->Wait().exit_code, 128 + SIGKILL);
}

Outcome DaemonTest::StopDaemon() {
  daemon_->Signal(SIGTERM);
  return daemon_->Wait();
}

void DaemonTest::CrashAndRestartDaemon(const Arguments& options) {
  CrashDaemon();
  StartDaemon(options);
}

void DaemonTest::AskForCheckpoint() {
  const auto client = Connect();
  if (!client) return;
  std::string payload;
  client->History({.place = Place(*client), .source = "any"}, payload).IgnoreError();
}

void DaemonTest::AwaitCheckpoint() {
  const uint64_t lsn = Fact("lsn");
  do AskForCheckpoint();
  while (Fact("snapshot_lsn") < lsn && !HasFailure());
}

void DaemonTest::Overwrite(const std::string& file, const std::string& text, char with) {
  const std::string path = data_folder() + "/" + file;
  std::fstream opened(path, std::ios::binary | std::ios::in | std::ios::out);
  const std::string bytes(std::istreambuf_iterator<char>(opened), {});
  size_t at = bytes.find(text);
  ASSERT_NE(at, std::string::npos) << path;
  for (; at != std::string::npos; at = bytes.find(text, at + 1)) {
    opened.seekp(static_cast<std::streamoff>(at));
    opened.put(with);
  }
}

uint64_t DaemonTest::Fact(const std::string& name) {
  std::string payload;
  ClientOptions options;
  options.servers = {address_};
  // Whoever asks in a loop is a newcomer too many now and then.
  options.ready_wait = std::chrono::seconds(10);
  const auto client = Client::Connect(options);
  if (!client.ok()) {
    ADD_FAILURE() << client.status();
    return 0;
  }
  const auto status = (*client)->Status(payload);
  if (!status.ok()) {
    ADD_FAILURE() << status.status();
    return 0;
  }
  const std::string value = status->Fact(name);
  if (!value.empty()) return std::stoull(value);
  ADD_FAILURE() << "the status has no " << name;
  return 0;
}

Outcome DaemonTest::RunDaemon(const Arguments& arguments) {
  Arguments argv{kXrefd};
  argv.insert(argv.end(), arguments.begin(), arguments.end());
  const auto daemon = Process::Start(argv);
  const bool refused = daemon->AwaitErrorLine("ready: ").empty();
  if (!refused) daemon->Signal(SIGKILL);
  return daemon->Wait();
}

// ---- The command ----

std::unique_ptr<Process> DaemonTest::StartXref(const Arguments& arguments) {
  Arguments argv{kXref, "--server", address_};
  argv.insert(argv.end(), xref_options_.begin(), xref_options_.end());
  argv.insert(argv.end(), arguments.begin(), arguments.end());
  return Process::Start(argv);
}

Outcome DaemonTest::Xref(const Arguments& arguments, std::string_view input) {
  const auto process = StartXref(arguments);
  process->Write(input);
  return last_ = process->Wait();
}

void DaemonTest::CreateShop() {
  const Outcome created =
      Xref({"integration", "create", "shop", "--source", "Shopify", "--target", "ERP"});
  ASSERT_EQ(created.exit_code, 0) << created.err;
}

Totals DaemonTest::Import(std::string_view text, const Arguments& options) {
  Arguments arguments{"--json", "import", kPlace, "-"};
  arguments.insert(arguments.end(), options.begin(), options.end());
  return ParseTotals(Xref(arguments, text).out);
}

Totals DaemonTest::ImportFile(const std::string& path, const std::string& place) {
  return ParseTotals(Xref({"--json", "import", place, path}).out);
}

void DaemonTest::ExpectHolds(const References& expected, const std::string& place) {
  const auto client = Connect();
  ASSERT_TRUE(client);
  const size_t slash = place.find('/');
  const auto id = client->Resolve(place.substr(0, slash), place.substr(slash + 1));
  ASSERT_TRUE(id.ok()) << id.status();
  size_t wrong = 0;
  for (auto at = expected.begin(); at != expected.end();) {
    References chunk;
    for (; at != expected.end() && chunk.size() < kChunkIds; ++at) chunk.push_back(*at);
    const IdList sources = Sources(chunk);
    const auto targets = client->Lookup(*id, sources.View());
    ASSERT_TRUE(targets.ok()) << targets.status();
    const auto synced = client->Check(*id, sources.View());
    ASSERT_TRUE(synced.ok()) << synced.status();
    for (size_t i = 0; i < chunk.size(); ++i) {
      if ((*targets)[i] == chunk[i].second && (*synced)[i]) continue;
      if (++wrong > 10) continue;
      ADD_FAILURE() << chunk[i].first << " should be linked to " << chunk[i].second
                    << " and is linked to \"" << (*targets)[i] << "\", synced: " << (*synced)[i];
    }
  }
  EXPECT_EQ(wrong, 0U) << "of " << expected.size();
  std::string payload;
  const auto status = client->Status(payload);
  ASSERT_TRUE(status.ok()) << status.status();
  for (const auto& held : status->places) {
    if (std::string(held.integration) + "/" + std::string(held.type) == place) {
      EXPECT_EQ(held.references, expected.size()) << "references at " << place;
    }
  }
}

// ---- The client library ----

std::unique_ptr<Client> DaemonTest::Connect() {
  ClientOptions options;
  options.servers = {address_};
  options.tls = tls_;
  auto client = Client::Connect(options);
  if (client.ok()) return *std::move(client);
  ADD_FAILURE() << client.status();
  return nullptr;
}

PlaceId DaemonTest::Place(Client& client, std::string_view type) {
  const auto place = client.Resolve("shop", type);
  if (!place.ok()) ADD_FAILURE() << place.status();
  return place.value_or(0);
}

std::string DaemonTest::WriteFile(const std::string& name, std::string_view text) const {
  const std::string path = folder_.path() + "/" + name;
  std::ofstream(path, std::ios::binary) << text;
  return path;
}

}  // namespace xref::test
