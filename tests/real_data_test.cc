// Real ID mappings, not part of the project: imported with exact totals, asked back one by one, and
// kept through crashes. The tests skip themselves where the files are absent; the environment
// variable XREF_TEST_DATA names another folder.

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <cstdlib>
#include <filesystem>

#include "tests/daemon_fixture.h"

namespace xref::test {
namespace {

using ::testing::HasSubstr;

struct RealFile {
  const char* path;
  const char* place;
  size_t rows;
};
void PrintTo(const RealFile& file, std::ostream* out) { *out << file.path; }

constexpr RealFile kFiles[] = {
    {"adventureworks/articles.csv", "shop/articles", 504},
    {"adventureworks/customers.csv", "shop/customers", 19'820},
    {"adventureworks/orders.csv", "shop/orders", 23'012},
    {"adventureworks/stock.csv", "shop/stock", 1'069},
    {"register/fangraphs.csv", "register/articles", 5'310},
    {"register/minors.csv", "register/customers", 129'105},
    {"register/mlbam.csv", "register/orders", 32'351},
    {"register/wikidata.csv", "register/stock", 5'126},
};

std::string PathOf(const RealFile& file) {
  const char* folder = std::getenv("XREF_TEST_DATA");
  return std::string(folder != nullptr ? folder : XREF_TEST_DATA) + "/" + file.path;
}

References First(const References& rows, size_t count) {
  return {rows.begin(), rows.begin() + static_cast<ptrdiff_t>(count)};
}

bool Absent(const RealFile& file) { return !std::filesystem::exists(PathOf(file)); }

// A daemon with the integrations "shop" and "register".
class WithIntegrations : public ShopTest {
 protected:
  void SetUp() override {
    ShopTest::SetUp();
    Xref({"integration", "create", "register", "--source", "Sites", "--target", "Register"});
  }
};

class RealFileTest : public WithIntegrations, public ::testing::WithParamInterface<RealFile> {
 protected:
  void SetUp() override {
    if (Absent(GetParam())) GTEST_SKIP() << PathOf(GetParam()) << " is not there";
    WithIntegrations::SetUp();
    rows_ = ReadPlainCsv(PathOf(GetParam()));
    expected_ = Expect(rows_);
  }
  Totals ImportIt() { return ImportFile(PathOf(GetParam()), GetParam().place); }
  void ExpectHoldsIt() { ExpectHolds(expected_.references, GetParam().place); }

  References rows_;
  Expected expected_;
};

TEST_P(RealFileTest, ImportsWithExactTotalsAndChecksBack) {
  ASSERT_EQ(rows_.size(), GetParam().rows);
  EXPECT_EQ(ImportIt(), (Totals{.rows = rows_.size(),
                                .added = expected_.added,
                                .conflicts = expected_.conflicts,
                                .duplicates = expected_.duplicates}));
  const Outcome check = Xref({"check", GetParam().place, PathOf(GetParam())});
  EXPECT_EQ(check.exit_code, 0);
  EXPECT_EQ(check.out, "source_id\n");
  const std::string count = std::to_string(rows_.size());
  EXPECT_THAT(check.err, HasSubstr(count + " IDs: " + count + " synced, 0 not synced"));
}

TEST_P(RealFileTest, LooksUpTheRightTargetsAlsoAfterACrash) {
  ImportIt();
  ExpectHoldsIt();
  CrashAndRestartDaemon();
  ExpectHoldsIt();
  EXPECT_EQ(ImportIt().unchanged, expected_.added);
}

TEST_P(RealFileTest, ACrashInTheMiddleOfAnImportKeepsWhatWasAcknowledged) {
  // The import is fed only half the file, so that it cannot be over when the daemon dies.
  const size_t half = rows_.size() / 2;
  const std::string batch = std::to_string(1 + rows_.size() / 1000);
  const auto import = StartXref({"import", GetParam().place, "-", "--batch", batch});
  import->Write("source_id,target_id\n" + ToRows(rows_, 0, half));
  // By one connection: so many newcomers a second would be closed.
  const auto asking = Connect();
  ASSERT_TRUE(asking);
  for (uint64_t so_far = 0; so_far < half / 2;) {
    std::string payload;
    const auto status = asking->Status(payload);
    ASSERT_TRUE(status.ok()) << status.status();
    so_far = std::stoull(status->Fact("references"));
  }
  CrashDaemon();
  import->Write(ToRows(rows_, half, rows_.size()));
  const Outcome broken_off = import->Wait();
  EXPECT_EQ(broken_off.exit_code, 3);
  const size_t end = broken_off.err.find(" rows were acknowledged before that and are kept");
  ASSERT_NE(end, std::string::npos) << broken_off.err;
  const size_t acknowledged =
      std::stoull(broken_off.err.substr(broken_off.err.rfind(' ', end - 1)));

  StartDaemon();
  const size_t held = ReferencesHeld();
  EXPECT_GE(held, half / 2);
  EXPECT_GE(held, acknowledged);
  ExpectHolds(First(rows_, held), GetParam().place);
  EXPECT_EQ(ImportIt(), (Totals{.rows = rows_.size(),
                                .added = expected_.added - held,
                                .unchanged = held,
                                .conflicts = expected_.conflicts,
                                .duplicates = expected_.duplicates}));
  ExpectHoldsIt();
}

INSTANTIATE_TEST_SUITE_P(Files, RealFileTest, ::testing::ValuesIn(kFiles), [](const auto& file) {
  return std::filesystem::path(file.param.path).stem().string();
});

TEST_F(WithIntegrations, AllRealFilesStandSideBySideThroughACrash) {
  for (const RealFile& file : kFiles) {
    if (Absent(file)) GTEST_SKIP() << PathOf(file) << " is not there";
    ImportFile(PathOf(file), file.place);
  }
  CrashAndRestartDaemon();
  for (const RealFile& file : kFiles) {
    ExpectHolds(Expect(ReadPlainCsv(PathOf(file))).references, file.place);
  }
}

}  // namespace
}  // namespace xref::test
