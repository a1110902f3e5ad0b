// Holds the examples of protocol/README.md against the code, in both directions.

#include <gtest/gtest.h>

#include <fstream>
#include <map>
#include <sstream>
#include <string>
#include <vector>

#include "protocol/change_codec.h"
#include "protocol/frame.h"
#include "protocol/query_messages.h"
#include "protocol/replication_messages.h"
#include "protocol/token_messages.h"

namespace xref::protocol {
namespace {

// The bytes of every fenced block "```hex NAME" of the specification, by name.
std::map<std::string, std::string> ReadExamples() {
  std::map<std::string, std::string> examples;
  std::ifstream readme(XREF_SOURCE_DIR "/protocol/README.md");
  std::string* block = nullptr;
  for (std::string line; std::getline(readme, line);) {
    constexpr std::string_view kOpen = "```hex ";
    if (line.starts_with(kOpen)) {
      block = &examples[line.substr(kOpen.size())];
    } else if (line.starts_with("```")) {
      block = nullptr;
    } else if (block != nullptr) {
      std::istringstream bytes(line.substr(0, line.find('#')));
      for (std::string byte; bytes >> byte;) {
        block->push_back(static_cast<char>(std::stoi(byte, nullptr, 16)));
      }
    }
  }
  return examples;
}

class Golden : public testing::Test {
 protected:
  static const std::string& Example(const std::string& name) {
    static const auto* examples = new std::map<std::string, std::string>(ReadExamples());
    return examples->at(name);
  }

  static Bytes BytesOf(const std::string& text) {
    return {reinterpret_cast<const uint8_t*>(text.data()), text.size()};
  }

  // The frame that the example is; the whole of it.
  static Frame ParseExample(const std::string& name) {
    const std::string& bytes = Example(name);
    const auto result = ParseFrame(BytesOf(bytes), kReplyBytesMax);
    EXPECT_TRUE(std::holds_alternative<Parsed>(result)) << name;
    EXPECT_EQ(std::get<Parsed>(result).consumed, bytes.size()) << name;
    return std::get<Parsed>(result).frame;
  }

  template <typename Message>
  static Message DecodeExample(const std::string& name) {
    Message message;
    const auto refusal = Decode(ParseExample(name).payload, message);
    EXPECT_FALSE(refusal.has_value()) << name << ": " << refusal->message;
    return message;
  }

  template <typename Message>
  static void ExpectEncodes(const Message& message, const std::string& name) {
    std::string frame;
    FrameWriter writer(frame, ParseExample(name).header);
    Encode(message, frame);
    writer.Close();
    EXPECT_EQ(frame, Example(name)) << name;
  }

