// Access tokens: who may do what, at the binary port and by the command.

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <sys/stat.h>

#include <fstream>
#include <functional>
#include <map>
#include <sstream>

#include "daemon/access.h"
#include "protocol/token_messages.h"
#include "tests/daemon_fixture.h"
#include "tests/nodes_fixture.h"
#include "tests/raw_peer.h"

namespace xref::test {
namespace {

using protocol::Opcode;
using protocol::StatusCode;
using ::testing::AllOf;
using ::testing::HasSubstr;
using ::testing::Not;

constexpr std::string_view kUnknownToken = "xref_4711_AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA";

std::string FirstLine(const std::string& text) { return text.substr(0, text.find('\n')); }

class Tokens : public DaemonTest {
 protected:
  void SetUp() override {
    admin_ = Init();
    StartDaemon();
    XrefAs(admin_, {"integration", "create", "shop"});
    XrefAs(admin_, {"integration", "create", "other"});
    XrefAs(admin_, {"add", "shop/orders", "S1", "T1"});
    XrefAs(admin_, {"add", "other/orders", "O1", "P1"});
  }

  std::string Init() {
    const Outcome made = RunProgram({kXrefd, "--init", "--data", data_folder()});
    EXPECT_EQ(made.exit_code, 0) << made.err;
    return FirstLine(made.out);
  }
  Outcome XrefAs(const std::string& token, Arguments arguments, std::string_view input = {}) {
    arguments.insert(arguments.begin(), {"--token", token});
    return Xref(arguments, input);
  }
  std::string Create(const std::string& name, const std::string& role,
                     const Arguments& options = {}) {
    Arguments arguments{"token", "create", name, "--role", role};
    arguments.insert(arguments.end(), options.begin(), options.end());
    const Outcome created = XrefAs(admin_, arguments);
    EXPECT_EQ(created.exit_code, 0) << created.err;
    return FirstLine(created.out);
  }
  std::string CreateLimited(const std::string& name, const std::string& role,
                            const std::string& integration) {
    return Create(name, role, {"--integration", integration});
  }
  // Made so that it has expired by the time that this returns.
  std::string CreateExpired(const std::string& name) {
    RawPeer peer(address());
    EXPECT_EQ(GreetAs(peer, admin_), StatusCode::kOk);
    peer.Send(FrameOf(Opcode::kTokenCreate, 1,
                      protocol::TokenCreateRequest{.name = name,
                                                   .role = Role::kAdmin,
                                                   .valid_seconds = 1,
                                                   .integrations = {},
                                                   .actor = "test"}));
    const auto reply = peer.Receive();
    protocol::TokenCreateReply created;
    EXPECT_FALSE(protocol::Decode(BytesOf(reply->payload), created));
    std::string token(created.token);
    // Its connection ends when it does.
    RawPeer holder(address());
    if (GreetAs(holder, token) == StatusCode::kOk) {
      EXPECT_TRUE(holder.AwaitClose());
    }
    return token;
  }

  static protocol::Bytes BytesOf(const std::string& text) {
    return {reinterpret_cast<const uint8_t*>(text.data()), text.size()};
  }
  static StatusCode GreetAs(RawPeer& peer, std::string_view token) {
    peer.Send(FrameOf(Opcode::kHello, 1, protocol::HelloRequest{.client = "raw", .token = token}));
    const auto reply = peer.Receive();
    return reply ? reply->header.status : StatusCode::kInternal;
  }
  PlaceId PlaceOf(const std::string& integration) {
    ClientOptions options;
    options.servers = {address()};
    options.token = admin_;
    auto client = Client::Connect(options);
    EXPECT_TRUE(client.ok()) << client.status();
    return (*client)->Resolve(integration, "orders").value_or(0);
  }

  std::string StatusFact(const std::string& token, const std::string& name) {
    ClientOptions options;
    options.servers = {address()};
    options.token = token;
    auto client = Client::Connect(options);
    EXPECT_TRUE(client.ok()) << client.status();
    std::string payload;
    const auto status = (*client)->Status(payload);
    EXPECT_TRUE(status.ok()) << status.status();
    return status.ok() ? status->Fact(name) : "";
  }

