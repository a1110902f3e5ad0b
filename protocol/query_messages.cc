#include "protocol/query_messages.h"

#include <fmt/format.h>

#include "protocol/decoding.h"

namespace xref::protocol {
namespace {

void Put(const ListedReference& row, Writer& writer) {
  writer.Text8(row.source);
  writer.Text8(row.target);
  writer.U8(row.origin);
  writer.U64(static_cast<uint64_t>(row.created_us));
  writer.Text8(row.created_by);
  writer.U64(static_cast<uint64_t>(row.updated_us));
  writer.Text8(row.updated_by);
  writer.U64(row.lsn);
}

ListedReference TakeReference(Reader& reader) {
  ListedReference row;
  row.source = reader.Text8();
  row.target = reader.Text8();
  row.origin = reader.U8();
  row.created_us = static_cast<int64_t>(reader.U64());
  row.created_by = reader.Text8();
  row.updated_us = static_cast<int64_t>(reader.U64());
  row.updated_by = reader.Text8();
  row.lsn = reader.U64();
  return row;
}

}  // namespace

// ---- LIST ----

void Encode(const ListRequest& message, std::string& out) {
  Writer writer(out);
  writer.U32(message.place);
  writer.U32(message.rows_max);
  writer.U8(static_cast<uint8_t>(message.order));
  writer.Text8(message.after);
  writer.Text8(message.after_target);
  writer.U64(message.after_lsn);
  writer.Text8(message.prefix);
  writer.Text8(message.target_prefix);
  writer.Text8(message.contains);
  writer.U8(message.origin);
  writer.U64(static_cast<uint64_t>(message.from_us));
  writer.U64(static_cast<uint64_t>(message.until_us));
  writer.U64(message.from_lsn);
  writer.U64(message.until_lsn);
}

MaybeRefusal Decode(Bytes payload, ListRequest& message) {
  Reader reader(payload);
  message.place = reader.U32();
  message.rows_max = reader.U32();
  const uint8_t order = reader.U8();
  message.order = static_cast<ListOrder>(order);
  message.after = reader.Text8();
  message.after_target = reader.Text8();
  message.after_lsn = reader.U64();
  message.prefix = reader.Text8();
  message.target_prefix = reader.Text8();
  message.contains = reader.Text8();
  message.origin = reader.U8();
  message.from_us = static_cast<int64_t>(reader.U64());
  message.until_us = static_cast<int64_t>(reader.U64());
  message.from_lsn = reader.U64();
  message.until_lsn = reader.U64();
  if (auto refusal = Finish(reader)) return refusal;
  if (order > kListOrderLast) return BadRequest(fmt::format("there is no order {}", order));
  if (message.rows_max == 0 || message.rows_max > kRowsListedMax) {
    return BadRequest(fmt::format("a reply has 1 to {} references", kRowsListedMax));
  }
  return std::nullopt;
}

void Encode(const ListReply& message, std::string& out) {
  Writer writer(out);
  writer.U64(message.as_of);
  writer.U8(message.more ? 1 : 0);
  writer.Text8(message.next);
  writer.Text8(message.next_target);
  writer.U64(message.next_lsn);
  writer.U64(message.complete_from);
  writer.U64(message.examined);
  writer.U32(static_cast<uint32_t>(message.rows.size()));
  for (const ListedReference& row : message.rows) Put(row, writer);
}

MaybeRefusal Decode(Bytes payload, ListReply& message) {
  Reader reader(payload);
  message.as_of = reader.U64();
  message.more = reader.U8() != 0;
  message.next = reader.Text8();
  message.next_target = reader.Text8();
  message.next_lsn = reader.U64();
  message.complete_from = reader.U64();
  message.examined = reader.U64();
  for (uint32_t left = reader.U32(); left > 0 && reader.ok(); --left) {
    message.rows.push_back(TakeReference(reader));
  }
  return Finish(reader);
}

// ---- HISTORY ----

void Encode(const HistoryRequest& message, std::string& out) {
  Writer writer(out);
  writer.U32(message.place);
  writer.Text8(message.source);
}

MaybeRefusal Decode(Bytes payload, HistoryRequest& message) {
  Reader reader(payload);
  message.place = reader.U32();
  message.source = reader.Text8();
  if (auto refusal = Finish(reader)) return refusal;
  if (const auto fault = FindIdFault(message.source)) {
    return BadRequest(fmt::format("the source ID {}", Describe(*fault)));
  }
  return std::nullopt;
}

void Encode(const HistoryReply& message, std::string& out) {
  Writer writer(out);
  writer.U64(message.as_of);
  writer.U8(message.reference ? 1 : 0);
  if (message.reference) Put(*message.reference, writer);
  writer.U8(message.ignored ? 1 : 0);
  writer.U8(message.claim ? 1 : 0);
  if (message.claim) Put(*message.claim, writer);
  writer.U32(static_cast<uint32_t>(message.events.size()));
  for (const PastEvent& event : message.events) {
    writer.U8(static_cast<uint8_t>(event.kind));
    writer.U8(event.origin);
    writer.U64(static_cast<uint64_t>(event.time_us));
    writer.U64(event.lsn);
    writer.Text8(event.actor);
    writer.Text8(event.before);
    writer.Text8(event.after);
  }
  writer.U32(static_cast<uint32_t>(message.other_sources.size()));
  for (const std::string_view source : message.other_sources) writer.Text8(source);
}

MaybeRefusal Decode(Bytes payload, HistoryReply& message) {
  Reader reader(payload);
  message.as_of = reader.U64();
  if (reader.U8() != 0) message.reference = TakeReference(reader);
  message.ignored = reader.U8() != 0;
  if (reader.U8() != 0) message.claim = TakeClaim(reader);
  for (uint32_t left = reader.U32(); left > 0 && reader.ok(); --left) {
    PastEvent& event = message.events.emplace_back();
    event.kind = static_cast<PastEventKind>(reader.U8());
    event.origin = reader.U8();
    event.time_us = static_cast<int64_t>(reader.U64());
    event.lsn = reader.U64();
    event.actor = reader.Text8();
    event.before = reader.Text8();
    event.after = reader.Text8();
  }
  for (uint32_t left = reader.U32(); left > 0 && reader.ok(); --left) {
    message.other_sources.push_back(reader.Text8());
  }
  return Finish(reader);
}

// ---- LOOKUP_AT ----

void Encode(const LookupAtRequest& message, std::string& out) {
  Writer writer(out);
  writer.U32(message.place);
  writer.U64(static_cast<uint64_t>(message.time_us));
  writer.U32(message.sources.count);
  writer.Lengths(message.sources);
  writer.IdBytes(message.sources);
}

MaybeRefusal Decode(Bytes payload, LookupAtRequest& message) {
  Reader reader(payload);
  message.place = reader.U32();
  message.time_us = static_cast<int64_t>(reader.U64());
  const uint32_t count = reader.U32();
  if (reader.ok() && count > kLookupAtIdsMax) {
    return Refusal{StatusCode::kTooLarge, kNoItem,
                   fmt::format("a batch about the past has at most {} IDs", kLookupAtIdsMax)};
  }
  message.sources = reader.Lengths(count);
  reader.IdBytes(message.sources);
  if (auto refusal = Finish(reader)) return refusal;
  return CheckIds(message.sources, "source ID");
}

// ---- TRASH_LIST and RESTORE ----

void Encode(const TrashReply& message, std::string& out) {
  Writer writer(out);
  writer.U32(static_cast<uint32_t>(message.trash.size()));
  for (const ListedTrash& trash : message.trash) {
    writer.U32(trash.trash);
    writer.Text8(trash.integration);
    writer.Text8(trash.type);
    writer.U64(trash.references);
    writer.U64(static_cast<uint64_t>(trash.purged_us));
    writer.U64(static_cast<uint64_t>(trash.expires_us));
    writer.Text8(trash.actor);
  }
}

MaybeRefusal Decode(Bytes payload, TrashReply& message) {
  Reader reader(payload);
  for (uint32_t left = reader.U32(); left > 0 && reader.ok(); --left) {
    ListedTrash& trash = message.trash.emplace_back();
    trash.trash = reader.U32();
    trash.integration = reader.Text8();
    trash.type = reader.Text8();
    trash.references = reader.U64();
    trash.purged_us = static_cast<int64_t>(reader.U64());
    trash.expires_us = static_cast<int64_t>(reader.U64());
    trash.actor = reader.Text8();
  }
  return Finish(reader);
}

void Encode(const RestoreRequest& message, std::string& out) {
  Writer writer(out);
  writer.U32(message.trash);
  writer.U8(message.part);
  writer.Text8(message.after);
  writer.Text8(message.name);
  writer.Text8(message.actor);
}

MaybeRefusal Decode(Bytes payload, RestoreRequest& message) {
  Reader reader(payload);
  message.trash = reader.U32();
  message.part = reader.U8();
  message.after = reader.Text8();
  message.name = reader.Text8();
  message.actor = reader.Text8();
  if (auto refusal = Finish(reader)) return refusal;
  if (!message.name.empty()) {
    if (auto refusal = CheckName(message.name, "an integration")) return refusal;
  }
  return CheckActor(message.actor);
}

void Encode(const RestoreReply& message, std::string& out) {
  Writer writer(out);
  writer.U8(message.more ? 1 : 0);
  writer.U8(message.next_part);
  writer.Text8(message.next);
  writer.U64(message.restored);
  writer.U64(message.unchanged);
  writer.U32(static_cast<uint32_t>(message.refused.size()));
  for (const RestoredItem& item : message.refused) {
    writer.Text8(item.source);
    writer.Text8(item.target);
    writer.U8(static_cast<uint8_t>(item.outcome.verdict));
    writer.Text8(item.outcome.other);
  }
}

MaybeRefusal Decode(Bytes payload, RestoreReply& message) {
  Reader reader(payload);
  message.more = reader.U8() != 0;
  message.next_part = reader.U8();
  message.next = reader.Text8();
  message.restored = reader.U64();
  message.unchanged = reader.U64();
  for (uint32_t left = reader.U32(); left > 0 && reader.ok(); --left) {
    RestoredItem& item = message.refused.emplace_back();
    item.source = reader.Text8();
    item.target = reader.Text8();
    item.outcome.verdict = static_cast<Verdict>(reader.U8());
    item.outcome.other = reader.Text8();
  }
  return Finish(reader);
}

}  // namespace xref::protocol
