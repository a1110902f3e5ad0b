#include "client/cli/mutation_run.h"

#include <fmt/format.h>

#include <algorithm>
#include <boost/json.hpp>
#include <charconv>
#include <iostream>
#include <utility>

#include "client/cli/outcome_text.h"

namespace xref::cli {

using protocol::Mutation;
using protocol::Outcome;
using protocol::Verdict;

namespace {

// Requests sent before the first is answered.
constexpr size_t kInFlight = 4;

RecordReader::Columns ColumnsOf(Mutation mutation) {
  const protocol::MutationFields has = FieldsOf(mutation);
  if (has.tokens) {
    return has.targets ? RecordReader::Columns::kSettled : RecordReader::Columns::kClaims;
  }
  return has.targets ? RecordReader::Columns::kBoth : RecordReader::Columns::kSource;
}

}  // namespace

MutationRun::MutationRun(const Globals& globals, Mutation mutation, const MutationOptions& options,
                         Print print)
    : globals_(globals),
      mutation_(mutation),
      options_(options),
      print_(std::move(print)),
      actor_(options.owner.empty() ? ActorOr(options.actor) : options.owner),
      batch_(std::make_unique<MutationBatch>(mutation)),
      verdicts_(protocol::kVerdictLast + 1) {}

absl::StatusOr<ExitCode> MutationRun::Run() {
  if (auto status = ReadConfirmations(); !status.ok()) return status;
  if (auto status = CheckArguments(); !status.ok()) return status;
  std::unique_ptr<RecordReader> reader;
  if (!options_.file.empty()) {
    auto opened = RecordReader::Open(options_.file, ColumnsOf(mutation_));
    if (!opened.ok()) return opened.status();
    reader = *std::move(opened);
  }
  auto target = ReachPrimary(globals_, options_.place);
  if (!target.ok()) return target.status();
  target_ = *std::move(target);
  absl::Status status = reader ? SendFile(*reader) : SendArguments();
  if (status.ok()) status = Send();
  if (status.ok()) status = target_.client->Finish();
  status.Update(failure_);
  if (answered_ + bad_rows_ > 1) PrintTotals();
  if (unknown_ > 0) std::cerr << fmt::format("unknown: {} source IDs\n", unknown_);
  if (!status.ok() && answered_ > 0) {
    return absl::Status(status.code(),
                        fmt::format("{}; {} source IDs were answered before that and stay as they "
                                    "are told above",
                                    std::string(status.message()), answered_));
  }
  if (!status.ok()) return status;
  if (!needed_.empty()) return AskForConfirmation();
  uint64_t good = 0;
  for (uint8_t i = 0; i < verdicts_.size(); ++i) {
    if (IsGood(static_cast<Verdict>(i))) good += verdicts_[i];
  }
  return good == answered_ && bad_rows_ == 0 ? kDone : kSomeItems;
}

absl::Status MutationRun::ReadConfirmations() {
  const std::string& text = options_.confirmations;
  const char* const end = text.data() + text.size();
  for (const char* at = text.data(); at < end; ++at) {
    const auto read = std::from_chars(at, end, confirmations_.emplace_back());
    if (read.ec != std::errc() || (read.ptr != end && *read.ptr != ',')) {
      return absl::InvalidArgumentError(fmt::format(
          "--confirm {}: this is no confirmation; without it, the command tells you one", text));
    }
    at = read.ptr;
  }
  return absl::OkStatus();
}

absl::Status MutationRun::CheckArguments() const {
  if (options_.file.empty() && options_.sources.empty()) {
    return absl::InvalidArgumentError("name source IDs, or a file of them ('-' is standard input)");
  }
  for (const std::string& source : options_.sources) {
    if (auto status = CheckIdArgument("source ID", source); !status.ok()) return status;
  }
  const bool wants_target = FieldsOf(mutation_).targets && options_.file.empty();
  if (wants_target) {
    if (auto status = CheckIdArgument("target ID", options_.target); !status.ok()) return status;
  }
  if (options_.expected.empty()) return absl::OkStatus();
  return CheckIdArgument("expected target ID", options_.expected);
}

absl::Status MutationRun::SendArguments() {
  for (const std::string& source : options_.sources) {
    const auto status = Take({source, options_.target, options_.expected, options_.token});
    if (!status.ok()) return status;
  }
  return absl::OkStatus();
}

absl::Status MutationRun::SendFile(RecordReader& reader) {
  Record record;
  for (;;) {
    const auto found = reader.Next(record);
    if (!found.ok()) return found.status();
    if (*found == RecordReader::Found::kEnd) return absl::OkStatus();
    if (*found == RecordReader::Found::kBadRow) {
      ++bad_rows_;
      std::cerr << fmt::format("{}, line {}: {}\n", reader.input().name(), reader.line(),
                               reader.fault());
      continue;
    }
    const auto status = Take({record.source_id, record.target_id, options_.expected, record.token});
    if (!status.ok()) return status;
  }
}

absl::Status MutationRun::Take(const Item& item) {
  const Client& client = *target_.client;
  if (!batch_->HasRoomFor(item, client.batch_ids_max(), client.request_bytes_max())) {
    if (auto status = Send(); !status.ok()) return status;
  }
  batch_->Add(item);
  return absl::OkStatus();
}

absl::Status MutationRun::Send() {
  if (batch_->size() == 0) return failure_;
  const std::shared_ptr<MutationBatch> batch =
      std::exchange(batch_, std::make_unique<MutationBatch>(mutation_));
  const size_t request = requests_++;
  const auto status = target_.client->StartMutation(
      batch->Request({.mutation = mutation_,
                      .place = target_.place,
                      .origin = Origin::kManual,
                      .lease_ms = options_.lease_seconds * 1000,
                      .confirmation = request < confirmations_.size() ? confirmations_[request] : 0,
                      .actor = actor_}),
      kInFlight, [this, request, batch](absl::StatusOr<protocol::MutationReply> reply) {
        TakeReply(request, *batch, std::move(reply));
      });
  return status.ok() ? failure_ : status;
}

void MutationRun::TakeReply(size_t request, const MutationBatch& batch,
                            absl::StatusOr<protocol::MutationReply> reply) {
  if (!reply.ok()) {
    if (auto needed = FindConfirmation(reply.status())) {
      needed_[request] = *std::move(needed);
    } else {
      failure_.Update(reply.status());
      if (absl::IsUnknown(reply.status())) unknown_ += batch.size();
    }
    return;
  }
  answered_ += batch.size();
  batch.ForEach([&](uint32_t i, const Item& item) {
    const Outcome& outcome = reply->outcomes[i];
    ++verdicts_[static_cast<size_t>(outcome.verdict)];
    if (print_) {
      print_(item, outcome);
    } else {
      PrintItem(item, outcome);
    }
  });
}

void MutationRun::PrintItem(const Item& item, const Outcome& outcome) const {
  if (globals_.json) {
    std::cout << ToJson(mutation_, item, outcome) << "\n";
  } else if (IsGood(outcome.verdict)) {
    std::cout << Sentence(mutation_, options_.place, item, outcome) << "\n";
  } else {
    std::cerr << "xref: " << Sentence(mutation_, options_.place, item, outcome) << "\n";
  }
}

void MutationRun::PrintTotals() const {
  std::string parts;
  const auto add = [&](uint64_t count, std::string_view what) {
    if (count > 0) parts += fmt::format("{}{} {}", parts.empty() ? "" : ", ", count, what);
  };
  for (uint8_t i = 0; i < verdicts_.size(); ++i) {
    add(verdicts_[i], Word(mutation_, static_cast<Verdict>(i)));
  }
  add(bad_rows_, "bad rows left out");
  std::cerr << fmt::format("{} source IDs: {}\n", answered_, parts);
}

ExitCode MutationRun::AskForConfirmation() const {
  std::string confirmations;
  std::string consequences;
  for (size_t request = 0; request < requests_; ++request) {
    const auto needed = needed_.find(request);
    const uint64_t number = needed == needed_.end() ? 0 : needed->second.number;
    confirmations += fmt::format("{}{}", request == 0 ? "" : ",", number);
    if (number == 0) continue;
    const std::string which =
        requests_ == 1 ? "" : fmt::format("request {} of {}: ", request + 1, requests_);
    consequences += fmt::format("xref: {}{}\n", which, needed->second.consequence);
  }
  if (globals_.json) {
    std::cout << boost::json::object{{"verdict", "confirmation_needed"}, {"confirm", confirmations}}
              << "\n";
  }
  std::cerr << fmt::format("{}To go ahead{}:\n  {}\n", consequences,
                           options_.file == "-" ? ", with the same on standard input" : "",
                           WithConfirmation(globals_, confirmations));
  return kRefused;
}

CLI::Option* AddSource(const Added<MutationOptions>& added) {
  const auto take = [&sources = added.options.sources](const std::string& id) { sources = {id}; };
  return added.app.add_option_function<std::string>("source", take, "Source ID");
}

absl::StatusOr<ExitCode> RunMutation(const Globals& globals, Mutation mutation,
                                     const MutationOptions& options) {
  return MutationRun(globals, mutation, options).Run();
}

}  // namespace xref::cli
