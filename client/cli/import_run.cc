#include "client/cli/import_run.h"

#include <fmt/format.h>

#include <utility>

namespace xref::cli {

using protocol::Mutation;
using protocol::Outcome;
using protocol::Verdict;
using Taken = ImportReport::Taken;

absl::Status ImportRun::Run() {
  Record record;
  while (!ended()) {
    const auto found = reader_.Next(record);
    if (!found.ok()) return found.status();
    if (*found == RecordReader::Found::kEnd) break;
    report_.CountRow();
    if (*found == RecordReader::Found::kBadRow) {
      report_.Reject(ImportReport::Fault::kBadRow, reader_.line(), record.source_id,
                     record.target_id, reader_.fault(), true);
      continue;
    }
    if (auto status = Take(record); !status.ok()) return status;
    progress_.Update(report_.totals().rows, reader_.input().bytes_read(),
                     reader_.input().bytes_total());
  }
  if (auto status = SendAll(); !status.ok()) return status;
  return failure_;
}

absl::Status ImportRun::Take(const Record& record) {
  const Item item{.source = record.source_id, .target = record.target_id};
  const bool waits = overwrites() && IsLater(reader_.line());
  std::unique_ptr<Rows>& rows = waits ? repeated_ : rows_;
  const Client& client = *target_.client;
  if (!rows->items.HasRoomFor(item, options_.batch, client.request_bytes_max())) {
    if (auto status = waits ? SendAll() : SendReady(); !status.ok()) return status;
  }
  rows->Add(item, reader_.line());
  return absl::OkStatus();
}

absl::Status ImportRun::SendAll() {
  for (;;) {
    if (!ended()) {
      if (auto status = SendReady(); !status.ok()) return status;
    }
    // All conflicts must be known before they are put, and put before the repeated rows.
    if (auto status = target_.client->Finish(); !status.ok()) return status;
    if (!failure_.ok() || ended()) return failure_;
    if (!again_.empty()) continue;
    if (repeated_->items.size() == 0) return absl::OkStatus();
    if (auto status = Send(repeated_); !status.ok()) return status;
  }
}

absl::Status ImportRun::SendReady() {
  if (auto status = Send(rows_); !status.ok()) return status;
  while (!again_.empty()) {
    std::unique_ptr<Rows> rows = std::move(again_.front());
    again_.pop_front();
    if (auto status = Send(rows); !status.ok()) return status;
  }
  return failure_;
}

absl::Status ImportRun::Send(std::unique_ptr<Rows>& rows) {
  if (rows->items.size() == 0) return failure_;
  const Mutation mutation = rows->mutation;
  const std::shared_ptr<Rows> sent = std::exchange(rows, std::make_unique<Rows>(mutation));
  const auto status = target_.client->StartMutation(
      sent->items.Request({.mutation = mutation,
                           .rehearsal = how_.rehearsal != nullptr,
                           .place = target_.place,
                           .origin = Origin::kImport,
                           .actor = actor_}),
      options_.in_flight, [this, sent](absl::StatusOr<protocol::MutationReply> reply) {
        if (!reply.ok()) return failure_.Update(reply.status());
        Settle(*sent, *reply);
      });
  return status.ok() ? failure_ : status;
}

void ImportRun::Settle(const Rows& rows, const protocol::MutationReply& reply) {
  auto puts = std::make_unique<Rows>(Mutation::kPut);
  auto adds = std::make_unique<Rows>(Mutation::kAdd);
  // An item, what its source ID is linked to now, and why it was refused if it is not linked.
  struct Settled {
    std::string_view target;
    std::string_view standing;
    Verdict verdict;
  };
  std::vector<Settled> settled(rows.items.size());
  rows.items.ForEach([&](uint32_t i, const Item& item) {
    const uint64_t line = rows.lines[i];
    const Outcome outcome =
        how_.rehearsal != nullptr
            ? how_.rehearsal->Correct(rows.mutation, item, line, reply.outcomes[i])
            : reply.outcomes[i];
    const bool repeats = outcome.verdict == Verdict::kDuplicate;
    const bool stands = outcome.verdict == Verdict::kDone || outcome.verdict == Verdict::kUnchanged;
    const Settled first = repeats ? settled[outcome.number] : Settled();
    settled[i] = {.target = item.target,
                  .standing = repeats                                 ? first.standing
                              : stands                                ? item.target
                              : outcome.verdict == Verdict::kConflict ? outcome.other
                                                                      : std::string_view(),
                  .verdict = repeats ? first.verdict : outcome.verdict};
    const std::string_view standing = settled[i].standing;
    const bool another = !standing.empty() && standing != item.target;
    // Whether a repeated row travelled in the same request as the first must make no difference.
    if (outcome.verdict == Verdict::kDone) {
      const bool put = rows.mutation == Mutation::kPut;
      if (how_.added != nullptr) how_.added->Add(line);
      failure_.Update(report_.Take(item.source, put ? Taken::kOverwritten : Taken::kAdded));
    } else if (another && overwrites() && !IsLater(line)) {
      puts->Add(item, line);
    } else if (repeats && first.verdict == Verdict::kTargetTaken && item.target != first.target) {
      adds->Add(item, line);  // its own target may be free
    } else if (another || standing.empty()) {
      Reject(line, item, settled[i].verdict, standing);
    } else {
      failure_.Update(report_.Take(item.source, Taken::kStood));
    }
  });
  for (auto* more : {&puts, &adds}) {
    if ((*more)->items.size() > 0) again_.push_back(std::move(*more));
  }
}

void ImportRun::Reject(uint64_t line, const Item& item, Verdict verdict,
                       std::string_view standing) {
  const std::string reason =
      standing.empty()
          ? fmt::format("{}: {} was not linked to {}", Name(verdict), item.source, item.target)
          : fmt::format("conflict: {} is linked to {}, this row says {}", item.source, standing,
                        item.target);
  report_.Reject(ImportReport::Fault::kConflict, line, item.source, item.target, reason,
                 options_.on_conflict != OnConflict::kSkip);
}

}  // namespace xref::cli
