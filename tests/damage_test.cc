// Damage to the files of a data folder: flipped bits, zeroed pages, files that were cut short or
// are missing. Each trial is a process of its own that opens a damaged copy, so that a crash or a
// hang is seen as what it is. XREF_DAMAGE_TRIALS sets how many there are.

#include <gtest/gtest.h>
#include <sys/wait.h>
#include <unistd.h>

#include <algorithm>
#include <csignal>
#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <iterator>
#include <map>
#include <random>
#include <string>
#include <vector>

#include "index/reference_store.h"
#include "persistence/checkpoint.h"
#include "persistence/data_files.h"
#include "persistence/examination.h"
#include "persistence/recovery.h"
#include "protocol/change_codec.h"
#include "tests/snapshot_lines.h"

namespace xref {
namespace {

namespace fs = std::filesystem;
using Pairs = std::map<std::string, std::string>;

constexpr uint64_t kMap = uint64_t{1} << 30;
constexpr PlaceId kOrders = 3;
constexpr PlaceId kArticles = 4;
constexpr size_t kPageBytes = 4096;
constexpr unsigned kTrialSeconds = 30;
// The heads of pages are where damage does most.
constexpr size_t kHeadBytes = 200;

// A data folder that is open, and what it is known to hold.
class Folder {
 public:
  explicit Folder(std::string path) : path_(std::move(path)) {}
  // A copy of `other`, which is closed.
  Folder(std::string path, const Folder& other)
      : path_(std::move(path)), model_(other.model_), lsn_(other.lsn_), lines_(other.lines_) {}

  absl::Status Open() {
    auto folder = DataFolder::Lock(path_);
    if (!folder.ok()) return folder.status();
    folder_ = std::make_unique<DataFolder>(*std::move(folder));
    auto files = OpenDataFiles(*folder_, kMap);
    if (!files.ok()) return files.status();
    files_ = *std::move(files);
    return absl::OkStatus();
  }
  void Close() {
    files_ = {};
    folder_.reset();
  }

  absl::Status Append(decltype(Change::what) what) {
    const Change change{.lsn = ++lsn_, .epoch = 1, .actor = "ada", .what = std::move(what)};
    std::string bytes;
    protocol::EncodeChange(change, bytes);
    const JournalRecord record{lsn_, bytes};
    return files_.journal->Append({&record, 1});
  }
  absl::Status Add(uint64_t first, uint64_t count) {
    IdList sources;
    IdList targets;
    for (uint64_t i = first; i < first + count; ++i) {
      const std::string source = std::to_string(i * 7919 % 1'000'003);
      const std::string target = "T-" + std::to_string(i);
      sources.Add(source);
      targets.Add(target);
      model_[source] = target;
    }
    return Append(AddReferences{kOrders, Origin::kSync, sources.View(), targets.View()});
  }
  absl::Status CreateIntegration() {
    return Append(xref::CreateIntegration{
        1, "shop-erp", "Shop", "ERP", {{kOrders, "orders"}, {kArticles, "articles"}}});
  }
  // Everything that can be done but adding, to as many sources as are there already.
  absl::Status DoAllElse(uint64_t count) {
    IdList edited, edited_from, edited_to, deleted, deleted_from, others;
    for (auto at = model_.begin(); count > 0 && at != model_.end(); --count) {
      if (count % 2 == 0) {
        edited.Add(at->first);
        edited_from.Add(at->second);
        at->second += "-edited";
        edited_to.Add(at->second);
        ++at;
      } else {
        deleted.Add(at->first);
        deleted_from.Add(at->second);
        at = model_.erase(at);
      }
      others.Add("other-" + std::to_string(count));
    }
    const Change changes[] = {
        {.what = SetReferences{kOrders, Origin::kManual, true, edited.View(), edited_to.View(),
                               edited_from.View()}},
        {.what = DeleteReferences{kOrders, deleted.View(), deleted_from.View()}},
        {.what = IgnoreSources{kOrders, true, edited.View()}},
        {.what = GrantClaims{kOrders, 1000, lsn_ * 1000, others.View(), others.View()}},
        {.what = AddReferences{kArticles, Origin::kSync, others.View(), others.View()}},
        {.what = PurgePlace{kArticles, next_number_++, others.size()}}};
    for (const Change& change : changes) {
      if (auto status = Append(change.what); !status.ok()) return status;
    }
    return absl::OkStatus();
  }
  absl::Status Checkpoint() {
    return xref::Checkpoint(*files_.journal, *files_.snapshots).status();
  }

