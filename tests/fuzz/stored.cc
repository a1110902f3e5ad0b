// Keys and values of a snapshot's tables: what can be read is written to bytes that mean the same.
//
// The input is a kind, a byte that is odd where the value gets the checksum that it should have,
// the size of the key, the key, and the value.

#include <gtest/gtest.h>

#include <string>
#include <utility>
#include <vector>

#include "index/reservations.h"
#include "persistence/history.h"
#include "persistence/keys.h"
#include "persistence/meta_table.h"
#include "persistence/recent.h"
#include "persistence/snapshot.h"
#include "persistence/stored_reference.h"
#include "persistence/stored_reservation.h"
#include "persistence/target_blocks.h"
#include "protocol/change_codec.h"
#include "tests/fuzz/bodies.h"
#include "tests/fuzz/fuzz_bytes.h"

namespace xref::fuzz {
namespace {

void TryReference(std::string_view key, std::string_view value) {
  const auto parsed = ParseReference(key, value);
  if (!parsed.ok()) return;
  EXPECT_EQ(TargetIn(value), parsed->target);
  std::string written;
  const size_t key_bytes = AppendReference(*parsed, written);
  EXPECT_EQ(written.substr(0, key_bytes), key);
  const auto again = ParseReference(key, std::string_view(written).substr(key_bytes));
  ASSERT_TRUE(again.ok()) << again.status();
  EXPECT_EQ(again->target, parsed->target);
  EXPECT_EQ(again->lsn(), parsed->lsn());
  EXPECT_EQ(again->created.actor, parsed->created.actor);
  EXPECT_EQ(again->updated.has_value(), parsed->updated.has_value());
}

void TryEvent(std::string_view key, std::string_view value) {
  const auto parsed = ParseEvent(key, value);
  if (!parsed.ok()) return;
  std::string written;
  AppendEventValue(*parsed, key, written);
  const auto again = ParseEvent(key, written);
  ASSERT_TRUE(again.ok()) << again.status();
  EXPECT_EQ(again->before, parsed->before);
  EXPECT_EQ(again->after, parsed->after);
  EXPECT_EQ(again->created.lsn, parsed->created.lsn);
}

void TryReservation(std::string_view key, std::string_view value) {
  constexpr PlaceId kPlacesEnd = 100;
  Reservations reservations;
  if (!LoadEntry(key, value, kPlacesEnd, reservations).ok()) return;
  const auto written = StoredEntriesOf(reservations);
  ASSERT_EQ(written.size(), 1U);
  EXPECT_EQ(written.front().first, key);
  Reservations again;
  ASSERT_TRUE(LoadEntry(written.front().first, written.front().second, kPlacesEnd, again).ok());
  EXPECT_EQ(again.claims(), reservations.claims());
  EXPECT_EQ(again.claims_sum(), reservations.claims_sum());
  EXPECT_EQ(again.ignored_sum(), reservations.ignored_sum());
}

void TryTargets(std::string_view key, std::string_view value) {
  auto block = TargetBlock::Open(key, value);
  if (!block.ok()) return;
  std::vector<std::pair<std::string, uint64_t>> targets;
  bool ordered = true;
  for (;;) {
    const auto found = block->Next();
    if (!found.ok()) return;
    if (!*found) break;
    ordered = ordered && (targets.empty() || targets.back().first < block->key());
    targets.emplace_back(block->key(), block->sources());
    ASSERT_LE(targets.size(), value.size());
  }
  // Only those in their order can be written.
  ordered = ordered && (targets.empty() || targets.back().first.size() <= key.size() + kIdBytesMax);
  if (targets.empty() || !ordered) return;
  std::string written;
  TargetBlockWriter writer(1 << 20, [&](std::string_view, std::string_view made) {
    written = made;
    return absl::OkStatus();
  });
  for (const auto& [target, sources] : targets) {
    if (target.size() > sizeof(PlaceId) + kIdBytesMax) return;
    ASSERT_TRUE(writer.Add(target, sources).ok());
  }
  ASSERT_TRUE(writer.End(key).ok());
  auto again = TargetBlock::Open(key, written);
  ASSERT_TRUE(again.ok()) << again.status();
  for (const auto& [target, sources] : targets) {
    const auto found = again->Next();
    ASSERT_TRUE(found.ok() && *found);
    EXPECT_EQ(again->key(), target);
    EXPECT_EQ(again->sources(), sources);
  }
}

void TryRecent(std::string_view key, std::string_view value) {
  auto block = RecentBlock::Open(key, value);
  if (!block.ok()) return;
  std::string prefix;
  AppendRecentKey(block->partition(), block->lsn(), prefix);
  EXPECT_TRUE(key.starts_with(prefix));
  size_t sources = 0;
  while (!block->Next().empty()) ++sources;
  EXPECT_LE(sources, value.size() / 2);
}

void TryMeta(std::string_view key, std::string_view value) {
  auto reader = OpenMeta(key, value);
  if (!reader.ok()) return;
  std::string content(reader->Text(reader->left()));
  SealMeta(key, content);
  EXPECT_EQ(content, value);
}

void TryCatalogEntry(std::string_view key, std::string_view value) {
  Change change;
  if (!ParseCatalogEntry(key, value, change).ok()) return;
  std::string record;
  protocol::EncodeChange(change, record);
  EXPECT_FALSE(protocol::DecodeChange(record, change));
}

void TryVarint(std::string_view value) {
  protocol::Reader reader = ReaderOf(value);
  const uint64_t number = TakeVarint(reader);
  if (!reader.ok()) return;
  std::string written;
  protocol::Writer writer(written);
  PutVarint(number, writer);
  protocol::Reader again = ReaderOf(written);
  EXPECT_EQ(TakeVarint(again), number);
  EXPECT_TRUE(again.ok());
  EXPECT_EQ(again.left(), 0U);
}

}  // namespace

void RunStored(std::string_view bytes) {
  FuzzBytes input(bytes);
  const uint8_t kind = input.Next();
  const bool seals = input.Next() % 2 == 1;
  const std::string_view key_given = input.Take(input.Next());
  // Of their very sizes, so that whoever reads past their ends is caught.
  const std::vector<char> exact_key(key_given.begin(), key_given.end());
  const std::string_view key(exact_key.data(), exact_key.size());
  std::string given(input.Rest());
  if (seals && kind == 5) SealMeta(key, given);
  if (seals && kind != 5 && given.size() >= sizeof(uint32_t)) EndSealed(key, 0, given);
  const std::vector<char> exact_value(given.begin(), given.end());
  const std::string_view value(exact_value.data(), exact_value.size());
  switch (kind) {
    case 0:
      return TryReference(key, value);
    case 1:
      return TryEvent(key, value);
    case 2:
      return TryReservation(key, value);
    case 3:
      return TryTargets(key, value);
    case 4:
      return TryRecent(key, value);
    case 5:
      return TryMeta(key, value);
    case 6:
      return TryCatalogEntry(key, value);
    default:
      return TryVarint(value);
  }
}

}  // namespace xref::fuzz
