// Files that look odd and are right: they import whole.

#include <gtest/gtest.h>

#include "tests/daemon_fixture.h"

namespace xref::test {
namespace {

class OddFiles : public ShopTest {
 protected:
  void ExpectImported(const std::string& text, const References& expected) {
    const Totals all{.rows = expected.size(), .added = expected.size()};
    EXPECT_EQ(Import(text), all) << last().err;
    EXPECT_EQ(last().exit_code, 0);
    ExpectHolds(expected);
  }
};

TEST_F(OddFiles, CommasInsideQuotedIds) {
  ExpectImported("source_id,target_id\n\"A,1\",\"1,A\"\n", {{"A,1", "1,A"}});
}

TEST_F(OddFiles, DoubledQuotesInsideQuotedIds) {
  ExpectImported("source_id,target_id\n\"A\"\"1\"\"\",\"\"\"\"\n", {{"A\"1\"", "\""}});
}

TEST_F(OddFiles, LineBreaksInAColumnThatIsNotUsed) {
  ExpectImported(
      "source_id,note,target_id\nA,\"one\n\ntwo, \"\"three\"\"\r\nfour\",1\nB,\"\n\n\n\",2\n",
      {{"A", "1"}, {"B", "2"}});
}

TEST_F(OddFiles, CrLfLineEnds) {
  ExpectImported("source_id,target_id\r\nA,1\r\n\"B\",\"2\"\r\n", {{"A", "1"}, {"B", "2"}});
}

TEST_F(OddFiles, AByteOrderMark) {
  ExpectImported("\xEF\xBB\xBFsource_id,target_id\nA,1\n", {{"A", "1"}});
}

TEST_F(OddFiles, AByteOrderMarkAndCrLfAndQuotedNames) {
  ExpectImported("\xEF\xBB\xBF\"source_id\",\"target_id\"\r\nA,1\r\n", {{"A", "1"}});
}

TEST_F(OddFiles, AByteOrderMarkBeforeNdjson) {
  ExpectImported("\xEF\xBB\xBF{\"source_id\":\"A\",\"target_id\":\"1\"}\r\n", {{"A", "1"}});
}

TEST_F(OddFiles, NoLineEndAtTheEnd) {
  ExpectImported("source_id,target_id\nA,1\nB,2", {{"A", "1"}, {"B", "2"}});
}

TEST_F(OddFiles, EmptyLines) {
  ExpectImported("source_id,target_id\n\nA,1\n\r\n\nB,2\n\n", {{"A", "1"}, {"B", "2"}});
}

TEST_F(OddFiles, AHeaderAndNothingElse) { ExpectImported("source_id,target_id\n", {}); }

TEST_F(OddFiles, OtherColumnsAroundAndInAnotherOrder) {
  ExpectImported("x,target_id,y,source_id,z\n0,1,0,A,0\n0,2,0,B\n", {{"A", "1"}, {"B", "2"}});
}

TEST_F(OddFiles, SpacesBelongToTheIds) {
  ExpectImported("source_id,target_id\n A , 1\nA,1\n", {{" A ", " 1"}, {"A", "1"}});
}

TEST_F(OddFiles, AQuoteInTheMiddleOfAnIdIsItself) {
  ExpectImported("source_id,target_id\n3.5\" disk,1\n", {{"3.5\" disk", "1"}});
}

TEST_F(OddFiles, IdsOf255Bytes) {
  const std::string longest(255, 'x');
  ExpectImported("source_id,target_id\n" + longest + "," + longest + "\n", {{longest, longest}});
}

TEST_F(OddFiles, IdsOfOneByte) { ExpectImported("source_id,target_id\n0,0\n", {{"0", "0"}}); }

TEST_F(OddFiles, IdsInEveryScript) {
  ExpectImported("source_id,target_id\n\xE5\x95\x86\xE5\x93\x81,\xD0\xA2\xD0\xBE\n",
                 {{"\xE5\x95\x86\xE5\x93\x81", "\xD0\xA2\xD0\xBE"}});
}

TEST_F(OddFiles, NdjsonWithEscapesAndOtherKeys) {
  ExpectImported(
      "{\"x\":{\"source_id\":1},\"source_id\":\"\\u00e9\\\"/\",\"target_id\":\"\\ud83d\\ude00\"}\n",
      {{"\xC3\xA9\"/", "\xF0\x9F\x98\x80"}});
}

}  // namespace
}  // namespace xref::test
