#include "client/cli/question.h"

#include <fmt/format.h>

#include <iostream>

namespace xref::cli {
namespace {

constexpr uint64_t kReportedMax = 100;

}  // namespace

absl::Status Question::AskArguments() {
  for (const std::string& id : options_.ids) {
    if (const auto fault = FindIdFault(id)) {
      return absl::InvalidArgumentError(fmt::format("the ID \"{}\" {}", id, Describe(*fault)));
    }
    if (auto status = Take(id); !status.ok()) return status;
  }
  return Finish();
}

absl::Status Question::AskFile(RecordReader& reader) {
  Record record;
  for (;;) {
    const auto found = reader.Next(record);
    if (!found.ok()) return found.status();
    if (*found == RecordReader::Found::kEnd) return Finish();
    if (*found == RecordReader::Found::kBadRow) {
      if (++bad_rows_ <= kReportedMax) {
        std::cerr << fmt::format("{}, line {}: {}\n", reader.input().name(), reader.line(),
                                 reader.fault());
      }
      continue;
    }
    const bool by_target = kind_ == Kind::kReverse;
    if (auto status = Take(by_target ? record.target_id : record.source_id); !status.ok()) {
      return status;
    }
    progress_.Update(asked_, reader.input().bytes_read(), reader.input().bytes_total());
  }
}

absl::Status Question::Take(std::string_view id) {
  const bool full = batch_->size() >= batch_ids_max_ ||
                    batch_->bytes_size() + batch_->size() + kIdBytesMax + 64 >=
                        target_.client->request_bytes_max();
  if (full) {
    if (auto status = Send(); !status.ok()) return status;
  }
  batch_->Add(id);
  ++asked_;
  return absl::OkStatus();
}

absl::Status Question::Send() {
  if (batch_->size() == 0) return failure_;
  const absl::Status status = Start(std::exchange(batch_, std::make_shared<IdList>()));
  return status.ok() ? failure_ : status;
}

absl::Status Question::Start(const std::shared_ptr<IdList>& batch) {
  Client& client = *target_.client;
  switch (kind_) {
    case Kind::kCheck:
      return client.StartCheck(target_.place, batch->View(), options_.in_flight,
                               [this, batch](absl::StatusOr<protocol::CheckReply> reply) {
                                 if (!reply.ok()) return failure_.Update(reply.status());
                                 Take(*batch, *reply);
                               });
    case Kind::kLookup: {
      auto take = [this, batch](absl::StatusOr<protocol::LookupReply> reply) {
        if (!reply.ok()) return failure_.Update(reply.status());
        Take(*batch, *reply);
      };
      if (!at_us_) {
        return client.StartLookup(target_.place, batch->View(), options_.in_flight, take);
      }
      return client.StartLookupAt(
          {.place = target_.place, .time_us = *at_us_, .sources = batch->View()},
          options_.in_flight, take);
    }
    case Kind::kReverse:
      return client.StartReverse(
          {.place = target_.place, .sources_max = options_.sources_max, .targets = batch->View()},
          options_.in_flight, [this, batch](absl::StatusOr<protocol::ReverseReply> reply) {
            if (!reply.ok()) return failure_.Update(reply.status());
            Take(*batch, *reply);
          });
  }
  return absl::InternalError("unknown question");
}

void Question::Take(const IdList& batch, const protocol::CheckReply& reply) {
  IdCursor ids(batch.View());
  for (uint32_t i = 0; i < reply.count; ++i) {
    const std::string_view id = ids.Next();
    synced_ += reply.synced(i);
    if (!reply.synced(i)) tell_(id, {});
  }
}

void Question::Take(const IdList& batch, const protocol::LookupReply& reply) {
  IdCursor ids(batch.View());
  IdCursor targets(reply.targets);
  for (uint32_t i = 0; i < reply.targets.count; ++i) {
    const std::string_view target = targets.Next();
    synced_ += !target.empty();
    tell_(ids.Next(), target);
  }
}

void Question::Take(const IdList& batch, const protocol::ReverseReply& reply) {
  IdCursor ids(batch.View());
  IdCursor sources(reply.sources);
  for (uint32_t i = 0; i < reply.count; ++i) {
    const std::string_view target = ids.Next();
    const uint16_t count = reply.sources_of(i);
    synced_ += count > 0;
    if (count == 0) tell_({}, target);
    for (uint16_t left = count; left > 0; --left) tell_(sources.Next(), target);
  }
}

absl::Status Question::Finish() {
  if (auto status = Send(); !status.ok()) return status;
  if (auto status = target_.client->Finish(); !status.ok()) return status;
  return failure_;
}

}  // namespace xref::cli
