// Whatever the command line of xrefd and its configuration file say, they are refused or come to
// options within their bounds.
//
// The input is arguments, each on a line, a zero byte, and the file; without such a byte there is
// no file.

#include "daemon/options.h"

#include <gtest/gtest.h>

#include <iostream>
#include <string>
#include <variant>
#include <vector>

#include "tests/fuzz/bodies.h"
#include "tests/fuzz/fuzz_bytes.h"
#include "tests/fuzz/memory_file.h"

namespace xref::fuzz {
namespace {

// Lets nothing be printed.
class Silence {
 public:
  Silence() : out_(std::cout.rdbuf(nullptr)), error_(std::cerr.rdbuf(nullptr)) {}
  ~Silence() {
    std::cout.rdbuf(out_);
    std::cerr.rdbuf(error_);
  }
  Silence(const Silence&) = delete;
  Silence& operator=(const Silence&) = delete;

 private:
  std::streambuf* const out_;
  std::streambuf* const error_;
};

void ExpectWithinBounds(const Options& options) {
  EXPECT_FALSE(options.data.empty() && options.check.empty());
  EXPECT_LE(options.threads, 256U);
  EXPECT_GE(options.connections_max, 1U);
  EXPECT_LE(options.connections_max, 1'000'000U);
  EXPECT_GE(options.checkpoint_seconds, 1U);
  EXPECT_GE(options.frame_timeout_ms, 1U);
  EXPECT_GE(options.trash_days, 1U);
  EXPECT_LE(options.trash_days, 36'500U);
  EXPECT_LE(options.history_days, 36'500U);
  EXPECT_GT(options.memory_limit, 0U);
  EXPECT_GE(options.lease_seconds, 2U);
  EXPECT_TRUE(options.ack == "disk" || options.ack == "standby");
  EXPECT_EQ(options.etcd.empty(), options.cluster.empty());
}

}  // namespace

void RunOptions(std::string_view bytes) {
  FuzzBytes input(bytes);
  FuzzBytes lines(input.Until('\0'));
  std::vector<std::string> arguments = {"xrefd"};
  while (!lines.empty()) {
    arguments.emplace_back(lines.Until('\n'));
    // It would be opened, whatever it is.
    if (arguments.back().find("config") != std::string::npos) return;
  }
  const bool has_file = !input.empty();
  const MemoryFile file(input.Rest());
  if (has_file) arguments.insert(arguments.begin() + 1, {"--config", file.path()});
  std::vector<char*> argv;
  for (std::string& argument : arguments) argv.push_back(argument.data());
  argv.push_back(nullptr);

  const Silence silence;
  const auto parsed = ParseOptions(static_cast<int>(arguments.size()), argv.data());
  if (const auto* exit = std::get_if<Exit>(&parsed)) {
    EXPECT_TRUE(exit->code == 0 || exit->code == 2);
  } else {
    ExpectWithinBounds(std::get<Options>(parsed));
  }
}

}  // namespace xref::fuzz
