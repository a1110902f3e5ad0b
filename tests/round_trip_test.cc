// What is exported can be imported, and exports the same again.

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <algorithm>
#include <iterator>

#include "tests/daemon_fixture.h"

namespace xref::test {
namespace {

class RoundTrip : public ShopTest {
 protected:
  static constexpr size_t kCount = 200'000;

  // As CSV; half of the IDs need quotes, or escapes in JSON.
  static std::string MakeRows() {
    static const char* const kOdd[] = {
        "a,b",  "say \"\"so\"\"", " led by a space",
        "\"\"", "back\\slash",    "tr\xC3\xA8s \xE6\x97\xA5\xF0\x9F\x9B\x92",
        "#1",   "{\"\"json\"\"}", "it's",
        "=1+1"};
    std::string rows = "source_id,target_id\n";
    for (size_t i = 0; i < kCount; ++i) {
      const std::string number = std::to_string(i);
      const std::string odd = kOdd[i / 2 % std::size(kOdd)];
      rows += i % 2 == 0 ? "S-" + number + ",T-" + number + "\n"
                         : "\"" + odd + number + "\",\"" + number + odd + "\"\n";
    }
    return rows;
  }

  Outcome Export(const Arguments& format, const std::string& place) {
    Arguments arguments = format;
    arguments.insert(arguments.end(), {"export", place});
    return Xref(arguments);
  }

  void ExpectTheSameAgain(const Arguments& format, const std::string& place) {
    const Outcome first = Export(format, kPlace);
    EXPECT_EQ(first.exit_code, 0);
    EXPECT_EQ(first.err, "") << "nothing but results when piped";
    EXPECT_EQ(static_cast<size_t>(std::count(first.out.begin(), first.out.end(), '\n')),
              kCount + (format.empty() ? 1 : 0));
    const std::string file = WriteFile("exported", first.out);
    EXPECT_EQ(ImportFile(file, place), (Totals{.rows = kCount, .added = kCount}));
    EXPECT_TRUE(Export(format, place).out == first.out);
  }
};

TEST_F(RoundTrip, OfCsvIsTheSameByteForByte) {
  EXPECT_EQ(Import(MakeRows()), (Totals{.rows = kCount, .added = kCount}));
  ExpectTheSameAgain({}, "shop/articles");
}

TEST_F(RoundTrip, OfNdjsonIsTheSameByteForByte) {
  EXPECT_EQ(Import(MakeRows()), (Totals{.rows = kCount, .added = kCount}));
  ExpectTheSameAgain({"--json"}, "shop/articles");
}

TEST_F(RoundTrip, OfOneFormatThroughTheOtherIsTheSame) {
  EXPECT_EQ(Import(MakeRows()), (Totals{.rows = kCount, .added = kCount}));
  const Outcome csv = Export({}, kPlace);
  ImportFile(WriteFile("exported", Export({"--json"}, kPlace).out), "shop/articles");
  EXPECT_TRUE(Export({}, "shop/articles").out == csv.out);
}

TEST_F(RoundTrip, OfLongestAndShortestIds) {
  const std::string rows =
      "source_id,target_id\n" + std::string(255, 'a') + "," + std::string(255, 't') + "\nb,1\n";
  Import(rows);
  EXPECT_EQ(Export({}, kPlace).out, rows);
}

TEST_F(RoundTrip, OfAnEmptyPlaceIsAHeader) {
  EXPECT_EQ(Export({}, kPlace).out, "source_id,target_id\n");
  EXPECT_EQ(Import("source_id,target_id\n"), Totals());
  EXPECT_EQ(Export({"--json"}, kPlace).out, "");
}

}  // namespace
}  // namespace xref::test
