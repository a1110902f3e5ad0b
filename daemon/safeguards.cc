#include "daemon/safeguards.h"

#include <fmt/format.h>
#include <xxhash.h>

namespace xref {
namespace {

constexpr int64_t kSecond = 1'000'000;
// Tokens and actors that are remembered; beyond that the old ones are dropped, or all.
constexpr size_t kRememberedMax = 10'000;

template <typename Map, typename IsOld>
void MakeRoom(Map& map, IsOld is_old) {
  if (map.size() < kRememberedMax) return;
  absl::erase_if(map, [&](const auto& entry) { return is_old(entry.second); });
  if (map.size() >= kRememberedMax) map.clear();
}

}  // namespace

uint64_t Safeguards::DrawMark() {
  uint64_t mark = 0;
  while (mark == 0) mark = uint64_t{random_()} << 32 | random_();
  return mark;
}

uint64_t Safeguards::Issue(uint64_t subject, int64_t now_us) {
  MakeRoom(issued_, [&](const Issued& issued) { return issued.until_us < now_us; });
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
  const auto is_over = [&](const Minute& minute) {
    return now_us - minute.began_us >= 60 * kSecond;
  };
  MakeRoom(minutes_, is_over);
  Minute& minute = minutes_[std::string(actor)];
  if (is_over(minute)) minute = {now_us, 0};
  if (minute.deletes + count > deletes_max_) return false;
  minute.deletes += count;
  return true;
}

uint64_t Safeguards::VersionOf(PlaceId place) const {
  const auto found = versions_.find(place);
  return found == versions_.end() ? 0 : found->second;
}

uint64_t PurgeSubject(PlaceId place, uint64_t version, uint64_t references) {
  const uint64_t parts[] = {place, version, references};
  return XXH3_64bits(parts, sizeof parts);
}

uint64_t DropSubject(IntegrationId integration, const std::vector<uint64_t>& types) {
  return XXH3_64bits_withSeed(types.data(), types.size() * sizeof(uint64_t), integration);
}

uint64_t DeleteSubject(const protocol::MutationRequest& asked) {
  uint64_t subject = XXH3_64bits_withSeed(asked.actor.data(), asked.actor.size(), asked.place);
  for (const IdBatch& ids : {asked.sources, asked.expected}) {
    subject = XXH3_64bits_withSeed(ids.lengths, ids.count, subject);
    subject = XXH3_64bits_withSeed(ids.bytes, ids.bytes_size, subject);
  }
  return subject;
}

}  // namespace xref
