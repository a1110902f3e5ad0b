// Readers ask while the writer adds, edits, erases, compacts, splits and purges. What a source may
// answer at any time is known from its ID, so that readers can check every answer without a clock.

#include <gtest/gtest.h>

#include <algorithm>
#include <atomic>
#include <random>
#include <string>
#include <thread>
#include <vector>

#include "index/reference_store.h"
#include "tests/index_fixture.h"

namespace xref {
namespace {

constexpr PlaceId kStable = 1;    // references that stay: every answer is known
constexpr PlaceId kChanging = 2;  // references that come and go: answers are one of few
constexpr uint32_t kIds = 20'000;
constexpr size_t kReaders = 3;

// The targets that source number i may ever have; they name it, so that answers can be checked.
std::string Source(uint32_t i) { return Numbered("source-", i); }
std::string Target(uint32_t i, uint32_t version) {
  return std::to_string(i).append(1 + version * 9, '.');
}
constexpr uint32_t kVersions = 3;

bool IsTargetOf(std::string_view target, uint32_t i) {
  for (uint32_t version = 0; version < kVersions; ++version) {
    if (target == Target(i, version)) return true;
  }
  return false;
}

class StoreThreads : public testing::Test {
 protected:
  StoreThreads() : store_(kReaders) {
    Change created;
    created.what = CreateIntegration{1, "a", "A", "B", {{kStable, "s"}, {kChanging, "c"}}};
    store_.Apply(created);
    Add(kStable, 0, kIds / 2);  // every even number
  }

  void Add(PlaceId place, uint32_t first, uint32_t count) {
    IdList sources, targets;
    for (uint32_t i = first; i < first + count; ++i) {
      sources.Add(Source(2 * i));
      targets.Add(Target(2 * i, 0));
    }
    store_.Add(place, sources.View(), targets.View());
  }

  void ReadStable(size_t slot, std::mt19937& random) {
    const auto numbers = Draw(random);
    const IdList ids = Sources(numbers);
    std::vector<uint8_t> bitmap((numbers.size() + 7) / 8);
    ASSERT_TRUE(store_.Check(slot, kStable, ids.View(), bitmap.data()));
    for (size_t i = 0; i < numbers.size(); ++i) {
      ASSERT_EQ(bitmap[i / 8] >> (i % 8) & 1, numbers[i] % 2 == 0) << numbers[i];
    }
  }

  void ReadChanging(size_t slot, std::mt19937& random) {
    const auto numbers = Draw(random);
    const IdList sources = Sources(numbers);
    size_t at = 0;
    ASSERT_TRUE(store_.Lookup(slot, kChanging, sources.View(), [&](auto targets) {
      for (const std::string_view target : targets) {
        const uint32_t number = numbers[at++];
        ASSERT_TRUE(target.empty() || IsTargetOf(target, number)) << number << " " << target;
      }
    }));
    IdList targets;
    for (const uint32_t number : numbers) targets.Add(Target(number, number % kVersions));
    ASSERT_TRUE(store_.Reverse(
        slot, kChanging, targets.View(), 10,
        [&](uint32_t i, std::string_view source) { ASSERT_EQ(source, Source(numbers[i])); }));
  }

  static std::vector<uint32_t> Draw(std::mt19937& random) {
    std::vector<uint32_t> numbers(1 + random() % 3'000);
    for (uint32_t& number : numbers) number = random() % kIds;
    return numbers;
  }
  static IdList Sources(const std::vector<uint32_t>& numbers) {
    IdList ids;
    for (const uint32_t number : numbers) ids.Add(Source(number));
    return ids;
  }

  ReferenceStore store_;
};

TEST_F(StoreThreads, ReadersSeeNothingThatWasNeverTrue) {
  std::atomic<bool> stop = false;
  std::atomic<uint64_t> bytes_seen = 0;
  std::vector<std::thread> readers;
  for (size_t slot = 0; slot < kReaders; ++slot) {
    readers.emplace_back([&, slot] {
      std::mt19937 random(static_cast<uint32_t>(slot));
      while (!stop) {
        ReadStable(slot, random);
        ReadChanging(slot, random);
        store_.ReadCatalog(slot, [&](const Catalog&, auto size_of) {
          store_.PrepareMemory();
          bytes_seen = size_of(kChanging).bytes_reserved + store_.bytes_reserved();
        });
      }
    });
  }

  std::mt19937 random(99);
  std::map<uint32_t, uint32_t> model;  // number -> version
  for (int round = 0; round < 60; ++round) {
    const auto numbers = Draw(random);
    const uint32_t version = random() % kVersions;
    const IdList sources = Sources(numbers);
    IdList targets;
    for (const uint32_t number : numbers) targets.Add(Target(number, version));
    switch (random() % 4) {
      case 0:
        store_.Add(kChanging, sources.View(), targets.View());
        for (const uint32_t number : numbers) model.try_emplace(number, version);
        break;
      case 1:
        store_.Put(kChanging, sources.View(), targets.View());
        for (const uint32_t number : numbers) model[number] = version;
        break;
      case 2:
        store_.Erase(kChanging, sources.View());
        for (const uint32_t number : numbers) model.erase(number);
        break;
      case 3:
        store_.Edit(kChanging, sources.View(), targets.View());
        for (const uint32_t number : numbers) {
          if (model.contains(number)) model[number] = version;
        }
        break;
    }
    // Grows from nothing to several segments, again and again.
    if (round % 20 == 19) {
      store_.Purge(kChanging);
      model.clear();
    }
    store_.ReclaimStep();
    const ReferenceIndex& index = *store_.WriterIndex(kChanging);
    ASSERT_EQ(index.size(), model.size());
    for (const uint32_t number : numbers) {
      const auto at = model.find(number);
      ASSERT_EQ(index.Find(Source(number)).value_or(""),
                at == model.end() ? "" : Target(number, at->second));
    }
  }
  stop = true;
  for (std::thread& reader : readers) reader.join();
  EXPECT_GT(bytes_seen, 0u);
}

}  // namespace
}  // namespace xref
