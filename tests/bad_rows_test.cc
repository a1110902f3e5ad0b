// Rows that are no references: each is reported with its line, and the others are imported.

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "tests/daemon_fixture.h"

namespace xref::test {
namespace {

using ::testing::HasSubstr;

class BadRows : public ShopTest {
 protected:
  // Imports A -> 1 and Z -> 26 around `row`, as CSV or NDJSON, and expects only these to be added.
  void ExpectReported(const std::string& row, const std::string& why) {
    const bool json = row.starts_with('{') || row.starts_with('[');
    const std::string text = json ? "{\"source_id\":\"A\",\"target_id\":\"1\"}\n" + row +
                                        "\n{\"source_id\":\"Z\",\"target_id\":\"26\"}\n"
                                  : "source_id,target_id\nA,1\n" + row + "\nZ,26\n";
    EXPECT_EQ(Import(text), (Totals{.rows = 3, .added = 2, .bad_rows = 1})) << last().err;
    EXPECT_EQ(last().exit_code, 1);
    EXPECT_THAT(last().err,
                HasSubstr("standard input, line " + std::to_string(json ? 2 : 3) + ": " + why));
    ExpectHolds({{"A", "1"}, {"Z", "26"}});
  }
};

TEST_F(BadRows, TooFewColumns) { ExpectReported("B", "too few columns: 1, needed are 2"); }

TEST_F(BadRows, AnEmptySourceId) { ExpectReported(",2", "the source ID is empty"); }

TEST_F(BadRows, AnEmptyTargetId) { ExpectReported("B,", "the target ID is empty"); }

TEST_F(BadRows, ASourceIdOf256Bytes) {
  ExpectReported(std::string(256, 'b') + ",2", "the source ID is longer than 255 bytes");
}

TEST_F(BadRows, ATargetIdOf256Bytes) {
  ExpectReported("B," + std::string(256, 'b'), "the target ID is longer than 255 bytes");
}

TEST_F(BadRows, CharactersThatMakeMoreThan255BytesCountAsBytes) {
  std::string source;
  for (int i = 0; i < 128; ++i) source += "\xC3\xA9";
  ExpectReported(source + ",2", "the source ID is longer than 255 bytes");
}

TEST_F(BadRows, InvalidUtf8) { ExpectReported("B\xFF,2", "the source ID is not valid UTF-8"); }

TEST_F(BadRows, OverlongUtf8) { ExpectReported("B,\xC0\xAF", "the target ID is not valid UTF-8"); }

TEST_F(BadRows, CutOffUtf8) { ExpectReported("B\xE2\x82,2", "the source ID is not valid UTF-8"); }

TEST_F(BadRows, ASurrogate) {
  ExpectReported("\xED\xA0\x80,2", "the source ID is not valid UTF-8");
}

TEST_F(BadRows, AControlCharacter) {
  ExpectReported("B\x01,2", "the source ID holds a control character");
}

TEST_F(BadRows, AZeroByte) {
  ExpectReported(std::string("B\0C,2", 5), "the source ID holds a control character");
}

TEST_F(BadRows, AControlCharacterOfTwoBytes) {
  ExpectReported("B\xC2\x85,2", "the source ID holds a control character");
}

TEST_F(BadRows, ACarriageReturnInsideTheRow) {
  ExpectReported("B\r,2", "the source ID holds a control character");
}

TEST_F(BadRows, TextBehindAClosingQuote) {
  ExpectReported("\"B\"b,2", "text follows a closing quote");
}

TEST_F(BadRows, ALineBreakInsideAnId) {
  EXPECT_EQ(Import("source_id,target_id\n\"B\nb\",2\nA,1\n"),
            (Totals{.rows = 2, .added = 1, .bad_rows = 1}));
  EXPECT_THAT(last().err, HasSubstr("line 2: the source ID holds a control character"));
}

TEST_F(BadRows, AQuoteThatIsNeverClosed) {
  EXPECT_EQ(Import("source_id,target_id\nA,1\n\"B,2\nC,3\n"),
            (Totals{.rows = 2, .added = 1, .bad_rows = 1}));
  EXPECT_EQ(last().exit_code, 1);
  EXPECT_THAT(last().err,
              HasSubstr("line 3: a quoted field is not closed before the end of the file"));
}

TEST_F(BadRows, AQuoteThatIsNotClosedInAMegabyteDoesNotSwallowTheRest) {
  const References references = MakeReferences(200'000);
  const Totals totals = Import("source_id,target_id\n\"B,2\n" + ToRows(references, 0, 200'000));
  EXPECT_EQ(totals.bad_rows, 1U);
  EXPECT_THAT(last().err, HasSubstr("line 2: a quoted field is not closed within 1048576 bytes"));
  EXPECT_EQ(totals.added, totals.rows - 1);
  EXPECT_EQ(ReferencesHeld(), totals.added);
  EXPECT_GT(totals.added, 100'000U);
}

TEST_F(BadRows, InvalidJson) { ExpectReported("{\"source_id\":", "not valid JSON"); }

TEST_F(BadRows, JsonThatIsNoObject) { ExpectReported("[\"B\",\"2\"]", "not a JSON object"); }

TEST_F(BadRows, JsonWithoutTheSourceKey) {
  ExpectReported("{\"target_id\":\"2\"}", "the key source_id is missing");
}

TEST_F(BadRows, JsonWithoutTheTargetKey) {
  ExpectReported("{\"source_id\":\"B\"}", "the key target_id is missing");
}

TEST_F(BadRows, JsonWhoseIdIsANumber) {
  ExpectReported("{\"source_id\":2,\"target_id\":\"2\"}",
                 "source_id is not a text; write it in double quotes");
}

TEST_F(BadRows, JsonWhoseIdIsNull) {
  ExpectReported("{\"source_id\":\"B\",\"target_id\":null}", "target_id is not a text");
}

TEST_F(BadRows, JsonWhoseIdHoldsAnEscapedControlCharacter) {
  ExpectReported("{\"source_id\":\"B\\n\",\"target_id\":\"2\"}",
                 "the source ID holds a control character");
}

TEST_F(BadRows, JsonInTheFirstLineThatIsCutOff) {
  EXPECT_EQ(Import("{\"source_id\n{\"source_id\":\"A\",\"target_id\":\"1\"}\n"),
            (Totals{.rows = 2, .added = 1, .bad_rows = 1}));
}

}  // namespace
}  // namespace xref::test
