// Sequences of requests to a whole daemon, valid ones and others: each has one reply, which can be
// read; what mutations come to is what a model says; and a start afterwards finds the same state.
//
// The input is operations: a byte that says which, and what it takes.

#include <gtest/gtest.h>

#include <array>
#include <deque>
#include <map>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "protocol/change_messages.h"
#include "protocol/messages.h"
#include "protocol/query_messages.h"
#include "protocol/replication_messages.h"
#include "tests/asked.h"
#include "tests/fuzz/bodies.h"
#include "tests/fuzz/fuzz_bytes.h"
#include "tests/fuzz/messages.h"
#include "tests/fuzz/whole_daemon.h"
#include "tests/mutation_model.h"

namespace xref::fuzz {
namespace {

using protocol::Mutation;
using protocol::Opcode;
using protocol::StatusCode;
using protocol::Verdict;

constexpr size_t kOperationsMax = 64;
constexpr std::string_view kIntegration = "shop-erp";
// Leases end long after the run.
constexpr uint32_t kLeaseMs = 3'600'000;

protocol::Bytes BytesOf(const std::string& text) {
  return {reinterpret_cast<const uint8_t*>(text.data()), text.size()};
}

template <typename Message>
std::string Encoded(const Message& message) {
  std::string payload;
  Encode(message, payload);
  return payload;
}

// Whether an OK reply may mean that something has changed that the model does not follow.
bool MayChange(Opcode opcode) {
  const auto mutation = protocol::MutationOf(opcode);
  if (mutation) return !mutation->rehearsal;
  switch (opcode) {
    case Opcode::kRulesSet:
    case Opcode::kPurge:
    case Opcode::kDrop:
    case Opcode::kRestore:
    case Opcode::kTokenCreate:
    case Opcode::kTokenRevoke:
      return true;
    default:
      return false;
  }
}

class Driver {
 public:
  explicit Driver(FuzzBytes& input) : input_(input) {
    daemon_.set_folds(input.Next() % 2 == 0);
    daemon_.Send(0, Opcode::kIntegrationCreate,
                 Encoded(protocol::IntegrationCreateRequest{kIntegration, "Shop", "ERP", "ada"}));
    Settle();
    const uint64_t number = daemon_.Send(0, Opcode::kResolve,
                                         Encoded(protocol::ResolveRequest{kIntegration, "orders"}));
    const auto replies = Settle();
    protocol::ResolveReply resolved;
    EXPECT_FALSE(Decode(BytesOf(replies.at(number).payload), resolved));
    place_ = resolved.place;
  }

  void Run() {
    for (size_t left = kOperationsMax; left > 0 && !input_.empty(); --left) {
      if (testing::Test::HasFailure()) return;
      DoNext();
    }
    Settle();
  }

 private:
  using Replies = std::map<uint64_t, WholeDaemon::Reply>;

  void DoNext() {
    switch (input_.Next() % 16) {
      case 0:
      case 1:
      case 2:
      case 3:
      case 4:
        return Mutate();
      case 5:
        return Ask();
      case 6:
        return SendRaw();
      case 7:
        return SendAltered();
      case 8:
        return ChangeCatalog();
      case 9:
        return PurgeOrDrop();
      case 10:
        return Restore();
      case 11:
        return Query();
      case 12:
        return daemon_.HoldWriter();
      case 13:
        return daemon_.SendGarbage(connection(), input_.Take(input_.Next() % 40));
      case 14:
        return daemon_.Disconnect(connection());
      case 15:
        return AskOfFiles();
    }
  }

  size_t connection() { return input_.Next() % 3; }
  // One of a few, so that they meet again; sometimes an odd one.
  std::string Id(const char* prefix) {
    const uint8_t byte = input_.Next();
    if (byte == 0xFF) return std::string(input_.Next(), 'x');
    return prefix + std::to_string(byte % 12);
  }

