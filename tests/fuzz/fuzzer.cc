// libFuzzer's program for all bodies: xref_fuzzer --body=NAME, and what else libFuzzer takes.
// scripts/fuzz runs it.

#include <gtest/gtest.h>

#include <algorithm>
#include <cstdint>
#include <cstdio>
#include <cstdlib>
#include <string_view>

#include "tests/fuzz/bodies.h"

namespace {

const xref::fuzz::Body* chosen = nullptr;

}  // namespace

extern "C" int LLVMFuzzerInitialize(int* argc, char*** argv) {
  constexpr std::string_view kOption = "--body=";
  for (int i = 1; i < *argc; ++i) {
    std::string_view name = (*argv)[i];
    if (!name.starts_with(kOption)) continue;
    name.remove_prefix(kOption.size());
    const auto bodies = xref::fuzz::Bodies();
    const auto found = std::find_if(bodies.begin(), bodies.end(),
                                    [&](const auto& body) { return body.name == name; });
    if (found != bodies.end()) chosen = &*found;
  }
  if (chosen != nullptr) return 0;
  std::fprintf(stderr, "xref_fuzzer: name a body with --body=NAME:");
  for (const auto& body : xref::fuzz::Bodies()) {
    std::fprintf(stderr, " %.*s", static_cast<int>(body.name.size()), body.name.data());
  }
  std::fprintf(stderr, "\n");
  std::exit(2);
}

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  chosen->run({reinterpret_cast<const char*>(data), size});
  if (testing::Test::HasFailure()) std::abort();
  return 0;
}
