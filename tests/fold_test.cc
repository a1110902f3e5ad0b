// Every kind of change, in random order, folded in either way, in parts and cut short at random:
// the snapshot and what is recovered from it are held against a model that knows nothing of folds.

#include "persistence/fold.h"

#include <gtest/gtest.h>
#include <sys/wait.h>
#include <unistd.h>

#include <algorithm>
#include <cstdlib>
#include <filesystem>
#include <iterator>
#include <map>
#include <memory>
#include <optional>
#include <random>
#include <set>
#include <string>
#include <tuple>
#include <utility>
#include <vector>

#include "index/reference_store.h"
#include "persistence/checkpoint.h"
#include "persistence/data_files.h"
#include "persistence/examination.h"
#include "persistence/failpoint.h"
#include "persistence/past.h"
#include "persistence/recovery.h"
#include "protocol/change_codec.h"
#include "tests/snapshot_lines.h"

namespace xref::test {
namespace {

constexpr uint64_t kMap = uint64_t{1} << 30;
constexpr const char* kActors[] = {"ada", "bob", "import"};

// What is true after each change: written down plainly, a source at a time.
class Model {
 public:
  struct Reference {
    std::string target;
    Stamp created;
    std::optional<Stamp> updated;
  };
  using Source = std::pair<PlaceId, std::string>;  // partition or place, and source ID

  PlaceId PartitionOf(PlaceId place) const { return partitions_.at(place); }
  const Reference* Find(PlaceId place, const std::string& source) const {
    const auto found = references_.find({PartitionOf(place), source});
    return found == references_.end() ? nullptr : &found->second;
  }
  const std::map<Source, Reference>& references() const { return references_; }
  const std::vector<PlaceId>& trash() const { return trash_; }
  const Claim* FindClaim(PlaceId place, const std::string& source) const {
    const auto found = claims_.find({place, source});
    return found == claims_.end() ? nullptr : &found->second;
  }
  uint64_t next_token() const { return next_token_; }
  PlaceId next_partition() const { return next_partition_; }

  void Add(PlaceId place, const std::string& source, const std::string& target, Stamp made) {
    references_[{PartitionOf(place), source}] = {target, made, std::nullopt};
    claims_.erase({place, source});
  }
  void Set(PlaceId place, const std::string& source, const std::string& target, EventKind kind,
           Stamp made) {
    const Source key{PartitionOf(place), source};
    const auto found = references_.find(key);
    if (found == references_.end()) return Add(place, source, target, made);
    Happened(key, {.kind = kind, .made = made, .before = found->second.target, .after = target});
    found->second.target = target;
    found->second.updated = made;
    claims_.erase({place, source});
  }
  void Delete(PlaceId place, const std::string& source, Stamp made) {
    const auto found = references_.find({PartitionOf(place), source});
    Happened(found->first, {.kind = EventKind::kDeleted,
                            .made = made,
                            .before = found->second.target,
                            .after = {},
                            .created = found->second.created});
    references_.erase(found);
  }
  void Ignore(PlaceId place, const std::string& source, bool ignored, Stamp made) {
    const EventKind kind = ignored ? EventKind::kIgnored : EventKind::kUnignored;
    Happened({PartitionOf(place), source}, {.kind = kind, .made = made});
    if (ignored) {
      ignored_.insert({place, source});
    } else {
      ignored_.erase({place, source});
    }
  }
  void Grant(PlaceId place, const std::string& source, const Claim& claim, Stamp made) {
    if (!claim.lost_owner.empty()) {
      Happened({PartitionOf(place), source},
               {.kind = EventKind::kReclaimed, .made = made, .before = claim.lost_owner});
    }
    claims_[{place, source}] = claim;
    next_token_ = claim.token + 1;
  }
  void Release(PlaceId place, const std::string& source) { claims_.erase({place, source}); }
  void Renew(PlaceId place, const std::string& source, int64_t until_us) {
    if (const auto found = claims_.find({place, source}); found != claims_.end()) {
      found->second.until_us = until_us;
    }
  }
  void Purge(PlaceId place) {
    trash_.push_back(PartitionOf(place));
    partitions_[place] = next_partition_++;
  }
  void TakeNumber() { ++next_partition_; }
  void EmptyTrash(PlaceId partition) {
    std::erase(trash_, partition);
    Vanish(partition);
  }

