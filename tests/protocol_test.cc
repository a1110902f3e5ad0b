// What the protocol does with bytes that are cut short, lie, or are not its own.

#include <gtest/gtest.h>

#include <random>
#include <string>

#include "protocol/change_codec.h"
#include "protocol/change_messages.h"
#include "protocol/frame.h"
#include "protocol/query_messages.h"

namespace xref::protocol {
namespace {

Bytes BytesOf(std::string_view text) {
  return {reinterpret_cast<const uint8_t*>(text.data()), text.size()};
}

std::string FrameOf(std::string_view payload, Opcode opcode = Opcode::kCheck) {
  std::string out;
  FrameHeader header;
  header.opcode = opcode;
  header.request_id = 7;
  FrameWriter writer(out, header);
  out.append(payload);
  writer.Close();
  return out;
}

std::string CheckPayload(const std::vector<std::string>& ids) {
  IdList list;
  for (const std::string& id : ids) list.Add(id);
  std::string payload;
  Encode(IdsRequest{.place = 1, .ids = list.View()}, payload);
  return payload;
}

// The refusal of a CHECK with this payload; its status is OK if there is none.
Refusal RefusalOf(std::string_view payload) {
  IdsRequest request;
  return Decode(BytesOf(payload), request).value_or(Refusal{StatusCode::kOk, kNoItem, {}});
}

TEST(ParseFrame, AsksForMoreUntilTheFrameIsWhole) {
  const std::string whole = FrameOf("payload");
  for (size_t size = 0; size < whole.size(); ++size) {
    const auto result = ParseFrame(BytesOf(whole).first(size), 100);
    ASSERT_TRUE(std::holds_alternative<NeedMore>(result)) << size;
    ASSERT_GT(std::get<NeedMore>(result).bytes, size);
    ASSERT_LE(std::get<NeedMore>(result).bytes, whole.size());
  }
  EXPECT_TRUE(std::holds_alternative<Parsed>(ParseFrame(BytesOf(whole), 100)));
}

TEST(ParseFrame, TakesOneFrameAndLeavesTheNext) {
  const std::string two = FrameOf("one") + FrameOf("two");
  const auto first = std::get<Parsed>(ParseFrame(BytesOf(two), 100));
  EXPECT_EQ(first.frame.payload.size(), 3U);
  EXPECT_EQ(first.consumed, two.size() / 2);
}

TEST(ParseFrame, RefusesAnAnnouncedPayloadOverTheLimitBeforeItArrives) {
  std::string header = FrameOf("").substr(0, kHeaderBytes);
  header.replace(0, 4, "\xFF\xFF\xFF\xFF");
  const auto malformed = std::get<Malformed>(ParseFrame(BytesOf(header), kRequestBytesMax));
  EXPECT_EQ(malformed.status, StatusCode::kTooLarge);
  EXPECT_EQ(malformed.request_id, 7U);
}

TEST(ParseFrame, RefusesAnotherVersionWithoutWaitingForAWholeHeader) {
  const auto malformed = std::get<Malformed>(ParseFrame(BytesOf("GET / HTTP"), 100));
  EXPECT_EQ(malformed.status, StatusCode::kBadRequest);
}

TEST(Decode, RefusesEveryTruncation) {
  const std::string payload = CheckPayload({"SO-1", "SO-22"});
  for (size_t size = 0; size < payload.size(); ++size) {
    EXPECT_EQ(RefusalOf(payload.substr(0, size)).status, StatusCode::kBadRequest) << size;
  }
}

TEST(Decode, RefusesBytesAfterTheMessage) {
  EXPECT_EQ(RefusalOf(CheckPayload({"SO-1"}) + "x").status, StatusCode::kBadRequest);
}

TEST(Decode, RefusesABatchOverTheLimitWithoutReadingIt) {
  std::string payload;
  Writer writer(payload);
  writer.U32(1);
  writer.U32(kBatchIdsMax + 1);
  EXPECT_EQ(RefusalOf(payload).status, StatusCode::kTooLarge);
}

TEST(Decode, NamesTheItemThatIsNoId) {
  EXPECT_EQ(RefusalOf(CheckPayload({"a", "b", ""})).item, 2U);
  EXPECT_EQ(RefusalOf(CheckPayload({"a", "\x01", "c"})).item, 1U);
  EXPECT_EQ(RefusalOf(CheckPayload({"\xC3\x28", "b"})).item, 0U);
  EXPECT_EQ(RefusalOf(CheckPayload({"a", "zażółć", "日本語", "🛒"})).status, StatusCode::kOk);
}

TEST(Decode, TakesAnEmptyBatch) { EXPECT_EQ(RefusalOf(CheckPayload({})).status, StatusCode::kOk); }

TEST(Decode, RefusesAnAddWhoseDuplicateRefersForward) {
  MutationReply reply;
  reply.outcomes = {{Verdict::kDone, {}, 0}, {Verdict::kDuplicate, {}, 1}};
  std::string payload;
  Encode(reply, payload);
  EXPECT_TRUE(Decode(BytesOf(payload), reply).has_value());
}

// Every message decoder on random bytes, and on valid messages with bytes changed: it must end with
// a message or a refusal, and read nothing outside (which AddressSanitizer watches).
TEST(Decode, SurvivesAnyBytes) {
  std::mt19937 random(1);
  std::string add;
  IdList ids;
  for (int i = 0; i < 20; ++i) ids.Add(std::string(1 + random() % 30, 'x'));
  Encode(MutationRequest{.place = 1, .actor = "ada", .sources = ids.View(), .targets = ids.View()},
         add);
  for (int round = 0; round < 20'000; ++round) {
    std::string bytes = round % 2 == 0 ? add : std::string(random() % 64, '\0');
    for (int change = 0; change < 4 && !bytes.empty(); ++change) {
      bytes[random() % bytes.size()] = static_cast<char>(random() % 4 == 0 ? 0xFF : random());
    }
    const auto decode_all = [&](auto&&... message) {
      ((void)Decode(BytesOf(bytes), message), ...);
    };
    decode_all(HelloRequest{}, HelloReply{}, StatusReply{}, ResolveRequest{}, ResolveReply{},
               IntegrationCreateRequest{}, IntegrationCreateReply{}, IntegrationListReply{},
               VerifyRequest{}, VerifyReply{}, BackupRequest{}, BackupReply{}, IdsRequest{},
               CheckReply{}, LookupReply{}, ReverseRequest{}, ReverseReply{}, MutationReply{},
               ClaimsRequest{}, ClaimsReply{}, TypeCreateRequest{}, PlatformsRenameRequest{},
               RulesSetRequest{}, CatalogReply{}, PurgePreviewRequest{}, PurgePreviewReply{},
               PurgeRequest{}, PurgeReply{}, ListRequest{}, ListReply{}, HistoryRequest{},
               HistoryReply{}, TrashReply{}, RestoreRequest{}, RestoreReply{}, LookupAtRequest{});
    for (size_t mutation = 0; mutation < kMutations; ++mutation) {
      decode_all(MutationRequest{.mutation = static_cast<Mutation>(mutation)});
    }
    Change change;
    ASSERT_TRUE(DecodeChange(bytes, change).has_value());
  }
}

TEST(Change, EveryFlippedBitIsFound) {
  IdList ids;
  ids.Add("SO-1");
  std::string record;
  EncodeChange(Change{.lsn = 1,
                      .epoch = 1,
                      .time_us = 0,
                      .actor = "ada",
                      .what = AddReferences{1, Origin::kSync, ids.View(), ids.View()}},
               record);
  for (size_t bit = 0; bit < record.size() * 8; ++bit) {
    std::string damaged = record;
    damaged[bit / 8] = static_cast<char>(damaged[bit / 8] ^ 1 << bit % 8);
    Change change;
    EXPECT_TRUE(DecodeChange(damaged, change).has_value()) << bit;
  }
}

TEST(Change, EveryKindIsReadBackAsItWasWritten) {
  IdList first;
  first.Add("SO-1");
  first.Add("SO-2");
  IdList second;
  second.Add("T-1");
  second.Add("T-22");
  const std::vector<decltype(Change::what)> kinds = {
      CreateIntegration{1, "shop", "Shop", "ERP", {{1, "orders"}, {2, "stock"}}},
      AddReferences{1, Origin::kImport, first.View(), second.View()},
      SetReferences{1, Origin::kManual, true, first.View(), second.View(), second.View()},
      DeleteReferences{1, first.View(), second.View()},
      IgnoreSources{1, true, first.View()},
      GrantClaims{1, 5000, 77, first.View(), second.View()},
      ReleaseClaims{1, first.View()},
      RenewClaims{1, 9000, first.View()},
      PurgePlace{1, 9, 1234},
      EmptyTrash{1},
      CreateType{1, {3, "returns"}},
      RenamePlatforms{1, "Shop 2", "ERP 2"},
      SetRules{1, true},
      BeginEpoch{9},
      DropIntegration{1, 9, 1234},
      RestoreIntegration{9, "shop-2"},
      ForgetIntegration{9, {1, 2, 3}},
      CompareState{{1, 2, 3, 4}},
      CreateToken{
          7, Role::kAdmin, "erp", "0123456789abcdef0123456789abcdef", 9, {"shop", "shop-2"}},
      RevokeToken{7}};
  ASSERT_EQ(kinds.size(), std::variant_size_v<decltype(Change::what)>);
  for (size_t kind = 0; kind < kinds.size(); ++kind) {
    EXPECT_EQ(kinds[kind].index(), kind);
    std::string record;
    EncodeChange({.lsn = 5, .epoch = 2, .time_us = 3, .actor = "ada", .what = kinds[kind]}, record);
    EXPECT_EQ(static_cast<size_t>(static_cast<uint8_t>(record[32])), kind + 1);
    Change change;
    ASSERT_EQ(DecodeChange(record, change), std::nullopt);
    EXPECT_EQ(change.what.index(), kind);
    EXPECT_EQ(change.actor, "ada");
    // What is written from what was read is the same, so nothing was lost on the way.
    std::string again;
    EncodeChange(change, again);
    EXPECT_EQ(again, record) << "kind " << kind + 1;
  }
}

TEST(Ids, TheLimitsAreWhatTheSpecificationSays) {
  EXPECT_EQ(FindIdFault(""), IdFault::kEmpty);
  EXPECT_EQ(FindIdFault(std::string(255, 'x')), std::nullopt);
  EXPECT_EQ(FindIdFault(std::string(256, 'x')), IdFault::kTooLong);
  EXPECT_EQ(FindIdFault(" with spaces "), std::nullopt);
  for (const char* control : {"\x1F", "\x7F", "\xC2\x80", "\xC2\x9F"}) {
    EXPECT_EQ(FindIdFault(control), IdFault::kControlCharacter);
  }
  for (const char* invalid : {"\x80", "\xC0\xAF", "\xE0\x80\x80", "\xED\xA0\x80",
                              "\xF4\x90\x80\x80", "\xF8\x88\x80\x80\x80", "\xE2\x82"}) {
    EXPECT_EQ(FindIdFault(invalid), IdFault::kInvalidUtf8);
  }
  EXPECT_EQ(FindIdFault("\xC2\xA0\xF4\x8F\xBF\xBF"), std::nullopt);
}

}  // namespace
}  // namespace xref::protocol
