// Finding what may be linked twice.

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "tests/daemon_fixture.h"

namespace xref::test {
namespace {

using ::testing::HasSubstr;
using ::testing::IsEmpty;
using ::testing::StartsWith;

constexpr const char* kHeader = "kind,key,source_id,target_id\n";

class Duplicates : public ShopTest {
 protected:
  // The kind "source" of what stands, without the header.
  std::string Similar() {
    const Outcome found = Xref({"duplicates", kPlace, "--sources-only"});
    EXPECT_THAT(found.out, StartsWith(kHeader));
    return found.out.substr(std::string_view(kHeader).size());
  }
};

TEST_F(Duplicates, OfNothingThereAreNone) {
  const Outcome found = Xref({"duplicates", kPlace});
  EXPECT_EQ(found.exit_code, 0);
  EXPECT_EQ(found.out, kHeader);
  EXPECT_EQ(found.err, "0 references; groups of duplicates: 0\n");
}

TEST_F(Duplicates, AreGroupedByKindAndKey) {
  Import(
      "source_id,target_id\nSO-1,T-2\nSO-2,T-2\nSO-3,T-3\nso-3,T-4\nSO-5,\"T,1\"\nSO-6,\"T,1\"\n"
      "SO-7,T-7\n");
  const Outcome found = Xref({"duplicates", kPlace});
  EXPECT_EQ(found.exit_code, 1);
  EXPECT_EQ(found.out, std::string(kHeader) +
                           "target,\"T,1\",SO-5,\"T,1\"\ntarget,\"T,1\",SO-6,\"T,1\"\n"
                           "target,T-2,SO-1,T-2\ntarget,T-2,SO-2,T-2\n"
                           "source,so-3,SO-3,T-3\nsource,so-3,so-3,T-4\n");
  EXPECT_EQ(found.err, "7 references; groups of duplicates: 3\n");
}

TEST_F(Duplicates, AsJsonAreOneObjectAGroup) {
  Import("source_id,target_id\nA,1\na,1\nB,2\n");
  const std::string references =
      "\"references\":[{\"source_id\":\"A\",\"target_id\":\"1\"},"
      "{\"source_id\":\"a\",\"target_id\":\"1\"}]}\n";
  EXPECT_EQ(Xref({"--json", "duplicates", kPlace}).out,
            "{\"kind\":\"target\",\"key\":\"1\"," + references +
                "{\"kind\":\"source\",\"key\":\"a\"," + references);
}

TEST_F(Duplicates, OfOneKindCanBeAskedForAlone) {
  Import("source_id,target_id\nA,1\na,2\nB,3\nC,3\n");
  EXPECT_EQ(Xref({"duplicates", kPlace, "--targets-only"}).out,
            std::string(kHeader) + "target,3,B,3\ntarget,3,C,3\n");
  EXPECT_EQ(Xref({"duplicates", kPlace, "--sources-only"}).out,
            std::string(kHeader) + "source,a,A,1\nsource,a,a,2\n");
  EXPECT_EQ(Xref({"duplicates", kPlace, "--sources-only", "--targets-only"}).exit_code, 2);
}

TEST_F(Duplicates, LookAlikeByCaseSpacesLeadingZerosAndGlobalIds) {
  Import(
      "source_id,target_id\ngid://shop/Order/0042,1\n42,2\n 4 2,3\n00042,4\nGID://x/42,5\n"
      "SO-007-a,6\nso-7-A,7\n0,8\n000,9\nA0,10\na00,11\n");
  EXPECT_EQ(Similar(),
            "source,0,0,8\nsource,0,000,9\n"
            "source,42, 4 2,3\nsource,42,00042,4\nsource,42,42,2\nsource,42,GID://x/42,5\n"
            "source,42,gid://shop/Order/0042,1\n"
            "source,a0,A0,10\nsource,a0,a00,11\n"
            "source,so-7-a,SO-007-a,6\nsource,so-7-a,so-7-A,7\n");
}

TEST_F(Duplicates, DoNotLookAlikeByAnythingElse) {
  Import(
      "source_id,target_id\n10,1\n1,2\n100,3\nSO-1,4\nSO1,5\nSO_1,6\n\xC3\x84,7\n\xC3\xA4,8\n"
      "shop/Order/7,9\n7,10\n1.50,11\n1.5,12\n");
  EXPECT_THAT(Similar(), IsEmpty());
}

TEST_F(Duplicates, AreFoundAcrossThePagesOfTheListing) {
  References references = MakeReferences(25'000);
  references.emplace_back("Z", references[0].second);
  references.emplace_back("s-24999", "T");
  Import(ToCsv(references));
  EXPECT_EQ(Xref({"duplicates", kPlace}).out,
            std::string(kHeader) + "target,T-S-0,S-0,T-S-0\ntarget,T-S-0,Z,T-S-0\n" +
                "source,s-24999,S-24999,T-S-24999\nsource,s-24999,s-24999,T\n");
}

TEST_F(Duplicates, AreFoundAmongWhatWasImportedAMomentAgo) {
  CrashAndRestartDaemon({"--checkpoint-seconds", "3600"});
  Import(ToCsv(MakeReferences(3000)) + "LAST,T-S-0\n", {"--batch", "1", "--in-flight", "64"});
  const Outcome found = Xref({"duplicates", kPlace});
  EXPECT_THAT(found.out, HasSubstr("target,T-S-0,LAST,T-S-0\n"));
  EXPECT_THAT(found.err, HasSubstr("3001 references"));
}

TEST_F(Duplicates, AreSearchedAtOtherPlacesOnlyIfTheyExist) {
  const Outcome unknown = Xref({"duplicates", "shop/nonsense"});
  EXPECT_EQ(unknown.exit_code, 2);
  EXPECT_THAT(unknown.out, IsEmpty());
  EXPECT_THAT(unknown.err, HasSubstr("nonsense"));
  EXPECT_EQ(Xref({"duplicates", "nonsense"}).exit_code, 2);
  Import("source_id,target_id\nA,1\nB,1\n");
  EXPECT_EQ(Xref({"duplicates", "shop/articles"}).exit_code, 0);
}

}  // namespace
}  // namespace xref::test