  // The integration, and the number under which it waits while it is dropped.
  bool is_dropped() const { return dropped_ != 0; }
  PlaceId dropped() const { return dropped_; }
  void Drop() { dropped_ = next_partition_++; }
  void Restore() { dropped_ = 0; }
  // Others take its places.
  void Forget(PlaceId first_place) {
    dropped_ = 0;
    for (const PlaceId partition : trash_) Vanish(partition);
    for (const auto& [place, partition] : partitions_) Vanish(partition);
    trash_.clear();
    claims_.clear();
    ignored_.clear();
    partitions_ = {{first_place, first_place}, {first_place + 1, first_place + 1}};
    next_partition_ = first_place + 2;
  }

  void Vanish(PlaceId partition) {
    std::erase_if(references_, [&](const auto& entry) { return entry.first.first == partition; });
    std::erase_if(events_, [&](const auto& entry) { return entry.first == partition; });
  }

  Lines ReservationLines() const {
    Reservations reservations;
    for (const auto& [key, claim] : claims_) reservations.SetClaim(key.first, key.second, claim);
    for (const auto& [place, source] : ignored_) reservations.SetIgnored(place, source);
    reservations.RaiseNextToken(next_token_);
    Lines lines;
    AddLines(reservations, lines);
    return lines;
  }
  Lines EventLines(PlaceId partition) const {
    Lines lines;
    const auto [first, last] = events_.equal_range(partition);
    for (auto at = first; at != last; ++at) lines.insert(at->second);
    return lines;
  }
  Lines SnapshotLines() const {
    Lines lines = ReservationLines();
    for (const auto& [key, reference] : references_) {
      lines.insert(LineOf(StoredReference{.partition = key.first,
                                          .source = key.second,
                                          .target = reference.target,
                                          .created = reference.created,
                                          .updated = reference.updated}));
    }
    for (const auto& [partition, line] : events_) lines.insert(line);
    return lines;
  }

 private:
  void Happened(const Source& at, const HistoryEvent& event) {
    events_.emplace(at.first, LineOf(at.first, at.second, event));
  }

  std::map<PlaceId, PlaceId> partitions_{{1, 1}, {2, 2}};  // by place
  std::map<Source, Reference> references_;                 // by partition
  std::multimap<PlaceId, std::string> events_;             // lines, by partition
  std::map<Source, Claim> claims_;                         // by place
  std::set<Source> ignored_;                               // by place
  std::vector<PlaceId> trash_;
  PlaceId dropped_ = 0;
  uint64_t next_token_ = 1;
  PlaceId next_partition_ = 3;
};

class FoldTest : public testing::Test {
 protected:
  // What a listing shows.
  struct Row {
    Lsn lsn;
    std::string target;
    std::string source;
    bool operator==(const Row&) const = default;
  };

  void SetUp() override {
    std::string path = testing::TempDir() + "xref-fold-XXXXXX";
    ASSERT_NE(mkdtemp(path.data()), nullptr);
    path_ = path;
    const char* asked = std::getenv("XREF_SEED");
    const uint64_t seed = asked != nullptr ? std::stoull(asked) : std::random_device()();
    RecordProperty("seed", std::to_string(seed));
    std::printf("XREF_SEED=%llu\n", static_cast<unsigned long long>(seed));
    random_.seed(seed);
    Open();
    Append(CreateIntegration{1, "shop-erp", "Shop", "ERP", {{1, "orders"}, {2, "articles"}}});
  }
  void TearDown() override {
    Close();
    std::filesystem::remove_all(path_);
  }

  void Open() {
    auto folder = DataFolder::Lock(path_);
    ASSERT_TRUE(folder.ok()) << folder.status();
    folder_ = std::make_unique<DataFolder>(*std::move(folder));
    auto files = OpenDataFiles(*folder_, kMap);
    ASSERT_TRUE(files.ok()) << files.status();
    files_ = *std::move(files);
  }
  void Close() {
    files_ = {};
    folder_.reset();
  }