  // Waits for all replies, and expects of each what is known of it.
  Replies Settle() {
    Replies replies = daemon_.TakeReplies();
    for (const auto& [number, reply] : replies) {
      if (reply.header.status != StatusCode::kOk) {
        EXPECT_FALSE(DecodeRefusal(reply.header.status, BytesOf(reply.payload)).message.empty());
        EXPECT_NE(reply.header.status, StatusCode::kInternal)
            << DecodeRefusal(reply.header.status, BytesOf(reply.payload)).message;
        EXPECT_FALSE(expected_.contains(number))
            << DecodeRefusal(reply.header.status, BytesOf(reply.payload)).message;
        continue;
      }
      const Conversation* const conversation = FindConversation(reply.header.opcode);
      EXPECT_NE(conversation, nullptr);
      if (conversation == nullptr) continue;
      EXPECT_TRUE(conversation->reply.run(BytesOf(reply.payload), reply.header.opcode))
          << conversation->reply.type;
      if (expected_.contains(number)) ExpectOutcomes(expected_.at(number), reply.payload);
    }
    expected_.clear();
    EXPECT_LE(daemon_.lsn(), lsn_ + changes_sent_);
    lsn_ = daemon_.lsn();
    changes_sent_ = 0;
    return replies;
  }

  // ---- Mutations, beside the model ----

  struct Expected {
    Verdict verdict;
    std::string other;
    uint64_t number;
  };

  void ExpectOutcomes(const std::vector<Expected>& expected, const std::string& payload) {
    protocol::MutationReply reply;
    EXPECT_FALSE(Decode(BytesOf(payload), reply));
    ASSERT_EQ(reply.outcomes.size(), expected.size());
    for (size_t i = 0; i < expected.size(); ++i) {
      const protocol::Outcome& outcome = reply.outcomes[i];
      EXPECT_EQ(protocol::Name(outcome.verdict), protocol::Name(expected[i].verdict))
          << "item " << i;
      // Of several sources of a target any may be named; how long a lease lasts is the clock's.
      if (expected[i].verdict == Verdict::kTargetTaken) continue;
      EXPECT_EQ(outcome.other, expected[i].other) << "item " << i;
      if (expected[i].verdict == Verdict::kHeld) continue;
      EXPECT_EQ(outcome.number, expected[i].number) << "item " << i;
    }
  }

  Asked MakeAsked() {
    Asked asked{.mutation = static_cast<Mutation>(input_.Next() % protocol::kMutations),
                .items = {},
                .actor = std::string("w") + static_cast<char>('0' + input_.Next() % 3),
                .lease_ms = kLeaseMs};
    const uint8_t kind = input_.Next();
    const bool can_rehearse = asked.mutation == Mutation::kAdd || asked.mutation == Mutation::kPut;
    asked.rehearsal = can_rehearse && kind >= 0xE0;
    for (uint8_t left = kind % 5; left > 0; --left) {
      const std::string source = Id("S");
      const std::string target = Id("T");
      const uint8_t chance = input_.Next();
      asked.items.push_back({.source = source,
                             .target = target,
                             .expected = chance % 4 == 0 ? Id("T") : "",
                             .token = chance % 3 == 0 ? chance : model_.TokenOf(source, chance)});
    }
    return asked;
  }

  static bool HasOnlyIds(const Asked& asked) {
    for (const AskedItem& item : asked.items) {
      if (FindIdFault(item.source) || FindIdFault(item.target) || item.expected.size() > 255) {
        return false;
      }
    }
    return true;
  }

  void Mutate() {
    const size_t to = connection();
    const Asked asked = MakeAsked();
    if (!HasOnlyIds(asked)) return;
    const AskedRequest request(asked, place_);
    // A release makes a second one of the claims that lapse by it.
    changes_sent_ += asked.mutation == Mutation::kRelease ? 2 : 1;
    const uint64_t number =
        daemon_.Send(to, OpcodeOf(request.request()), Encoded(request.request()));
    if (!follows_) return;
    MutationModel rehearsed = model_;
    MutationModel& model = asked.rehearsal ? rehearsed : model_;
    auto& expected = expected_[number];
    model.Do(asked, 0, [&](uint32_t, const protocol::Outcome& outcome) {
      expected.push_back({outcome.verdict, std::string(outcome.other), outcome.number});
    });
  }