  // What the snapshot holds now is what it must hold until the next checkpoint.
  void Remember() { lines_ = *test::LinesOf(*files_.snapshots->current()); }
  // DataLoss, or whether the snapshot holds it.
  absl::StatusOr<bool> HoldsRemembered() {
    const auto lines = test::LinesOf(*files_.snapshots->current());
    if (!lines.ok()) return lines.status();
    return lines_.empty() || *lines == lines_;
  }

  // DataLoss, or whether exactly the model is there.
  absl::StatusOr<bool> HoldsModel() {
    ReferenceStore store(1);
    const auto recovered = Recover(*files_.journal, *files_.snapshots->current(), store,
                                   [](const RecoveryProgress&) { return true; });
    if (!recovered.ok()) return recovered.status();
    const ReferenceIndex* index = store.WriterIndex(kOrders);
    if (recovered->lsn != lsn_ || index == nullptr || index->size() != model_.size()) return false;
    bool same = true;
    for (const auto& [source, target] : model_) {
      IdList one;
      one.Add(source);
      const bool placed = store.Lookup(0, kOrders, one.View(),
                                       [&](auto targets) { same = same && targets[0] == target; });
      same = same && placed;
    }
    return same;
  }

  Examination Examine() {
    return xref::Examine(*files_.journal, *files_.snapshots->current(),
                         [](const ExaminationProgress&) { return absl::OkStatus(); });
  }

  Lsn lsn() const { return lsn_; }

 private:
  const std::string path_;
  Pairs model_;
  Lsn lsn_ = 0;
  PlaceId next_number_ = kArticles + 1;
  test::Lines lines_;  // empty for none
  std::unique_ptr<DataFolder> folder_;
  DataFiles files_;
};

// How a process ended that opened a damaged folder.
enum TrialOutcome : int {
  kRefused,   // it said what is damaged
  kHarmless,  // everything was there, and could be added to
  kWrong,     // something was missing, or too much
  kBroke,     // an error that does not tell of damage
};

class Damage : public testing::Test {
 protected:
  void SetUp() override {
    std::string path = testing::TempDir() + "xref-damage-XXXXXX";
    ASSERT_NE(mkdtemp(path.data()), nullptr);
    path_ = path;
  }
  void TearDown() override { fs::remove_all(path_); }