  // ---- Changes ----

  uint64_t Below(uint64_t limit) { return random_() % limit; }

  Stamp NextStamp(Origin origin = {}) {
    return {.lsn = lsn_ + 1,
            .time_us = static_cast<int64_t>(1000 * (lsn_ + 1)),
            .origin = origin,
            .actor = kActors[Below(std::size(kActors))]};
  }
  void Append(decltype(Change::what) what, Stamp made) {
    const Change change{.lsn = made.lsn,
                        .epoch = 1,
                        .time_us = made.time_us,
                        .actor = made.actor,
                        .what = std::move(what)};
    protocol::EncodeChange(change, waiting_.emplace_back());
    ++lsn_;
  }
  void Append(decltype(Change::what) what) { Append(std::move(what), NextStamp()); }

  // Changes wait until now, since each write takes a sync.
  void WriteJournal() {
    std::vector<JournalRecord> records;
    Lsn lsn = lsn_ - waiting_.size();
    for (const std::string& bytes : waiting_) records.push_back({++lsn, bytes});
    ASSERT_TRUE(files_.journal->Append(records).ok());
    waiting_.clear();
  }

  // Some different sources.
  std::set<std::string> Sources() {
    std::set<std::string> sources;
    for (uint64_t left = 1 + Below(100); left > 0; --left) {
      sources.insert("S" + std::to_string(Below(sources_)));
    }
    return sources;
  }
  // Some are of many sources.
  std::string Target() { return "T" + std::to_string(Below(Below(4) == 0 ? 20 : 1'000'000)); }

  void ChangeReferences(PlaceId place) {
    const auto origin = static_cast<Origin>(Below(3));
    const Stamp made = NextStamp(origin);
    const uint64_t way = Below(4);
    IdList sources, targets, before;
    for (const std::string& source : Sources()) {
      const Model::Reference* held = model_.Find(place, source);
      const bool fits = way == 0 ? held == nullptr : way == 1 || held != nullptr;
      if (!fits) continue;
      const std::string target = Target();
      sources.Add(source);
      targets.Add(target);
      before.Add(held == nullptr ? "" : held->target);
      if (way == 0) model_.Add(place, source, target, made);
      if (way == 1) model_.Set(place, source, target, EventKind::kPut, made);
      if (way == 2) model_.Set(place, source, target, EventKind::kEdited, made);
      if (way == 3) model_.Delete(place, source, {made.lsn, made.time_us, {}, made.actor});
    }
    if (way == 0) Append(AddReferences{place, origin, sources.View(), targets.View()}, made);
    if (way == 1 || way == 2) {
      Append(SetReferences{place, origin, way == 2, sources.View(), targets.View(), before.View()},
             made);
    }
    if (way == 3) Append(DeleteReferences{place, sources.View(), before.View()}, made);
  }

  void ChangeReservations(PlaceId place) {
    const Stamp made = NextStamp();
    const uint64_t way = Below(5);
    const uint64_t first_token = model_.next_token();
    uint64_t token = first_token;
    IdList sources, lost_owners;
    for (const std::string& source : Sources()) {
      sources.Add(source);
      if (way == 0) model_.Release(place, source);
      if (way == 1) model_.Renew(place, source, made.time_us + 7000);
      if (way == 2 || way == 3) model_.Ignore(place, source, way == 2, made);
      if (way < 4) continue;
      const Claim* held = model_.FindClaim(place, source);
      const std::string lost = held == nullptr ? "" : held->owner;
      lost_owners.Add(lost);
      model_.Grant(place, source, {token++, made.time_us + 5000, std::string(made.actor), lost},
                   made);
    }
    if (way == 0) Append(ReleaseClaims{place, sources.View()}, made);
    if (way == 1) Append(RenewClaims{place, 7, sources.View()}, made);
    if (way == 2 || way == 3) Append(IgnoreSources{place, way == 2, sources.View()}, made);
    if (way == 4)
      Append(GrantClaims{place, 5, first_token, sources.View(), lost_owners.View()}, made);
  }