  // Questions of memory: what has been acknowledged shows.
  void Ask() {
    Settle();
    IdList ids;
    std::vector<std::string> sources;
    for (int i = 0; i < 12; ++i) ids.Add(sources.emplace_back("S" + std::to_string(i)));
    const protocol::IdsRequest request{place_, ids.View()};
    const uint64_t check = daemon_.Send(0, Opcode::kCheck, Encoded(request));
    const uint64_t lookup = daemon_.Send(1, Opcode::kLookup, Encoded(request));
    const Replies replies = Settle();
    if (!follows_) return;
    protocol::CheckReply checked;
    protocol::LookupReply looked_up;
    ASSERT_FALSE(Decode(BytesOf(replies.at(check).payload), checked));
    ASSERT_FALSE(Decode(BytesOf(replies.at(lookup).payload), looked_up));
    ASSERT_EQ(checked.count, sources.size());
    ASSERT_EQ(looked_up.targets.count, sources.size());
    IdCursor targets(looked_up.targets);
    for (uint32_t i = 0; i < checked.count; ++i) {
      const auto link = model_.links().find(sources[i]);
      const std::string target = link == model_.links().end() ? "" : link->second;
      EXPECT_EQ(checked.synced(i), !target.empty()) << sources[i];
      EXPECT_EQ(targets.Next(), target) << sources[i];
    }
  }

  // ---- Others, which the model does not follow ----

  // Sends what may change anything, and waits for it.
  std::optional<WholeDaemon::Reply> Exchange(Opcode opcode, const std::string& payload,
                                             Epoch epoch = 0) {
    Settle();
    // A restore makes a change of each of its steps.
    changes_sent_ += 2;
    const uint64_t number = daemon_.Send(connection(), opcode, payload, epoch);
    Replies replies = Settle();
    const WholeDaemon::Reply reply = std::move(replies.at(number));
    if (reply.header.status != StatusCode::kOk) return std::nullopt;
    if (MayChange(opcode)) follows_ = false;
    return reply;
  }

  template <typename Message>
  std::optional<Message> Exchange(Opcode opcode, const std::string& payload, std::string& held) {
    const auto reply = Exchange(opcode, payload);
    if (!reply) return std::nullopt;
    held = reply->payload;
    Message message;
    EXPECT_FALSE(Decode(BytesOf(held), message));
    return message;
  }

  void SendRaw() {
    const auto opcode = static_cast<Opcode>(input_.Next());
    const Epoch epoch = input_.Next() == 0 ? 9 : 0;
    Exchange(opcode, std::string(input_.Take(input_.Next())), epoch);
  }

  void SendAltered() {
    const Asked asked = MakeAsked();
    const AskedRequest request(asked, place_);
    std::string payload = Encoded(request.request());
    const size_t at = input_.Next() % payload.size();
    payload[at] = static_cast<char>(input_.Next());
    Exchange(OpcodeOf(request.request()), payload);
  }

  std::string PickName() { return std::string(1, static_cast<char>('a' + input_.Next() % 3)); }

  void ChangeCatalog() {
    const std::string name = PickName();
    switch (input_.Next() % 5) {
      case 0:
        Exchange(Opcode::kIntegrationCreate,
                 Encoded(protocol::IntegrationCreateRequest{name, "A", PickName(), "bob"}));
        return;
      case 1:
        Exchange(Opcode::kTypeCreate,
                 Encoded(protocol::TypeCreateRequest{kIntegration, name, "bob"}));
        return;
      case 2:
        Exchange(Opcode::kPlatformsRename,
                 Encoded(protocol::PlatformsRenameRequest{kIntegration, name, PickName(), "bob"}));
        return;
      case 3:
        Exchange(Opcode::kRulesSet,
                 Encoded(protocol::RulesSetRequest{place_, input_.Next() % 2 == 0, "bob"}));
        return;
      case 4:
        Exchange(Opcode::kIntegrationList, "");
        return;
    }
  }

