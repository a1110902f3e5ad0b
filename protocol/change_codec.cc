#include "protocol/change_codec.h"

#include <fmt/format.h>
#include <xxhash.h>

#include <cstring>
#include <initializer_list>

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

constexpr size_t kChecksumBytes = 8;

// ---- Parts of bodies ----

void Put(const EntityType& type, Writer& writer) {
  writer.U32(type.place);
  writer.Text8(type.name);
}

EntityType TakeType(Reader& reader) {
  EntityType type{};
  type.place = reader.U32();
  type.name = reader.Text8();
  return type;
}

// Lists of the same count: it, the lengths of each, the bytes of each.
void PutLists(std::initializer_list<const IdBatch*> lists, Writer& writer) {
  writer.U32((*lists.begin())->count);
  for (const IdBatch* list : lists) writer.Lengths(*list);
  for (const IdBatch* list : lists) writer.IdBytes(*list);
}

void TakeLists(std::initializer_list<IdBatch*> lists, Reader& reader) {
  const uint32_t count = reader.U32();
  for (IdBatch* list : lists) *list = reader.Lengths(count);
  for (IdBatch* list : lists) reader.IdBytes(*list);
}

// ---- Bodies ----

void EncodeBody(const CreateIntegration& created, Writer& writer) {
  writer.U32(created.integration);
  writer.Text8(created.name);
  writer.Text8(created.source_platform);
  writer.Text8(created.target_platform);
  writer.U16(static_cast<uint16_t>(created.types.size()));
  for (const EntityType& type : created.types) Put(type, writer);
}

void DecodeBody(Reader& reader, CreateIntegration& created) {
  created.integration = reader.U32();
  created.name = reader.Text8();
  created.source_platform = reader.Text8();
  created.target_platform = reader.Text8();
  for (uint16_t left = reader.U16(); left > 0 && reader.ok(); --left) {
    created.types.push_back(TakeType(reader));
  }
}

void EncodeBody(const AddReferences& added, Writer& writer) {
  writer.U32(added.place);
  writer.U8(static_cast<uint8_t>(added.origin));
  PutLists({&added.sources, &added.targets}, writer);
}

void DecodeBody(Reader& reader, AddReferences& added) {
  added.place = reader.U32();
  added.origin = static_cast<Origin>(reader.U8());
  TakeLists({&added.sources, &added.targets}, reader);
}

void EncodeBody(const SetReferences& set, Writer& writer) {
  writer.U32(set.place);
  writer.U8(static_cast<uint8_t>(set.origin));
  writer.U8(set.edited ? 1 : 0);
  PutLists({&set.sources, &set.targets, &set.before}, writer);
}

void DecodeBody(Reader& reader, SetReferences& set) {
  set.place = reader.U32();
  set.origin = static_cast<Origin>(reader.U8());
  set.edited = reader.U8() != 0;
  TakeLists({&set.sources, &set.targets, &set.before}, reader);
}

void EncodeBody(const DeleteReferences& deleted, Writer& writer) {
  writer.U32(deleted.place);
  PutLists({&deleted.sources, &deleted.before}, writer);
}

void DecodeBody(Reader& reader, DeleteReferences& deleted) {
  deleted.place = reader.U32();
  TakeLists({&deleted.sources, &deleted.before}, reader);
}

void EncodeBody(const IgnoreSources& ignored, Writer& writer) {
  writer.U32(ignored.place);
  writer.U8(ignored.ignored ? 1 : 0);
  PutLists({&ignored.sources}, writer);
}

void DecodeBody(Reader& reader, IgnoreSources& ignored) {
  ignored.place = reader.U32();
  ignored.ignored = reader.U8() != 0;
  TakeLists({&ignored.sources}, reader);
}

void EncodeBody(const GrantClaims& granted, Writer& writer) {
  writer.U32(granted.place);
  writer.U32(granted.lease_ms);
  writer.U64(granted.first_token);
  PutLists({&granted.sources, &granted.lost_owners}, writer);
}

void DecodeBody(Reader& reader, GrantClaims& granted) {
  granted.place = reader.U32();
  granted.lease_ms = reader.U32();
  granted.first_token = reader.U64();
  TakeLists({&granted.sources, &granted.lost_owners}, reader);
}

void EncodeBody(const ReleaseClaims& released, Writer& writer) {
  writer.U32(released.place);
  PutLists({&released.sources}, writer);
}

void DecodeBody(Reader& reader, ReleaseClaims& released) {
  released.place = reader.U32();
  TakeLists({&released.sources}, reader);
}

void EncodeBody(const RenewClaims& renewed, Writer& writer) {
  writer.U32(renewed.place);
  writer.U32(renewed.lease_ms);
  PutLists({&renewed.sources}, writer);
}

void DecodeBody(Reader& reader, RenewClaims& renewed) {
  renewed.place = reader.U32();
  renewed.lease_ms = reader.U32();
  TakeLists({&renewed.sources}, reader);
}

void EncodeBody(const PurgePlace& purged, Writer& writer) {
  writer.U32(purged.place);
  writer.U32(purged.partition);
  writer.U64(purged.references);
}

void DecodeBody(Reader& reader, PurgePlace& purged) {
  purged.place = reader.U32();
  purged.partition = reader.U32();
  purged.references = reader.U64();
}

