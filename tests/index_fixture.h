#pragma once

// The index beside a plain model of it, and verbs that change both and compare.

#include <gtest/gtest.h>

#include <algorithm>
#include <map>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "index/reference_index.h"
#include "index/state_sum.h"

namespace xref {

// What the index promises, as simply as it can be said. Not fast: it searches for sources one by
// one.
class Model {
 public:
  bool Add(const std::string& source, const std::string& target) {
    return targets_.try_emplace(source, target).second;
  }
  ReferenceIndex::PutResult Put(const std::string& source, const std::string& target) {
    const auto [at, added] = targets_.try_emplace(source, target);
    if (added) return ReferenceIndex::PutResult::kAdded;
    if (at->second == target) return ReferenceIndex::PutResult::kUnchanged;
    at->second = target;
    return ReferenceIndex::PutResult::kReplaced;
  }
  ReferenceIndex::EditResult Edit(const std::string& source,
                                  const std::optional<std::string>& expected,
                                  const std::string& target) {
    const auto at = targets_.find(source);
    if (at == targets_.end()) return ReferenceIndex::EditResult::kAbsent;
    if (expected.has_value() && at->second != *expected) {
      return ReferenceIndex::EditResult::kOtherTarget;
    }
    at->second = target;
    return ReferenceIndex::EditResult::kDone;
  }
  bool Erase(const std::string& source) { return targets_.erase(source) > 0; }

  std::string TargetOf(const std::string& source) const {
    const auto at = targets_.find(source);
    return at == targets_.end() ? std::string() : at->second;
  }
  // Every target, with its sources in order.
  std::map<std::string, std::vector<std::string>> Reversed() const {
    std::map<std::string, std::vector<std::string>> reversed;
    for (const auto& [source, target] : targets_) reversed[target].push_back(source);
    return reversed;
  }
  uint64_t Sum() const {
    uint64_t sum = 0;
    for (const auto& [source, target] : targets_) sum += HashOfReference(source, target);
    return sum;
  }
  const std::map<std::string, std::string>& references() const { return targets_; }

 private:
  std::map<std::string, std::string> targets_;
};

// "S" and 7 make "S7".
inline std::string Numbered(std::string_view prefix, uint64_t number) {
  return std::string(prefix).append(std::to_string(number));
}

inline IdList ListOf(const std::vector<std::string>& ids) {
  IdList list;
  for (const std::string& id : ids) list.Add(id);
  return list;
}

// An index and its model, which have to agree after each step.
class ModelledIndex {
 public:
  // The layout in memory follows from `seed`.
  explicit ModelledIndex(uint64_t seed) : hash_(seed), index_(heap_, hash_) {}

  void Add(const std::string& source, const std::string& target) {
    ASSERT_EQ(index_.Add(source, target), model_.Add(source, target)) << source;
  }
  void Put(const std::string& source, const std::string& target) {
    ASSERT_EQ(index_.Put(source, target), model_.Put(source, target)) << source;
  }
  void Edit(const std::string& source, const std::optional<std::string>& expected,
            const std::string& target) {
    ASSERT_EQ(index_.Edit(source, expected, target), model_.Edit(source, expected, target))
        << source;
  }
  void Erase(const std::string& source) {
    ASSERT_EQ(index_.Erase(source), model_.Erase(source)) << source;
  }
  void AddBatch(const std::vector<std::pair<std::string, std::string>>& references) {
    IdList sources, targets;
    for (const auto& [source, target] : references) {
      model_.Add(source, target);
      sources.Add(source);
      targets.Add(target);
    }
    IdCursor source(sources.View());
    IdCursor target(targets.View());
    for (auto left = static_cast<uint32_t>(sources.size()); left > 0;) {
      const uint32_t done = index_.Add(source, target, left);
      ASSERT_GT(done, 0u);
      left -= done;
    }
    ASSERT_EQ(index_.size(), model_.references().size());
  }

  // Asks for these sources in one batch, in each way.
  void ExpectSameAnswers(const std::vector<std::string>& sources) const {
    const IdList ids = ListOf(sources);
    const auto count = static_cast<uint32_t>(sources.size());
    std::vector<uint8_t> bitmap((count + 7) / 8, 0xFF);
    IdCursor checked(ids.View());
    index_.Check(checked, count, bitmap.data());
    std::vector<std::string_view> targets(count, "not written");
    IdCursor looked_up(ids.View());
    index_.Lookup(looked_up, count, targets.data());
    for (uint32_t i = 0; i < count; ++i) {
      const std::string expected = model_.TargetOf(sources[i]);
      ASSERT_EQ(targets[i], expected) << sources[i];
      ASSERT_EQ((bitmap[i / 8] >> (i % 8) & 1) != 0, !expected.empty()) << sources[i];
      ASSERT_EQ(index_.Find(sources[i]).value_or(""), expected) << sources[i];
    }
    for (uint32_t i = count; i < bitmap.size() * 8; ++i) {
      ASSERT_EQ(bitmap[i / 8] >> (i % 8) & 1, 0) << "past the end";
    }
  }

  // Asks for the sources of these targets in one batch.
  void ExpectSameSources(const std::vector<std::string>& targets) const {
    const auto reversed = model_.Reversed();
    const auto answers = SourcesOf(targets);
    for (size_t i = 0; i < targets.size(); ++i) {
      const auto at = reversed.find(targets[i]);
      ASSERT_EQ(answers[i], at == reversed.end() ? std::vector<std::string>() : at->second)
          << targets[i];
    }
  }

  // Compares everything there is, and some that there is not.
  void ExpectSame() const {
    ASSERT_EQ(index_.size(), model_.references().size());
    ASSERT_EQ(index_.sum(), model_.Sum());
    std::vector<std::string> sources = {"never added", "x"};
    for (const auto& [source, target] : model_.references()) sources.push_back(source);
    ExpectSameAnswers(sources);
    std::vector<std::string> targets = {"never added", "y"};
    for (const auto& [target, its_sources] : model_.Reversed()) targets.push_back(target);
    ExpectSameSources(targets);
    ASSERT_LE(index_.bytes_used(), index_.bytes_reserved());
  }

  std::vector<std::vector<std::string>> SourcesOf(const std::vector<std::string>& targets,
                                                  uint32_t sources_max = 1'000'000) const {
    std::vector<std::vector<std::string>> answers(targets.size());
    const IdList ids = ListOf(targets);
    IdCursor cursor(ids.View());
    const auto count = static_cast<uint32_t>(targets.size());
    for (uint32_t done = 0; done < count;) {
      done += index_.Reverse(cursor, count - done, sources_max,
                             [&, first = done](uint32_t i, std::string_view source) {
                               answers[first + i].emplace_back(source);
                             });
    }
    for (auto& answer : answers) std::sort(answer.begin(), answer.end());
    return answers;
  }

  ReferenceIndex& index() { return index_; }
  const Model& model() const { return model_; }
  const KeyedHash& hash() const { return hash_; }

 private:
  const KeyedHash hash_;
  PageHeap heap_;
  ReferenceIndex index_;
  Model model_;
};

}  // namespace xref
