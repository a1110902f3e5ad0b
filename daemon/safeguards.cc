#include "daemon/safeguards.h"

#include <fmt/format.h>
#include <xxhash.h>

namespace xref {
namespace {

constexpr int64_t kSecond = 1'000'000;
// Tokens and actors that are remembered; beyond that the old ones are dropped.
constexpr size_t kRememberedMax = 10'000;

}  // namespace

uint64_t Safeguards::Issue(uint64_t subject, int64_t now_us) {
  if (issued_.size() >= kRememberedMax) {
    absl::erase_if(issued_, [&](const auto& entry) { return entry.second.until_us < now_us; });
    if (issued_.size() >= kRememberedMax) issued_.clear();
  }
  uint64_t token = 0;
  while (token == 0 || issued_.contains(token)) token = uint64_t{random_()} << 32 | random_();
  issued_[token] = {subject, now_us + kTokenSeconds * kSecond};
  return token;
}

Safeguards::Redeemed Safeguards::Redeem(uint64_t token, uint64_t subject, int64_t now_us) {
  const auto found = issued_.find(token);
  if (found == issued_.end()) return Redeemed::kUnknown;
  const Issued issued = found->second;
  issued_.erase(found);
  if (issued.until_us < now_us) return Redeemed::kUnknown;
  return issued.subject == subject ? Redeemed::kGood : Redeemed::kOther;
}

bool Safeguards::AllowDeletes(std::string_view actor, uint64_t count, int64_t now_us) {
  if (minutes_.size() >= kRememberedMax) {
    absl::erase_if(minutes_, [&](const auto& entry) {
      return now_us - entry.second.began_us >= 60 * kSecond;
    });
  }
  Minute& minute = minutes_[std::string(actor)];
  if (now_us - minute.began_us >= 60 * kSecond) minute = {now_us, 0};
  if (minute.deletes + count > deletes_max_) return false;
  minute.deletes += count;
  return true;
}

Lsn Safeguards::VersionOf(PlaceId place) const {
  const auto found = versions_.find(place);
  return found == versions_.end() ? 0 : found->second;
}

uint64_t PurgeSubject(PlaceId place, Lsn version, uint64_t references) {
  const uint64_t parts[] = {place, version, references};
  return XXH3_64bits(parts, sizeof parts);
}

uint64_t DeleteSubject(PlaceId place, std::string_view actor, const IdBatch& sources) {
  uint64_t subject = XXH3_64bits_withSeed(actor.data(), actor.size(), place);
  subject = XXH3_64bits_withSeed(sources.lengths, sources.count, subject);
  return XXH3_64bits_withSeed(sources.bytes, sources.bytes_size, subject);
}

}  // namespace xref