  void PurgeReferences(PlaceId place) {
    const PlaceId number = model_.next_partition();
    model_.Purge(place);
    Append(PurgePlace{place, number, 1});
  }
  void EmptySomeTrash() {
    if (model_.trash().empty()) return;
    const PlaceId partition = model_.trash()[Below(model_.trash().size())];
    model_.EmptyTrash(partition);
    Append(EmptyTrash{partition});
  }

  void ChangeCatalog(PlaceId place) {
    const PlaceId number = model_.next_partition();
    switch (Below(6)) {
      case 0:
        return PurgeReferences(place);
      case 1:
        return EmptySomeTrash();
      case 2:
        model_.TakeNumber();
        return Append(CreateType{integration_, {number, "type-" + std::to_string(number)}});
      case 3:
        return Append(RenamePlatforms{integration_, "Shop", Target()});
      case 4:
        model_.Drop();
        return Append(DropIntegration{integration_, number, 1});
      default:
        return Append(SetRules{place, Below(2) == 0});
    }
  }

  // What was dropped comes back, or is gone for good and another integration of its name is made.
  void EndDrop() {
    const PlaceId trash = model_.dropped();
    if (Below(20) == 0) {
      model_.Restore();
      return Append(RestoreIntegration{trash, "shop-erp"});
    }
    if (Below(150) != 0) return;
    Append(ForgetIntegration{trash, places_});
    const PlaceId first = model_.next_partition();
    model_.Forget(first);
    places_ = {first, first + 1};
    Append(CreateIntegration{
        ++integration_, "shop-erp", "Shop", "ERP", {{first, "orders"}, {first + 1, "articles"}}});
  }

  void ChangeSomething() {
    if (model_.is_dropped()) return EndDrop();
    const PlaceId place = places_[Below(places_.size())];
    const uint64_t what = Below(60);
    what < 2    ? ChangeCatalog(place)
    : what < 15 ? ChangeReservations(place)
                : ChangeReferences(place);
  }

  // ---- Folds ----

  absl::Status FoldUpTo(Lsn upto, bool merge) {
    SnapshotFolder& snapshots = *files_.snapshots;
    const auto current = snapshots.current();
    Fold fold(snapshots.path(), recent_max_);
    if (auto status = fold.Gather(*current, *files_.journal, upto); !status.ok()) return status;
    if (!merge) return fold.SetInto(*current);
    const auto next = snapshots.MakeNext();
    if (!next.ok()) return next.status();
    auto status = fold.MergeInto(**next, *current, 0);
    return status.ok() ? snapshots.Switch(*next) : status;
  }

  Lsn Applied() { return files_.snapshots->current()->ReadApplied()->lsn; }
  Lsn SomeLsn() { return Applied() + Below(lsn_ - Applied() + 1); }

  // In a process that dies in the midst of it, or behind it.
  void FoldCutShort() {
    static constexpr const char* kPoints[] = {
        "checkpoint-transaction", "checkpoint-references", "checkpoint-applied",
        "recent-transaction",     "recent-blocks",         "merge-references",
        "merge-applied",          "switch-before",         "switch-after"};
    const Lsn upto = SomeLsn();
    const bool merge = Below(4) == 0;
    const std::string point = kPoints[merge ? 3 + Below(6) : Below(5)];
    const std::string passes = Below(2) == 0 ? ":1" : ":2";
    Close();
    const pid_t child = fork();
    if (child == 0) {
      setenv("XREFD_FAILPOINT", (point + passes).c_str(), 1);
      if (!ArmFailpoint()) _exit(2);
      Open();
      _exit(FoldUpTo(upto, merge).ok() ? 0 : 1);
    }
    int state = 0;
    ASSERT_EQ(waitpid(child, &state, 0), child);
    EXPECT_TRUE(WIFSIGNALED(state) || WEXITSTATUS(state) == 0);
    Open();
  }

