#pragma once

#include <absl/container/flat_hash_map.h>

#include <cstdint>
#include <random>
#include <string>
#include <string_view>
#include <vector>

#include "index/vocabulary.h"
#include "protocol/change_messages.h"

namespace xref {

// What keeps many references from going by mistake: tokens that confirm one thing that was shown to
// somebody, and a count of what each actor deletes.
//
// Remembered in memory alone: after a restart everything has to be shown again. Times are on the
// clock of the changes. Thread-compatible.
class Safeguards {
 public:
  // More than `deletes_max` deletions of one actor within a minute need a confirmation.
  explicit Safeguards(uint64_t deletes_max) : deletes_max_(deletes_max) {}

  // A mark for a new epoch.
  uint64_t DrawMark();

  // How long a token is good for.
  static constexpr int64_t kTokenSeconds = 600;

  // A token, never 0, that confirms `subject`: a number that stands for what was shown.
  uint64_t Issue(uint64_t subject, int64_t now_us);

  enum class Redeemed { kGood, kUnknown, kOther };
  // Takes the token back. kUnknown: it was never issued, was used, or is too old. kOther: it
  // confirms something else, such as what was there before a change.
  Redeemed Redeem(uint64_t token, uint64_t subject, int64_t now_us);

  // Whether the actor may delete that many more without a confirmation; if so, counts them.
  bool AllowDeletes(std::string_view actor, uint64_t count, int64_t now_us);
  uint64_t deletes_max() const { return deletes_max_; }

  // A number that every change of a place's references alters. Not an LSN: one that was not
  // committed is given again.
  void NoteReferences(PlaceId place) { ++versions_[place]; }
  uint64_t VersionOf(PlaceId place) const;

 private:
  struct Issued {
    uint64_t subject;
    int64_t until_us;
  };
  struct Minute {
    int64_t began_us = 0;
    uint64_t deletes = 0;
  };

  const uint64_t deletes_max_;
  std::random_device random_;
  absl::flat_hash_map<uint64_t, Issued> issued_;
  absl::flat_hash_map<std::string, Minute> minutes_;  // by actor
  absl::flat_hash_map<PlaceId, uint64_t> versions_;
};

// A number that stands for what is to be confirmed.
uint64_t PurgeSubject(PlaceId place, uint64_t version, uint64_t references);
// `types` are the subjects of the purges of all types of the integration.
uint64_t DropSubject(IntegrationId integration, const std::vector<uint64_t>& types);
uint64_t DeleteSubject(const protocol::MutationRequest& asked);

}  // namespace xref