  // A folder with a snapshot that was merged and set into, and a journal that was trimmed and goes
  // on: free pages, values in overflow pages, branches.
  Folder MakeFolder(bool with_snapshot) {
    Folder folder(path_ + "/sound");
    EXPECT_TRUE(folder.Open().ok());
    EXPECT_TRUE(folder.CreateIntegration().ok());
    EXPECT_TRUE(folder.Add(0, 3000).ok());
    if (with_snapshot) {
      EXPECT_TRUE(folder.Checkpoint().ok());
      for (uint64_t i = 0; i < 5; ++i) {
        EXPECT_TRUE(folder.Add(3000 + i * 10, 10).ok());
        EXPECT_TRUE(folder.DoAllElse(8).ok());
        EXPECT_TRUE(folder.Checkpoint().ok());
      }
      folder.Remember();
    }
    for (uint64_t i = 0; i < 30; ++i) {
      EXPECT_TRUE(folder.Add(10'000 + i * 50, 1 + i % 3 * 20).ok());
    }
    EXPECT_TRUE(folder.HoldsModel().value_or(false));
    folder.Close();
    return folder;
  }

  // Runs in a process of its own.
  static TrialOutcome Try(const std::string& path, const Folder& sound) {
    Folder folder(path, sound);
    auto judge = [](const absl::Status& status) {
      return absl::IsDataLoss(status) || absl::IsFailedPrecondition(status) ? kRefused : kBroke;
    };
    if (auto status = folder.Open(); !status.ok()) return judge(status);
    auto holds = folder.HoldsModel();
    if (!holds.ok()) return judge(holds.status());
    if (!*holds) return kWrong;
    holds = folder.HoldsRemembered();
    if (!holds.ok()) return judge(holds.status());
    if (!*holds) return kWrong;
    // What was let in must also bear to be written to.
    if (auto status = folder.Add(900'000, 200); !status.ok()) return judge(status);
    if (auto status = folder.Checkpoint(); !status.ok()) return judge(status);
    folder.Close();
    if (auto status = folder.Open(); !status.ok()) return judge(status);
    holds = folder.HoldsModel();
    if (!holds.ok()) return judge(holds.status());
    return *holds ? kHarmless : kWrong;
  }

  // What became of a damaged copy: an outcome, or what no trial may end with, in words.
  static std::string RunTrial(const std::string& path, const Folder& sound, TrialOutcome& outcome) {
    const pid_t child = fork();
    if (child == 0) {
      alarm(kTrialSeconds);
      _exit(Try(path, sound));
    }
    int state = 0;
    if (child < 0 || waitpid(child, &state, 0) != child) return "it could not be run";
    if (WIFSIGNALED(state)) {
      return WTERMSIG(state) == SIGALRM ? "it hangs" : strsignal(WTERMSIG(state));
    }
    outcome = static_cast<TrialOutcome>(WEXITSTATUS(state));
    if (outcome == kWrong) return "it holds something else than what was acknowledged";
    return outcome == kRefused || outcome == kHarmless ? "" : "an error that tells of no damage";
  }

  std::vector<std::string> Files(const std::string& folder) {
    std::vector<std::string> files;
    for (const auto& entry : fs::recursive_directory_iterator(folder)) {
      if (entry.is_regular_file()) files.push_back(fs::relative(entry.path(), folder));
    }
    std::sort(files.begin(), files.end());
    return files;
  }

  // Damages one file and says how.
  std::string DamageSomething(const std::string& folder, std::mt19937_64& random) {
    const std::vector<std::string> files = Files(folder);
    // Most of the time where the data is.
    std::string name = files[random() % files.size()];
    while (!name.ends_with("data.mdb") && random() % 4 != 0) name = files[random() % files.size()];
    const std::string path = folder + "/" + name;
    const uint64_t size = fs::file_size(path);
    const uint64_t kind = random() % 10;
    if (kind == 0) {
      fs::remove(path);
      return name + " removed";
    }
    if (size == 0 || kind == 1) {
      const uint64_t to = size == 0 ? 0 : random() % size;
      fs::resize_file(path, to);
      return name + " cut to " + std::to_string(to);
    }
    std::fstream file(path, std::ios::binary | std::ios::in | std::ios::out);
    std::string bytes(std::istreambuf_iterator<char>(file), {});
    const uint64_t page = random() % ((size + kPageBytes - 1) / kPageBytes) * kPageBytes;
    const uint64_t page_bytes = std::min<uint64_t>(kPageBytes, size - page);
    std::string what;
    if (kind == 2) {
      std::fill_n(bytes.begin() + static_cast<long>(page), page_bytes, '\0');
      what = " zeroed from " + std::to_string(page);
    } else {
      const bool head = random() % 2 == 0;
      const uint64_t within = head ? std::min<uint64_t>(kHeadBytes, page_bytes) : page_bytes;
      for (uint64_t flips = kind == 3 ? 16 : 1; flips > 0; --flips) {
        const uint64_t at = page + random() % within;
        const uint64_t bit = random() % 8;
        bytes[at] = static_cast<char>(bytes[at] ^ (1 << bit));
        what += " bit " + std::to_string(at) + "." + std::to_string(bit);
      }
    }
    file.seekp(0);
    file.write(bytes.data(), static_cast<std::streamsize>(bytes.size()));
    return name + what;
  }

  void RunTrials(const Folder& sound, uint64_t trials) {
    const char* asked_seed = std::getenv("XREF_SEED");
    const uint64_t seed = asked_seed != nullptr ? std::stoull(asked_seed) : std::random_device()();
    std::mt19937_64 random(seed);
    std::map<TrialOutcome, uint64_t> outcomes;
    const std::string copy = path_ + "/copy";
    for (uint64_t trial = 0; trial < trials; ++trial) {
      fs::remove_all(copy);
      fs::copy(path_ + "/sound", copy, fs::copy_options::recursive);
      const std::string how = DamageSomething(copy, random);
      TrialOutcome outcome{};
      const std::string fault = RunTrial(copy, sound, outcome);
      ASSERT_EQ(fault, "") << how << "; XREF_SEED=" << seed << ", trial " << trial;
      ++outcomes[outcome];
    }
    std::printf("%llu trials: %llu detected, %llu harmless\n",
                static_cast<unsigned long long>(trials),
                static_cast<unsigned long long>(outcomes[kRefused]),
                static_cast<unsigned long long>(outcomes[kHarmless]));
  }

  static uint64_t Trials(uint64_t usual) {
    const char* asked = std::getenv("XREF_DAMAGE_TRIALS");
    return asked != nullptr ? std::stoull(asked) : usual;
  }

  std::string path_;
};

TEST_F(Damage, OfAnyFileIsDetectedOrHarmless) {
  const Folder sound = MakeFolder(true);
  RunTrials(sound, Trials(150));
}

TEST_F(Damage, OfAJournalAloneIsDetectedOrHarmless) {
  const Folder sound = MakeFolder(false);
  RunTrials(sound, Trials(100));
}

TEST_F(Damage, ASoundFolderIsFoundSound) {
  Folder folder = MakeFolder(true);
  ASSERT_TRUE(folder.Open().ok());
  const Examination found = folder.Examine();
  EXPECT_TRUE(found.damages.empty()) << found.damages[0];
  EXPECT_TRUE(found.interrupted.ok());
  EXPECT_EQ(found.references, 3050U + 5 * 4);  // 8 more in the trash, for each 4 deleted
  EXPECT_EQ(found.changes, 30U);
  EXPECT_EQ(found.lsn, folder.lsn());
}

// A file that is damaged while it is in use: the examination reads what the disk has.
TEST_F(Damage, UnderARunningDaemonIsFoundByTheExamination) {
  Folder folder = MakeFolder(true);
  ASSERT_TRUE(folder.Open().ok());
  for (const std::string& name : Files(path_ + "/sound")) {
    if (!name.ends_with("data.mdb")) continue;
    const std::string path = path_ + "/sound/" + name;
    std::fstream file(path, std::ios::binary | std::ios::in | std::ios::out);
    std::string bytes(std::istreambuf_iterator<char>(file), {});
    // Wherever it stands: some of the places are in pages that are free.
    for (size_t at = bytes.find("T-10120"); at != std::string::npos;
         at = bytes.find("T-10120", at + 1)) {
      file.seekp(static_cast<std::streamoff>(at));
      file.put('X');
    }
  }
  const Examination found = folder.Examine();
  ASSERT_EQ(found.damages.size(), 1U) << testing::PrintToString(found.damages);
  EXPECT_NE(found.damages[0].find("journal: change"), std::string::npos) << found.damages[0];
}

}  // namespace
}  // namespace xref