  std::string admin_;
};

// ---- Making them ----

TEST_F(Tokens, TheFirstOneIsMadeByInitAndFromThenOnEverybodyNeedsOne) {
  EXPECT_THAT(Xref({"lookup", "shop/orders", "S1"}).err, HasSubstr("an access token is needed"));
  EXPECT_EQ(last().exit_code, 2);
  EXPECT_EQ(XrefAs(admin_, {"lookup", "shop/orders", "S1"}).exit_code, 0) << last().err;
}

TEST_F(Tokens, AreShownOnceAndStoredAsHashes) {
  const std::string token = Create("erp", "syncer");
  EXPECT_THAT(token, ::testing::MatchesRegex("xref_2_[A-Za-z0-9_-]{43}"));
  EXPECT_THAT(XrefAs(admin_, {"token", "list"}).out,
              AllOf(HasSubstr("erp"), HasSubstr("syncer"), Not(HasSubstr(token.substr(8)))));
  XrefAs(admin_, {"history", "shop/orders", "S1"});  // has everything folded
  CrashDaemon();
  for (const auto& entry : std::filesystem::recursive_directory_iterator(data_folder())) {
    if (!entry.is_regular_file()) continue;
    std::ifstream in(entry.path(), std::ios::binary);
    std::stringstream bytes;
    bytes << in.rdbuf();
    for (const std::string& secret : {token.substr(8), admin_.substr(8)}) {
      EXPECT_EQ(bytes.str().find(secret), std::string::npos) << entry.path();
    }
  }
}

TEST_F(Tokens, AreGoodAfterACrashAndAFold) {
  const std::string token = Create("erp", "syncer");
  CrashAndRestartDaemon();
  EXPECT_EQ(XrefAs(token, {"lookup", "shop/orders", "S1"}).exit_code, 0) << last().err;
  XrefAs(admin_, {"history", "shop/orders", "S1"});
  CrashAndRestartDaemon();
  EXPECT_EQ(XrefAs(token, {"lookup", "shop/orders", "S1"}).exit_code, 0) << last().err;
}

TEST_F(Tokens, InitMakesAnotherAdminWhereTheFirstIsLost) {
  EXPECT_EQ(StopDaemon().exit_code, 0);
  const std::string second = Init();
  StartDaemon();
  EXPECT_THAT(XrefAs(second, {"token", "list"}).out,
              AllOf(HasSubstr("admin "), HasSubstr("admin-2")));
  EXPECT_EQ(XrefAs(second, {"lookup", "shop/orders", "S1"}).exit_code, 0) << last().err;
}

TEST_F(Tokens, InitIsRefusedWhileTheDaemonRuns) {
  const Outcome refused = RunProgram({kXrefd, "--init", "--data", data_folder()});
  EXPECT_EQ(refused.exit_code, 2);
  EXPECT_THAT(refused.err, HasSubstr("is in use by process"));
}

TEST_F(Tokens, ANameIsGivenOnceAtATime) {
  Create("erp", "syncer");
  EXPECT_EQ(XrefAs(admin_, {"token", "create", "erp", "--role", "reader"}).exit_code, 2);
  EXPECT_THAT(last().err, HasSubstr("revoke it, or choose another name"));
  EXPECT_EQ(XrefAs(admin_, {"token", "revoke", "erp"}).exit_code, 0) << last().err;
  Create("erp", "reader");
}

TEST_F(Tokens, TheLastAdminsCannotBeRevoked) {
  EXPECT_EQ(XrefAs(admin_, {"token", "revoke", "1"}).exit_code, 2);
  EXPECT_THAT(last().err, HasSubstr("create another one first"));
  Create("second", "admin");
  EXPECT_EQ(XrefAs(admin_, {"token", "revoke", "1"}).exit_code, 0) << last().err;
  EXPECT_EQ(XrefAs(admin_, {"status"}).exit_code, 2);
}

class NoTokens : public DaemonTest {};

TEST_F(NoTokens, TheFirstMustBeAnAdminsOfAllIntegrations) {
  CreateShop();
  for (const Arguments& role :
       {Arguments{"--role", "syncer"}, {"--role", "admin", "--integration", "shop"}}) {
    Arguments arguments{"token", "create", "erp"};
    arguments.insert(arguments.end(), role.begin(), role.end());
    EXPECT_EQ(Xref(arguments).exit_code, 2);
    EXPECT_THAT(last().err, HasSubstr("the first access token must be an admin's"));
  }
  EXPECT_EQ(Xref({"lookup", "shop/orders", "S1"}).exit_code, 1) << "nothing is locked";
}

TEST_F(NoTokens, AConnectionFromBeforeTheFirstNeedsOneFromThenOn) {
  CreateShop();
  RawPeer peer(address());
  peer.Greet();
  EXPECT_EQ(Xref({"token", "create", "root", "--role", "admin"}).exit_code, 0);
  peer.Send(FrameWith(Opcode::kIntegrationList, 7, ""));
  const auto reply = peer.Receive();
  ASSERT_TRUE(reply);
  EXPECT_EQ(reply->header.status, StatusCode::kUnauthenticated);
  EXPECT_TRUE(peer.AwaitClose());
}

TEST_F(NoTokens, AnAddressForOthersIsServedOnceThereIsOne) {
  EXPECT_EQ(StopDaemon().exit_code, 0);
  const Outcome refused = RunDaemon({"--data", data_folder(), "--listen", "0.0.0.0:0"});
  EXPECT_EQ(refused.exit_code, 2);
  EXPECT_THAT(refused.err, HasSubstr("xrefd --init --data"));
  EXPECT_EQ(RunProgram({kXrefd, "--init", "--data", data_folder()}).exit_code, 0);
  const auto daemon = Process::Start({kXrefd, "--data", data_folder(), "--listen", "0.0.0.0:0"});
  EXPECT_FALSE(daemon->AwaitErrorLine("ready: ").empty());
  daemon->Signal(SIGKILL);
  daemon->Wait();
}

// ---- Who is let in ----

TEST_F(Tokens, AWrongExpiredOrRevokedOneIsRefusedAlikeAndTheLogSaysWhy) {
  const std::string expired = CreateExpired("short");
  const std::string revoked = Create("gone", "admin");
  XrefAs(admin_, {"token", "revoke", "gone"});
  std::string wrong = admin_;
  wrong.back() = wrong.back() == 'A' ? 'B' : 'A';
  for (const std::string& token :
       {wrong, expired, revoked, std::string(kUnknownToken), std::string("nonsense")}) {
    RawPeer peer(address());
    EXPECT_EQ(GreetAs(peer, token), StatusCode::kUnauthenticated) << token;
    EXPECT_TRUE(peer.AwaitClose());
    EXPECT_THAT(XrefAs(token, {"status"}).err,
                HasSubstr("it is wrong, has expired or was revoked"));
    EXPECT_EQ(last().exit_code, 2);
  }
  const std::string log = StopDaemon().err;
  for (const char* why : {"has expired", "was revoked", "wrong access token under the number 1",
                          "there is no access token 4711", "is no access token"}) {
    EXPECT_THAT(log, HasSubstr(why));
  }
  EXPECT_THAT(log, ::testing::ContainsRegex("127.0.0.1:[0-9]+: refused"));
  EXPECT_THAT(log, Not(HasSubstr(wrong.substr(8)))) << "a log is no place for secrets";
}

TEST_F(Tokens, RevokingEndsWhatAnOpenConnectionMayDo) {
  const std::string token = Create("erp", "syncer");
  RawPeer peer(address());
  ASSERT_EQ(GreetAs(peer, token), StatusCode::kOk);
  peer.Send(FrameWith(Opcode::kIntegrationList, 7, ""));
  ASSERT_EQ(peer.Receive()->header.status, StatusCode::kOk);
  XrefAs(admin_, {"token", "revoke", "erp"});
  peer.Send(FrameWith(Opcode::kIntegrationList, 8, ""));
  EXPECT_EQ(peer.Receive()->header.status, StatusCode::kUnauthenticated);
  EXPECT_TRUE(peer.AwaitClose());
}

TEST_F(Tokens, AnOpenConnectionEndsWhenItsTokenExpires) {
  RawPeer admin(address());
  ASSERT_EQ(GreetAs(admin, admin_), StatusCode::kOk);
  admin.Send(FrameOf(Opcode::kTokenCreate, 1,
                     protocol::TokenCreateRequest{.name = "short",
                                                  .role = Role::kReader,
                                                  .valid_seconds = 2,
                                                  .integrations = {},
                                                  .actor = "test"}));
  const auto reply = admin.Receive();
  protocol::TokenCreateReply created;
  ASSERT_FALSE(protocol::Decode(BytesOf(reply->payload), created));
  RawPeer peer(address());
  ASSERT_EQ(GreetAs(peer, created.token), StatusCode::kOk);
  EXPECT_TRUE(peer.AwaitClose());
}

TEST_F(Tokens, OfManyThatFailFewAreLoggedAndAllAreCountedAndGoodOnesAreLetIn) {
  const auto begun = std::chrono::steady_clock::now();
  constexpr int kTries = 200;
  for (int i = 0; i < kTries; ++i) {
    RawPeer peer(address());
    ASSERT_EQ(GreetAs(peer, kUnknownToken), StatusCode::kUnauthenticated);
  }
  EXPECT_EQ(StatusFact(admin_, "refused_sign_in_failures_per_address_per_second"),
            std::to_string(kTries));
  const std::string log = StopDaemon().err;
  const auto seconds =
      std::chrono::duration_cast<std::chrono::seconds>(std::chrono::steady_clock::now() - begun);
  int lines = 0;
  for (size_t at = log.find(": refused: "); at != std::string::npos; ++lines) {
    at = log.find(": refused: ", at + 1);
  }
  EXPECT_GE(lines, 10);
  EXPECT_LE(lines, 11 + seconds.count());
}

TEST_F(Tokens, OneThatHasSpentItsShareOfIdsWaitsAndOthersDoNot) {
  const std::string token = Create("erp", "syncer");
  const std::string other = Create("crm", "syncer");
  EXPECT_EQ(StopDaemon().exit_code, 0);
  StartDaemon({"--ids-per-token", "1"});
  IdList ids;
  for (size_t i = 0; i < kBatchIdsMax; ++i) ids.Add(std::to_string(i));
  const PlaceId shop = PlaceOf("shop");
  const auto check = [&](const std::string& as) {
    RawPeer peer(address());
    EXPECT_EQ(GreetAs(peer, as), StatusCode::kOk);
    peer.Send(FrameOf(Opcode::kCheck, 7, protocol::IdsRequest{shop, ids.View()}));
    const auto reply = peer.Receive();
    return reply ? reply->header.status : StatusCode::kInternal;
  };
  EXPECT_EQ(check(token), StatusCode::kOk) << "a largest batch passes";
  EXPECT_EQ(check(token), StatusCode::kOverloaded);
  EXPECT_EQ(check(other), StatusCode::kOk);
  EXPECT_EQ(StatusFact(admin_, "refused_ids_per_token_per_second"), "1");
  EXPECT_EQ(StatusFact(admin_, "limit_ids_per_token_per_second"), "1");
}

// ---- Standbys ----

class StandbyTokens : public NodesTest {
 protected:
  Outcome As(const std::string& token, const std::string& node, Arguments arguments) {
    arguments.insert(arguments.begin(), {"--token", token, "--wait", "30"});
    return Xref(node, arguments);
  }
  std::string WriteToken(const std::string& token) const {
    const std::string path = folder_.path() + "/token";
    std::ofstream(path) << token << "\n";
    return path;
  }
};

TEST_F(StandbyTokens, AStandbyFollowsWithATokenAndAsksItsOwnClientsForOne) {
  const Outcome made = RunProgram({kXrefd, "--init", "--data", FolderOf("p")});
  const std::string admin = FirstLine(made.out);
  Start("p");
  ASSERT_EQ(As(admin, "p", {"integration", "create", "shop"}).exit_code, 0);
  ASSERT_EQ(As(admin, "p", {"add", "shop/orders", "S1", "T1"}).exit_code, 0);
  const std::string standby =
      FirstLine(As(admin, "p", {"token", "create", "s", "--role", "standby"}).out);
  const std::string reader =
      FirstLine(As(admin, "p", {"token", "create", "r", "--role", "reader"}).out);

  Launch("s", {"--standby-of", AddressOf("p"), "--peer-token-file", WriteToken(standby)});
  EXPECT_EQ(As(reader, "s", {"lookup", "shop/orders", "S1"}).out, "source_id,target_id\nS1,T1\n");
  EXPECT_THAT(Xref("s", {"status"}).err, HasSubstr("an access token is needed"));
  ASSERT_EQ(As(admin, "p", {"token", "revoke", "r"}).exit_code, 0);
  const std::string later =
      FirstLine(As(admin, "p", {"token", "create", "r2", "--role", "reader"}).out);
  // Once it knows of the later one it knows of what came before.
  while (As(later, "s", {"lookup", "shop/orders", "S1"}).exit_code != 0) {
  }
  EXPECT_EQ(As(reader, "s", {"lookup", "shop/orders", "S1"}).exit_code, 2);
}

TEST_F(StandbyTokens, AStandbyWithoutAGoodTokenIsNotLetIn) {
  const Outcome made = RunProgram({kXrefd, "--init", "--data", FolderOf("p")});
  const std::string admin = FirstLine(made.out);
  Start("p");
  const std::string reader =
      FirstLine(As(admin, "p", {"token", "create", "r", "--role", "reader"}).out);
  Launch("s", {"--standby-of", AddressOf("p"), "--peer-token-file", WriteToken(reader)});
  // It has nothing to answer with, and says why in its bare status.
  std::string status;
  while (status.find("may not") == std::string::npos) status = Xref("s", {"status"}).out;
  EXPECT_THAT(status, HasSubstr("follow as a standby"));
  const Outcome refused =
      RunProgram({kXrefd, "--data", FolderOf("x"), "--listen", "127.0.0.1:0", "--standby-of",
                  AddressOf("p"), "--peer-token-file", "/no/such/file"});
  EXPECT_EQ(refused.exit_code, 2);
  EXPECT_THAT(refused.err, HasSubstr("--peer-token-file /no/such/file"));
}

// ---- What each may do ----

// One request of an operation, about the integration "shop" where it is about one.
struct Asked {
  Opcode opcode;
  std::string payload;
};

// The payload of a mutation of one item.
std::string MutationPayload(protocol::Mutation mutation, PlaceId place) {
  IdList sources;
  IdList targets;
  sources.Add("S9");
  targets.Add("T9");
  const uint64_t token = 0;
  std::string payload;
  protocol::Encode(
      protocol::MutationRequest{.mutation = mutation,
                                .place = place,
                                .lease_ms = 60'000,
                                .actor = "test",
                                .sources = sources.View(),
                                .targets = targets.View(),
                                .tokens = {reinterpret_cast<const uint8_t*>(&token), sizeof token}},
      payload);
  return payload;
}

template <typename Message>
std::string PayloadOf(const Message& message) {
  std::string payload;
  protocol::Encode(message, payload);
  return payload;
}

class Operations : public Tokens {
 protected:
  void SetUp() override {
    Tokens::SetUp();
    shop_ = PlaceOf("shop");
    XrefAs(admin_, {"integration", "create", "scrap"});
  }

