// What people ask of the disk: listing, history, the trash; through the client library.

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <algorithm>
#include <atomic>
#include <functional>
#include <initializer_list>
#include <latch>
#include <map>
#include <set>
#include <thread>

#include "persistence/data_files.h"
#include "protocol/change_codec.h"
#include "tests/daemon_fixture.h"

namespace xref::test {
namespace {

using protocol::ListOrder;
using protocol::Mutation;
using protocol::PastEventKind;
using protocol::Verdict;
using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::IsEmpty;

class Queries : public ShopTest {
 protected:
  void SetUp() override {
    ShopTest::SetUp();
    Reconnect();
  }
  void Reconnect() {
    client_ = Connect();
    orders_ = Place(*client_);
  }

  Verdict Mutate(Mutation mutation, const std::string& source, const std::string& target = {},
                 const std::string& actor = "ada") {
    IdList sources;
    IdList targets;
    sources.Add(source);
    if (!target.empty()) targets.Add(target);
    const auto results = client_->Mutate({.mutation = mutation,
                                          .place = orders_,
                                          .origin = Origin::kManual,
                                          .lease_ms = 60'000,
                                          .actor = actor,
                                          .sources = sources.View(),
                                          .targets = targets.View()});
    EXPECT_TRUE(results.ok()) << results.status();
    return results.ok() ? results->front().verdict : Verdict::kStaleToken;
  }

  // All rows that match, page by page.
  using Row = std::pair<std::string, std::string>;
  std::vector<Row> List(protocol::ListRequest request) {
    AwaitCheckpoint();
    std::vector<Row> rows;
    request.place = orders_;
    std::string after, after_target;
    for (bool more = true; more;) {
      request.after = after;
      request.after_target = after_target;
      std::string payload;
      const auto reply = client_->List(request, payload);
      EXPECT_TRUE(reply.ok()) << reply.status();
      if (!reply.ok()) break;
      EXPECT_LE(reply->rows.size(), request.rows_max);
      for (const auto& row : reply->rows) rows.emplace_back(row.source, row.target);
      more = reply->more;
      after = reply->next;
      after_target = reply->next_target;
      request.after_lsn = reply->next_lsn;
      complete_from_ = reply->complete_from;
    }
    return rows;
  }

  // When the reference of a source was last changed.
  int64_t ChangedAt(const std::string& source) {
    AwaitCheckpoint();
    const auto reply = client_->List({.place = orders_, .rows_max = 1, .prefix = source}, payload_);
    EXPECT_TRUE(reply.ok()) << reply.status();
    if (!reply.ok() || reply->rows.empty()) return 0;
    return std::max(reply->rows[0].created_us, reply->rows[0].updated_us);
  }
  std::vector<std::string> LookupAt(int64_t time_us, std::initializer_list<const char*> sources) {
    IdList ids;
    for (const char* source : sources) ids.Add(source);
    const auto targets = client_->LookupAt(orders_, time_us, ids.View());
    EXPECT_TRUE(targets.ok()) << targets.status();
    return targets.value_or(std::vector<std::string>());
  }

  // What has happened to a source: kind, before, after.
  struct Past {
    PastEventKind kind;
    std::string before;
    std::string after;
    bool operator==(const Past&) const = default;
  };
  std::vector<Past> History(const std::string& source) {
    const auto reply = client_->History({.place = orders_, .source = source}, payload_);
    EXPECT_TRUE(reply.ok()) << reply.status();
    std::vector<Past> past;
    if (!reply.ok()) return past;
    history_ = *reply;
    for (const auto& event : reply->events) {
      past.push_back({event.kind, std::string(event.before), std::string(event.after)});
    }
    return past;
  }

  uint32_t Purge() {
    const auto preview = client_->PreviewPurge(orders_);
    EXPECT_TRUE(preview.ok()) << preview.status();
    const auto purged = client_->Purge({.place = orders_, .token = preview->token, .actor = "ada"});
    EXPECT_TRUE(purged.ok()) << purged.status();
    return purged->trash;
  }

