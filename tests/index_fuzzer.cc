// libFuzzer's entry: index_fuzzer tests/corpus/index. Built with XREF_FUZZ=ON and clang.

#include <cstdlib>

#include "tests/index_fuzz.h"

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  xref::RunIndexFuzz({reinterpret_cast<const char*>(data), size});
  if (testing::Test::HasFailure()) std::abort();
  return 0;
}
