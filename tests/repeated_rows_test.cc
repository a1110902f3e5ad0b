// The same source ID several times in one file. Whether the rows travel in one request or in
// several must make no difference to anybody.

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "tests/daemon_fixture.h"

namespace xref::test {
namespace {

using ::testing::HasSubstr;

class RepeatedRows : public ShopTest, public ::testing::WithParamInterface<Arguments> {};

TEST_P(RepeatedRows, WithTheSameTargetAreDuplicates) {
  EXPECT_EQ(Import("source_id,target_id\nA,1\nB,2\nA,1\nA,1\n", GetParam()),
            (Totals{.rows = 4, .added = 2, .duplicates = 2}));
  EXPECT_EQ(last().exit_code, 0);
  ExpectHolds({{"A", "1"}, {"B", "2"}});
}

TEST_P(RepeatedRows, WithAnotherTargetAreConflictsAndTheFirstWins) {
  EXPECT_EQ(Import("source_id,target_id\nA,1\nB,2\nA,3\n", GetParam()),
            (Totals{.rows = 3, .added = 2, .conflicts = 1}));
  EXPECT_EQ(last().exit_code, 1);
  EXPECT_THAT(last().err, HasSubstr("line 4: conflict: A is linked to 1, this row says 3"));
  ExpectHolds({{"A", "1"}, {"B", "2"}});
}

TEST_P(RepeatedRows, OfAReferenceThatWasThereBeforeAreUnchangedOnceThenDuplicates) {
  Import("source_id,target_id\nA,1\n");
  EXPECT_EQ(Import("source_id,target_id\nA,1\nA,1\nA,2\nA,1\n", GetParam()),
            (Totals{.rows = 4, .unchanged = 1, .conflicts = 1, .duplicates = 2}));
}

TEST_P(RepeatedRows, OfAConflictAreJudgedByWhatStands) {
  Import("source_id,target_id\nA,1\n");
  EXPECT_EQ(Import("source_id,target_id\nA,2\nA,1\nA,2\n", GetParam()),
            (Totals{.rows = 3, .unchanged = 1, .conflicts = 2}));
  ExpectHolds({{"A", "1"}});
}

TEST_P(RepeatedRows, WhoseFirstWasBadCountFromTheFirstThatIsNot) {
  EXPECT_EQ(Import("source_id,target_id\nA,\nA,1\nA,1\n", GetParam()),
            (Totals{.rows = 3, .added = 1, .duplicates = 1, .bad_rows = 1}));
}

INSTANTIATE_TEST_SUITE_P(Requests, RepeatedRows,
                         ::testing::Values(Arguments{}, Arguments{"--batch", "1"},
                                           Arguments{"--batch", "2", "--in-flight", "1"}),
                         [](const auto& options) {
                           if (options.param.empty()) return std::string("OneForAll");
                           return options.param[1] == "1" ? std::string("OneARow")
                                                          : std::string("OneForTwo");
                         });

// More rows than are kept in memory.
class ManyRepeatedRows : public ShopTest {
 protected:
  static constexpr size_t kCount = 350'000;
  const References references_ = MakeReferences(kCount);
  const std::string twice_ = ToCsv(references_) + ToRows(references_, 0, kCount);
};

TEST_F(ManyRepeatedRows, AreToldFromThoseThatWereThereBefore) {
  const Totals added{.rows = 2 * kCount, .added = kCount, .duplicates = kCount};
  EXPECT_EQ(Import(twice_, {"--dry-run"}), added);
  EXPECT_EQ(Import(twice_), added);
  EXPECT_EQ(Import(twice_),
            (Totals{.rows = 2 * kCount, .unchanged = kCount, .duplicates = kCount}));
}

TEST_F(ManyRepeatedRows, OverwriteNothingThatTheFileItselfHasWritten) {
  References others = references_;
  for (auto& [source, target] : others) target += "-other";
  EXPECT_EQ(Import(ToCsv(references_) + ToRows(others, 0, kCount), {"--on-conflict", "overwrite"}),
            (Totals{.rows = 2 * kCount, .added = kCount, .conflicts = kCount}));
}

}  // namespace
}  // namespace xref::test
