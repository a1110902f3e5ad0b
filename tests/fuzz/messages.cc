// Whatever is decoded as a message is encoded to bytes that mean the same.
//
// The input is an opcode, a byte that is odd for a reply, and the payload. Opcode 0, which no
// message has, stands for a refusal.

#include "tests/fuzz/messages.h"

#include <gtest/gtest.h>

#include <cstring>
#include <string>
#include <vector>

#include "client/history.h"
#include "protocol/change_messages.h"
#include "protocol/messages.h"
#include "protocol/query_messages.h"
#include "protocol/replication_messages.h"
#include "protocol/token_messages.h"
#include "tests/fuzz/allocated.h"
#include "tests/fuzz/bodies.h"
#include "tests/fuzz/fuzz_bytes.h"

namespace xref::fuzz {
namespace {

using protocol::Bytes;
using protocol::Opcode;

// One byte may stand for an item of a vector, which has to be moved while that grows.
constexpr size_t kBytesPerByteMax = 128;

// ---- Replies that servers write as they come to know them ----

void Encode(const protocol::CheckReply& message, std::string& out) {
  uint8_t* const bitmap = protocol::BeginCheckReply(message.count, out);
  if (!message.bitmap.empty()) {
    std::memcpy(bitmap, message.bitmap.data(), message.bitmap.size());
  }
}

void Encode(const protocol::LookupReply& message, std::string& out) {
  protocol::LookupReplyWriter writer(message.targets.count, out);
  IdCursor targets(message.targets);
  for (uint32_t i = 0; i < message.targets.count; ++i) {
    const std::string_view target = targets.Next();
    writer.Append({&target, 1});
  }
}

void Encode(const protocol::ReverseReply& message, std::string& out) {
  protocol::ReverseReplyWriter writer(message.count);
  IdCursor sources(message.sources);
  for (uint32_t i = 0; i < message.count; ++i) {
    for (uint32_t left = message.sources_of(i); left > 0; --left) writer.Append(i, sources.Next());
  }
  const size_t start = out.size();
  writer.Finish(out);
  EXPECT_EQ(out.size() - start, writer.payload_bytes());
}

// ---- Trying ----

// Of their very size, so that whoever reads past their end is caught.
std::vector<uint8_t> Exact(const std::string& bytes) { return {bytes.begin(), bytes.end()}; }

template <typename Message>
Message Fresh(Opcode) {
  return {};
}
template <>
protocol::MutationRequest Fresh(Opcode opcode) {
  return *protocol::MutationOf(opcode);
}

// What is made of it beyond its decoding.
template <typename Message>
void Use(const Message&) {}
void Use(const protocol::HistoryReply& message) { Explain(message, "shop-erp/orders", "SO-1"); }

template <typename Message>
bool Run(Bytes payload, Opcode opcode) {
  auto message = Fresh<Message>(opcode);
  std::optional<protocol::Refusal> refusal;
  {
    const AllocationBound bound(payload.size(), kBytesPerByteMax);
    refusal = Decode(payload, message);
  }
  if (refusal) {
    EXPECT_NE(refusal->status, protocol::StatusCode::kOk);
    EXPECT_FALSE(refusal->message.empty());
    return false;
  }
  Use(message);
  std::string once;
  Encode(message, once);
  // What no message needs is not decoded either.
  EXPECT_EQ(once.size(), payload.size());

  const std::vector<uint8_t> again = Exact(once);
  auto same = Fresh<Message>(opcode);
  const auto refused = Decode(Bytes(again), same);
  EXPECT_FALSE(refused) << refused->message;
  std::string twice;
  Encode(same, twice);
  EXPECT_EQ(once, twice);
  return true;
}

void RunRefusal(Bytes payload) {
  constexpr auto kStatus = protocol::StatusCode::kBadRequest;
  std::string once;
  Encode(protocol::DecodeRefusal(kStatus, payload), once);
  const std::vector<uint8_t> again = Exact(once);
  std::string twice;
  Encode(protocol::DecodeRefusal(kStatus, Bytes(again)), twice);
  EXPECT_EQ(once, twice);
}

#define XREF_TRIED(type) \
  { #type, &Run < protocol::type> }

constexpr Conversation kConversations[] = {
    {Opcode::kHello, Opcode::kHello, XREF_TRIED(HelloRequest), XREF_TRIED(HelloReply)},
    {Opcode::kStatus, Opcode::kStatus, {}, XREF_TRIED(StatusReply)},
    {Opcode::kResolve, Opcode::kResolve, XREF_TRIED(ResolveRequest), XREF_TRIED(ResolveReply)},
    {Opcode::kIntegrationCreate, Opcode::kIntegrationCreate, XREF_TRIED(IntegrationCreateRequest),
     XREF_TRIED(IntegrationCreateReply)},
    {Opcode::kIntegrationList, Opcode::kIntegrationList, {}, XREF_TRIED(IntegrationListReply)},
    {Opcode::kVerify, Opcode::kVerify, XREF_TRIED(VerifyRequest), XREF_TRIED(VerifyReply)},
    {Opcode::kBackup, Opcode::kBackup, XREF_TRIED(BackupRequest), XREF_TRIED(BackupReply)},
    {Opcode::kCheck, Opcode::kCheck, XREF_TRIED(IdsRequest), XREF_TRIED(CheckReply)},
    {Opcode::kLookup, Opcode::kLookup, XREF_TRIED(IdsRequest), XREF_TRIED(LookupReply)},
    {Opcode::kReverse, Opcode::kReverse, XREF_TRIED(ReverseRequest), XREF_TRIED(ReverseReply)},
    {Opcode::kAdd, Opcode::kRehearsePut, XREF_TRIED(MutationRequest), XREF_TRIED(MutationReply)},
    {Opcode::kClaims, Opcode::kClaims, XREF_TRIED(ClaimsRequest), XREF_TRIED(ClaimsReply)},
    {Opcode::kTypeCreate, Opcode::kTypeCreate, XREF_TRIED(TypeCreateRequest),
     XREF_TRIED(CatalogReply)},
    {Opcode::kPlatformsRename, Opcode::kPlatformsRename, XREF_TRIED(PlatformsRenameRequest),
     XREF_TRIED(CatalogReply)},
    {Opcode::kRulesSet, Opcode::kRulesSet, XREF_TRIED(RulesSetRequest), XREF_TRIED(CatalogReply)},
    {Opcode::kPurgePreview, Opcode::kPurgePreview, XREF_TRIED(PurgePreviewRequest),
     XREF_TRIED(PurgePreviewReply)},
    {Opcode::kPurge, Opcode::kPurge, XREF_TRIED(PurgeRequest), XREF_TRIED(PurgeReply)},
    {Opcode::kTrashList, Opcode::kTrashList, {}, XREF_TRIED(TrashReply)},
    {Opcode::kRestore, Opcode::kRestore, XREF_TRIED(RestoreRequest), XREF_TRIED(RestoreReply)},
    {Opcode::kDropPreview, Opcode::kDropPreview, XREF_TRIED(DropPreviewRequest),
     XREF_TRIED(DropPreviewReply)},
    {Opcode::kDrop, Opcode::kDrop, XREF_TRIED(DropRequest), XREF_TRIED(PurgeReply)},
    {Opcode::kList, Opcode::kList, XREF_TRIED(ListRequest), XREF_TRIED(ListReply)},
    {Opcode::kHistory, Opcode::kHistory, XREF_TRIED(HistoryRequest), XREF_TRIED(HistoryReply)},
    {Opcode::kLookupAt, Opcode::kLookupAt, XREF_TRIED(LookupAtRequest), XREF_TRIED(LookupReply)},
    {Opcode::kFollow, Opcode::kFollow, XREF_TRIED(FollowRequest), XREF_TRIED(FollowReply)},
    {Opcode::kFetch, Opcode::kFetch, XREF_TRIED(FetchRequest), XREF_TRIED(FetchReply)},
    {Opcode::kPromote, Opcode::kPromote, XREF_TRIED(PromoteRequest), XREF_TRIED(PromoteReply)},
    {Opcode::kCompare, Opcode::kCompare, XREF_TRIED(CompareRequest), XREF_TRIED(CompareReply)},
    {Opcode::kTokenCreate, Opcode::kTokenCreate, XREF_TRIED(TokenCreateRequest),
     XREF_TRIED(TokenCreateReply)},
    {Opcode::kTokenList, Opcode::kTokenList, {}, XREF_TRIED(TokenListReply)},
    {Opcode::kTokenRevoke, Opcode::kTokenRevoke, XREF_TRIED(TokenRevokeRequest),
     XREF_TRIED(CatalogReply)},
};

#undef XREF_TRIED

}  // namespace

std::span<const Conversation> Conversations() { return kConversations; }

const Conversation* FindConversation(Opcode opcode) {
  for (const Conversation& conversation : kConversations) {
    if (opcode >= conversation.first && opcode <= conversation.last) return &conversation;
  }
  return nullptr;
}

void RunMessages(std::string_view bytes) {
  FuzzBytes input(bytes);
  const auto opcode = static_cast<Opcode>(input.Next());
  const bool is_reply = input.Next() % 2 == 1;
  const std::vector<uint8_t> payload = Exact(std::string(input.Rest()));
  if (opcode == Opcode{}) return RunRefusal(Bytes(payload));
  const Conversation* const conversation = FindConversation(opcode);
  if (conversation == nullptr) return;
  const TriedMessage& tried = is_reply ? conversation->reply : conversation->request;
  if (tried.run != nullptr) tried.run(Bytes(payload), opcode);
}

}  // namespace xref::fuzz
