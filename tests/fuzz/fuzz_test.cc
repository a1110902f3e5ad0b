// Replays the inputs that are kept of every fuzzer through its body, and sees that none is missing.

#include <gtest/gtest.h>

#include <algorithm>
#include <filesystem>
#include <fstream>
#include <iterator>
#include <random>
#include <regex>
#include <set>
#include <string>
#include <vector>

#include "protocol/messages.h"
#include "tests/fuzz/bodies.h"
#include "tests/fuzz/messages.h"
#include "tests/fuzz/scratch_folder.h"
#include "tests/fuzz/whole_daemon.h"

namespace xref::fuzz {
namespace {

namespace fs = std::filesystem;

const fs::path kCorpora = fs::path(XREF_SOURCE_DIR) / "tests/corpus";

std::set<std::string> NamesIn(const fs::path& folder) {
  std::set<std::string> names;
  for (const auto& entry : fs::directory_iterator(folder)) names.insert(entry.path().filename());
  return names;
}

// The names of all messages that the protocol's headers declare a Decode of.
std::set<std::string> DeclaredMessages() {
  const std::regex declared(R"(\bDecode\(Bytes payload, (\w+)&)");
  std::set<std::string> names;
  for (const auto& entry : fs::directory_iterator(fs::path(XREF_SOURCE_DIR) / "protocol")) {
    if (entry.path().extension() != ".h") continue;
    const std::string header = ReadFile(entry.path());
    for (std::sregex_iterator at(header.begin(), header.end(), declared), end; at != end; ++at) {
      names.insert((*at)[1]);
    }
  }
  return names;
}

class FuzzCorpus : public testing::TestWithParam<Body> {};

TEST_P(FuzzCorpus, FindsNothing) {
  const fs::path folder = kCorpora / GetParam().name;
  ASSERT_TRUE(fs::is_directory(folder)) << "keep some inputs in " << folder;
  int inputs = 0;
  for (const auto& file : fs::directory_iterator(folder)) {
    SCOPED_TRACE(file.path());
    GetParam().run(ReadFile(file.path()));
    ++inputs;
  }
  EXPECT_GT(inputs, 0);
}

TEST_P(FuzzCorpus, RandomBytesFindNothing) {
  std::mt19937 random(8);
  for (int run = 0; run < 20; ++run) {
    SCOPED_TRACE(run);
    std::string bytes(random() % 1'000, '\0');
    for (char& byte : bytes) byte = static_cast<char>(random());
    GetParam().run(bytes);
  }
}

TEST_P(FuzzCorpus, AnEmptyInputFindsNothing) { GetParam().run(""); }

INSTANTIATE_TEST_SUITE_P(All, FuzzCorpus, testing::ValuesIn(Bodies().begin(), Bodies().end()),
                         [](const auto& tried) { return std::string(tried.param.name); });

TEST(FuzzBodies, EveryCorpusHasABodyAndEveryBodyACorpus) {
  std::set<std::string> bodies;
  for (const Body& body : Bodies()) bodies.emplace(body.name);
#ifndef XREF_FUZZ_CONSOLE
  bodies.insert({"connections", "http"});
#endif
  EXPECT_EQ(NamesIn(kCorpora), bodies);
}

TEST(FuzzBodies, EveryMessageOfTheProtocolIsTried) {
  std::set<std::string> tried;
  for (const Conversation& conversation : Conversations()) {
    for (const TriedMessage& message : {conversation.request, conversation.reply}) {
      if (message.run != nullptr) tried.emplace(message.type);
    }
  }
  EXPECT_EQ(tried, DeclaredMessages());
}

TEST(FuzzBodies, EveryOpcodeThatADaemonKnowsIsTried) {
  WholeDaemon daemon;
  for (int number = 0; number <= 0xFF; ++number) {
    const auto opcode = static_cast<protocol::Opcode>(number);
    const uint64_t request = daemon.Send(0, opcode, "");
    const auto replies = daemon.TakeReplies();
    const auto& reply = replies.at(request);
    const protocol::Bytes payload(reinterpret_cast<const uint8_t*>(reply.payload.data()),
                                  reply.payload.size());
    const bool is_known =
        reply.header.status == protocol::StatusCode::kOk ||
        !DecodeRefusal(reply.header.status, payload).message.starts_with("unknown opcode");
    EXPECT_EQ(FindConversation(opcode) != nullptr, is_known) << "opcode " << number;
  }
}

}  // namespace
}  // namespace xref::fuzz
