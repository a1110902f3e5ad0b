#pragma once

#include <absl/container/flat_hash_map.h>
#include <absl/strings/string_view.h>

#include <cstdint>
#include <deque>
#include <string>
#include <string_view>
#include <vector>

#include "daemon/commit_queue.h"
#include "index/reference_store.h"
#include "index/vocabulary.h"
#include "persistence/journal.h"
#include "protocol/messages.h"

namespace xref {

// Decides what the changes of one commit group do: each against what is true now and what the
// changes before it in the group will have made true. Nothing is changed yet: the plan holds the
// journal's records, to be made durable first and then applied, and the replies, to be sent last.
//
// For the writer thread alone. Borrows from the change requests and the store until it dies; the
// store must not be changed before every request is decided.
class GroupPlan {
 public:
  GroupPlan(const ReferenceStore& store, Lsn last_lsn, Epoch epoch, int64_t now_us)
      : store_(store), lsn_(last_lsn), epoch_(epoch), now_us_(now_us) {}
  GroupPlan(const GroupPlan&) = delete;
  GroupPlan& operator=(const GroupPlan&) = delete;

  struct Reply {
    protocol::StatusCode status = protocol::StatusCode::kOk;
    std::string payload;
  };
  // Decides the next change of the group and returns the reply that it is owed once the plan is
  // durable.
  [[nodiscard]] Reply Decide(const ChangeRequest& change);

  // What must be made durable, in order; empty if the group changes nothing.
  std::vector<JournalRecord> Records() const;

  struct Verdicts {
    uint64_t added = 0;
    uint64_t existed = 0;
    uint64_t conflicts = 0;
    uint64_t duplicates = 0;
  };
  const Verdicts& verdicts() const { return verdicts_; }

 private:
  // A source ID that the group has met, and the target that it has or will have.
  struct SourceKey {
    PlaceId place;
    absl::string_view source;
    bool operator==(const SourceKey& other) const = default;
    template <typename H>
    friend H AbslHashValue(H h, const SourceKey& key) {
      return H::combine(std::move(h), key.place, key.source);
    }
  };
  struct Met {
    std::string_view target;
    uint64_t change;  // the ordinal, in the group, of the change that met it last
    uint32_t item;    // and the first item of that change that named it
  };

  Reply DecideOne(const protocol::AddRequest& asked);
  Reply DecideOne(const protocol::IntegrationCreateRequest& asked);
  protocol::AddOutcome DecideItem(PlaceId place, uint32_t item, std::string_view source,
                                  std::string_view target, std::string_view current);
  void Record(std::string_view actor, decltype(Change::what) what);

  const ReferenceStore& store_;
  Lsn lsn_;
  const Epoch epoch_;
  const int64_t now_us_;
  uint64_t ordinal_ = 0;  // of the change that is being decided
  absl::flat_hash_map<SourceKey, Met> met_;
  // Integrations that the group creates, by name, and the next free numbers.
  std::vector<CreateIntegration> created_;
  std::deque<std::string> records_;  // encoded changes, the last of them with lsn_
  Verdicts verdicts_;
};

}  // namespace xref
