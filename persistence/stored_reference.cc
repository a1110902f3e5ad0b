#include "persistence/stored_reference.h"

#include <fmt/format.h>

#include <cstring>

#include "persistence/keys.h"
#include "persistence/meta_table.h"

namespace xref {
namespace {

using protocol::Reader;
using protocol::Writer;

// The flags of a reference: the origin of its creation in two bits, that of its update in two more.
constexpr uint8_t kOriginMask = 3;
constexpr int kUpdatedOriginShift = 2;
constexpr uint8_t kUpdated = 0x80;
static_assert(kOriginLast <= kOriginMask);

uint8_t FlagsOf(const StoredReference& reference) {
  auto flags = static_cast<unsigned>(reference.created.origin);
  if (reference.updated) {
    flags |= kUpdated | static_cast<unsigned>(reference.updated->origin) << kUpdatedOriginShift;
  }
  return static_cast<uint8_t>(flags);
}

uint32_t SealOf(std::string_view key, std::string_view content) {
  return static_cast<uint32_t>(Checksum(key, content));
}

void AppendUnsealed(const StoredReference& reference, std::string& out) {
  BeginSealed(out);
  Writer writer(out);
  writer.U8(FlagsOf(reference));
  PutStamp(reference.created, writer);
  if (reference.updated) PutStamp(*reference.updated, writer);
  out.append(reference.target);
}

absl::Status Damaged(std::string_view key) {
  const bool has_source = key.size() > sizeof(PlaceId);
  return absl::DataLossError(
      fmt::format("snapshot: the reference of partition {}, source ID \"{}\", is damaged",
                  has_source ? ReadBigEndian<PlaceId>(key) : 0,
                  has_source ? key.substr(sizeof(PlaceId)) : key));
}

}  // namespace

void AppendKey(PlaceId partition, std::string_view source, std::string& out) {
  AppendBigEndian(partition, out);
  out.append(source);
}

void AppendValue(const StoredReference& reference, std::string_view key, std::string& out) {
  const size_t start = out.size();
  AppendUnsealed(reference, out);
  EndSealed(key, start, out);
}

size_t AppendReference(const StoredReference& reference, std::string& out) {
  const size_t start = out.size();
  AppendKey(reference.partition, reference.source, out);
  const size_t value_start = out.size();
  AppendUnsealed(reference, out);
  const size_t key_bytes = value_start - start;
  EndSealed(std::string_view(out).substr(start, key_bytes), value_start, out);
  return key_bytes;
}

absl::StatusOr<StoredReference> ParseReference(std::string_view key, std::string_view value) {
  std::optional<Reader> reader = OpenSealed(key, value);
  if (!reader || key.size() <= sizeof(PlaceId)) return Damaged(key);
  StoredReference reference;
  reference.partition = ReadBigEndian<PlaceId>(key);
  reference.source = key.substr(sizeof(PlaceId));
  const uint8_t flags = reader->U8();
  reference.created = TakeStamp(static_cast<Origin>(flags & kOriginMask), *reader);
  if ((flags & kUpdated) != 0) {
    reference.updated =
        TakeStamp(static_cast<Origin>(flags >> kUpdatedOriginShift & kOriginMask), *reader);
  }
  reference.target = reader->Text(reader->left());
  if (!reader->ok() || reference.target.empty()) return Damaged(key);
  return reference;
}

std::string_view TargetIn(std::string_view value) {
  Reader reader = ReaderOf(value);
  reader.Raw(sizeof(uint32_t));
  const bool updated = (reader.U8() & kUpdated) != 0;
  for (int stamps = updated ? 2 : 1; stamps > 0; --stamps) {
    reader.Raw(sizeof(int64_t));
    TakeVarint(reader);
    reader.Text8();
  }
  return reader.Text(reader.left());
}

void PutStamp(const Stamp& stamp, Writer& writer) {
  writer.U64(static_cast<uint64_t>(stamp.time_us));
  PutVarint(stamp.lsn, writer);
  writer.Text8(stamp.actor);
}

Stamp TakeStamp(Origin origin, Reader& reader) {
  Stamp stamp{.origin = origin};
  stamp.time_us = static_cast<int64_t>(reader.U64());
  stamp.lsn = TakeVarint(reader);
  stamp.actor = reader.Text8();
  return stamp;
}

void BeginSealed(std::string& out) { out.append(sizeof(uint32_t), '\0'); }

void EndSealed(std::string_view key, size_t start, std::string& out) {
  const uint32_t seal = SealOf(key, std::string_view(out).substr(start + sizeof(uint32_t)));
  std::memcpy(out.data() + start, &seal, sizeof seal);
}

std::optional<Reader> OpenSealed(std::string_view key, std::string_view value) {
  Reader reader = ReaderOf(value);
  const uint32_t seal = reader.U32();
  if (!reader.ok() || seal != SealOf(key, value.substr(sizeof seal))) return std::nullopt;
  return reader;
}

}  // namespace xref
