#include "client/cli/import_undo.h"

#include <memory>
#include <vector>

#include "client/cli/mutation_batch.h"
#include "client/cli/progress.h"

namespace xref::cli {
namespace {

using protocol::Mutation;
using protocol::Verdict;

absl::Status Delete(Target& target, const std::string& actor, const MutationBatch& batch,
                    TakenBack& done) {
  protocol::MutationRequest request =
      batch.Request({.mutation = Mutation::kDelete, .place = target.place, .actor = actor});
  auto answered = target.client->Mutate(request);
  // Many deletions are asked about in case they are a mistake; these only undo what was just done.
  if (const auto needed = FindConfirmation(answered.status())) {
    request.confirmation = needed->number;
    answered = target.client->Mutate(request);
  }
  if (!answered.ok()) return answered.status();
  for (const ItemResult& item : *answered) {
    ++(item.verdict == Verdict::kDone ? done.references : done.left);
  }
  return absl::OkStatus();
}

}  // namespace

absl::Status TakeBack(Target& target, const std::string& actor, RecordReader& reader,
                      const LineSet& added, TakenBack& done) {
  if (auto status = reader.Restart(); !status.ok()) return status;
  Progress progress("take back");
  auto batch = std::make_unique<MutationBatch>(Mutation::kDelete);
  Record record;
  for (uint64_t rows = 0;;) {
    const auto found = reader.Next(record);
    if (!found.ok()) return found.status();
    const bool end = *found == RecordReader::Found::kEnd;
    if (!end && !added.Contains(reader.line())) continue;
    const Item item{.source = record.source_id, .target = {}, .expected = record.target_id};
    const bool room = !end && batch->HasRoomFor(item, target.client->batch_ids_max(),
                                                target.client->request_bytes_max());
    if (!room && batch->size() > 0) {
      if (auto status = Delete(target, actor, *batch, done); !status.ok()) return status;
      batch = std::make_unique<MutationBatch>(Mutation::kDelete);
    }
    if (end) return absl::OkStatus();
    batch->Add(item);
    progress.Update(++rows, reader.input().bytes_read(), reader.input().bytes_total());
  }
}

}  // namespace xref::cli