void EncodeBody(const EmptyTrash& emptied, Writer& writer) { writer.U32(emptied.partition); }

void DecodeBody(Reader& reader, EmptyTrash& emptied) { emptied.partition = reader.U32(); }

void EncodeBody(const CreateType& created, Writer& writer) {
  writer.U32(created.integration);
  Put(created.type, writer);
}

void DecodeBody(Reader& reader, CreateType& created) {
  created.integration = reader.U32();
  created.type = TakeType(reader);
}

void EncodeBody(const RenamePlatforms& renamed, Writer& writer) {
  writer.U32(renamed.integration);
  writer.Text8(renamed.source_platform);
  writer.Text8(renamed.target_platform);
}

void DecodeBody(Reader& reader, RenamePlatforms& renamed) {
  renamed.integration = reader.U32();
  renamed.source_platform = reader.Text8();
  renamed.target_platform = reader.Text8();
}

void EncodeBody(const SetRules& rules, Writer& writer) {
  writer.U32(rules.place);
  writer.U8(rules.unique_targets ? 1 : 0);
}

void DecodeBody(Reader& reader, SetRules& rules) {
  rules.place = reader.U32();
  rules.unique_targets = reader.U8() != 0;
}

void EncodeBody(const BeginEpoch& begun, Writer& writer) { writer.U64(begun.mark); }

void DecodeBody(Reader& reader, BeginEpoch& begun) { begun.mark = reader.U64(); }

void EncodeBody(const DropIntegration& dropped, Writer& writer) {
  writer.U32(dropped.integration);
  writer.U32(dropped.trash);
  writer.U64(dropped.references);
}

void DecodeBody(Reader& reader, DropIntegration& dropped) {
  dropped.integration = reader.U32();
  dropped.trash = reader.U32();
  dropped.references = reader.U64();
}

void EncodeBody(const RestoreIntegration& restored, Writer& writer) {
  writer.U32(restored.trash);
  writer.Text8(restored.name);
}

void DecodeBody(Reader& reader, RestoreIntegration& restored) {
  restored.trash = reader.U32();
  restored.name = reader.Text8();
}

void EncodeBody(const ForgetIntegration& forgotten, Writer& writer) {
  writer.U32(forgotten.trash);
  writer.U16(static_cast<uint16_t>(forgotten.places.size()));
  for (const PlaceId place : forgotten.places) writer.U32(place);
}

void DecodeBody(Reader& reader, ForgetIntegration& forgotten) {
  forgotten.trash = reader.U32();
  for (uint16_t left = reader.U16(); left > 0 && reader.ok(); --left) {
    forgotten.places.push_back(reader.U32());
  }
}

void EncodeBody(const CreateToken& created, Writer& writer) {
  writer.U32(created.token);
  writer.U8(static_cast<uint8_t>(created.role));
  writer.Text8(created.name);
  writer.Text8(created.hash);
  writer.U64(static_cast<uint64_t>(created.expires_us));
  writer.U16(static_cast<uint16_t>(created.integrations.size()));
  for (const std::string_view integration : created.integrations) writer.Text8(integration);
}

void DecodeBody(Reader& reader, CreateToken& created) {
  created.token = reader.U32();
  created.role = static_cast<Role>(reader.U8());
  created.name = reader.Text8();
  created.hash = reader.Text8();
  created.expires_us = static_cast<int64_t>(reader.U64());
  for (uint16_t left = reader.U16(); left > 0 && reader.ok(); --left) {
    created.integrations.push_back(reader.Text8());
  }
}

void EncodeBody(const RevokeToken& revoked, Writer& writer) { writer.U32(revoked.token); }

void DecodeBody(Reader& reader, RevokeToken& revoked) { revoked.token = reader.U32(); }

void EncodeBody(const CompareState& compared, Writer& writer) { writer.Sum(compared.sum); }

void DecodeBody(Reader& reader, CompareState& compared) { compared.sum = reader.Sum(); }

// Kinds are numbered from 1, in the order of Change::what; a kind keeps its number for ever.
using What = decltype(Change::what);

// Reads the body of kind `kind`; false if there is no such kind.
template <size_t index = 0>
bool DecodeWhat(size_t kind, Reader& reader, What& what) {
  if constexpr (index == std::variant_size_v<What>) {
    return false;
  } else {
    if (kind != index + 1) return DecodeWhat<index + 1>(kind, reader, what);
    DecodeBody(reader, what.emplace<index>());
    return true;
  }
}

}  // namespace

void EncodeChange(const Change& change, std::string& out) {
  const size_t start = out.size();
  Writer writer(out);
  writer.U64(0);
  writer.U64(change.lsn);
  writer.U64(change.epoch);
  writer.U64(static_cast<uint64_t>(change.time_us));
  writer.U8(static_cast<uint8_t>(change.what.index() + 1));
  writer.Text8(change.actor);
  std::visit([&](const auto& what) { EncodeBody(what, writer); }, change.what);
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
  if (!DecodeWhat(kind, reader, change.what)) {
    return fmt::format("it is of an unknown kind ({}); a newer version may have written it", kind);
  }
  if (!reader.ok() || reader.left() != 0) return "its length does not match its content";
  return std::nullopt;
}

}  // namespace xref::protocol
