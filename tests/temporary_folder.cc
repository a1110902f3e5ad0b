#include "tests/temporary_folder.h"

#include <gtest/gtest.h>
#include <stdlib.h>

namespace xref::test {

TemporaryFolder::TemporaryFolder(const std::filesystem::path& within)
    : path_((within / "xref-test-XXXXXX").string()) {
  if (mkdtemp(path_.data()) == nullptr) ADD_FAILURE() << "cannot make a folder like " << path_;
}

TemporaryFolder::~TemporaryFolder() {
  std::error_code ignored;
  std::filesystem::remove_all(path_, ignored);
}

}  // namespace xref::test
