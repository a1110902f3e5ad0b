#pragma once

#include <absl/container/flat_hash_map.h>
#include <absl/strings/string_view.h>

#include <cstdint>
#include <optional>
#include <string_view>

#include "index/reference_store.h"
#include "index/vocabulary.h"

namespace xref {

// What holds for one source ID, once the changes decided so far are made.
struct SourceState {
  std::string_view target;  // empty where it is not linked
  bool ignored = false;
  bool claimed = false;
  uint64_t token = 0;  // the next four of the claim
  int64_t until_us = 0;
  std::string_view owner;
  std::string_view lost_owner;  // empty where nobody had tried before
  // Which change of the group met it last, by ordinal, and which item of that change.
  uint64_t change = 0;
  uint32_t item = 0;

  void EndClaim() { claimed = false; }
};

// The source IDs that a commit group has met. Borrows from the store and from the requests of the
// group; the store must not be changed meanwhile. For the writer thread alone.
class SourceStates {
 public:
  explicit SourceStates(const ReferenceStore& store) : store_(store) {}

  // That many sources more are about to be met.
  void Expect(size_t more) { sources_.reserve(sources_.size() + more); }

  // The state of a source; `standing` is the target that the store has for it, empty for none.
  // Valid until the next call.
  SourceState& Meet(PlaceId place, std::string_view source, std::string_view standing);

  // A source other than `source` that is linked to this target, if there is one. Only for places
  // of which every linking goes through Linked.
  std::optional<std::string_view> OtherSourceOf(PlaceId place, std::string_view target,
                                                std::string_view source);
  void Linked(PlaceId place, std::string_view target, std::string_view source);

 private:
  struct Key {
    PlaceId place;
    absl::string_view id;
    bool operator==(const Key& other) const = default;
    template <typename H>
    friend H AbslHashValue(H h, const Key& key) {
      return H::combine(std::move(h), key.place, key.id);
    }
  };
  static Key KeyOf(PlaceId place, std::string_view id) { return {place, {id.data(), id.size()}}; }
  bool IsLinkedTo(PlaceId place, std::string_view source, std::string_view target) const;

  const ReferenceStore& store_;
  absl::flat_hash_map<Key, SourceState> sources_;
  absl::flat_hash_map<Key, std::string_view> linked_;  // a source that was linked to a target
};

}  // namespace xref
