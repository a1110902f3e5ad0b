#include "persistence/stored_reservation.h"

#include <fmt/format.h>

#include <algorithm>

#include "persistence/keys.h"
#include "persistence/stored_reference.h"

namespace xref {
namespace {

using protocol::Reader;
using protocol::Writer;

enum class Kind : uint8_t { kClaim = 1, kIgnored = 2 };

constexpr size_t kSourceStart = sizeof(PlaceId) + sizeof(Kind);

std::string KeyOf(PlaceId place, Kind kind, std::string_view source) {
  std::string key;
  AppendBigEndian(place, key);
  key.push_back(static_cast<char>(kind));
  key.append(source);
  return key;
}

absl::Status Damaged(std::string_view key) {
  const bool has_source = key.size() > kSourceStart;
  return absl::DataLossError(fmt::format(
      "snapshot: the reservation of place {}, source ID \"{}\", is damaged",
      has_source ? ReadBigEndian<PlaceId>(key) : 0, has_source ? key.substr(kSourceStart) : key));
}

}  // namespace

std::vector<std::pair<std::string, std::string>> StoredEntriesOf(const Reservations& reservations) {
  std::vector<std::pair<std::string, std::string>> entries;
  entries.reserve(reservations.claims() + reservations.ignored());
  reservations.ForEachClaim([&](PlaceId place, std::string_view source, const Claim& claim) {
    std::string value;
    BeginSealed(value);
    Writer writer(value);
    writer.U64(claim.token);
    writer.U64(static_cast<uint64_t>(claim.until_us));
    writer.Text8(claim.owner);
    writer.Text8(claim.lost_owner);
    entries.emplace_back(KeyOf(place, Kind::kClaim, source), std::move(value));
  });
  reservations.ForEachIgnored([&](PlaceId place, std::string_view source) {
    std::string value;
    BeginSealed(value);
    entries.emplace_back(KeyOf(place, Kind::kIgnored, source), std::move(value));
  });
  for (auto& [key, value] : entries) EndSealed(key, 0, value);
  std::sort(entries.begin(), entries.end());
  return entries;
}

absl::Status LoadEntry(std::string_view key, std::string_view value, PlaceId places_end,
                       Reservations& reservations) {
  std::optional<Reader> reader = OpenSealed(key, value);
  if (!reader || key.size() <= kSourceStart) return Damaged(key);
  const auto place = ReadBigEndian<PlaceId>(key);
  if (place >= places_end) return Damaged(key);
  const auto kind = static_cast<Kind>(key[sizeof(PlaceId)]);
  const std::string_view source = key.substr(kSourceStart);
  if (kind == Kind::kClaim) {
    Claim claim;
    claim.token = reader->U64();
    claim.until_us = static_cast<int64_t>(reader->U64());
    claim.owner = reader->Text8();
    claim.lost_owner = reader->Text8();
    if (reader->ok()) reservations.SetClaim(place, source, std::move(claim));
  } else if (kind == Kind::kIgnored) {
    reservations.SetIgnored(place, source);
  } else {
    return Damaged(key);
  }
  return reader->ok() && reader->left() == 0 ? absl::OkStatus() : Damaged(key);
}

}  // namespace xref
