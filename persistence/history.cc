#include "persistence/history.h"

#include <fmt/format.h>

#include "persistence/keys.h"

namespace xref {
namespace {

using protocol::Reader;
using protocol::Writer;

constexpr size_t kKeyBytesMin = sizeof(PlaceId) + 1 + sizeof(Lsn);

absl::Status Damaged(std::string_view key) {
  if (key.size() < kKeyBytesMin) return absl::DataLossError("history: a key is cut short");
  return absl::DataLossError(fmt::format(
      "history: the event of change {}, partition {}, source ID \"{}\", is damaged",
      ReadBigEndian<Lsn>(key.substr(key.size() - sizeof(Lsn))), ReadBigEndian<PlaceId>(key),
      key.substr(sizeof(PlaceId), key.size() - kKeyBytesMin)));
}

}  // namespace

void AppendEventPrefix(PlaceId partition, std::string_view source, std::string& out) {
  AppendKey(partition, source, out);
  out.push_back('\0');
}

void AppendEventKey(PlaceId partition, std::string_view source, Lsn lsn, std::string& out) {
  AppendEventPrefix(partition, source, out);
  AppendBigEndian(lsn, out);
}

void AppendEventValue(const HistoryEvent& event, std::string_view key, std::string& out) {
  const size_t start = out.size();
  BeginSealed(out);
  Writer writer(out);
  PutEvent(event, writer);
  EndSealed(key, start, out);
}

absl::StatusOr<HistoryEvent> ParseEvent(std::string_view key, std::string_view value) {
  std::optional<Reader> reader = OpenSealed(key, value);
  if (!reader || key.size() < kKeyBytesMin) return Damaged(key);
  const HistoryEvent event = TakeEvent(*reader);
  const auto lsn = ReadBigEndian<Lsn>(key.substr(key.size() - sizeof(Lsn)));
  if (!reader->ok() || reader->left() != 0 || event.made.lsn != lsn) return Damaged(key);
  return event;
}

void PutEvent(const HistoryEvent& event, Writer& writer) {
  writer.U8(static_cast<uint8_t>(event.kind));
  writer.U8(static_cast<uint8_t>(event.made.origin));
  PutStamp(event.made, writer);
  writer.Text8(event.before);
  writer.Text8(event.after);
  if (event.kind != EventKind::kDeleted) return;
  writer.U8(static_cast<uint8_t>(event.created.origin));
  PutStamp(event.created, writer);
}

HistoryEvent TakeEvent(Reader& reader) {
  HistoryEvent event;
  event.kind = static_cast<EventKind>(reader.U8());
  event.made = TakeStamp(static_cast<Origin>(reader.U8()), reader);
  event.before = reader.Text8();
  event.after = reader.Text8();
  if (event.kind != EventKind::kDeleted) return event;
  event.created = TakeStamp(static_cast<Origin>(reader.U8()), reader);
  return event;
}

}  // namespace xref
