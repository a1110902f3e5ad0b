#pragma once

// One question about any number of IDs: which are synced, to what, or from what.

#include <absl/functional/any_invocable.h>

#include <algorithm>
#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "client/cli/command.h"
#include "client/cli/progress.h"
#include "client/record_reader.h"

namespace xref::cli {

// IDs to ask about: a file of them, or those on the command line.
struct QuestionOptions {
  std::string place;
  std::string file;  // empty where `ids` are given
  std::vector<std::string> ids;
  uint32_t batch = 10'000;       // IDs in one request
  uint32_t in_flight = 4;        // requests under way
  uint16_t sources_max = 1'000;  // of one target; reverse only
  std::string at;                // the time to ask about, empty for now; lookup only
};

// Asks about all IDs, batch by batch. The server answers the questions of one connection in order,
// so the answers come in the order of the IDs.
class Question {
 public:
  enum class Kind { kCheck, kLookup, kReverse };
  static RecordReader::Columns ColumnOf(Kind kind) {
    return kind == Kind::kReverse ? RecordReader::Columns::kTarget : RecordReader::Columns::kSource;
  }

  // An answer. kCheck: a source ID that is not synced, without a target ID. kLookup: every source
  // ID, with an empty target ID where it is not synced. kReverse: every source ID of every target
  // ID, an empty one where there is none.
  using Tell = absl::AnyInvocable<void(std::string_view source_id, std::string_view target_id)>;

  // `what` is the work's name for its progress. `target` and `options` must outlive this. `at_us`
  // is the time that options.at names.
  Question(Kind kind, Target& target, const QuestionOptions& options, std::string what, Tell tell,
           std::optional<int64_t> at_us = std::nullopt)
      : kind_(kind),
        target_(target),
        options_(options),
        at_us_(at_us),
        batch_ids_max_(at_us ? std::min(options.batch, protocol::kLookupAtIdsMax) : options.batch),
        tell_(std::move(tell)),
        progress_(std::move(what)) {}

  // Each returns once all is answered.
  absl::Status AskArguments();
  // Bad rows are told on standard error, counted and left out.
  absl::Status AskFile(RecordReader& reader);

  uint64_t asked() const { return asked_; }
  uint64_t synced() const { return synced_; }
  uint64_t bad_rows() const { return bad_rows_; }
  double seconds() const { return progress_.seconds(); }

 private:
  absl::Status Take(std::string_view id);
  absl::Status Send();
  absl::Status Start(const std::shared_ptr<IdList>& batch);
  void Take(const IdList& batch, const protocol::CheckReply& reply);
  void Take(const IdList& batch, const protocol::LookupReply& reply);
  void Take(const IdList& batch, const protocol::ReverseReply& reply);
  absl::Status Finish();

  const Kind kind_;
  Target& target_;
  const QuestionOptions& options_;
  const std::optional<int64_t> at_us_;
  const uint32_t batch_ids_max_;
  Tell tell_;
  Progress progress_;
  std::shared_ptr<IdList> batch_ = std::make_shared<IdList>();
  uint64_t asked_ = 0;
  uint64_t synced_ = 0;
  uint64_t bad_rows_ = 0;
  absl::Status failure_;  // the first reply that was a refusal
};

}  // namespace xref::cli