  void FoldSomehow() {
    const uint64_t way = Below(5);
    if (way < 2) return FoldCutShort();
    if (way == 2) {
      ASSERT_TRUE(FoldUpTo(SomeLsn(), Below(2) == 0).ok());
    } else if (way == 3) {
      ASSERT_TRUE(Checkpoint(*files_.journal, *files_.snapshots).ok());
    } else {
      Close();
      Open();
    }
  }

  // ---- Comparing ----

  void ExpectRecoversModel() {
    ReferenceStore store(1);
    const auto recovered = Recover(*files_.journal, *files_.snapshots->current(), store,
                                   [](const RecoveryProgress&) { return true; });
    ASSERT_TRUE(recovered.ok()) << recovered.status();
    EXPECT_EQ(recovered->lsn, lsn_);
    for (const PlaceId place : places_) {
      if (model_.is_dropped()) {
        EXPECT_EQ(store.WriterCatalog().FindType(place), nullptr);
        EXPECT_EQ(store.WriterIndex(place), nullptr);
        continue;
      }
      EXPECT_EQ(store.WriterCatalog().FindType(place)->partition, model_.PartitionOf(place));
      uint64_t references = 0;
      for (const auto& [key, reference] : model_.references()) {
        if (key.first != model_.PartitionOf(place)) continue;
        ++references;
        EXPECT_EQ(store.WriterIndex(place)->Find(key.second), reference.target) << key.second;
      }
      EXPECT_EQ(store.WriterIndex(place)->size(), references);
    }
    EXPECT_EQ(store.WriterCatalog().trash().size(),
              model_.trash().size() + (model_.is_dropped() ? 1 : 0));
    Lines reservations;
    AddLines(store.WriterReservations(), reservations);
    EXPECT_EQ(reservations, model_.ReservationLines());
  }

  void ExpectSnapshotIsModel() {
    const auto lines = LinesOf(*files_.snapshots->current());
    ASSERT_TRUE(lines.ok()) << lines.status();
    const Lines expected = model_.SnapshotLines();
    std::vector<std::string> missing, extra;
    std::set_difference(expected.begin(), expected.end(), lines->begin(), lines->end(),
                        std::back_inserter(missing));
    std::set_difference(lines->begin(), lines->end(), expected.begin(), expected.end(),
                        std::back_inserter(extra));
    ASSERT_TRUE(missing.empty()) << missing.size() << " missing, such as " << missing.front();
    ASSERT_TRUE(extra.empty()) << extra.size() << " extra, such as " << extra.front();
    const Examination found = Examine(*files_.journal, *files_.snapshots->current(),
                                      [](const ExaminationProgress&) { return absl::OkStatus(); });
    EXPECT_TRUE(found.damages.empty()) << found.damages.front();
    for (const PlaceId place : places_) {
      ExpectListsNewest(place);
      ExpectListsByTarget(place, "", true);
    }
  }

  // The place's references in another order, of the model.
  std::vector<Row> RowsOf(PlaceId place) {
    std::vector<Row> rows;
    for (const auto& [key, reference] : model_.references()) {
      if (key.first != model_.PartitionOf(place)) continue;
      const Lsn lsn = reference.updated ? reference.updated->lsn : reference.created.lsn;
      rows.push_back({lsn, reference.target, key.second});
    }
    return rows;
  }

  // Page by page, those of the latest changes first. Returns how many of the references are listed.
  size_t ExpectListsNewest(PlaceId place) {
    std::vector<Row> expected = RowsOf(place);
    std::sort(expected.begin(), expected.end(), [](const Row& a, const Row& b) {
      return a.lsn != b.lsn ? a.lsn > b.lsn : a.source < b.source;
    });
    std::vector<Row> listed;
    Snapshot::NewestCursor cursor;
    std::string after;
    Lsn complete_from = 0;
    for (bool more = true; more;) {
      int left = 7;
      const auto reached = files_.snapshots->current()->ListNewest(
          model_.PartitionOf(place), cursor, [&](const Snapshot::Met& met) {
            after = met.source;
            cursor = {met.lsn, after};
            if (met.reference == nullptr) return true;
            EXPECT_EQ(met.reference->source, met.source);
            listed.push_back({met.lsn, std::string(met.reference->target), after});
            return --left > 0;
          });
      EXPECT_TRUE(reached.ok()) << reached.status();
      if (!reached.ok()) return 0;
      more = left == 0;
      complete_from = *reached;
    }
    std::erase_if(expected, [&](const Row& row) { return row.lsn < complete_from; });
    EXPECT_EQ(listed, expected);
    return listed.size();
  }

