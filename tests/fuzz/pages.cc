// A small LMDB file with altered bytes: its examination ends, and what it lets pass LMDB can read
// and write, so that it passes again.

#include <absl/status/status.h>
#include <gtest/gtest.h>

#include <cstdint>
#include <memory>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "persistence/lmdb.h"
#include "persistence/page_check.h"
#include "tests/fuzz/altered_file.h"
#include "tests/fuzz/bodies.h"
#include "tests/fuzz/fuzz_bytes.h"
#include "tests/fuzz/scratch_folder.h"

namespace xref::fuzz {
namespace {

constexpr std::string_view kTables[] = {"few", "many"};
constexpr uint64_t kMapBytes = 4 << 20;
// Of the file that is altered: the second table has branches, values in pages of their own, and
// pages that are free.
constexpr int kRows = 300;

std::string KeyOf(int i) { return "key " + std::to_string(1'000 + i * 7 % kRows); }

// The file as LMDB writes it.
std::string MakeFile() {
  const ScratchFolder folder;
  {
    auto env = LmdbEnvironment::Open(folder.path(), kMapBytes, kTables);
    EXPECT_TRUE(env.ok()) << env.status();
    for (const int step : {1, 3}) {
      auto txn = (*env)->BeginWrite();
      EXPECT_TRUE(txn.ok());
      for (int i = 0; i < kRows; i += step) {
        const size_t bytes = i == 5 ? 9'000 : 20 + static_cast<size_t>(i % 40 + step);
        EXPECT_TRUE(txn->Put((*env)->table(1), KeyOf(i), std::string(bytes, 'v')).ok());
      }
      EXPECT_TRUE(txn->Put((*env)->table(0), "only", "one").ok());
      EXPECT_TRUE(txn->Commit().ok());
    }
  }
  return ReadFile(folder.path() + "/data.mdb");
}

// Everything, there and back, and by its keys.
void ReadAll(LmdbEnvironment& env) {
  auto txn = env.BeginRead();
  ASSERT_TRUE(txn.ok()) << txn.status();
  for (const size_t i : {0, 1}) {
    auto cursor = LmdbCursor::Open(*txn, env.table(i));
    ASSERT_TRUE(cursor.ok()) << cursor.status();
    std::vector<std::string> keys;
    for (auto found = cursor->First(); found.value(); found = cursor->Next()) {
      keys.emplace_back(cursor->key());
      // Reads all of it.
      ASSERT_NE(std::string(cursor->value()).size(), SIZE_MAX);
    }
    const auto entries = txn->Entries(env.table(i));
    ASSERT_TRUE(entries.ok()) << entries.status();
    EXPECT_EQ(keys.size(), *entries);
    for (const std::string& key : keys) {
      const auto value = txn->Get(env.table(i), key);
      ASSERT_TRUE(value.ok()) << value.status();
      EXPECT_TRUE(value->has_value()) << key;
    }
    size_t back = 0;
    for (auto found = cursor->Last(); found.value(); found = cursor->Previous()) ++back;
    EXPECT_EQ(back, keys.size());
  }
}

// Takes pages that are free, splits some and merges others.
absl::Status WriteSome(LmdbEnvironment& env) {
  auto txn = env.BeginWrite();
  if (!txn.ok()) return txn.status();
  for (int i = 0; i < kRows; i += 2) {
    const auto status = txn->Put(env.table(1), "new " + KeyOf(i), std::string(50, 'n'));
    if (!status.ok()) return status;
  }
  {
    auto cursor = LmdbCursor::Open(*txn, env.table(1));
    if (!cursor.ok()) return cursor.status();
    int number = 0;
    for (auto found = cursor->First(); found.value(); found = cursor->Next()) {
      if (++number % 3 != 0) continue;
      if (auto status = cursor->Delete(); !status.ok()) return status;
    }
  }
  if (auto status = txn->Clear(env.table(0)); !status.ok()) return status;
  return txn->Commit();
}

}  // namespace

void RunPages(std::string_view bytes) {
  static const std::string whole = MakeFile();
  FuzzBytes input(bytes);
  std::string file = whole;
  Alter(input, file);
  const ScratchFolder folder;
  WriteFile(folder.path() + "/data.mdb", file);
  const PagesToCheck what{.path = folder.path(), .tables = kTables, .transaction = {}};
  const auto examined = CheckPages(what, [](uint64_t) { return absl::OkStatus(); });
  if (!examined.ok()) {
    EXPECT_FALSE(examined.status().message().empty());
    return;
  }
  EXPECT_LE(*examined, file.size() / 512);
  auto env = LmdbEnvironment::Open(folder.path(), kMapBytes, kTables);
  ASSERT_TRUE(env.ok()) << env.status();
  ReadAll(**env);
  // A file may say that it has come to the end of its map: then changes are refused.
  const auto written = WriteSome(**env);
  EXPECT_TRUE(written.ok() || absl::IsResourceExhausted(written)) << written;
  const auto again = (*env)->CheckPages([](uint64_t) { return absl::OkStatus(); });
  EXPECT_TRUE(again.ok()) << again.status();
}

}  // namespace xref::fuzz