  std::unique_ptr<Client> client_;
  PlaceId orders_ = 0;
  std::string payload_;
  protocol::HistoryReply history_;
  Lsn complete_from_ = 0;  // of what List listed last
};

TEST_F(Queries, AListingShowsEverythingInOrderWhateverThePages) {
  std::map<std::string, std::string> model;
  std::string rows = "source_id,target_id\n";
  for (int i = 0; i < 1000; ++i) {
    const auto& [at, added] =
        model.emplace("SO-" + std::to_string(i * 7919 % 1000), "T-" + std::to_string(i));
    rows += at->first + "," + at->second + "\n";
  }
  Import(rows);
  const std::vector<Row> all(model.begin(), model.end());
  for (const uint32_t rows_max : {1U, 7U, 1000U, 10'000U}) {
    EXPECT_EQ(List({.rows_max = rows_max}), all) << rows_max;
  }
  EXPECT_EQ(Mutate(Mutation::kDelete, all[3].first), Verdict::kDone);
  EXPECT_EQ(List({.rows_max = 100}).size(), 999U);
}

TEST_F(Queries, AListingShowsOnlyWhatIsAskedFor) {
  Import("source_id,target_id\nSO-1,A-1\nSO-2,B-2\nXX-3,A-3\n");
  EXPECT_EQ(Mutate(Mutation::kPut, "XX-4", "C-SO-9"), Verdict::kDone);
  EXPECT_THAT(List({.rows_max = 10, .prefix = "SO-"}),
              ElementsAre(Row("SO-1", "A-1"), Row("SO-2", "B-2")));
  EXPECT_THAT(List({.rows_max = 10, .target_prefix = "A-"}),
              ElementsAre(Row("SO-1", "A-1"), Row("XX-3", "A-3")));
  EXPECT_THAT(List({.rows_max = 10, .contains = "O-"}),
              ElementsAre(Row("SO-1", "A-1"), Row("SO-2", "B-2"), Row("XX-4", "C-SO-9")));
  EXPECT_THAT(List({.rows_max = 10, .origin = static_cast<uint8_t>(Origin::kManual)}),
              ElementsAre(Row("XX-4", "C-SO-9")));
  EXPECT_THAT(List({.rows_max = 10, .from_lsn = Fact("lsn")}), ElementsAre(Row("XX-4", "C-SO-9")));
  EXPECT_THAT(List({.rows_max = 10, .prefix = "none"}), IsEmpty());
}

TEST_F(Queries, TheNewestComeFirstWhateverThePagesAndHaveChangedLast) {
  Import("source_id,target_id\nB,1\nA,2\nC,3\n");
  EXPECT_EQ(Mutate(Mutation::kAdd, "D", "4"), Verdict::kDone);
  EXPECT_EQ(Mutate(Mutation::kEdit, "A", "5"), Verdict::kDone);
  EXPECT_EQ(Mutate(Mutation::kDelete, "C"), Verdict::kDone);
  for (const uint32_t rows_max : {1U, 2U, 10U}) {
    EXPECT_THAT(List({.rows_max = rows_max, .order = ListOrder::kNewest}),
                ElementsAre(Row("A", "5"), Row("D", "4"), Row("B", "1")));
    EXPECT_EQ(complete_from_, 0U);
  }
  EXPECT_THAT(List({.rows_max = 10, .order = ListOrder::kNewest, .prefix = "D"}),
              ElementsAre(Row("D", "4")));
  const uint32_t trash = Purge();
  EXPECT_THAT(List({.rows_max = 10, .order = ListOrder::kNewest}), IsEmpty());
  EXPECT_EQ(Mutate(Mutation::kAdd, "E", "6"), Verdict::kDone);
  std::string payload;
  ASSERT_TRUE(client_->Restore({.trash = trash, .after = {}, .actor = "ada"}, payload).ok());
  const std::vector<Row> all = List({.rows_max = 1, .order = ListOrder::kNewest});
  EXPECT_EQ(all.size(), 4U);
  EXPECT_EQ(all.back(), Row("E", "6"));
  CrashAndRestartDaemon();
  Reconnect();
  EXPECT_EQ(List({.rows_max = 3, .order = ListOrder::kNewest}), all);
}

TEST_F(Queries, OfTheNewestSoManyAreListedAndTheReplyTellsFromWhere) {
  std::string rows = "source_id,target_id\n";
  for (int i = 0; i < 120'000; ++i) {
    rows += "S-" + std::to_string(i) + ",T-" + std::to_string(i) + "\n";
  }
  Import(rows);
  const std::vector<Row> newest = List({.rows_max = 10'000, .order = ListOrder::kNewest});
  EXPECT_GE(newest.size(), 100'000U);
  const Lsn from = complete_from_;
  EXPECT_GT(from, 1U);
  EXPECT_EQ(newest.size(), List({.rows_max = 10'000, .from_lsn = from}).size());
  const std::vector<Row> older = List({.rows_max = 10'000, .until_lsn = from - 1});
  EXPECT_EQ(newest.size() + older.size(), 120'000U);
}

TEST_F(Queries, TargetsAreListedInTheirOrderAndSoAreTheSourcesOfEach) {
  std::map<Row, int> model;  // target and source
  std::string rows = "source_id,target_id\n";
  for (int i = 0; i < 1000; ++i) {
    const std::string source = "SO-" + std::to_string(i);
    const std::string target = "T-" + std::to_string(i * 7919 % 300);
    model[{target, source}];
    rows += source + "," + target + "\n";
  }
  Import(rows);
  const auto expected = [&](const std::string& prefix) {
    std::vector<Row> wanted;
    for (const auto& [row, none] : model) {
      if (row.first.starts_with(prefix)) wanted.emplace_back(row.second, row.first);
    }
    return wanted;
  };
  for (const uint32_t rows_max : {1U, 7U, 10'000U}) {
    EXPECT_EQ(List({.rows_max = rows_max, .order = ListOrder::kTarget, .target_prefix = "T-29"}),
              expected("T-29"));
  }
  EXPECT_EQ(List({.rows_max = 100, .order = ListOrder::kTarget}), expected(""));
  EXPECT_THAT(List({.rows_max = 9, .order = ListOrder::kTarget, .target_prefix = "U"}), IsEmpty());
  EXPECT_EQ(Mutate(Mutation::kPut, "SO-7", "T-2999"), Verdict::kDone);
  EXPECT_EQ(Mutate(Mutation::kDelete, "SO-8"), Verdict::kDone);
  std::erase_if(model, [](const auto& entry) {
    return entry.first.second == "SO-7" || entry.first.second == "SO-8";
  });
  model[{"T-2999", "SO-7"}];
  EXPECT_EQ(List({.rows_max = 100, .order = ListOrder::kTarget}), expected(""));
}

TEST_F(Queries, ATargetOfVeryManySourcesIsListedWhole) {
  std::string rows = "source_id,target_id\nX,T-0\n";
  for (int i = 10'000; i < 22'000; ++i) rows += "S-" + std::to_string(i) + ",T-1\n";
  Import(rows + "Y,T-2\n");
  const std::vector<Row> listed =
      List({.rows_max = 5'000, .order = ListOrder::kTarget, .target_prefix = "T-"});
  ASSERT_EQ(listed.size(), 12'002U);
  EXPECT_EQ(listed.front(), Row("X", "T-0"));
  EXPECT_EQ(listed[1], Row("S-10000", "T-1"));
  EXPECT_EQ(listed[12'000], Row("S-21999", "T-1"));
  EXPECT_EQ(listed.back(), Row("Y", "T-2"));
}

TEST_F(Queries, WhatWasLinkedAtATimeIsToldAcrossDeletionsPurgesAndRestores) {
  EXPECT_EQ(Mutate(Mutation::kAdd, "A", "1"), Verdict::kDone);
  const int64_t added = ChangedAt("A");
  EXPECT_EQ(Mutate(Mutation::kEdit, "A", "2"), Verdict::kDone);
  const int64_t edited = ChangedAt("A");
  EXPECT_EQ(Mutate(Mutation::kDelete, "A"), Verdict::kDone);
  EXPECT_EQ(Mutate(Mutation::kAdd, "B", "9"), Verdict::kDone);
  const int64_t deleted = ChangedAt("B");
  EXPECT_EQ(Mutate(Mutation::kAdd, "A", "3"), Verdict::kDone);
  const int64_t added_again = ChangedAt("A");
  const uint32_t trash = Purge();
  EXPECT_EQ(Mutate(Mutation::kAdd, "C", "8"), Verdict::kDone);
  const int64_t purged = ChangedAt("C");
  std::string payload;
  ASSERT_TRUE(client_->Restore({.trash = trash, .after = {}, .actor = "ada"}, payload).ok());
  const int64_t restored = ChangedAt("A");
  EXPECT_EQ(Mutate(Mutation::kPut, "A", "4"), Verdict::kDone);
  const auto expect = [&] {
    EXPECT_THAT(LookupAt(added - 1, {"A", "B"}), ElementsAre("", ""));
    EXPECT_THAT(LookupAt(added, {"A", "B"}), ElementsAre("1", ""));
    EXPECT_THAT(LookupAt(edited - 1, {"A", "B"}), ElementsAre("1", ""));
    EXPECT_THAT(LookupAt(edited, {"A", "B"}), ElementsAre("2", ""));
    EXPECT_THAT(LookupAt(deleted, {"A", "B"}), ElementsAre("", "9"));
    EXPECT_THAT(LookupAt(added_again, {"A", "B", "C"}), ElementsAre("3", "9", ""));
    EXPECT_THAT(LookupAt(purged, {"A", "B", "C"}), ElementsAre("", "", "8"));
    EXPECT_THAT(LookupAt(restored, {"A", "B", "C"}), ElementsAre("3", "9", "8"));
    EXPECT_THAT(LookupAt(ChangedAt("A"), {"A", "A", "none"}), ElementsAre("4", "4", ""));
  };
  expect();
  CrashAndRestartDaemon();
  Reconnect();
  expect();
}

TEST_F(Queries, WhatHappenedBeforeTheTimeToKeepGoesAndIsNotGuessedAt) {
  StopDaemon();
  {
    // As somebody did it long ago, within the first seconds of 1970.
    const auto folder = DataFolder::Lock(data_folder());
    ASSERT_TRUE(folder.ok()) << folder.status();
    const auto files = OpenDataFiles(*folder, uint64_t{1} << 30);
    ASSERT_TRUE(files.ok()) << files.status();
    const auto applied = files->snapshots->current()->ReadApplied();
    Change change{.lsn = applied->lsn, .epoch = applied->epoch, .time_us = 0, .actor = "eve"};
    const auto append = [&](decltype(Change::what) what) {
      ++change.lsn;
      change.time_us += 1'000'000;
      change.what = std::move(what);
      std::string bytes;
      protocol::EncodeChange(change, bytes);
      const JournalRecord record{change.lsn, bytes};
      ASSERT_TRUE(files->journal->Append({&record, 1}).ok());
    };
    IdList source, first, second;
    source.Add("S");
    first.Add("1");
    second.Add("2");
    append(AddReferences{orders_, Origin::kManual, source.View(), first.View()});
    append(
        SetReferences{orders_, Origin::kManual, true, source.View(), second.View(), first.View()});
  }
  StartDaemon({"--history-days", "30"});
  Reconnect();
  EXPECT_THAT(History("S"), ElementsAre(Past{PastEventKind::kEdited, "1", "2"}));
  EXPECT_THAT(LookupAt(1'500'000, {"S"}), ElementsAre("1"));
  EXPECT_EQ(Mutate(Mutation::kAdd, "other", "3"), Verdict::kDone);
  EXPECT_THAT(History("S"), IsEmpty());
  EXPECT_EQ(history_.reference->target, "2");
  EXPECT_EQ(history_.reference->created_us, 1'000'000);
  const Outcome refused = Xref({"lookup", kPlace, "S", "--at", "1970-01-02"});
  EXPECT_EQ(refused.exit_code, 2);
  EXPECT_THAT(refused.err, HasSubstr("--history-days"));
  EXPECT_EQ(Xref({"history", kPlace, "S", "--at", "1970-01-02"}).exit_code, 2);
  EXPECT_THAT(LookupAt(ChangedAt("other"), {"S", "other"}), ElementsAre("2", "3"));
}

TEST_F(Queries, HistoryTellsWhatHappenedInItsOrder) {
  EXPECT_THAT(History("S"), IsEmpty());
  EXPECT_FALSE(history_.reference.has_value());
  EXPECT_EQ(Mutate(Mutation::kAdd, "S", "1"), Verdict::kDone);
  EXPECT_EQ(Mutate(Mutation::kEdit, "S", "2", "bob"), Verdict::kDone);
  EXPECT_EQ(Mutate(Mutation::kPut, "S", "3"), Verdict::kDone);
  EXPECT_THAT(History("S"), ElementsAre(Past{PastEventKind::kEdited, "1", "2"},
                                        Past{PastEventKind::kPut, "2", "3"}));
  ASSERT_TRUE(history_.reference.has_value());
  EXPECT_EQ(history_.reference->target, "3");
  EXPECT_EQ(history_.reference->created_by, "ada");
  EXPECT_EQ(history_.events[0].actor, "bob");
  EXPECT_EQ(Mutate(Mutation::kDelete, "S"), Verdict::kDone);
  EXPECT_EQ(Mutate(Mutation::kIgnore, "S"), Verdict::kDone);
  const auto expected =
      ElementsAre(Past{PastEventKind::kAdded, "", "1"}, Past{PastEventKind::kEdited, "1", "2"},
                  Past{PastEventKind::kPut, "2", "3"}, Past{PastEventKind::kDeleted, "3", ""},
                  Past{PastEventKind::kIgnored, "", ""});
  EXPECT_THAT(History("S"), expected);
  EXPECT_TRUE(history_.ignored);
  CrashAndRestartDaemon();
  Reconnect();
  EXPECT_THAT(History("S"), expected);
  EXPECT_TRUE(history_.ignored);
}

TEST_F(Queries, HistoryTellsOfClaimsAndOfOtherSourcesOfTheTarget) {
  Import("source_id,target_id\nSO-1,T\nSO-2,T\n");
  EXPECT_EQ(Mutate(Mutation::kClaim, "SO-3", {}, "worker-1"), Verdict::kGranted);
  History("SO-3");
  ASSERT_TRUE(history_.claim.has_value());
  EXPECT_EQ(history_.claim->owner, "worker-1");
  EXPECT_GT(history_.claim->remaining_ms, 0);
  History("SO-1");
  EXPECT_THAT(history_.other_sources, ElementsAre("SO-2"));
}

TEST_F(Queries, APurgeIsUndoneByARestoreWhichTellsWhatStoodInTheWay) {
  Import("source_id,target_id\nSO-1,1\nSO-2,2\nSO-3,3\n");
  const uint32_t trash = Purge();
  EXPECT_EQ(ReferencesHeld(), 0U);
  EXPECT_EQ(Mutate(Mutation::kAdd, "SO-2", "other"), Verdict::kDone);
  EXPECT_EQ(Mutate(Mutation::kAdd, "SO-3", "3"), Verdict::kDone);

  std::string payload;
  const auto listed = client_->ListTrash(payload);
  ASSERT_TRUE(listed.ok()) << listed.status();
  ASSERT_EQ(listed->trash.size(), 1U);
  EXPECT_EQ(listed->trash[0].trash, trash);
  EXPECT_EQ(listed->trash[0].references, 3U);
  EXPECT_EQ(listed->trash[0].type, "orders");
  EXPECT_GT(listed->trash[0].expires_us, listed->trash[0].purged_us);

  EXPECT_THAT(History("SO-1"), ElementsAre(Past{PastEventKind::kAdded, "", "1"},
                                           Past{PastEventKind::kPurged, "1", ""}));
  CrashAndRestartDaemon();
  Reconnect();
  const auto restored = client_->Restore({.trash = trash, .after = {}, .actor = "ada"}, payload);
  ASSERT_TRUE(restored.ok()) << restored.status();
  EXPECT_FALSE(restored->more);
  EXPECT_EQ(restored->restored, 1U);
  EXPECT_EQ(restored->unchanged, 1U);
  ASSERT_EQ(restored->refused.size(), 1U);
  EXPECT_EQ(restored->refused[0].source, "SO-2");
  EXPECT_EQ(restored->refused[0].outcome.other, "other");
  // Who linked it first is told beside the restore, which is when it was linked as it is now.
  EXPECT_THAT(History("SO-1"), ElementsAre(Past{PastEventKind::kAdded, "", "1"},
                                           Past{PastEventKind::kPurged, "1", ""}));
  ASSERT_TRUE(history_.reference.has_value());
  EXPECT_LT(history_.events[0].time_us, history_.reference->created_us);
  ExpectHolds({{"SO-1", "1"}, {"SO-2", "other"}, {"SO-3", "3"}});
}

TEST_F(Queries, ARestoreOfManyGoesStepByStep) {
  std::string rows = "source_id,target_id\n";
  References expected;
  for (int i = 0; i < 10'000; ++i) {
    expected.emplace_back("S-" + std::to_string(i), "T-" + std::to_string(i));
    rows += expected.back().first + "," + expected.back().second + "\n";
  }
  Import(rows);
  const uint32_t trash = Purge();
  std::string after;
  uint64_t restored = 0;
  int steps = 0;
  for (bool more = true; more; ++steps) {
    std::string payload;
    const auto reply = client_->Restore({.trash = trash, .after = after, .actor = "ada"}, payload);
    ASSERT_TRUE(reply.ok()) << reply.status();
    restored += reply->restored;
    more = reply->more;
    after = reply->next;
  }
  EXPECT_EQ(restored, 10'000U);
  EXPECT_GT(steps, 1);
  ExpectHolds(expected);
}

// Peers that each ask one thing after the other until the daemon is gone.
class Peers {
 public:
  // Asks with a number that counts from 0; returns what became of it.
  using AskOne = std::function<absl::Status(Client& client, uint64_t number)>;

  explicit Peers(size_t count) : answered_(static_cast<std::ptrdiff_t>(count)) {}

  void Add(std::unique_ptr<Client> client, AskOne ask) {
    threads_.emplace_back([this, client = std::move(client), ask = std::move(ask)] {
      absl::Status status = ask(*client, 0);
      EXPECT_TRUE(status.ok()) << status;
      answered_.count_down();
      for (uint64_t number = 1; status.ok(); ++number) status = ask(*client, number);
      EXPECT_TRUE(absl::IsUnavailable(status)) << status;
    });
  }
  // Until each of them was answered once.
  void AwaitAnswers() { answered_.wait(); }
  void Join() { threads_.clear(); }

 private:
  std::latch answered_;
  std::vector<std::jthread> threads_;
};

TEST_F(Queries, SigtermInTheMidstOfListingsAndRestoresEndsWell) {
  std::string rows = "source_id,target_id\n";
  for (int i = 0; i < 20'000; ++i) {
    rows += "S-" + std::to_string(i) + ",T-" + std::to_string(i) + "\n";
  }
  for (int round = 0; round < 3 && !HasFailure(); ++round) {
    Import(rows);
    const uint32_t trash = Purge();
    std::atomic<uint64_t> restored = 0;
    const Peers::AskOne list = [&](Client& client, uint64_t) {
      std::string payload;
      return client.List({.place = orders_, .rows_max = 1000}, payload).status();
    };
    const Peers::AskOne history = [&](Client& client, uint64_t) {
      std::string payload;
      return client.History({.place = orders_, .source = "S-1"}, payload).status();
    };
    // From one step to the next, and from the last to the first.
    const auto restore = [&] {
      return [&, after = std::string()](Client& client, uint64_t) mutable {
        std::string payload;
        const auto reply =
            client.Restore({.trash = trash, .after = after, .actor = "ada"}, payload);
        if (!reply.ok()) return reply.status();
        restored += reply->restored;
        after = reply->next;
        return absl::OkStatus();
      };
    };
    // So that every question finds changes which are to be folded first.
    const Peers::AskOne put = [&](Client& client, uint64_t number) {
      IdList sources;
      IdList targets;
      sources.Add("S-1");
      targets.Add("T-" + std::to_string(number));
      return client
          .Mutate({.mutation = Mutation::kPut,
                   .place = orders_,
                   .origin = Origin::kManual,
                   .actor = "ada",
                   .sources = sources.View(),
                   .targets = targets.View()})
          .status();
    };
    Peers peers(6);
    for (const Peers::AskOne& ask : {list, list, history, put}) peers.Add(Connect(), ask);
    for (int i = 0; i < 2; ++i) peers.Add(Connect(), restore());
    peers.AwaitAnswers();
    const Outcome stopped = StopDaemon();
    EXPECT_EQ(stopped.exit_code, 0) << stopped.err;
    peers.Join();
    StartDaemon();
    Reconnect();
    EXPECT_GE(ReferencesHeld(), restored);
  }
}

// The thread of the queries is started by another thread than the one that a signal wakes up.
TEST_F(Queries, SigtermOfADaemonThatIsAboutToBeReadyEndsWell) {
  StopDaemon();
  for (int i = 0; i < 20 && !HasFailure(); ++i) {
    LaunchDaemon();
    const Outcome stopped = StopDaemon();
    EXPECT_EQ(stopped.exit_code, 0) << stopped.err;
  }
}

TEST_F(Queries, WhatDoesNotExistIsRefused) {
  std::string payload;
  EXPECT_TRUE(absl::IsNotFound(client_->List({.place = 999, .rows_max = 1}, payload).status()));
  EXPECT_TRUE(
      absl::IsInvalidArgument(client_->List({.place = orders_, .rows_max = 0}, payload).status()));
  EXPECT_TRUE(absl::IsInvalidArgument(
      client_->List({.place = orders_, .rows_max = 1, .order = static_cast<ListOrder>(9)}, payload)
          .status()));
  EXPECT_TRUE(absl::IsInvalidArgument(
      client_->History({.place = orders_, .source = ""}, payload).status()));
  IdList many;
  for (uint32_t i = 0; i <= protocol::kLookupAtIdsMax; ++i) many.Add("S");
  EXPECT_TRUE(absl::IsOutOfRange(client_->LookupAt(orders_, 1, many.View()).status()));
  EXPECT_TRUE(absl::IsNotFound(client_->LookupAt(999, 1, {}).status()));
  EXPECT_TRUE(absl::IsNotFound(client_->Restore({.trash = 77}, payload).status()));
}

}  // namespace
}  // namespace xref::test