  // Page by page, in the order of targets; the sources of a target come from the model.
  void ExpectListsByTarget(PlaceId place, const std::string& prefix, bool tells_sources) {
    std::vector<Row> expected = RowsOf(place);
    std::erase_if(expected, [&](const Row& row) { return !row.target.starts_with(prefix); });
    std::sort(expected.begin(), expected.end(), [](const Row& a, const Row& b) {
      return std::tie(a.target, a.source) < std::tie(b.target, b.source);
    });
    using Sources = std::optional<std::vector<std::string>>;
    const auto sources_of = [&](std::string_view target, std::string_view after) -> Sources {
      if (!tells_sources) return std::nullopt;
      std::vector<std::string> sources;
      for (const Row& row : expected) {
        if (row.target == target && row.source > after) sources.push_back(row.source);
      }
      return sources;
    };
    std::vector<Row> listed;
    std::string target, source;
    for (bool more = true; more;) {
      int left = 7;
      const auto status = files_.snapshots->current()->ListByTarget(
          model_.PartitionOf(place), {.target = target, .source = source, .prefix = prefix},
          sources_of, [&](const Snapshot::Met& met) {
            const std::string at(met.target);
            source = met.source;
            target = at;
            if (met.reference == nullptr) return true;
            listed.push_back({met.reference->lsn(), at, std::string(met.reference->source)});
            return --left > 0;
          });
      ASSERT_TRUE(status.ok()) << status;
      more = left == 0;
    }
    EXPECT_EQ(listed, expected);
  }

  // Page by page, and each source by itself, as somebody reads it who looks for a reason.
  void ExpectReadableByPeople(PlaceId place, const std::string& prefix) {
    Snapshot& snapshot = *files_.snapshots->current();
    const PlaceId partition = model_.PartitionOf(place);
    Lines listed;
    std::string after;
    for (bool more = true; more;) {
      int left = 7;
      const auto status =
          snapshot.List(partition, {after, prefix}, [&](const StoredReference& reference) {
            EXPECT_LT(after, reference.source);
            after = reference.source;
            listed.insert(LineOf(reference));
            return --left > 0;
          });
      ASSERT_TRUE(status.ok()) << status;
      more = left == 0;
    }
    Lines expected, events;
    for (uint64_t i = 0; i < sources_; ++i) {
      const std::string source = "S" + std::to_string(i);
      const auto found = snapshot.Find(partition, source, [&](const StoredReference& reference) {
        EXPECT_EQ(reference.source, source);
        if (source.starts_with(prefix)) expected.insert(LineOf(reference));
      });
      EXPECT_EQ(found.value(), model_.Find(place, source) != nullptr);
      Lsn before = 0;
      const auto status = snapshot.ReadHistory(partition, source, [&](const HistoryEvent& event) {
        EXPECT_LT(before, event.made.lsn);
        before = event.made.lsn;
        events.insert(LineOf(partition, source, event));
      });
      ASSERT_TRUE(status.ok()) << status;
    }
    EXPECT_EQ(listed, expected);
    EXPECT_EQ(events, model_.EventLines(partition));
  }