  static std::vector<std::string> Texts(const IdBatch& batch) {
    std::vector<std::string> ids;
    IdCursor cursor(batch);
    for (uint32_t i = 0; i < batch.count; ++i) ids.emplace_back(cursor.Next());
    return ids;
  }
};

using Ids = std::vector<std::string>;

TEST_F(Golden, HeaderFieldsAreWhereTheSpecificationPutsThem) {
  const FrameHeader header = ParseExample("refusal").header;
  EXPECT_EQ(header.opcode, Opcode::kAdd);
  EXPECT_EQ(header.flags, kFlagReply);
  EXPECT_EQ(header.status, StatusCode::kBadRequest);
  EXPECT_EQ(header.request_id, 9U);
  EXPECT_EQ(header.epoch, 1U);
}

TEST_F(Golden, Refusal) {
  const Frame frame = ParseExample("refusal");
  const Refusal refusal = DecodeRefusal(frame.header.status, frame.payload);
  EXPECT_EQ(refusal.item, 2U);
  EXPECT_EQ(refusal.message, "item 2: the source ID is empty");
  ExpectEncodes(refusal, "refusal");
}

TEST_F(Golden, Hello) {
  const auto request = DecodeExample<HelloRequest>("hello-request");
  EXPECT_EQ(request.client, "demo");
  ExpectEncodes(request, "hello-request");
  const auto reply = DecodeExample<HelloReply>("hello-reply");
  EXPECT_EQ(reply.request_bytes_max, kRequestBytesMax);
  EXPECT_EQ(reply.batch_ids_max, kBatchIdsMax);
  ExpectEncodes(reply, "hello-reply");
}

TEST_F(Golden, Status) {
  EXPECT_TRUE(ParseExample("status-request").payload.empty());
  const auto reply = DecodeExample<StatusReply>("status-reply");
  ASSERT_EQ(reply.facts.size(), 1U);
  EXPECT_EQ(reply.facts[0].first, "state");
  EXPECT_EQ(reply.facts[0].second, "ready");
  ASSERT_EQ(reply.places.size(), 1U);
  EXPECT_EQ(reply.places[0].references, 2U);
  ExpectEncodes(reply, "status-reply");
}

TEST_F(Golden, Resolve) {
  const auto request = DecodeExample<ResolveRequest>("resolve-request");
  EXPECT_EQ(request.integration, "shop-erp");
  EXPECT_EQ(request.type, "orders");
  ExpectEncodes(request, "resolve-request");
  const auto reply = DecodeExample<ResolveReply>("resolve-reply");
  EXPECT_EQ(reply.place, 3U);
  ExpectEncodes(reply, "resolve-reply");
}

TEST_F(Golden, IntegrationCreate) {
  const auto request = DecodeExample<IntegrationCreateRequest>("integration-create-request");
  EXPECT_EQ(request.name, "shop-erp");
  EXPECT_EQ(request.actor, "ada");
  ExpectEncodes(request, "integration-create-request");
  const auto reply = DecodeExample<IntegrationCreateReply>("integration-create-reply");
  EXPECT_EQ(reply.verdict, CreateVerdict::kCreated);
  ExpectEncodes(reply, "integration-create-reply");
}

TEST_F(Golden, IntegrationList) {
  EXPECT_TRUE(ParseExample("integration-list-request").payload.empty());
  const auto reply = DecodeExample<IntegrationListReply>("integration-list-reply");
  ASSERT_EQ(reply.integrations.size(), 1U);
  ASSERT_EQ(reply.integrations[0].types.size(), 1U);
  EXPECT_EQ(reply.integrations[0].types[0].references, 2U);
  EXPECT_TRUE(reply.integrations[0].types[0].unique_targets);
  ExpectEncodes(reply, "integration-list-reply");
}

TEST_F(Golden, Verify) {
  const auto begin = DecodeExample<VerifyRequest>("verify-begin");
  EXPECT_TRUE(begin.begin);
  ExpectEncodes(begin, "verify-begin");
  const auto running = DecodeExample<VerifyReply>("verify-running");
  EXPECT_EQ(running.state, VerifyState::kRunning);
  EXPECT_EQ(running.bytes_done, 1048576U);
  EXPECT_EQ(running.bytes_total, 4194304U);
  ExpectEncodes(running, "verify-running");
  const auto over = DecodeExample<VerifyReply>("verify-over");
  EXPECT_EQ(over.state, VerifyState::kOver);
  EXPECT_EQ(over.pages, 512U);
  EXPECT_EQ(over.references, 2U);
  EXPECT_EQ(over.changes, 1U);
  EXPECT_EQ(over.lsn, 7U);
  EXPECT_EQ(over.interrupted, "");
  EXPECT_EQ(over.damages, std::vector<std::string_view>{"page 7 is zeros"});
  ExpectEncodes(over, "verify-over");
}

TEST_F(Golden, StandbyMark) {
  Frame frame = ParseExample("standby-mark");
  std::optional<StandbyMark> mark;
  ASSERT_TRUE(TakeMark(frame, mark));
  ASSERT_TRUE(mark.has_value());
  EXPECT_EQ(mark->lsn, 201U);
  EXPECT_EQ(mark->lag_ms, 250U);
  ResolveReply reply;
  EXPECT_FALSE(Decode(frame.payload, reply).has_value());
  EXPECT_EQ(reply.place, 3U);
  std::string payload;
  Encode(*mark, payload);
  Encode(reply, payload);
  EXPECT_EQ(payload, Example("standby-mark").substr(kHeaderBytes));

  frame.payload = frame.payload.subspan(0, kStandbyMarkBytes - 1);
  EXPECT_FALSE(TakeMark(frame, mark)) << "cut short";
}

TEST_F(Golden, Follow) {
  const auto request = DecodeExample<FollowRequest>("follow-request");
  ExpectEncodes(request, "follow-request");
  EXPECT_EQ(request.epoch, 1U);
  EXPECT_EQ(request.epoch_mark, 0x8877665544332211U);
  EXPECT_EQ(request.lsn, 201U);
  const auto reply = DecodeExample<FollowReply>("follow-reply");
  ExpectEncodes(reply, "follow-reply");
  EXPECT_EQ(reply.verdict, FollowVerdict::kDiverged);
  EXPECT_EQ(reply.common, 200U);
  EXPECT_EQ(reply.lsn, 210U);
}

TEST_F(Golden, Fetch) {
  const auto request = DecodeExample<FetchRequest>("fetch-request");
  ExpectEncodes(request, "fetch-request");
  EXPECT_EQ(request.after, 201U);
  EXPECT_EQ(request.node, 0x8877665544332211U);
  EXPECT_EQ(request.name, "b");
  const auto reply = DecodeExample<FetchReply>("fetch-reply");
  ExpectEncodes(reply, "fetch-reply");
  EXPECT_EQ(reply.lsn, 210U);
  EXPECT_FALSE(reply.lost);
  EXPECT_EQ(reply.ack, AckLevel::kStandby);
  EXPECT_EQ(reply.time_us, 45'656'588'288);
  ASSERT_EQ(reply.records.size(), 1U);
  EXPECT_EQ(reply.records[0], "abc");
}

TEST_F(Golden, Promote) {
  const auto request = DecodeExample<PromoteRequest>("promote-request");
  EXPECT_FALSE(request.force);
  ExpectEncodes(request, "promote-request");
  const auto reply = DecodeExample<PromoteReply>("promote-reply");
  ExpectEncodes(reply, "promote-reply");
  EXPECT_EQ(reply.epoch, 2U);
  EXPECT_EQ(reply.lsn, 201U);
}

TEST_F(Golden, Compare) {
  const auto request = DecodeExample<CompareRequest>("compare-request");
  ExpectEncodes(request, "compare-request");
  const auto reply = DecodeExample<CompareReply>("compare-reply");
  ExpectEncodes(reply, "compare-reply");
  EXPECT_EQ(reply.lsn, 211U);
  EXPECT_EQ(reply.sum, (StateSum{0x8877665544332211, 1, 2, 0}));
}

TEST_F(Golden, Tokens) {
  const auto create = DecodeExample<TokenCreateRequest>("token-create-request");
  EXPECT_EQ(create.name, "erp");
  EXPECT_EQ(create.role, Role::kSyncer);
  EXPECT_EQ(create.valid_seconds, 365U * 86'400);
  EXPECT_EQ(create.integrations, std::vector<std::string_view>{"shop"});
  ExpectEncodes(create, "token-create-request");
  const auto created = DecodeExample<TokenCreateReply>("token-create-reply");
  EXPECT_EQ(created.number, 7U);
  EXPECT_EQ(created.token, "xref_7_" + std::string(43, 'A'));
  ExpectEncodes(created, "token-create-reply");
  const auto list = DecodeExample<TokenListReply>("token-list-reply");
  ASSERT_EQ(list.tokens.size(), 1U);
  EXPECT_EQ(list.tokens[0].created_by, "ada");
  EXPECT_EQ(list.tokens[0].expires_us, created.expires_us);
  ExpectEncodes(list, "token-list-reply");
  const auto revoke = DecodeExample<TokenRevokeRequest>("token-revoke-request");
  EXPECT_EQ(revoke.number, 7U);
  ExpectEncodes(revoke, "token-revoke-request");
}

TEST_F(Golden, Backup) {
  const auto begin = DecodeExample<BackupRequest>("backup-begin");
  EXPECT_TRUE(begin.begin);
  ExpectEncodes(begin, "backup-begin");
  const auto request = DecodeExample<BackupRequest>("backup-request");
  EXPECT_FALSE(request.begin);
  EXPECT_EQ(request.offset, 1048576U);
  ExpectEncodes(request, "backup-request");
  const auto reply = DecodeExample<BackupReply>("backup-reply");
  EXPECT_EQ(reply.state, BackupState::kReady);
  EXPECT_EQ(reply.lsn, 7U);
  EXPECT_EQ(reply.references, 2U);
  EXPECT_EQ(reply.bytes, 1048580U);
  EXPECT_EQ(reply.piece.size(), 4U);
  ExpectEncodes(reply, "backup-reply");
}

TEST_F(Golden, Check) {
  const auto request = DecodeExample<IdsRequest>("check-request");
  EXPECT_EQ(request.place, 3U);
  EXPECT_EQ(Texts(request.ids), (Ids{"SO-1", "SO-22", "X"}));
  ExpectEncodes(request, "check-request");

  const auto reply = DecodeExample<CheckReply>("check-reply");
  ASSERT_EQ(reply.count, 3U);
  EXPECT_TRUE(reply.synced(0));
  EXPECT_FALSE(reply.synced(1));
  EXPECT_TRUE(reply.synced(2));
  std::string frame;
  FrameWriter writer(frame, ParseExample("check-reply").header);
  *BeginCheckReply(3, frame) = 0b101;
  writer.Close();
  EXPECT_EQ(frame, Example("check-reply"));
}

TEST_F(Golden, Lookup) {
  ExpectEncodes(DecodeExample<IdsRequest>("lookup-request"), "lookup-request");
  const auto reply = DecodeExample<LookupReply>("lookup-reply");
  EXPECT_EQ(Texts(reply.targets), (Ids{"INV-9", "", "T7"}));
  std::string frame;
  FrameWriter writer(frame, ParseExample("lookup-reply").header);
  LookupReplyWriter targets(3, frame);
  const std::string_view first[] = {"INV-9", ""};
  const std::string_view second[] = {"T7"};
  targets.Append(first);
  targets.Append(second);
  writer.Close();
  EXPECT_EQ(frame, Example("lookup-reply"));
}

TEST_F(Golden, Reverse) {
  const auto request = DecodeExample<ReverseRequest>("reverse-request");
  EXPECT_EQ(request.sources_max, 100);
  EXPECT_EQ(Texts(request.targets), (Ids{"INV-9", "None"}));
  ExpectEncodes(request, "reverse-request");
  const auto reply = DecodeExample<ReverseReply>("reverse-reply");
  EXPECT_EQ(reply.count, 2U);
  EXPECT_EQ(reply.sources_of(0), 2);
  EXPECT_EQ(reply.sources_of(1), 0);
  EXPECT_EQ(Texts(reply.sources), (Ids{"SO-1", "X"}));
  ReverseReplyWriter sources(2);
  sources.Append(0, "SO-1");
  sources.Append(0, "X");
  std::string frame;
  FrameWriter writer(frame, ParseExample("reverse-reply").header);
  EXPECT_EQ(sources.payload_bytes(), 15U);
  sources.Finish(frame);
  writer.Close();
  EXPECT_EQ(frame, Example("reverse-reply"));
}

TEST_F(Golden, Add) {
  const auto request = DecodeExample<MutationRequest>("add-request");
  EXPECT_EQ(request.origin, Origin::kManual);
  EXPECT_EQ(request.actor, "ada");
  EXPECT_EQ(Texts(request.sources), (Ids{"A", "B", "C", "A"}));
  EXPECT_EQ(Texts(request.targets), (Ids{"1", "2", "3", "1"}));
  ExpectEncodes(request, "add-request");

  const auto reply = DecodeExample<MutationReply>("add-reply");
  ASSERT_EQ(reply.outcomes.size(), 4U);
  EXPECT_EQ(reply.outcomes[0].verdict, Verdict::kDone);
  EXPECT_EQ(reply.outcomes[1].verdict, Verdict::kUnchanged);
  EXPECT_EQ(reply.outcomes[2].other, "9");
  EXPECT_EQ(reply.outcomes[3].number, 0U);
  ExpectEncodes(reply, "add-reply");
}

TEST_F(Golden, RehearseAdd) {
  const auto asked = MutationOf(ParseExample("rehearse-add-request").header.opcode);
  ASSERT_TRUE(asked.has_value());
  EXPECT_TRUE(asked->rehearsal);
  EXPECT_EQ(asked->mutation, Mutation::kAdd);
  EXPECT_EQ(OpcodeOf(*asked), Opcode::kRehearseAdd);
  EXPECT_EQ(OpcodeOf(*MutationOf(Opcode::kRehearsePut)), Opcode::kRehearsePut);
  EXPECT_EQ(OpcodeOf(*MutationOf(Opcode::kRenew)), Opcode::kRenew);

  const auto request = DecodeExample<MutationRequest>("rehearse-add-request");
  EXPECT_EQ(request.origin, Origin::kImport);
  EXPECT_EQ(Texts(request.sources), (Ids{"B"}));
  EXPECT_EQ(Texts(request.targets), (Ids{"2"}));
  ExpectEncodes(request, "rehearse-add-request");
  const auto reply = DecodeExample<MutationReply>("rehearse-add-reply");
  ASSERT_EQ(reply.outcomes.size(), 1U);
  EXPECT_EQ(reply.outcomes[0].other, "9");
  ExpectEncodes(reply, "rehearse-add-reply");
}

TEST_F(Golden, List) {
  const auto request = DecodeExample<ListRequest>("list-request");
  EXPECT_EQ(request.order, ListOrder::kTarget);
  EXPECT_EQ(request.after, "SO-1");
  EXPECT_EQ(request.after_target, "INV-9");
  EXPECT_EQ(request.target_prefix, "INV-");
  EXPECT_EQ(request.origin, kAnyOrigin);
  ExpectEncodes(request, "list-request");
  const auto reply = DecodeExample<ListReply>("list-reply");
  EXPECT_EQ(reply.as_of, 7U);
  EXPECT_TRUE(reply.more);
  EXPECT_EQ(reply.next_target, "INV-9");
  ASSERT_EQ(reply.rows.size(), 1U);
  EXPECT_EQ(reply.rows[0].source, "X");
  EXPECT_EQ(reply.rows[0].created_by, "ada");
  EXPECT_EQ(reply.rows[0].lsn, 7U);
  ExpectEncodes(reply, "list-reply");
}

TEST_F(Golden, LookupAt) {
  const auto request = DecodeExample<LookupAtRequest>("lookup-at-request");
  EXPECT_EQ(request.place, 3U);
  EXPECT_EQ(request.time_us, 1767225600000000);
  EXPECT_EQ(Texts(request.sources), (Ids{"SO-1", "X"}));
  ExpectEncodes(request, "lookup-at-request");
  const auto reply = DecodeExample<LookupReply>("lookup-at-reply");
  EXPECT_EQ(Texts(reply.targets), (Ids{"INV-9", ""}));
  std::string frame;
  FrameWriter writer(frame, ParseExample("lookup-at-reply").header);
  const std::string_view targets[] = {"INV-9", ""};
  LookupReplyWriter(2, frame).Append(targets);
  writer.Close();
  EXPECT_EQ(frame, Example("lookup-at-reply"));
}

TEST_F(Golden, Drop) {
  const auto asked = DecodeExample<DropPreviewRequest>("drop-preview-request");
  EXPECT_EQ(asked.integration, "shop-erp");
  ExpectEncodes(asked, "drop-preview-request");
  const auto preview = DecodeExample<DropPreviewReply>("drop-preview-reply");
  EXPECT_EQ(preview.types, 4U);
  EXPECT_EQ(preview.references, 2U);
  EXPECT_EQ(preview.claims, 1U);
  EXPECT_EQ(preview.token, 7U);
  EXPECT_EQ(preview.valid_seconds, 600U);
  EXPECT_EQ(preview.target_platform, "ERP");
  ExpectEncodes(preview, "drop-preview-reply");
  const auto request = DecodeExample<DropRequest>("drop-request");
  EXPECT_EQ(request.integration, "shop-erp");
  EXPECT_EQ(request.token, 7U);
  EXPECT_EQ(request.actor, "ada");
  ExpectEncodes(request, "drop-request");
}

TEST_F(Golden, Change) {
  const std::string& record = Example("change-record");
  Change change;
  const auto fault = DecodeChange(record, change);
  ASSERT_FALSE(fault.has_value()) << *fault;
  EXPECT_EQ(change.lsn, 7U);
  EXPECT_EQ(change.actor, "ada");
  const auto& added = std::get<AddReferences>(change.what);
  EXPECT_EQ(added.place, 3U);
  EXPECT_EQ(Texts(added.sources), (Ids{"A", "BC"}));
  EXPECT_EQ(Texts(added.targets), (Ids{"1", "23"}));
  std::string encoded;
  EncodeChange(change, encoded);
  EXPECT_EQ(encoded, record);
}

}  // namespace
}  // namespace xref::protocol