  // A valid request of every operation there is, but for HELLO.
  std::vector<Asked> All() const {
    IdList ids;
    ids.Add("S1");
    std::vector<Asked> all{
        {Opcode::kStatus, ""},
        {Opcode::kResolve, PayloadOf(protocol::ResolveRequest{"shop", "orders"})},
        {Opcode::kIntegrationCreate,
         PayloadOf(protocol::IntegrationCreateRequest{"shop", "source", "target", "test"})},
        {Opcode::kIntegrationList, ""},
        {Opcode::kVerify, PayloadOf(protocol::VerifyRequest{.begin = true})},
        {Opcode::kBackup, PayloadOf(protocol::BackupRequest{.begin = true})},
        {Opcode::kCheck, PayloadOf(protocol::IdsRequest{shop_, ids.View()})},
        {Opcode::kLookup, PayloadOf(protocol::IdsRequest{shop_, ids.View()})},
        {Opcode::kReverse, PayloadOf(protocol::ReverseRequest{shop_, 1, ids.View()})},
        {Opcode::kClaims, PayloadOf(protocol::ClaimsRequest{.place = shop_, .claims_max = 1})},
        {Opcode::kTypeCreate, PayloadOf(protocol::TypeCreateRequest{"shop", "extra", "test"})},
        {Opcode::kPlatformsRename,
         PayloadOf(protocol::PlatformsRenameRequest{"shop", "a", "b", "test"})},
        {Opcode::kRulesSet, PayloadOf(protocol::RulesSetRequest{shop_, false, "test"})},
        {Opcode::kPurgePreview, PayloadOf(protocol::PurgePreviewRequest{shop_})},
        {Opcode::kPurge, PayloadOf(protocol::PurgeRequest{shop_, 1, "test"})},
        {Opcode::kTrashList, ""},
        {Opcode::kRestore, PayloadOf(protocol::RestoreRequest{.trash = 4711, .actor = "test"})},
        {Opcode::kDropPreview, PayloadOf(protocol::DropPreviewRequest{"shop"})},
        {Opcode::kDrop, PayloadOf(protocol::DropRequest{"shop", 1, "test"})},
        {Opcode::kList, PayloadOf(protocol::ListRequest{.place = shop_, .rows_max = 1})},
        {Opcode::kHistory, PayloadOf(protocol::HistoryRequest{shop_, "S1"})},
        {Opcode::kLookupAt,
         PayloadOf(protocol::LookupAtRequest{
             .place = shop_, .time_us = 4'000'000'000'000'000, .sources = ids.View()})},
        {Opcode::kFollow, PayloadOf(protocol::FollowRequest{.epoch = 1})},
        {Opcode::kFetch, PayloadOf(protocol::FetchRequest{.after = 0, .node = 1, .name = "x"})},
        {Opcode::kPromote, PayloadOf(protocol::PromoteRequest{})},
        {Opcode::kCompare, ""},
        {Opcode::kTokenCreate,
         PayloadOf(protocol::TokenCreateRequest{
             .name = "new", .role = Role::kReader, .integrations = {}, .actor = "test"})},
        {Opcode::kTokenList, ""},
        {Opcode::kTokenRevoke, PayloadOf(protocol::TokenRevokeRequest{4711, "test"})},
    };
    for (int opcode = 0; opcode < 256; ++opcode) {
      const auto mutation = protocol::MutationOf(static_cast<Opcode>(opcode));
      if (!mutation) continue;
      all.push_back({static_cast<Opcode>(opcode), MutationPayload(mutation->mutation, shop_)});
    }
    return all;
  }

  // What the holder of the token is answered; the connection is the test's alone.
  StatusCode Ask(const std::string& token, const Asked& asked) {
    RawPeer peer(address());
    if (const StatusCode greeted = GreetAs(peer, token); greeted != StatusCode::kOk) return greeted;
    peer.Send(FrameWith(asked.opcode, 7, asked.payload));
    const auto reply = peer.Receive();
    return reply ? reply->header.status : StatusCode::kInternal;
  }
  static std::string Name(const Asked& asked) {
    char name[16];
    std::snprintf(name, sizeof name, "opcode 0x%02x", static_cast<unsigned>(asked.opcode));
    return name;
  }

  PlaceId shop_ = 0;
};

TEST_F(Operations, AreAllInThisTable) {
  std::map<int, int> here;
  for (const Asked& asked : All()) ++here[static_cast<int>(asked.opcode)];
  for (int opcode = 0; opcode < 256; ++opcode) {
    if (static_cast<Opcode>(opcode) == Opcode::kHello) continue;
    const bool exists = OperationOf(static_cast<Opcode>(opcode)).has_value();
    EXPECT_EQ(here[opcode], exists ? 1 : 0) << "opcode " << opcode;
  }
}

TEST_F(Operations, NoneIsDoneForAWrongExpiredOrRevokedToken) {
  const std::string expired = CreateExpired("short");
  const std::string revoked = Create("gone", "admin");
  XrefAs(admin_, {"token", "revoke", "gone"});
  const uint64_t lsn = std::stoull(StatusFact(admin_, "lsn"));
  for (const Asked& asked : All()) {
    for (const std::string& token : {std::string(), std::string(kUnknownToken), expired, revoked}) {
      // As the first request, without a HELLO, as well.
      RawPeer rude(address());
      rude.Send(FrameWith(asked.opcode, 7, asked.payload));
      const auto refused = rude.Receive();
      ASSERT_TRUE(refused) << Name(asked);
      EXPECT_EQ(refused->header.status, StatusCode::kBadRequest) << Name(asked);
      EXPECT_EQ(Ask(token, asked), StatusCode::kUnauthenticated) << Name(asked);
    }
  }
  EXPECT_EQ(StatusFact(admin_, "lsn"), std::to_string(lsn)) << "nothing was changed";
}

TEST_F(Operations, AreDoneOrForbiddenAsTheRoleHasIt) {
  const std::map<Role, std::string> tokens{{Role::kReader, Create("r", "reader")},
                                           {Role::kSyncer, Create("s", "syncer")},
                                           {Role::kAdmin, admin_},
                                           {Role::kStandby, Create("f", "standby")},
                                           {Role::kMetrics, Create("m", "metrics")}};
  using enum Permission;
  const std::map<Role, std::vector<Permission>> may{
      {Role::kReader, {kStatus, kRead}},
      {Role::kSyncer, {kStatus, kRead, kWrite}},
      {Role::kAdmin, {kStatus, kRead, kWrite, kAdminister, kCopy}},
      {Role::kStandby, {kStatus, kCopy, kFollow}},
      {Role::kMetrics, {kStatus}}};
  for (const Asked& asked : All()) {
    const Permission needed = OperationOf(asked.opcode)->permission;
    for (const auto& [role, token] : tokens) {
      const auto& of_role = may.at(role);
      const bool allowed = std::find(of_role.begin(), of_role.end(), needed) != of_role.end();
      RawPeer peer(address());
      ASSERT_EQ(GreetAs(peer, token), StatusCode::kOk);
      peer.Send(FrameWith(asked.opcode, 7, asked.payload));
      const auto reply = peer.Receive();
      ASSERT_TRUE(reply) << Name(asked);
      const bool refused = reply->header.status == StatusCode::kForbidden &&
                           RefusalOf(*reply).message.find("this access token is a") == 0;
      EXPECT_EQ(!refused, allowed) << Name(asked) << " as a " << NameOf(role);
    }
  }
}

TEST_F(Operations, OfAForeignIntegrationAreRefusedAsOfOneThatDoesNotExist) {
  const std::string foreign = CreateLimited("foreign", "admin", "other");
  // The same requests, about places and names that are not there.
  const PlaceId nowhere = 4711;
  for (const Asked& asked : All()) {
    const Operation operation = *OperationOf(asked.opcode);
    RawPeer peer(address());
    ASSERT_EQ(GreetAs(peer, foreign), StatusCode::kOk);
    const auto answer = [&](const std::string& payload) {
      peer.Send(FrameWith(asked.opcode, 7, payload));
      const auto reply = peer.Receive();
      if (!reply) return std::string("closed");
      return std::to_string(static_cast<int>(reply->header.status)) + " " + reply->payload;
    };
    std::string missing = asked.payload;
    switch (operation.subject) {
      case Subject::kPlace:
        std::memcpy(missing.data(), &nowhere, sizeof nowhere);
        break;
      case Subject::kIntegration:
        missing.replace(missing.find("shop"), 4, "shup");
        break;
      case Subject::kTrash:
        continue;  // below
      case Subject::kNothing:
        // What is listed has nothing of it.
        EXPECT_THAT(answer(asked.payload), Not(HasSubstr("shop"))) << Name(asked);
        continue;
      case Subject::kDaemon:
        EXPECT_EQ(Ask(foreign, asked), StatusCode::kForbidden) << Name(asked);
        continue;
    }
    const auto without_names = [&](std::string text) {
      for (const std::string& name : {std::string("shop"), std::string("shup"),
                                      std::to_string(shop_), std::to_string(nowhere)}) {
        for (size_t at; (at = text.find(name)) != std::string::npos;)
          text.replace(at, name.size(), "?");
      }
      return text;
    };
    const std::string there = answer(asked.payload);
    EXPECT_NE(there.substr(0, 2), "0 ") << Name(asked);
    // Messages begin with their length, which differs where the names' lengths do.
    EXPECT_EQ(without_names(there.substr(8)), without_names(answer(missing).substr(8)))
        << Name(asked);
  }
  EXPECT_EQ(XrefAs(admin_, {"lookup", "shop/orders", "S1"}).exit_code, 0) << last().err;
}

TEST_F(Operations, OfTheOwnIntegrationAreDoneForALimitedToken) {
  const std::string own = CreateLimited("own", "admin", "shop");
  for (const Asked& asked : All()) {
    const Operation operation = *OperationOf(asked.opcode);
    if (operation.subject == Subject::kDaemon) continue;
    const StatusCode status = Ask(own, asked);
    // Purges and drops lack a confirmation; the number in the trash is none.
    const bool asks_more = asked.opcode == Opcode::kPurge || asked.opcode == Opcode::kDrop;
    const bool is_restore = asked.opcode == Opcode::kRestore;
    EXPECT_EQ(status, asks_more    ? StatusCode::kForbidden
                      : is_restore ? StatusCode::kUnknownPlace
                                   : StatusCode::kOk)
        << Name(asked);
  }
}

TEST_F(Operations, TheTrashOfAForeignIntegrationCannotBeSeenOrRestored) {
  XrefAs(admin_, {"integration", "drop", "scrap", "--preview"});
  const std::string token =
      last().out.substr(last().out.find("--confirm ") + std::string("--confirm ").size());
  ASSERT_EQ(XrefAs(admin_, {"integration", "drop", "scrap", "--confirm",
                            token.substr(0, token.find_first_not_of("0123456789"))})
                .exit_code,
            0)
      << last().err;
  const std::string trash = XrefAs(admin_, {"trash"}).out;
  EXPECT_THAT(trash, HasSubstr("scrap"));
  const std::string number = trash.substr(trash.find_first_not_of(' '),
                                          trash.find("  scrap") - trash.find_first_not_of(' '));

  const std::string foreign = CreateLimited("foreign", "admin", "other");
  EXPECT_THAT(XrefAs(foreign, {"trash"}).out, Not(HasSubstr("scrap")));
  const auto restore = [&](PlaceId of, std::string_view name) {
    return Asked{Opcode::kRestore,
                 PayloadOf(protocol::RestoreRequest{.trash = of, .name = name, .actor = "test"})};
  };
  const auto dropped = static_cast<PlaceId>(std::stoul(number));
  EXPECT_EQ(Ask(foreign, restore(dropped, "")), StatusCode::kUnknownPlace);
  EXPECT_EQ(Ask(foreign, restore(dropped, "other-2")), StatusCode::kUnknownPlace);
  const std::string own = CreateLimited("own", "admin", "scrap");
  EXPECT_EQ(Ask(own, restore(dropped, "shop")), StatusCode::kForbidden)
      << "not even under the name of a foreign one";
  EXPECT_THAT(XrefAs(foreign, {"integration", "create", "scrap"}).err,
              HasSubstr("limited to other integrations"));
  EXPECT_EQ(XrefAs(own, {"restore", "scrap"}).exit_code, 0) << last().err;
}

TEST_F(Operations, TheStatusOfALimitedTokenHasOnlyItsOwn) {
  const std::string own = CreateLimited("own", "metrics", "shop");
  const std::string status = XrefAs(own, {"status"}).out;
  EXPECT_THAT(status, AllOf(HasSubstr("shop/orders"), Not(HasSubstr("other")),
                            Not(HasSubstr("data_folder")), Not(HasSubstr("memory"))));
  EXPECT_EQ(StatusFact(own, "integrations"), "1");
  EXPECT_EQ(StatusFact(own, "token_role"), "metrics");
}

}  // namespace
}  // namespace xref::test