  std::string path_;
  std::unique_ptr<DataFolder> folder_;
  DataFiles files_;
  Lsn lsn_ = 0;
  std::vector<std::string> waiting_;  // records up to lsn_
  uint64_t sources_ = 3000;
  uint64_t recent_max_ = kRecentMax;
  IntegrationId integration_ = 1;
  std::vector<PlaceId> places_ = {1, 2};
  std::mt19937_64 random_;
  Model model_;
};

TEST_F(FoldTest, EveryKindOfChangeFoldedInAnyWayIsWhatItWouldBeWithoutFolds) {
  for (int round = 0; round < 12; ++round) {
    for (uint64_t left = Below(120); left > 0; --left) ChangeSomething();
    WriteJournal();
    for (uint64_t left = Below(4); left > 0; --left) FoldSomehow();
    ExpectRecoversModel();
    if (HasFatalFailure()) return;
    if (Below(2) == 0) continue;
    ASSERT_TRUE(FoldUpTo(lsn_, Below(2) == 0).ok());
    ExpectSnapshotIsModel();
    if (HasFatalFailure()) return;
  }
}

TEST_F(FoldTest, OfTheLatestChangesSoManyAreKeptAndAreAllThere) {
  sources_ = 400;
  recent_max_ = 150;
  size_t listed = 0;
  for (int round = 0; round < 12; ++round) {
    for (uint64_t left = Below(60); left > 0; --left) ChangeSomething();
    WriteJournal();
    if (Below(3) == 0) FoldCutShort();
    ASSERT_TRUE(FoldUpTo(lsn_, Below(2) == 0).ok());
    for (const PlaceId place : places_) listed = std::max(listed, ExpectListsNewest(place));
    ExpectSnapshotIsModel();
    if (HasFailure()) return;
  }
  // A change is kept whole.
  EXPECT_LT(listed, recent_max_ + 100);
  EXPECT_GT(listed, 50U);
}

TEST_F(FoldTest, ListingFindingAndHistoryTellWhatIsInTheSnapshot) {
  sources_ = 300;
  for (int i = 0; i < 400; ++i) ChangeSomething();
  WriteJournal();
  ASSERT_TRUE(FoldUpTo(lsn_, true).ok());
  for (const PlaceId place : places_) {
    EXPECT_EQ(ExpectListsNewest(place), RowsOf(place).size());
    ExpectListsByTarget(place, "T1", true);
    ExpectListsByTarget(place, "T1", false);
    ExpectListsByTarget(place, "nothing", true);
    ExpectReadableByPeople(place, "");
    ExpectReadableByPeople(place, "S1");
    ExpectReadableByPeople(place, "nothing");
  }
}

TEST_F(FoldTest, WhatWasLinkedAtATimeIsToldWhateverHappenedSince) {
  struct Moment {
    int64_t time_us;
    PlaceId partition;
    std::map<std::string, std::string> targets;
  };
  sources_ = 100;
  std::vector<Moment> moments;
  for (int i = 0; i < 400; ++i) {
    const uint64_t what = Below(80);
    what == 0   ? PurgeReferences(1)
    : what == 1 ? EmptySomeTrash()
    : what < 15 ? ChangeReservations(1)
                : ChangeReferences(1);
    if (i % 20 == 0) {
      Moment& moment = moments.emplace_back();
      moment.time_us = static_cast<int64_t>(1000 * lsn_);
      moment.partition = model_.PartitionOf(1);
      for (const Row& row : RowsOf(1)) moment.targets[row.source] = row.target;
    }
    if (i % 100 != 99) continue;
    WriteJournal();
    ASSERT_TRUE(FoldUpTo(lsn_, Below(2) == 0).ok());
  }
  Snapshot& snapshot = *files_.snapshots->current();
  const auto partitions = PastPartitionsOf(snapshot, 1);
  ASSERT_TRUE(partitions.ok()) << partitions.status();
  for (const Moment& moment : moments) {
    const auto then =
        std::find_if(partitions->begin(), partitions->end(), [&](const PastPartition& past) {
          return past.purged_lsn == 0 || past.purged_us > moment.time_us;
        });
    EXPECT_EQ(then->partition, moment.partition);
    const bool emptied =
        moment.partition != model_.PartitionOf(1) &&
        std::count(model_.trash().begin(), model_.trash().end(), moment.partition) == 0;
    for (uint64_t i = 0; i < sources_ && !emptied; ++i) {
      const std::string source = "S" + std::to_string(i);
      const auto at = moment.targets.find(source);
      const auto target = TargetAt(snapshot, moment.partition, source, moment.time_us);
      ASSERT_TRUE(target.ok()) << target.status();
      EXPECT_EQ(*target, at == moment.targets.end() ? "" : at->second) << source;
    }
  }
}

TEST_F(FoldTest, HistoryFromBeforeTheTimeToKeepIsDroppedWhenSnapshotsAreMerged) {
  for (int i = 0; i < 100; ++i) ChangeReferences(1);
  WriteJournal();
  ASSERT_TRUE(FoldUpTo(lsn_, true).ok());
  ASSERT_FALSE(model_.EventLines(1).empty());
  const Stamp later = NextStamp();
  for (int i = 0; i < 100; ++i) ChangeReferences(1);
  WriteJournal();
  ASSERT_TRUE(Checkpoint(*files_.journal, *files_.snapshots, {.from_us = later.time_us}).ok());
  const auto applied = files_.snapshots->current()->ReadApplied();
  EXPECT_EQ(applied->history_from_us, later.time_us);
  EXPECT_GE(applied->oldest_event_us, later.time_us);
  auto history = files_.snapshots->current()->Scan(Snapshot::Table::kHistory);
  uint64_t events = 0;
  for (; *history->Next(); ++events) {
    EXPECT_GE(ParseEvent(history->key(), history->value())->made.lsn, later.lsn);
  }
  EXPECT_GT(events, 0U);
}

TEST_F(FoldTest, HistoryThatIsTooOldGoesEvenIfNothingMuchHappens) {
  for (int i = 0; i < 100; ++i) ChangeReferences(1);
  WriteJournal();
  ASSERT_TRUE(FoldUpTo(lsn_, true).ok());
  const Lines before = model_.EventLines(1);
  ASSERT_FALSE(before.empty());
  sources_ = 1;
  const Stamp later = NextStamp();
  model_.Add(2, "S", "T", later);
  IdList source, target;
  source.Add("S");
  target.Add("T");
  Append(AddReferences{2, later.origin, source.View(), target.View()}, later);
  WriteJournal();
  // Not old enough to write a new snapshot for it.
  const HistoryKept young{.from_us = later.time_us, .at_the_latest_us = 1000};
  ASSERT_TRUE(Checkpoint(*files_.journal, *files_.snapshots, young).ok());
  ExpectSnapshotIsModel();
  EXPECT_EQ(files_.snapshots->current()->ReadApplied()->history_from_us, 0);
  // Old enough, and nothing has happened since.
  const HistoryKept old{.from_us = later.time_us, .at_the_latest_us = later.time_us};
  ASSERT_TRUE(Checkpoint(*files_.journal, *files_.snapshots, old).ok());
  auto history = files_.snapshots->current()->Scan(Snapshot::Table::kHistory);
  EXPECT_FALSE(*history->Next());
  const auto applied = files_.snapshots->current()->ReadApplied();
  EXPECT_EQ(applied->history_from_us, later.time_us);
  EXPECT_EQ(applied->oldest_event_us, Snapshot::Applied::kNoEvent);
  EXPECT_EQ(applied->lsn, lsn_);
  ExpectRecoversModel();
  // And it is not written anew for nothing.
  const auto current = files_.snapshots->current();
  ASSERT_TRUE(Checkpoint(*files_.journal, *files_.snapshots, old).ok());
  EXPECT_EQ(files_.snapshots->current(), current);
}

// More operations on each source than a transaction holds.
TEST_F(FoldTest, ManyChangesToFewSourcesKeepTheirWholeHistory) {
  sources_ = 2;
  for (int round = 0; round < 3; ++round) {
    for (int i = 0; i < 2000; ++i) ChangeReferences(1);
    WriteJournal();
    FoldCutShort();
    ASSERT_TRUE(FoldUpTo(lsn_, round == 1).ok());
    ExpectSnapshotIsModel();
    if (HasFatalFailure()) return;
  }
}

}  // namespace
}  // namespace xref::test
