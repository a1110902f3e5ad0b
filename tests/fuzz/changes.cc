// A record of a change: what is decoded is encoded to bytes that mean the same, and what a fold
// makes of a change that may stand in a journal can be read.
//
// The input is a byte that is odd where the record gets the checksum that it should have, and the
// record.

#include <gtest/gtest.h>
#include <xxhash.h>

#include <cstring>
#include <initializer_list>
#include <string>
#include <type_traits>
#include <variant>
#include <vector>

#include "index/catalog.h"
#include "persistence/history.h"
#include "persistence/operations.h"
#include "persistence/places.h"
#include "persistence/sorted_runs.h"
#include "persistence/stored_reference.h"
#include "protocol/change_codec.h"
#include "tests/fuzz/allocated.h"
#include "tests/fuzz/bodies.h"
#include "tests/fuzz/fuzz_bytes.h"

namespace xref::fuzz {
namespace {

// A byte may be an empty name, which takes 16; and a vector that grows has asked for up to four
// times what it holds.
constexpr size_t kBytesPerByteMax = 64;

// An integration with the standard types at the places 1 to 4.
void Fill(Catalog& catalog) {
  CreateIntegration created{.integration = 1,
                            .name = "shop-erp",
                            .source_platform = "Shop",
                            .target_platform = "ERP",
                            .types = {}};
  PlaceId place = 0;
  for (const std::string_view type : kStandardTypes) created.types.push_back({++place, type});
  catalog.Apply(created);
}

bool AreIds(std::initializer_list<const IdBatch*> batches) {
  for (const IdBatch* ids : batches) {
    if (FindBadItem(*ids)) return false;
  }
  return true;
}

// Whether a primary may have made it, as far as the change tells by itself.
bool IsSound(const Change& change) {
  return std::visit(
      [&](const auto& what) {
        bool sound = change.lsn > 0;
        if constexpr (requires { what.origin; })
          sound = sound && uint8_t(what.origin) <= kOriginLast;
        if constexpr (requires { what.sources; }) sound = sound && AreIds({&what.sources});
        if constexpr (requires { what.targets; }) sound = sound && AreIds({&what.targets});
        return sound;
      },
      change.what);
}

void ExpectFolded(const Change& change) {
  Catalog catalog;
  Fill(catalog);
  if (!CheckChange(change, catalog).ok()) return;
  SortedRuns sorted("/tmp");
  ASSERT_TRUE(AddOperations(change, catalog, sorted).ok());
  ASSERT_TRUE(sorted.Sort().ok());
  Operations operations(sorted);
  SourceFold fold;
  ASSERT_TRUE(operations.Move().ok());
  while (!operations.at_end()) {
    const bool same_key = fold.key() == operations.key();
    if (!same_key) {
      ASSERT_TRUE(fold.Begin(operations.key(), "").ok());
    }
    ASSERT_TRUE(fold.Make(operations.operation()).ok());
    if (!fold.reference().empty()) {
      const auto parsed = ParseReference(fold.key(), fold.reference());
      ASSERT_TRUE(parsed.ok()) << parsed.status();
      EXPECT_EQ(parsed->target, fold.target());
      EXPECT_EQ(parsed->lsn(), change.lsn);
    }
    if (!fold.event_key().empty()) {
      const auto event = ParseEvent(fold.event_key(), fold.event());
      ASSERT_TRUE(event.ok()) << event.status();
    }
    ASSERT_TRUE(operations.Move().ok());
  }
}

}  // namespace

void RunChanges(std::string_view bytes) {
  FuzzBytes input(bytes);
  const bool seals = input.Next() % 2 == 1;
  std::string record(input.Rest());
  if (seals && record.size() >= sizeof(uint64_t)) {
    const uint64_t seal =
        XXH3_64bits(record.data() + sizeof(uint64_t), record.size() - sizeof(uint64_t));
    std::memcpy(record.data(), &seal, sizeof seal);
  }
  const std::vector<char> exact(record.begin(), record.end());
  Change change;
  {
    const AllocationBound bound(exact.size(), kBytesPerByteMax);
    if (protocol::DecodeChange({exact.data(), exact.size()}, change)) return;
  }
  std::string once;
  protocol::EncodeChange(change, once);
  EXPECT_EQ(once.size(), record.size());
  Change same;
  const auto fault = protocol::DecodeChange(once, same);
  ASSERT_FALSE(fault) << *fault;
  std::string twice;
  protocol::EncodeChange(same, twice);
  EXPECT_EQ(once, twice);
  if (IsSound(change)) ExpectFolded(change);
}

}  // namespace xref::fuzz
