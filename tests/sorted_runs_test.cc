// Rows of every shape, added in any order, come out sorted; those of a key in the order of adding.

#include "persistence/sorted_runs.h"

#include <gtest/gtest.h>

#include <map>
#include <random>
#include <string>
#include <vector>

#include "persistence/stored_reference.h"

namespace xref {
namespace {

class SortedRunsTest : public testing::Test {
 protected:
  static absl::Status AddTo(SortedRuns& runs, const std::string& key, const std::string& value) {
    return runs.Add([&](std::string& out) {
      out += key + value;
      return key.size();
    });
  }

  void Add(PlaceId place, const std::string& source, const std::string& value) {
    std::string key;
    AppendKey(place, source, key);
    ASSERT_TRUE(AddTo(runs_, key, value).ok());
    expected_[key].push_back(value);
    ++added_;
  }

  // Adds so much that it takes several runs; `id` makes a source ID.
  void AddMany(auto id) {
    for (int i = 0; i < 60'000; ++i) {
      Add(static_cast<PlaceId>(random_() % 3), id(random_()),
          std::to_string(i) + std::string(255 - 6, 't'));
    }
  }

  void ExpectSorted() {
    ASSERT_TRUE(runs_.Sort().ok());
    EXPECT_EQ(runs_.size(), added_);
    SortedRuns::Row row;
    for (const auto& [key, values] : expected_) {
      for (const std::string& value : values) {
        const auto more = runs_.Next(row);
        ASSERT_TRUE(more.ok()) << more.status();
        ASSERT_TRUE(*more) << "rows are missing";
        ASSERT_EQ(row.key, key);
        ASSERT_EQ(row.value, value);
      }
    }
    EXPECT_FALSE(*runs_.Next(row));
    EXPECT_FALSE(*runs_.Next(row));
  }

  SortedRuns runs_{testing::TempDir()};
  std::map<std::string, std::vector<std::string>> expected_;
  uint64_t added_ = 0;
  std::mt19937_64 random_{1};
};

TEST_F(SortedRunsTest, NothingGivesNothing) { ExpectSorted(); }

TEST_F(SortedRunsTest, FewComeOutInOrder) {
  for (const char* source : {"B", "", "A", "AA", "a", "\xC3\xA9", "A12345678", "A1234567"}) {
    Add(7, source, "1");
    Add(1, source, "2");
  }
  ExpectSorted();
}

TEST_F(SortedRunsTest, TheSameKeyKeepsItsOrder) {
  for (int i = 0; i < 100; ++i) Add(1, std::to_string(i % 7), std::to_string(i));
  ExpectSorted();
}

TEST_F(SortedRunsTest, TheSameKeyInSeveralRunsKeepsItsOrder) {
  AddMany([](uint64_t random) { return std::to_string(random % 1000); });
  ExpectSorted();
}

TEST_F(SortedRunsTest, OneKeyAddedAgainAndAgainKeepsItsOrder) {
  AddMany([](uint64_t) { return "X"; });
  ExpectSorted();
}

TEST_F(SortedRunsTest, NumbersComeOutInOrder) {
  AddMany([](uint64_t random) { return std::to_string(random); });
  ExpectSorted();
}

TEST_F(SortedRunsTest, IdsThatDifferOnlyFarBehindTheirBeginningComeOutInOrder) {
  AddMany([](uint64_t random) { return "gid://shop/Order/00000000" + std::to_string(random); });
  ExpectSorted();
}

TEST_F(SortedRunsTest, IdsThatDifferOnlyInLengthComeOutInOrder) {
  AddMany([](uint64_t random) { return std::string(random % 256, 'x'); });
  ExpectSorted();
}

TEST_F(SortedRunsTest, ZerosAtTheEndOfAKeyCount) {
  AddMany([](uint64_t random) { return "A" + std::string(random % 16, '\0'); });
  ExpectSorted();
}

TEST_F(SortedRunsTest, TheLargestRowsComeOutInOrder) {
  AddMany([](uint64_t random) {
    return std::string(235, 'x') + std::to_string(random + (1ULL << 63)).substr(0, 19) + "x";
  });
  ExpectSorted();
}

TEST_F(SortedRunsTest, AFolderThatIsMissingIsAnError) {
  SortedRuns runs("/no/such/folder");
  EXPECT_TRUE(AddTo(runs, "A", "1").ok());
  EXPECT_FALSE(runs.Sort().ok());
}

}  // namespace
}  // namespace xref