  void PurgeOrDrop() {
    std::string held;
    const bool drops = input_.Next() % 3 == 0;
    const bool confirms = input_.Next() % 4 != 0;
    const auto confirmed = [&](uint64_t token) { return confirms ? token : token + 1; };
    if (drops) {
      const auto preview = Exchange<protocol::DropPreviewReply>(
          Opcode::kDropPreview, Encoded(protocol::DropPreviewRequest{kIntegration}), held);
      if (!preview) return;
      Exchange(Opcode::kDrop,
               Encoded(protocol::DropRequest{kIntegration, confirmed(preview->token), "bob"}));
      return;
    }
    const auto preview = Exchange<protocol::PurgePreviewReply>(
        Opcode::kPurgePreview, Encoded(protocol::PurgePreviewRequest{place_}), held);
    if (!preview) return;
    if (follows_) {
      EXPECT_EQ(preview->references, model_.links().size());
    }
    Exchange(Opcode::kPurge,
             Encoded(protocol::PurgeRequest{place_, confirmed(preview->token), "bob"}));
  }

  // What is in the trash, or something that may not be there, to its end.
  void Restore() {
    std::string held;
    const auto trash = Exchange<protocol::TrashReply>(Opcode::kTrashList, "", held);
    uint32_t number = input_.Next();
    if (trash && !trash->trash.empty()) number = trash->trash[number % trash->trash.size()].trash;
    const std::string name = input_.Next() % 4 == 0 ? PickName() : "";
    std::string after;
    uint8_t part = 0;
    for (int steps = 0; steps < 8; ++steps) {
      std::string step_held;
      const auto step = Exchange<protocol::RestoreReply>(
          Opcode::kRestore, Encoded(protocol::RestoreRequest{number, part, after, name, "bob"}),
          step_held);
      if (!step || !step->more) return;
      part = step->next_part;
      after = step->next;
    }
  }

  void Query() {
    const std::string id = Id("S");
    if (id.empty()) return;
    switch (input_.Next() % 4) {
      case 0: {
        protocol::ListRequest request{.place = place_, .rows_max = 1U + input_.Next()};
        request.order = static_cast<protocol::ListOrder>(input_.Next() % 3);
        if (input_.Next() % 2 == 0) request.after = id;
        if (input_.Next() % 2 == 0) request.prefix = "S";
        if (input_.Next() % 4 == 0) request.contains = "1";
        daemon_.Send(connection(), Opcode::kList, Encoded(request));
        return;
      }
      case 1:
        daemon_.Send(connection(), Opcode::kHistory, Encoded(protocol::HistoryRequest{place_, id}));
        return;
      case 2: {
        IdList ids;
        ids.Add(id);
        daemon_.Send(
            connection(), Opcode::kLookupAt,
            Encoded(protocol::LookupAtRequest{place_, input_.Number<uint16_t>(), ids.View()}));
        return;
      }
      case 3:
        daemon_.Send(connection(), Opcode::kClaims,
                     Encoded(protocol::ClaimsRequest{place_, 100, id}));
        return;
    }
  }

  void AskOfFiles() {
    switch (input_.Next() % 3) {
      case 0:
        daemon_.Send(connection(), Opcode::kStatus, "");
        return;
      case 1:
        daemon_.Send(connection(), Opcode::kVerify,
                     Encoded(protocol::VerifyRequest{input_.Next() % 2 == 0}));
        return;
      case 2:
        daemon_.Send(connection(), Opcode::kBackup,
                     Encoded(protocol::BackupRequest{input_.Next() % 2 == 0, input_.Next()}));
        return;
    }
  }

  FuzzBytes& input_;
  WholeDaemon daemon_;
  PlaceId place_ = 0;
  MutationModel model_;
  bool follows_ = true;  // whether the model knows all that has changed
  std::map<uint64_t, std::vector<Expected>> expected_;  // by request
  Lsn lsn_ = 0;
  Lsn changes_sent_ = 1;
};

}  // namespace

void RunSessions(std::string_view bytes) {
  FuzzBytes input(bytes);
  Driver(input).Run();
}

}  // namespace xref::fuzz
