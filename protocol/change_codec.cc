#include "protocol/change_codec.h"

#include <fmt/format.h>
#include <xxhash.h>

#include <cstring>

#include "protocol/wire.h"

namespace xref::protocol {
namespace {

// checksum  u64  XXH3-64 of everything that follows
// lsn       u64
// epoch     u64
// time_us   u64  microseconds since 1970
// kind      u8
// actor     text8
// body      by kind

constexpr uint8_t kCreateIntegration = 1;
constexpr uint8_t kAddReferences = 2;
constexpr size_t kChecksumBytes = 8;

void EncodeBody(const CreateIntegration& created, Writer& writer) {
  writer.U32(created.integration);
  writer.Text8(created.name);
  writer.Text8(created.source_platform);
  writer.Text8(created.target_platform);
  writer.U16(static_cast<uint16_t>(created.types.size()));
  for (const EntityType& type : created.types) {
    writer.U32(type.place);
    writer.Text8(type.name);
  }
}

void EncodeBody(const AddReferences& added, Writer& writer) {
  writer.U32(added.place);
  writer.U8(static_cast<uint8_t>(added.origin));
  writer.U32(added.sources.count);
  writer.Lengths(added.sources);
  writer.Lengths(added.targets);
  writer.IdBytes(added.sources);
  writer.IdBytes(added.targets);
}

uint8_t KindOf(const CreateIntegration&) { return kCreateIntegration; }
uint8_t KindOf(const AddReferences&) { return kAddReferences; }

CreateIntegration DecodeCreateIntegration(Reader& reader) {
  CreateIntegration created;
  created.integration = reader.U32();
  created.name = reader.Text8();
  created.source_platform = reader.Text8();
  created.target_platform = reader.Text8();
  for (uint16_t left = reader.U16(); left > 0 && reader.ok(); --left) {
    EntityType& type = created.types.emplace_back();
    type.place = reader.U32();
    type.name = reader.Text8();
  }
  return created;
}

AddReferences DecodeAddReferences(Reader& reader) {
  AddReferences added;
  added.place = reader.U32();
  added.origin = static_cast<Origin>(reader.U8());
  const uint32_t count = reader.U32();
  added.sources = reader.Lengths(count);
  added.targets = reader.Lengths(count);
  reader.IdBytes(added.sources);
  reader.IdBytes(added.targets);
  return added;
}

}  // namespace

void EncodeChange(const Change& change, std::string& out) {
  const size_t start = out.size();
  Writer writer(out);
  writer.U64(0);
  writer.U64(change.lsn);
  writer.U64(change.epoch);
  writer.U64(static_cast<uint64_t>(change.time_us));
  std::visit(
      [&](const auto& what) {
        writer.U8(KindOf(what));
        writer.Text8(change.actor);
        EncodeBody(what, writer);
      },
      change.what);
  const uint64_t checksum =
      XXH3_64bits(out.data() + start + kChecksumBytes, out.size() - start - kChecksumBytes);
  std::memcpy(out.data() + start, &checksum, sizeof checksum);
}

std::optional<std::string> DecodeChange(std::string_view record, Change& change) {
  Reader reader({reinterpret_cast<const uint8_t*>(record.data()), record.size()});
  const uint64_t checksum = reader.U64();
  if (!reader.ok()) return "it is cut short";
  if (checksum != XXH3_64bits(record.data() + kChecksumBytes, record.size() - kChecksumBytes)) {
    return "its checksum does not match its content";
  }
  change.lsn = reader.U64();
  change.epoch = reader.U64();
  change.time_us = static_cast<int64_t>(reader.U64());
  const uint8_t kind = reader.U8();
  change.actor = reader.Text8();
  switch (kind) {
    case kCreateIntegration:
      change.what = DecodeCreateIntegration(reader);
      break;
    case kAddReferences:
      change.what = DecodeAddReferences(reader);
      break;
    default:
      return fmt::format("it is of an unknown kind ({}); a newer version may have written it",
                         kind);
  }
  if (!reader.ok() || reader.left() != 0) return "its length does not match its content";
  return std::nullopt;
}

}  // namespace xref::protocol
