// Replays the corpus of index_fuzzer, and some bytes made up on the spot, through the fuzz body.

#include "tests/index_fuzz.h"

#include <gtest/gtest.h>

#include <filesystem>
#include <fstream>
#include <iterator>
#include <random>

namespace xref {
namespace {

TEST(IndexFuzz, CorpusFindsNothing) {
  int inputs = 0;
  for (const auto& file : std::filesystem::directory_iterator(XREF_INDEX_CORPUS)) {
    SCOPED_TRACE(file.path().filename());
    std::ifstream stream(file.path(), std::ios::binary);
    RunIndexFuzz(std::string(std::istreambuf_iterator<char>(stream), {}));
    ++inputs;
  }
  EXPECT_GT(inputs, 0);
}

TEST(IndexFuzz, RandomBytesFindNothing) {
  std::mt19937 random(8);
  for (int run = 0; run < 60; ++run) {
    SCOPED_TRACE(run);
    std::string bytes(random() % 1'000, '\0');
    for (char& byte : bytes) byte = static_cast<char>(random());
    RunIndexFuzz(bytes);
  }
}

}  // namespace
}  // namespace xref
