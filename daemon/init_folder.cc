#include "daemon/init_folder.h"

#include <fmt/format.h>

#include <optional>
#include <random>
#include <utility>
#include <vector>

#include "daemon/access_token.h"
#include "daemon/limits.h"
#include "daemon/wall_clock.h"
#include "index/catalog.h"
#include "persistence/data_files.h"
#include "persistence/recovery.h"
#include "protocol/change_codec.h"

namespace xref {
namespace {

constexpr std::string_view kActor = "xrefd --init";

// What has to be known to go on where the changes end.
struct Standing {
  Catalog catalog;
  Lsn lsn = 0;
  Epoch epoch = 0;
};

absl::Status Read(const DataFiles& files, Standing& standing) {
  Snapshot& snapshot = *files.snapshots->current();
  const auto applied = snapshot.ReadApplied();
  if (!applied.ok()) return applied.status();
  if (auto status = CheckBelongTogether(*files.journal, *applied); !status.ok()) return status;
  standing.lsn = applied->lsn;
  standing.epoch = applied->epoch;
  auto status = snapshot.ReadCatalog([&](const Change& change, std::string_view) {
    standing.catalog.Apply(change);
    return absl::OkStatus();
  });
  if (!status.ok()) return status;
  return files.journal->Read(applied->lsn + 1, [&](const JournalRecord& record) {
    Change change;
    if (const auto fault = protocol::DecodeChange(record.bytes, change)) {
      return absl::DataLossError(fmt::format("journal: change {}: {}", record.lsn, *fault));
    }
    standing.catalog.Apply(change);
    standing.lsn = change.lsn;
    standing.epoch = change.epoch;
    return absl::OkStatus();
  });
}

// "admin", or "admin-2" and so on where another one has the name.
std::string FreeName(const Catalog& catalog, int64_t now_us) {
  for (int number = 1;; ++number) {
    std::string name = number == 1 ? "admin" : fmt::format("admin-{}", number);
    bool taken = false;
    for (const AccessToken& token : catalog.tokens()) {
      taken = taken || (token.name == name && token.IsGood(now_us));
    }
    if (!taken) return name;
  }
}

}  // namespace

absl::StatusOr<MadeToken> MakeAdminToken(const std::string& data) {
  const auto folder = DataFolder::Lock(data);
  if (!folder.ok()) return folder.status();
  const auto files = OpenDataFiles(*folder, kMapBytes);
  if (!files.ok()) return files.status();
  Standing standing;
  if (auto status = Read(*files, standing); !status.ok()) return status;

  const int64_t now_us = WallClockNow();
  std::vector<std::string> encoded;
  const auto record = [&](decltype(Change::what) what) {
    protocol::EncodeChange({.lsn = ++standing.lsn,
                            .epoch = standing.epoch,
                            .time_us = now_us,
                            .actor = kActor,
                            .what = std::move(what)},
                           encoded.emplace_back());
  };
  const Lsn before = standing.lsn;
  if (before > 0) {
    ++standing.epoch;
    std::random_device random;
    record(BeginEpoch{uint64_t{random()} << 32 | random() | 1});
  }
  const TokenId number = standing.catalog.next_token();
  MadeToken made{FreeName(standing.catalog, now_us), MakeTokenText(number)};
  const std::string hash = HashOfToken(made.token);
  record(CreateToken{.token = number,
                     .role = Role::kAdmin,
                     .name = made.name,
                     .hash = hash,
                     .expires_us = 0,
                     .integrations = {}});
  std::vector<JournalRecord> records;
  for (size_t i = 0; i < encoded.size(); ++i) records.push_back({before + i + 1, encoded[i]});
  if (auto status = files->journal->Append(records); !status.ok()) return status;
  return made;
}

}  // namespace xref
