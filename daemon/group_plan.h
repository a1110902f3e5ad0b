#pragma once

#include <cstdint>
#include <deque>
#include <string>
#include <string_view>
#include <vector>

#include "daemon/commit_queue.h"
#include "daemon/refusals.h"
#include "daemon/safeguards.h"
#include "daemon/source_states.h"
#include "index/reference_store.h"
#include "index/vocabulary.h"
#include "persistence/journal.h"
#include "protocol/change_messages.h"

namespace xref {

// Decides what the changes of one commit group do: each against what is true now and what the
// changes before it in the group will have made true. Nothing is changed yet: the plan holds the
// journal's records, to be made durable first and then applied, and the replies, to be sent last.
// Mutations, the bulk of it, are decided in mutation_plan.cc.
//
// For the writer thread alone. Borrows from the change requests and the store until it dies; the
// store must not be changed before every request is decided.
class GroupPlan {
 public:
  GroupPlan(const ReferenceStore& store, Safeguards& safeguards, Lsn last_lsn, Epoch epoch,
            int64_t now_us)
      : store_(store),
        safeguards_(safeguards),
        lsn_(last_lsn),
        epoch_(epoch),
        now_us_(now_us),
        states_(store),
        next_token_(store.WriterReservations().next_token()),
        claims_(store.WriterReservations().claims()),
        ignored_(store.WriterReservations().ignored()) {}
  GroupPlan(const GroupPlan&) = delete;
  GroupPlan& operator=(const GroupPlan&) = delete;

  struct Reply {
    protocol::StatusCode status = protocol::StatusCode::kOk;
    std::string payload;

    template <typename Message>
    static Reply Of(const Message& message) {
      Reply reply;
      protocol::Encode(message, reply.payload);
      return reply;
    }
    static Reply Refusing(const protocol::Refusal& refusal);
  };
  // Decides the next change of the group and returns the reply that it is owed once the plan is
  // durable.
  [[nodiscard]] Reply Decide(const ChangeRequest& change);

  // What must be made durable, in order; empty if the group changes nothing.
  std::vector<JournalRecord> Records() const;

  // What mutations came to, each by itself.
  struct PlaceResult {
    PlaceId place = 0;
    uint64_t added = 0;  // references, also by settling and putting
    uint64_t conflicts = 0;
  };
  const std::vector<PlaceResult>& place_results() const { return place_results_; }

  // How many changes were refused by that limit.
  uint64_t refused(Limit limit) const { return refused_[static_cast<size_t>(limit)]; }

  // How many items were answered with each verdict.
  uint64_t count(protocol::Verdict verdict) const {
    return verdicts_[static_cast<size_t>(verdict)];
  }

 private:
  Reply DecideOne(const protocol::MutationRequest& asked);
  Reply DecideOne(const protocol::IntegrationCreateRequest& asked);
  Reply DecideOne(const protocol::TypeCreateRequest& asked);
  Reply DecideOne(const protocol::PlatformsRenameRequest& asked);
  Reply DecideOne(const protocol::RulesSetRequest& asked);
  Reply DecideOne(const protocol::ClaimsRequest& asked);
  Reply DecideOne(const protocol::PurgePreviewRequest& asked);
  Reply DecideOne(const protocol::PurgeRequest& asked);
  Reply DecideOne(const protocol::DropPreviewRequest& asked);
  Reply DecideOne(const protocol::DropRequest& asked);
  Reply DecideOne(const EmptyTrashRequest& asked);
  Reply DecideOne(const GatherRequest& asked);
  Reply DecideOne(const RestoreIntegrationRequest& asked);
  Reply DecideOne(const protocol::FollowRequest& asked);
  Reply DecideOne(const protocol::CompareRequest& asked);
  Reply DecideOne(const protocol::TokenCreateRequest& asked);
  Reply DecideOne(const protocol::TokenRevokeRequest& asked);

  // What a preview shows, and what must be so still when its token is used.
  struct Shown {
    uint64_t references = 0;
    uint64_t subject = 0;
  };
  Shown ShownOf(PlaceId place) const;
  Shown ShownOf(const Integration& integration) const;
  // Why the token does not confirm what was shown, or nothing; `what` was it given for.
  protocol::MaybeRefusal Redeem(uint64_t token, const Shown& shown, std::string_view what);
  // Why nothing can come back from the trash under that name, or nothing.
  protocol::MaybeRefusal FindStanding(PlaceId trash, std::string_view name) const;

  // The items of one mutation that change something, as its journal record has them.
  struct Effect {
    IdList sources;
    IdList targets;
    IdList before;
    IdList lost_owners;
    IdList lapsed;  // whose lease ends now, and whose claim stays
    uint64_t first_token = 0;
  };
  // One item, with its source's state.
  struct Item {
    std::string_view source;
    std::string_view target;
    std::string_view expected;
    uint64_t token;
  };
  protocol::Outcome DecideItem(const protocol::MutationRequest& asked, const Item& item,
                               SourceState& state, Effect& effect);
  protocol::Outcome Link(const protocol::MutationRequest& asked, const Item& item,
                         SourceState& state, Effect& effect);
  protocol::Outcome Claim(const protocol::MutationRequest& asked, const Item& item,
                          SourceState& state, Effect& effect);
  // What is left of a lease, rounded up: above 0 until it is over.
  int64_t RemainingMs(int64_t until_us) const;
  // Why the batch is refused as a whole, or nothing.
  protocol::MaybeRefusal FindRefusal(const protocol::MutationRequest& asked,
                                     const std::vector<std::string_view>& standing);
  void RecordEffect(const protocol::MutationRequest& asked, const Effect& effect);
  void Record(std::string_view actor, decltype(Change::what) what);
  void CountRefused(Limit limit) { ++refused_[static_cast<size_t>(limit)]; }

  const ReferenceStore& store_;
  Safeguards& safeguards_;
  Lsn lsn_;
  const Epoch epoch_;
  const int64_t now_us_;
  uint64_t ordinal_ = 0;  // of the change that is being decided
  SourceStates states_;
  uint64_t next_token_;
  uint64_t claims_;   // that there will be, at most
  uint64_t ignored_;  // likewise
  // Integrations that the group creates, by name, and the next free numbers.
  std::vector<CreateIntegration> created_;
  std::deque<std::string> records_;  // encoded changes, the last of them with lsn_
  uint64_t verdicts_[protocol::kVerdictLast + 1] = {};
  uint64_t refused_[kLimits] = {};
  std::vector<PlaceResult> place_results_;
};

}  // namespace xref
