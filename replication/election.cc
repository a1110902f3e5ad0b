#include "replication/election.h"

#include <fmt/format.h>
#include <spdlog/spdlog.h>

#include <algorithm>
#include <boost/json.hpp>
#include <charconv>
#include <tuple>
#include <utility>

namespace xref {
namespace {

namespace json = boost::json;
using std::chrono::milliseconds;

// Between two looks at etcd, as a standby.
constexpr milliseconds kLookPause{200};
// Between two looks at what the feed would have recorded, as the primary.
constexpr milliseconds kRecordPause{50};
// How long a candidate waits for others to say how far they reach, and how long it gives one that
// reaches further.
constexpr milliseconds kCandidatesPause{300};
constexpr milliseconds kBetterCandidatePause{1'500};

std::string HexOf(uint64_t number) { return fmt::format("{:016x}", number); }

uint64_t FromHex(std::string_view text) {
  uint64_t number = 0;
  std::from_chars(text.data(), text.data() + text.size(), number, 16);
  return number;
}

std::string TextOf(const json::object& object, std::string_view name) {
  const json::value* found = object.if_contains(name);
  return found != nullptr && found->is_string() ? std::string(found->get_string()) : std::string();
}

uint64_t NumberOf(const json::object& object, std::string_view name) {
  const json::value* found = object.if_contains(name);
  if (found == nullptr) return 0;
  boost::system::error_code error;
  const auto number = found->to_number<uint64_t>(error);
  return error ? 0 : number;
}

json::object JsonOf(const Member& member) {
  return {{"name", member.name}, {"node", HexOf(member.node)}};
}

Member MemberOf(const json::object& object) {
  return {TextOf(object, "name"), FromHex(TextOf(object, "node"))};
}

absl::StatusOr<json::object> ParseValue(const EtcdKey& key) {
  boost::system::error_code error;
  json::value parsed = json::parse(key.value, error);
  if (!error && parsed.is_object()) return std::move(parsed.get_object());
  return absl::InternalError(fmt::format(
      "the key {} in etcd is not what an xrefd writes; is another program using it?", key.key));
}

}  // namespace

Election::Election(Options options, std::unique_ptr<Etcd> etcd, Follower& follower, Feed& feed,
                   Leadership& leadership, Actions actions)
    : options_(std::move(options)),
      prefix_(fmt::format("/xrefd/{}/", options_.cluster)),
      etcd_(std::move(etcd)),
      follower_(follower),
      feed_(feed),
      leadership_(leadership),
      actions_(std::move(actions)) {
  // A primary must be able to ask more than once before its lease ends.
  etcd_->set_timeout(std::chrono::duration_cast<milliseconds>(options_.lease) / 4);
}

void Election::Start() {
  thread_ = std::thread([this] { Run(); });
}

void Election::Stop() {
  {
    const std::lock_guard lock(mutex_);
    if (stopping_) return;
    stopping_ = true;
  }
  changed_.notify_all();
  if (thread_.joinable()) thread_.join();
  if (key_created_ == 0) return;
  leadership_.End();
  etcd_->Revoke(lease_).IgnoreError();
}

ElectionStatus Election::status() const {
  const std::lock_guard lock(mutex_);
  return status_;
}

void Election::Run() {
  do {
    if (key_created_ == 0) {
      FollowOn();
    } else {
      LeadOn();
    }
  } while (Wait(key_created_ == 0 ? kLookPause : kRecordPause));
}

bool Election::Wait(milliseconds time) {
  std::unique_lock lock(mutex_);
  return !changed_.wait_for(lock, time, [this] { return stopping_; });
}

void Election::NoteTrouble(std::string trouble) {
  const std::lock_guard lock(mutex_);
  if (trouble == status_.trouble) return;
  if (!trouble.empty()) spdlog::warn("cluster {}: {}", options_.cluster, trouble);
  status_.trouble = std::move(trouble);
}

Election::Clock::time_point Election::LeadsUntil(Clock::time_point lease_from) const {
  // A fifth earlier than etcd lets it end, for clocks that do not run alike.
  return lease_from + std::chrono::duration_cast<Clock::duration>(options_.lease) * 4 / 5;
}

// ---- What stands in etcd ----

std::string Election::KeyOf(std::string_view name) const { return prefix_ + std::string(name); }

std::string Election::RecordOf(const std::vector<Member>& in_sync) const {
  json::array members;
  for (const Member& member : in_sync) members.push_back(JsonOf(member));
  return json::serialize(
      json::object{{"primary", JsonOf(options_.self)}, {"in_sync", std::move(members)}});
}

absl::StatusOr<Election::View> Election::Look() {
  auto keys = etcd_->Read(prefix_);
  if (!keys.ok()) return keys.status();
  View view;
  for (EtcdKey& key : *keys) {
    const auto value = ParseValue(key);
    if (!value.ok()) return value.status();
    if (key.key == KeyOf("primary")) {
      view.primary_member = MemberOf(*value);
      view.primary_address = TextOf(*value, "address");
      view.primary = std::move(key);
    } else if (key.key == KeyOf("in-sync")) {
      view.record_modified = key.modified;
      const json::value* primary = value->if_contains("primary");
      if (primary != nullptr && primary->is_object()) {
        view.last_primary = MemberOf(primary->get_object());
      }
      const json::value* members = value->if_contains("in_sync");
      if (members != nullptr && members->is_array()) {
        for (const json::value& member : members->get_array()) {
          if (member.is_object()) view.in_sync.push_back(MemberOf(member.get_object()));
        }
      }
      std::sort(view.in_sync.begin(), view.in_sync.end());
    } else if (key.key.starts_with(KeyOf("candidates/"))) {
      view.candidates.push_back({FromHex(key.key.substr(KeyOf("candidates/").size())),
                                 NumberOf(*value, "epoch"), NumberOf(*value, "lsn")});
    }
  }
  return view;
}

// ---- As a standby ----

void Election::FollowOn() {
  const auto view = Look();
  if (!view.ok()) return NoteTrouble(std::string(view.status().message()));
  {
    const std::lock_guard lock(mutex_);
    status_.in_record = view->in_sync;
  }
  if (view->primary && view->primary_member.node == options_.self.node) {
    // From before this daemon was killed, or lost sight of etcd: it does not lead any more.
    const auto cleared =
        etcd_->Commit({.compare = {{KeyOf("primary"), true, view->primary->created}},
                       .puts = {},
                       .deletes = {KeyOf("primary")}});
    if (!cleared.ok()) NoteTrouble(std::string(cleared.status().message()));
    return;
  }
  if (view->primary) {
    NoteTrouble({});
    return follower_.SetPrimary(view->primary_address);
  }
  if (!MayTakeOver(*view)) {
    std::vector<Member> able = view->in_sync;
    able.insert(able.begin(), view->last_primary);
    NoteTrouble(
        fmt::format("there is no primary, and this daemon may lack changes that were acknowledged: "
                    "only one of these can take over: {}",
                    NamesOf(able)));
    return follower_.SetPrimary({});
  }
  if (!actions_.can_lead()) {
    return NoteTrouble("there is no primary, and this daemon is not able to lead at present");
  }
  const auto rivals =
      view->in_sync.size() - static_cast<size_t>(std::binary_search(
                                 view->in_sync.begin(), view->in_sync.end(), options_.self));
  Stand(rivals > 0 || view->record_modified == 0);
}

bool Election::MayTakeOver(const View& view) const {
  // The first one of a new cluster.
  if (view.record_modified == 0) return true;
  return view.last_primary == options_.self ||
         std::binary_search(view.in_sync.begin(), view.in_sync.end(), options_.self);
}

void Election::Stand(bool has_rivals) {
  const auto position = follower_.LetGo();
  if (!position) return;
  const auto fail = [&](const absl::Status& why) { NoteTrouble(std::string(why.message())); };
  const auto lease = etcd_->GrantLease(options_.lease);
  if (!lease.ok()) return fail(lease.status());
  lease_ = *lease;
  const auto stand =
      etcd_->Commit({.compare = {},
                     .puts = {{KeyOf("candidates/" + HexOf(options_.self.node)),
                               json::serialize(json::object{{"name", options_.self.name},
                                                            {"epoch", position->epoch},
                                                            {"lsn", position->lsn}}),
                               lease_}},
                     .deletes = {}});
  if (!stand.ok()) return fail(stand.status());
  const auto patience = Clock::now() + kBetterCandidatePause;
  for (bool is_best = false; !is_best;) {
    if (has_rivals && !Wait(kCandidatesPause)) return;
    const auto lease_from = Clock::now();
    const auto lives = etcd_->KeepAlive(lease_);
    if (!lives.ok()) return fail(lives.status());
    if (!*lives) return;
    const auto view = Look();
    if (!view.ok()) return fail(view.status());
    if (view->primary || !MayTakeOver(*view)) break;
    is_best = Clock::now() >= patience ||
              std::none_of(view->candidates.begin(), view->candidates.end(), [&](const auto& c) {
                return std::tie(c.epoch, c.lsn, c.node) >
                       std::tie(position->epoch, position->lsn, options_.self.node);
              });
    if (!is_best) continue;
    const auto claimed = Claim(*view, lease_from);
    if (!claimed.ok()) return fail(claimed.status());
    if (*claimed) return;
  }
  etcd_->Revoke(lease_).IgnoreError();
}

absl::StatusOr<bool> Election::Claim(const View& view, Clock::time_point lease_from) {
  // What the others in sync have is all that was acknowledged, until this daemon acknowledges
  // something: and for that it waits for them.
  std::vector<Member> in_sync = view.in_sync;
  std::erase(in_sync, options_.self);
  json::object primary = JsonOf(options_.self);
  primary["address"] = options_.address;
  const auto committed = etcd_->Commit(
      {.compare = {{KeyOf("primary"), true, 0}, {KeyOf("in-sync"), false, view.record_modified}},
       .puts = {{KeyOf("primary"), json::serialize(primary), lease_},
                {KeyOf("in-sync"), RecordOf(in_sync)}},
       .deletes = {KeyOf("candidates/" + HexOf(options_.self.node))}});
  if (!committed.ok()) return committed.status();
  if (!committed->done) return false;
  key_created_ = record_modified_ = committed->revision;
  leads_until_ = LeadsUntil(lease_from);
  renew_at_ = Clock::now();
  leadership_.Begin(leads_until_);
  const auto begun = BeginTerm(static_cast<Epoch>(committed->revision), in_sync);
  const std::lock_guard lock(mutex_);
  status_.trouble = std::string(begun.message());
  status_.in_record = std::move(in_sync);
  return true;
}

absl::Status Election::BeginTerm(Epoch epoch, std::vector<Member> in_sync) {
  struct Outcome {
    std::mutex mutex;
    std::condition_variable changed;
    std::optional<absl::Status> status;
  };
  const auto outcome = std::make_shared<Outcome>();
  Follower::Promotion promotion{.asked = {.force = true}};
  promotion.epoch = epoch;
  promotion.in_sync = std::move(in_sync);
  promotion.done = [outcome](absl::StatusOr<protocol::PromoteReply> promoted) {
    const std::lock_guard lock(outcome->mutex);
    outcome->status = promoted.status();
    outcome->changed.notify_all();
  };
  follower_.AskPromotion(std::move(promotion));
  for (;;) {
    {
      std::unique_lock lock(outcome->mutex);
      outcome->changed.wait_for(lock, kRecordPause, [&] { return outcome->status.has_value(); });
      if (outcome->status) return *outcome->status;
    }
    const std::lock_guard lock(mutex_);
    if (stopping_) return absl::CancelledError("the daemon is shutting down");
  }
}

// ---- As the primary ----

void Election::LeadOn() {
  if (!actions_.can_lead()) return StepDown("its disk does not work");
  absl::Status status;
  if (Clock::now() >= renew_at_) status = Renew();
  if (status.ok()) status = KeepRecord();
  if (absl::IsFailedPrecondition(status)) return StepDown(std::string(status.message()));
  if (Clock::now() >= leads_until_) {
    return StepDown(status.ok() ? "its lease has ended" : std::string(status.message()));
  }
  NoteTrouble(std::string(status.message()));
}

absl::Status Election::Renew() {
  const auto lease_from = Clock::now();
  // The key could be gone and the lease not: somebody may have removed it.
  const auto is_ours = etcd_->Commit(
      {.compare = {{KeyOf("primary"), true, key_created_}}, .puts = {}, .deletes = {}});
  if (!is_ours.ok()) return is_ours.status();
  if (!is_ours->done) return absl::FailedPreconditionError("its key in etcd is gone");
  const auto lives = etcd_->KeepAlive(lease_);
  if (!lives.ok()) return lives.status();
  if (!*lives) return absl::FailedPreconditionError("its lease has ended");
  leads_until_ = LeadsUntil(lease_from);
  leadership_.Extend(leads_until_);
  renew_at_ = lease_from + std::chrono::duration_cast<Clock::duration>(options_.lease) / 6;
  return absl::OkStatus();
}

absl::Status Election::KeepRecord() {
  auto wanted = feed_.FindNewRecord();
  if (!wanted) return absl::OkStatus();
  const auto committed = etcd_->Commit({.compare = {{KeyOf("primary"), true, key_created_},
                                                    {KeyOf("in-sync"), false, record_modified_}},
                                        .puts = {{KeyOf("in-sync"), RecordOf(*wanted)}},
                                        .deletes = {}});
  // Whether it was done, or will be once it gets there, is not known; the same is tried again, and
  // only one of the two can be done.
  if (!committed.ok()) return committed.status();
  if (!committed->done) {
    // One whose answer was lost, and which was done after all.
    const auto view = Look();
    if (!view.ok()) return view.status();
    if (!view->primary || view->primary->created != key_created_) {
      return absl::FailedPreconditionError("its key in etcd is gone");
    }
    record_modified_ = view->record_modified;
    wanted = view->in_sync;
  } else {
    record_modified_ = committed->revision;
  }
  spdlog::info("cluster {}: may take over: {}", options_.cluster, NamesOf(*wanted));
  feed_.NoteRecord(*wanted);
  const std::lock_guard lock(mutex_);
  status_.in_record = *std::move(wanted);
  return absl::OkStatus();
}

void Election::StepDown(const std::string& why) {
  spdlog::warn("cluster {}: not the primary any more: {}", options_.cluster, why);
  actions_.step_down();
  key_created_ = 0;
  etcd_->Revoke(lease_).IgnoreError();
}

}  // namespace xref
